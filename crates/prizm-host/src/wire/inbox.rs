//! What a plugin says about a call, up to its answer, in bounded memory.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use prizm_protocol::ErrorObject;
use prizm_protocol::methods::notifications::{Accepted, Chunk, Progress, Startup};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::Patience;

/// Most bytes of chunks that the caller may leave unread.
pub(crate) const UNREAD_LIMIT: usize = 16 * 1024 * 1024;

/// Something said about a call.
#[derive(Debug)]
pub(crate) enum Notice {
    Progress(Progress),
    Chunk(Chunk),
    Accepted(Accepted),
    Startup(Startup),
    /// The caller left more than [`UNREAD_LIMIT`] unread.
    Overflow,
}

/// What a plugin answered.
pub(crate) type Reply = Result<Box<RawValue>, ErrorObject>;

/// What a caller hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Something before the answer.
    Notice(Notice),
    /// The answer; nothing comes after it.
    Reply(Reply),
    /// Nothing within the time that the caller has.
    Late,
    /// The plugin is gone.
    Gone,
}

/// The mailbox of one call: latest progress, all chunks in order, then the answer.
#[derive(Clone)]
pub(crate) struct Inbox(Arc<Mutex<State>>);

struct State {
    patience: Patience,
    last_heard: Instant,
    caller: Option<Waker>,
    end: Option<Heard>,
    said: Said,
}

/// What was said before the answer.
#[derive(Default)]
struct Said {
    progress: Option<Progress>,
    progress_seq: Option<u64>,
    fraction: f64,
    chunk_seq: Option<u64>,
    chunks: VecDeque<Chunk>,
    unread: usize,
    overflowed: bool,
    accepted: Option<Accepted>,
    startup: Option<Startup>,
}

impl Inbox {
    pub(super) fn new(patience: Patience, now: Instant) -> Self {
        let state = State { patience, last_heard: now, caller: None, end: None, said: Said::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Takes progress; says why it breaks the rules where it does.
    pub(super) fn progress(&self, mut progress: Progress) -> Result<(), &'static str> {
        self.put(|said| {
            if said.progress_seq.is_some_and(|seq| progress.seq <= seq) {
                return Err("its seq does not grow");
            }
            said.progress_seq = Some(progress.seq);
            if let Some(fraction) = progress.fraction {
                let fraction = fraction.clamp(0.0, 1.0);
                // A fraction never falls: what was reached stays reached.
                said.fraction = said.fraction.max(fraction);
                progress.fraction = Some(said.fraction);
            }
            said.progress = Some(progress);
            Ok(())
        })
    }

    /// Takes a chunk; says why it breaks the rules where it does.
    pub(super) fn chunk(&self, chunk: Chunk) -> Result<(), &'static str> {
        self.put(|said| {
            if said.chunk_seq.is_some_and(|seq| chunk.seq <= seq) {
                return Err("its seq does not grow");
            }
            let size = match (&chunk.text, &chunk.path) {
                (Some(text), None) => text.len() + 64,
                (None, Some(path)) => path.len() + 64,
                _ => return Err("it needs exactly one of `text` and `path`"),
            };
            said.chunk_seq = Some(chunk.seq);
            if said.unread + size > UNREAD_LIMIT {
                said.overflowed = true;
                said.chunks.clear();
            }
            if !said.overflowed {
                said.unread += size;
                said.chunks.push_back(chunk);
            }
            Ok(())
        })
    }

    pub(super) fn accepted(&self, accepted: Accepted) {
        let _ = self.put(|said| {
            said.accepted = Some(accepted);
            Ok(())
        });
    }

    pub(super) fn startup(&self, startup: Startup) {
        let _ = self.put(|said| {
            said.startup = Some(startup);
            Ok(())
        });
    }

    fn put(&self, change: impl FnOnce(&mut Said) -> Result<(), &'static str>) -> Result<(), &'static str> {
        let mut state = self.lock();
        change(&mut state.said)?;
        state.last_heard = Instant::now();
        let caller = state.caller.take();
        drop(state);
        caller.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Takes the last that the caller hears. The first one counts.
    pub(super) fn end(&self, end: Heard) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let caller = state.caller.take();
        drop(state);
        caller.into_iter().for_each(Waker::wake);
    }

    /// Replaces the deadline.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        self.lock().patience.deadline = Some(deadline);
    }

