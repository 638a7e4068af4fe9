//! The table of calls that a plugin has not answered.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;

use super::Inbox;

/// A call whose caller went away; the plugin owes its answer all the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abandoned {
    pub(crate) id: u64,
    pub(crate) at: Instant,
}

/// Every call that is not answered yet.
#[derive(Clone)]
pub(crate) struct Calls(Arc<Inner>);

struct Inner {
    next_id: AtomicU64,
    table: Mutex<HashMap<u64, Call>>,
    abandoned: mpsc::UnboundedSender<Abandoned>,
}

struct Call {
    state: State,
    inbox: Inbox,
    /// What lives until the plugin has answered, such as its slot and its job directory.
    _keep: Option<Box<dyn Any + Send>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// jsonrpsee has not handed it to the transport.
    Queued,
    /// It is on its way to the plugin.
    Sent,
}

/// What the transport does with a request that jsonrpsee hands it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handover {
    Send,
    /// Nobody waits any more: answer it here, the plugin never hears of it.
    AnswerHere,
}

/// The end of a call that was dropped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// It had been answered.
    Answered,
    /// The plugin never heard of it.
    Unsent,
    /// The plugin must be told.
    Tell,
}

impl Calls {
    pub(crate) fn new(abandoned: mpsc::UnboundedSender<Abandoned>) -> Self {
        Self(Arc::new(Inner { next_id: AtomicU64::new(1), table: Mutex::default(), abandoned }))
    }

    /// Opens a call and returns its id and its inbox.
    pub(crate) fn open(&self, keep: Option<Box<dyn Any + Send>>) -> (u64, Inbox) {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let inbox = Inbox::default();
        let call = Call { state: State::Queued, inbox: inbox.clone(), _keep: keep };
        self.lock().insert(id, call);
        (id, inbox)
    }

    /// Notes that jsonrpsee has a request ready.
    pub(super) fn hand_over(&self, id: u64) -> Handover {
        match self.lock().get_mut(&id) {
            Some(call) if call.state == State::Queued => {
                call.state = State::Sent;
                Handover::Send
            }
            _ => Handover::AnswerHere,
        }
    }

    /// Closes a call that the plugin answered; false where no such call waits for an answer.
    pub(super) fn answered(&self, id: u64) -> bool {
        let mut table = self.lock();
        let sent = table.get(&id).is_some_and(|call| call.state == State::Sent);
        let closed = if sent { table.remove(&id) } else { None };
        drop(table);
        // What the call kept, a directory perhaps, is dropped outside the lock.
        drop(closed);
        sent
    }

    /// Closes a call that ended without the plugin's help.
    pub(crate) fn forget(&self, id: u64) {
        let closed = self.lock().remove(&id);
        drop(closed);
    }

    /// Notes that the caller of a call went away. One that was not sent is closed here and now: it
    /// may not even have reached jsonrpsee, so nobody else would.
    pub(crate) fn abandon(&self, id: u64) -> Dropped {
        let mut table = self.lock();
        match table.get(&id).map(|call| call.state) {
            None => Dropped::Answered,
            Some(State::Sent) => {
                // The monitor is gone only when the plugin is.
                let _ = self.0.abandoned.send(Abandoned { id, at: Instant::now() });
                Dropped::Tell
            }
            Some(State::Queued) => {
                let withdrawn = table.remove(&id);
                drop(table);
                drop(withdrawn);
                Dropped::Unsent
            }
        }
    }

    /// Returns the inbox of a call that has been sent.
    pub(super) fn inbox(&self, id: u64) -> Option<Inbox> {
        let table = self.lock();
        table.get(&id).filter(|call| call.state == State::Sent).map(|call| call.inbox.clone())
    }

    /// Returns the inboxes of every call, for what is said about none in particular.
    pub(super) fn inboxes(&self) -> Vec<Inbox> {
        self.lock().values().map(|call| call.inbox.clone()).collect()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.lock().contains_key(&id)
    }

    /// Returns how many calls wait for an answer.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Drops every call, and what they keep.
    pub(crate) fn clear(&self) {
        let calls = std::mem::take(&mut *self.lock());
        drop(calls);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Call>> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_once_and_only_after_it_was_sent() {
        let (sender, mut abandoned) = mpsc::unbounded_channel();
        let calls = Calls::new(sender);
        let (id, _) = calls.open(None);
        assert!(!calls.answered(id), "not sent yet");
        assert_eq!(calls.hand_over(id), Handover::Send);
        assert!(calls.answered(id));
        assert!(!calls.answered(id), "answered twice");

        let (unsent, _) = calls.open(None);
        assert_eq!(calls.abandon(unsent), Dropped::Unsent);
        assert_eq!((calls.hand_over(unsent), calls.len()), (Handover::AnswerHere, 0));

        let (sent, _) = calls.open(None);
        calls.hand_over(sent);
        assert_eq!(calls.abandon(sent), Dropped::Tell);
        assert_eq!(abandoned.try_recv().unwrap().id, sent);
        assert!(calls.answered(sent), "the plugin still owes it");
        assert_eq!((calls.abandon(sent), calls.len()), (Dropped::Answered, 0));
    }
}
