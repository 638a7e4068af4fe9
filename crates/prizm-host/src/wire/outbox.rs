//! What waits to be written to a plugin's stdin. Putting something in never waits.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;
use tokio::sync::Notify;

use crate::tap::Wiretap;

/// Most bytes that may wait. A plugin that lets so much pile up has stopped reading.
const CAPACITY: usize = 64 * 1024 * 1024;

/// The queue of frames to a plugin, shared by everybody who writes.
#[derive(Clone, Default)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    ready: Notify,
    lost: Notify,
    tap: Option<Wiretap>,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    closed: bool,
}

/// The outbox is full or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the plugin has stopped reading its stdin")]
    Full,
    #[error("the plugin's stdin is closed")]
    Closed,
}

impl Outbox {
    /// Makes an outbox, and tells of what is put in.
    pub(crate) fn new(tap: Option<Wiretap>) -> Self {
        Self(Arc::new(Inner { tap, ..Inner::default() }))
    }

    /// Appends a frame, with its line ends.
    pub(crate) fn push(&self, frame: &[u8]) -> Result<(), Refused> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(Refused::Closed);
        }
        if queue.bytes.len() + frame.len() > CAPACITY {
            return Err(Refused::Full);
        }
        if let Some(tap) = &self.0.tap {
            // With the queue in hand: it is told before the plugin can answer, and in the order of the wire.
            tap.turn().sent(frame);
        }
        let was_empty = queue.bytes.is_empty();
        queue.bytes.push(b'\n');
        queue.bytes.extend_from_slice(frame);
        queue.bytes.push(b'\n');
        drop(queue);
        if was_empty {
            self.0.ready.notify_one();
        }
        Ok(())
    }

    /// Appends a notification. One that finds no room is lost: it asked for no answer.
    pub(crate) fn notify(&self, method: &str, params: impl serde::Serialize) {
        if let Ok(frame) = serde_json::to_vec(&prizm_protocol::frame::Notification::new(method, params)) {
            let _ = self.push(&frame);
        }
    }

    /// Waits until the plugin has closed its stdin and a frame could not be written.
    pub(crate) async fn lost(&self) {
        self.0.lost.notified().await;
    }

    /// Lets the writer finish what waits and then close stdin.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.0.ready.notify_one();
    }

    /// Writes what comes until the outbox is closed or the plugin's stdin is gone.
    pub(crate) async fn write_to(self, mut stdin: pipe::Sender) {
        let mut batch = Vec::new();
        loop {
            let closed = {
                let mut queue = self.lock();
                std::mem::swap(&mut queue.bytes, &mut batch);
                queue.closed
            };
            if batch.is_empty() {
                if closed {
                    return;
                }
                self.0.ready.notified().await;
                continue;
            }
            if stdin.write_all(&batch).await.is_err() {
                let mut queue = self.lock();
                queue.closed = true;
                queue.bytes = Vec::new();
                drop(queue);
                self.0.lost.notify_one();
                return;
            }
            batch.clear();
            batch.shrink_to(64 * 1024);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