    /// Returns when the caller waits no longer.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        let state = self.lock();
        state.patience.ends_at(state.last_heard)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Heard> {
        let mut state = self.lock();
        if let Some(heard) = state.take() {
            return Poll::Ready(heard);
        }
        match &mut state.caller {
            Some(caller) => caller.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Waits for what the caller hears next. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn next(&self) -> Heard {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes what the caller hears next, where it is there. A plugin that never stops talking must not keep time: what
    /// is late is heard before what was said.
    fn take(&mut self) -> Option<Heard> {
        if !matches!(self.end, Some(Heard::Late))
            && let Some(notice) = self.said.take()
        {
            return Some(Heard::Notice(notice));
        }
        self.end.take()
    }
}

impl Said {
    fn take(&mut self) -> Option<Notice> {
        if self.overflowed {
            return Some(Notice::Overflow);
        }
        if let Some(accepted) = self.accepted.take() {
            return Some(Notice::Accepted(accepted));
        }
        if let Some(chunk) = self.chunks.pop_front() {
            self.unread -= chunk.text.as_ref().or(chunk.path.as_ref()).map_or(0, String::len) + 64;
            return Some(Notice::Chunk(chunk));
        }
        let startup = self.startup.take().map(Notice::Startup);
        startup.or_else(|| self.progress.take().map(Notice::Progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(seq: u64, fraction: f64) -> Progress {
        Progress { id: 1, seq, fraction: Some(fraction), ..Progress::default() }
    }

    fn chunk(seq: u64, text: &str) -> Chunk {
        Chunk { id: 1, seq, text: Some(text.to_owned()), path: None }
    }

    #[test]
    fn progress_is_the_latest_and_never_falls() {
        let inbox = Inbox::new(Patience::default(), Instant::now());
        inbox.progress(progress(1, 0.5)).unwrap();
        inbox.progress(progress(2, 0.2)).unwrap();
        assert!(inbox.progress(progress(2, 0.9)).is_err());
        let Some(Heard::Notice(Notice::Progress(latest))) = inbox.lock().take() else { panic!() };
        assert_eq!((latest.seq, latest.fraction), (2, Some(0.5)));
        assert!(inbox.lock().take().is_none());
    }

    #[test]
    fn chunks_keep_their_order_and_their_bound() {
        let inbox = Inbox::new(Patience::default(), Instant::now());
        inbox.chunk(chunk(1, "a")).unwrap();
        inbox.chunk(chunk(2, "b")).unwrap();
        assert!(inbox.chunk(chunk(2, "c")).is_err());
        assert!(inbox.chunk(Chunk { id: 1, seq: 3, text: None, path: None }).is_err());
        assert!(matches!(inbox.lock().take(), Some(Heard::Notice(Notice::Chunk(c))) if c.text.as_deref() == Some("a")));
        assert!(matches!(inbox.lock().take(), Some(Heard::Notice(Notice::Chunk(c))) if c.text.as_deref() == Some("b")));
        let large = "x".repeat(1 << 20);
        for seq in 3..100 {
            inbox.chunk(chunk(seq, &large)).unwrap();
        }
        assert!(matches!(inbox.lock().take(), Some(Heard::Notice(Notice::Overflow))));
        assert!(inbox.lock().said.chunks.is_empty());
    }

    #[test]
    fn the_answer_comes_after_all_that_was_said_and_what_is_late_before() {
        let inbox = Inbox::new(Patience::default(), Instant::now());
        inbox.chunk(chunk(1, "a")).unwrap();
        inbox.end(Heard::Reply(Err(ErrorObject::new(1, "x"))));
        inbox.end(Heard::Gone);
        assert!(matches!(inbox.lock().take(), Some(Heard::Notice(_))));
        assert!(matches!(inbox.lock().take(), Some(Heard::Reply(_))));
        let inbox = Inbox::new(Patience::default(), Instant::now());
        inbox.chunk(chunk(1, "a")).unwrap();
        inbox.end(Heard::Late);
        assert!(matches!(inbox.lock().take(), Some(Heard::Late)));
    }
}
