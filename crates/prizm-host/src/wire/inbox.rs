//! What a plugin says about a call before it answers, in bounded memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use prizm_protocol::methods::notifications::{Accepted, Chunk, Progress, Startup};
use tokio::sync::Notify;

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

/// The mailbox of one call: latest progress, all chunks in order.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
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
    /// Takes progress; says why it breaks the rules where it does.
    pub(crate) fn progress(&self, mut progress: Progress) -> Result<(), &'static str> {
        self.put(|state| {
            if state.progress_seq.is_some_and(|seq| progress.seq <= seq) {
                return Err("its seq does not grow");
            }
            state.progress_seq = Some(progress.seq);
            if let Some(fraction) = progress.fraction {
                let fraction = fraction.clamp(0.0, 1.0);
                // A fraction never falls: what was reached stays reached.
                state.fraction = state.fraction.max(fraction);
                progress.fraction = Some(state.fraction);
            }
            state.progress = Some(progress);
            Ok(())
        })
    }

    /// Takes a chunk; says why it breaks the rules where it does.
    pub(crate) fn chunk(&self, chunk: Chunk) -> Result<(), &'static str> {
        self.put(|state| {
            if state.chunk_seq.is_some_and(|seq| chunk.seq <= seq) {
                return Err("its seq does not grow");
            }
            let size = match (&chunk.text, &chunk.path) {
                (Some(text), None) => text.len() + 64,
                (None, Some(path)) => path.len() + 64,
                _ => return Err("it needs exactly one of `text` and `path`"),
            };
            state.chunk_seq = Some(chunk.seq);
            if state.unread + size > UNREAD_LIMIT {
                state.overflowed = true;
                state.chunks.clear();
            }
            if !state.overflowed {
                state.unread += size;
                state.chunks.push_back(chunk);
            }
            Ok(())
        })
    }

    pub(crate) fn accepted(&self, accepted: Accepted) {
        let _ = self.put(|state| {
            state.accepted = Some(accepted);
            Ok(())
        });
    }

    pub(crate) fn startup(&self, startup: Startup) {
        let _ = self.put(|state| {
            state.startup = Some(startup);
            Ok(())
        });
    }

    fn put(&self, change: impl FnOnce(&mut State) -> Result<(), &'static str>) -> Result<(), &'static str> {
        change(&mut self.lock())?;
        self.0.arrived.notify_one();
        Ok(())
    }

    /// Takes the next notice that has arrived.
    pub(crate) fn take(&self) -> Option<Notice> {
        let mut state = self.lock();
        if state.overflowed {
            return Some(Notice::Overflow);
        }
        if let Some(accepted) = state.accepted.take() {
            return Some(Notice::Accepted(accepted));
        }
        if let Some(chunk) = state.chunks.pop_front() {
            state.unread -= chunk.text.as_ref().or(chunk.path.as_ref()).map_or(0, String::len) + 64;
            return Some(Notice::Chunk(chunk));
        }
        let startup = state.startup.take().map(Notice::Startup);
        startup.or_else(|| state.progress.take().map(Notice::Progress))
    }

    /// Waits for the next notice. Nothing is lost when it is dropped while it waits.
    pub(crate) async fn next(&self) -> Notice {
        loop {
            if let Some(notice) = self.take() {
                return notice;
            }
            self.0.arrived.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let inbox = Inbox::default();
        inbox.progress(progress(1, 0.5)).unwrap();
        inbox.progress(progress(2, 0.2)).unwrap();
        assert!(inbox.progress(progress(2, 0.9)).is_err());
        let Some(Notice::Progress(latest)) = inbox.take() else { panic!() };
        assert_eq!((latest.seq, latest.fraction), (2, Some(0.5)));
        assert!(inbox.take().is_none());
    }

    #[test]
    fn chunks_keep_their_order_and_their_bound() {
        let inbox = Inbox::default();
        inbox.chunk(chunk(1, "a")).unwrap();
        inbox.chunk(chunk(2, "b")).unwrap();
        assert!(inbox.chunk(chunk(2, "c")).is_err());
        assert!(inbox.chunk(Chunk { id: 1, seq: 3, text: None, path: None }).is_err());
        assert!(matches!(inbox.take(), Some(Notice::Chunk(c)) if c.text.as_deref() == Some("a")));
        assert!(matches!(inbox.take(), Some(Notice::Chunk(c)) if c.text.as_deref() == Some("b")));
        let large = "x".repeat(1 << 20);
        for seq in 3..100 {
            inbox.chunk(chunk(seq, &large)).unwrap();
        }
        assert!(matches!(inbox.take(), Some(Notice::Overflow)));
        assert!(inbox.lock().chunks.is_empty());
    }
}
