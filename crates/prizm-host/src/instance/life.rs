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
use crate::tap::Wiretap;
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
    pub(super) tap: Option<Wiretap>,
}

impl Drop for Life {
    /// Nobody watches any more, perhaps because the runtime is gone: what waits must not wait for ever.
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
        self.tap.take().iter().for_each(Wiretap::given_up);
        self.reader.abort();
        self.stderr.abort();
        self.outbox.close();
        self.calls.clear();
    }
}

impl Life {
    /// Waits for the end and publishes it.
    pub(super) async fn run(mut self, ended: watch::Sender<Option<Arc<Ended>>>) {
        let calls = self.calls.clone();
        let (exit, stream) = tokio::select! {
            end = self.end() => end,
            never = calls.keep_time() => match never {},
        };
        if timeout(LAST_WORDS, &mut self.stderr).await.is_err() {
            self.stderr.abort();
        }
        self.outbox.close();
        let (broke, noise) = match stream {
            Ok(EndOfStream::Noise { message }) => (Some(message), None),
            Ok(EndOfStream::Closed { noise }) => (None, noise),
            Err(closed) => (Some(format!("it closed its {closed} and lived on")), None),
        };
        let cause = match broke {
            _ if self.stopping.load(Ordering::Acquire) => Cause::Stopped,
            Some(how) => Cause::Broke(how),
            None => Cause::Exit(exit),
        };
        let end = Ended { cause, stderr: self.log.tail(), noise };
        self.tap.take().iter().for_each(|tap| tap.ended(&end));
        ended.send_replace(Some(Arc::new(end)));
        self.calls.clear();
    }

    /// Returns how the process ended and how its stdout did, or which of its pipes it closed while it
    /// lived on.
    async fn end(&mut self) -> (Exit, Result<EndOfStream, &'static str>) {
        let process = Arc::clone(&self.process);
        let (closed, stream) = tokio::select! {
            biased;
            stream = &mut self.reader => ("stdout", Some(stream.unwrap_or(EndOfStream::Closed { noise: None }))),
            exit = process.wait() => return (exit, Ok(self.rest_of_stdout().await)),
            () = self.outbox.lost() => ("stdin", None),
        };
        if !matches!(stream, Some(EndOfStream::Noise { .. })) {
            // One that dies closes its pipes a moment before; one that was told to leave has its own timers.
            let exit = match timeout(LEAVE, process.wait()).await {
                Ok(exit) => Some(exit),
                Err(_) if self.stopping.load(Ordering::Acquire) => Some(process.wait().await),
                Err(_) => None,
            };
            if let Some(exit) = exit {
                let stream = match stream {
                    Some(stream) => stream,
                    None => self.rest_of_stdout().await,
                };
                return (exit, Ok(stream));
            }
        }
        process.signal(Signal::KILL);
        let exit = process.wait().await;
        match stream {
            Some(stream @ EndOfStream::Noise { .. }) => (exit, Ok(stream)),
            _ => (exit, Err(closed)),
        }
    }

    async fn rest_of_stdout(&mut self) -> EndOfStream {
        let stream = timeout(LAST_WORDS, &mut self.reader).await;
        self.reader.abort();
        stream.ok().and_then(Result::ok).unwrap_or(EndOfStream::Closed { noise: None })
    }
}
