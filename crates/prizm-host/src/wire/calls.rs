//! The table of calls that a plugin has not answered.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tokio::time::{self, sleep_until};

use super::{Heard, Inbox, Patience};

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
    table: Mutex<Table>,
    /// Rung when somebody waits less long than the clock sleeps.
    sooner: Notify,
    abandoned: mpsc::UnboundedSender<Abandoned>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<u64, Call>,
    /// When the clock looks next whose time is up.
    alarm: Option<time::Instant>,
}

struct Call {
    inbox: Inbox,
    /// What lives until the plugin has answered, such as its slot and its job directory.
    _keep: Option<Box<dyn Any + Send>>,
}

impl Calls {
    pub(crate) fn new(abandoned: mpsc::UnboundedSender<Abandoned>) -> Self {
        let (next_id, table) = (AtomicU64::new(1), Mutex::default());
        Self(Arc::new(Inner { next_id, table, sooner: Notify::new(), abandoned }))
    }

    /// Returns the id of the next call.
    pub(crate) fn next_id(&self) -> u64 {
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Opens a call and returns its inbox.
    pub(crate) fn open(&self, id: u64, patience: Patience, keep: Option<Box<dyn Any + Send>>) -> Inbox {
        let inbox = Inbox::new(patience, time::Instant::now());
        let end = inbox.ends_at();
        let mut table = self.lock();
        table.calls.insert(id, Call { inbox: inbox.clone(), _keep: keep });
        let sooner = end.is_some_and(|end| table.alarm.is_none_or(|alarm| end < alarm));
        if sooner {
            table.alarm = end;
            drop(table);
            self.0.sooner.notify_one();
        }
        inbox
    }

    /// Closes a call that the plugin answered, and returns where the answer goes; `None` where no such call waits.
    pub(super) fn answered(&self, id: u64) -> Option<Inbox> {
        let closed = self.lock().calls.remove(&id);
        // What the call kept, a directory perhaps, is dropped outside the lock.
        closed.map(|call| call.inbox)
    }

    /// Closes a call that the plugin never hears of.
    pub(crate) fn forget(&self, id: u64) {
        let closed = self.lock().calls.remove(&id);
        drop(closed);
    }

    /// Notes that the caller of a call went away; false where it had been answered.
    pub(crate) fn abandon(&self, id: u64) -> bool {
        let pending = self.contains(id);
        if pending {
            // The monitor is gone only when the plugin is.
            let _ = self.0.abandoned.send(Abandoned { id, at: Instant::now() });
        }
        pending
    }

    /// Returns the inbox of a call.
    pub(super) fn inbox(&self, id: u64) -> Option<Inbox> {
        self.lock().calls.get(&id).map(|call| call.inbox.clone())
    }

    /// Returns the inboxes of every call, for what is said about none in particular.
    pub(super) fn inboxes(&self) -> Vec<Inbox> {
        self.lock().calls.values().map(|call| call.inbox.clone()).collect()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.lock().calls.contains_key(&id)
    }

    /// Returns how many calls wait for an answer.
    pub(crate) fn len(&self) -> usize {
        self.lock().calls.len()
    }

    /// Ends every call, and drops what they keep: the plugin is gone.
    pub(crate) fn clear(&self) {
        let calls = std::mem::take(&mut self.lock().calls);
        calls.values().for_each(|call| call.inbox.end(Heard::Gone));
    }

    /// Tells callers when their time is up. One clock for all of them: a call costs a look at when it rings next, and
    /// a connection without calls is not woken again.
    pub(crate) async fn keep_time(&self) -> std::convert::Infallible {
        loop {
            let alarm = self.lock().alarm;
            match alarm {
                None => self.0.sooner.notified().await,
                Some(alarm) => tokio::select! {
                    () = sleep_until(alarm) => self.ring(),
                    () = self.0.sooner.notified() => {}
                },
            }
        }
    }

    fn ring(&self) {
        let now = time::Instant::now();
        let mut table = self.lock();
        let ends = table.calls.values().filter_map(|call| Some((call.inbox.ends_at()?, &call.inbox)));
        let (late, waiting): (Vec<_>, Vec<_>) = ends.partition(|(end, _)| *end <= now);
        let late: Vec<_> = late.into_iter().map(|(_, inbox)| inbox.clone()).collect();
        table.alarm = waiting.iter().map(|(end, _)| *end).min();
        drop(table);
        late.iter().for_each(|inbox| inbox.end(Heard::Late));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn calls() -> (Calls, mpsc::UnboundedReceiver<Abandoned>) {
        let (sender, abandoned) = mpsc::unbounded_channel();
        (Calls::new(sender), abandoned)
    }

    #[tokio::test]
    async fn a_call_is_answered_once_and_owed_when_it_was_abandoned() {
        let (calls, mut abandoned) = calls();
        let id = calls.next_id();
        calls.open(id, Patience::default(), None);
        assert!(calls.answered(id).is_some());
        assert!(calls.answered(id).is_none(), "answered twice");

        let id = calls.next_id();
        let inbox = calls.open(id, Patience::default(), None);
        assert!(calls.abandon(id));
        assert_eq!(abandoned.try_recv().unwrap().id, id);
        assert_eq!(calls.len(), 1, "the plugin still owes it");
        calls.clear();
        assert!(matches!(inbox.next().await, Heard::Gone));
        assert!(!calls.abandon(id));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_less_long_hears_first_that_it_is_late() {
        let (calls, _abandoned) = calls();
        let clock = tokio::spawn({
            let calls = calls.clone();
            async move { calls.keep_time().await }
        });
        let began = time::Instant::now();
        let in_seconds = |seconds| Patience::until(began + Duration::from_secs(seconds));
        let long = calls.open(calls.next_id(), in_seconds(60), None);
        let silent = Patience { idle: Some(Duration::from_secs(40)), ..Patience::default() };
        let silent = calls.open(calls.next_id(), silent, None);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let short = calls.open(calls.next_id(), in_seconds(5), None);
        for (inbox, seconds) in [(short, 5), (silent, 40), (long, 60)] {
            assert!(matches!(inbox.next().await, Heard::Late));
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
        clock.abort();
    }
}
