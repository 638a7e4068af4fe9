//! The task that sees an instance die, and tells everybody how.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::process::{Exit, LogSink, Process};
use crate::report::{Cause, Ended};
use crate::wire::{Calls, EndOfStream, Outbox};

/// How long a plugin that closed its stdout may take to leave.
const LEAVE: Duration = Duration::from_millis(500);
/// How long what it wrote before it died may take to be read: something that left its group can
/// hold the pipes open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) struct Life {
    pub(super) process: Arc<Process>,
    pub(super) reader: JoinHandle<EndOfStream>,
    pub(super) stderr: JoinHandle<()>,
    pub(super) log: LogSink,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) calls: Calls,
    pub(super) outbox: Outbox,
}

impl Life {
    /// Waits for the end and publishes it.
    pub(super) async fn run(mut self, ended: watch::Sender<Option<Arc<Ended>>>) {
        let (exit, stream) = self.end().await;
        if timeout(LAST_WORDS, &mut self.stderr).await.is_err() {
            self.stderr.abort();
        }
        self.outbox.close();
        let (broke, noise) = match stream {
            Some(EndOfStream::Noise { message }) => (Some(message), None),
            Some(EndOfStream::Closed { noise }) => (None, noise),
            None => (Some("it closed its stdout and lived on".to_owned()), None),
        };
        let cause = match broke {
            _ if self.stopping.load(Ordering::Acquire) => Cause::Stopped,
            Some(how) => Cause::Broke(how),
            None => Cause::Exit(exit),
        };
        ended.send_replace(Some(Arc::new(Ended { cause, stderr: self.log.tail(), noise })));
        self.calls.clear();
    }

    /// Returns how the process ended and how its stdout did; no stream where it was closed by a
    /// process that lived on.
    async fn end(&mut self) -> (Exit, Option<EndOfStream>) {
        let process = Arc::clone(&self.process);
        let stream = tokio::select! {
            biased;
            stream = &mut self.reader => stream,
            exit = process.wait() => {
                let stream = timeout(LAST_WORDS, &mut self.reader).await;
                self.reader.abort();
                let stream = stream.ok().and_then(Result::ok);
                return (exit, Some(stream.unwrap_or(EndOfStream::Closed { noise: None })));
            }
        };
        let closed = EndOfStream::Closed { noise: None };
        let stream = stream.unwrap_or(closed);
        if matches!(stream, EndOfStream::Closed { .. })
            && let Ok(exit) = timeout(LEAVE, process.wait()).await
        {
            return (exit, Some(stream));
        }
        process.signal(Signal::KILL);
        let exit = process.wait().await;
        match stream {
            EndOfStream::Noise { .. } => (exit, Some(stream)),
            EndOfStream::Closed { .. } => (exit, None),
        }
    }
}
