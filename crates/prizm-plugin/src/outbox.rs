//! Frames on their way to the host, in bounded memory.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prizm_protocol::{ErrorKind, MAX_FRAME_BYTES, frame};
use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::{Error, note};

/// Above this many unread bytes, progress is dropped and everything else waits.
const HIGH_WATER: usize = 1024 * 1024;

/// Above this many, nothing that wants an answer is read.
const FULL: usize = 16 * HIGH_WATER;

/// The least limit that leaves room for an error that explains itself.
const LEAST_LIMIT: usize = 1024;

/// Collects frames; [`Outbox::write_to`] writes all that have gathered with one call.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    limit: AtomicUsize,
    filled: Notify,
    emptied: Notify,
}

#[derive(Default)]
struct Queue {
    frames: Vec<u8>,
    /// Bytes handed to the writer and not yet written.
    in_writing: usize,
}

impl Queue {
    fn unwritten(&self) -> usize {
        self.frames.len() + self.in_writing
    }
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::default(),
            limit: AtomicUsize::new(MAX_FRAME_BYTES),
            filled: Notify::new(),
            emptied: Notify::new(),
        }
    }

    /// Sets the largest frame that the host reads.
    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes.max(LEAST_LIMIT), Ordering::Relaxed);
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn has_room(&self) -> bool {
        lock(&self.queue).unwritten() < HIGH_WATER
    }

    /// Waits until the host has read enough for more to be sent.
    pub(crate) async fn room(&self) {
        self.until(|unwritten| unwritten < HIGH_WATER).await;
    }

    /// Waits until answers to what is read next can be kept.
    pub(crate) async fn room_for_answers(&self) {
        self.until(|unwritten| unwritten < FULL).await;
    }

    /// Waits until everything has been written.
    pub(crate) async fn drained(&self) {
        self.until(|unwritten| unwritten == 0).await;
    }

    async fn until(&self, enough: impl Fn(usize) -> bool) {
        loop {
            let emptied = self.emptied.notified();
            if enough(lock(&self.queue).unwritten()) {
                return;
            }
            emptied.await;
        }
    }

    /// Adds frames that [`Outbox::encode`] made. They are written together, in this order.
    pub(crate) fn push(&self, frames: &[u8]) {
        lock(&self.queue).frames.extend_from_slice(frames);
        self.filled.notify_one();
    }

    /// Adds a notification, unless it is over the limit.
    pub(crate) fn send(&self, method: &str, params: impl Serialize) {
        if let Some(frame) = self.encode(method, params) {
            self.push(&frame);
        }
    }

    /// Makes a notification's frame; `None`, with a line on stderr, where it is over the limit.
    pub(crate) fn encode(&self, method: &str, params: impl Serialize) -> Option<Vec<u8>> {
        match frame::encode(&frame::Notification::new(method, params)) {
            Ok(frame) if frame.len() - 2 <= self.limit() => Some(frame),
            Ok(frame) => {
                let (size, limit) = (frame.len() - 2, self.limit());
                note(format_args!("dropped a `{method}` of {size} bytes; the host reads {limit}"));
                None
            }
            Err(error) => {
                note(format_args!("dropped a `{method}` that is no JSON: {error}"));
                None
            }
        }
    }

    /// Makes an answer's frame; what is over the limit becomes an error that says so.
    pub(crate) fn encode_answer<T: Serialize>(&self, id: u64, outcome: Result<T, Error>) -> Vec<u8> {
        let mut data = Default::default();
        let outcome = outcome.map_err(|mut error| {
            data = (error.data_mut().accepted, error.data_mut().charged);
            error.into_object()
        });
        let limit = self.limit();
        let mut error = match frame::encode(&frame::Response::new(id, outcome)) {
            Ok(frame) if frame.len() - 2 <= limit => return frame,
            Ok(frame) => too_large("the answer", frame.len() as u64 - 2, limit),
            Err(error) => Error::internal(format!("the answer cannot be written as JSON: {error}")),
        };
        (error.data_mut().accepted, error.data_mut().charged) = data;
        let refusal = frame::Response::<()>::new(id, Err(error.into_object()));
        frame::encode(&refusal).unwrap_or_default()
    }

    /// Writes frames as they come, until writing fails.
    pub(crate) async fn write_to(&self, mut writer: impl AsyncWrite + Unpin) -> io::Result<Infallible> {
        let mut writing = Vec::new();
        loop {
            {
                let mut queue = lock(&self.queue);
                std::mem::swap(&mut queue.frames, &mut writing);
                queue.in_writing = writing.len();
            }
            if writing.is_empty() {
                self.filled.notified().await;
                continue;
            }
            writer.write_all(&writing).await?;
            writer.flush().await?;
            writing.clear();
            writing.shrink_to(64 * 1024);
            lock(&self.queue).in_writing = 0;
            self.emptied.notify_waiters();
        }
    }
}

pub(crate) fn too_large(what: &str, size: u64, limit: usize) -> Error {
    let message = format!("{what} has {size} bytes; the limit is {limit}. Send media by path");
    Error::new(ErrorKind::FrameTooLarge, message).detail("size", size).detail("limit", limit)
}

/// Locks what no code leaves half changed, so that a panic elsewhere does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
