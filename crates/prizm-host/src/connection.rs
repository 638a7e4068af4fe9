//! Calls over the guarded wire: deadlines, notices, cancellation on drop.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use prizm_protocol::methods::{Method, notifications};
use prizm_protocol::{ErrorKind as WireKind, ErrorObject, code, frame};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::process::LogSink;
use crate::report::Ended;
use crate::wire::{Calls, Heard, Inbox, Notice, Outbox, Patience, Refused, Reply};
use crate::{Error, ErrorKind, Stage};

/// How long a failed call waits for the report of how the plugin ended.
const REPORT_WAIT: Duration = Duration::from_secs(3);

/// The host's side of the wire to one instance of a plugin.
pub(crate) struct Connection {
    pub(crate) calls: Calls,
    pub(crate) outbox: Outbox,
    pub(crate) log: LogSink,
    pub(crate) ended: watch::Receiver<Option<Arc<Ended>>>,
    pub(crate) max_frame: usize,
}

/// Tells the plugin when a caller goes away.
struct CancelOnDrop<'a> {
    connection: &'a Connection,
    id: u64,
    ended: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if !self.ended && self.connection.calls.abandon(self.id) {
            let params = notifications::CancelParams { id: self.id };
            self.connection.outbox.notify(notifications::CANCEL_REQUEST, params);
        }
    }
}

/// A call that the plugin hears of.
struct Sent<'a> {
    inbox: Inbox,
    guard: CancelOnDrop<'a>,
}

/// Why it does not.
enum NotSent {
    Refused(Refused),
    Unsendable(Box<Error>),
}

impl Connection {
    /// Makes a call whose notices are of no interest.
    pub(crate) async fn request<M: Method>(
        &self,
        params: &M::Params,
        stage: Stage,
        deadline: Instant,
    ) -> Result<M::Result, Error> {
        self.call::<M, _>(params, stage, Patience::until(deadline), None, |_| Ok(None)).await
    }

    /// Makes a call, at once: what is returned waits for its answer. Notices are handled in order, all of them before the
    /// answer; a handler may move the deadline, or end the call. `keep` lives until the plugin has answered, even when
    /// the caller does not wait so long.
    pub(crate) fn call<'a, M: Method, F: FnMut(Notice) -> Result<Option<Instant>, Error> + Send>(
        &'a self,
        params: &M::Params,
        stage: Stage,
        patience: Patience,
        keep: Option<Box<dyn Any + Send>>,
        on_notice: F,
    ) -> impl Future<Output = Result<M::Result, Error>> + Send + use<'a, M, F> {
        let sent = self.send::<M>(params, stage, patience, keep);
        async move {
            match sent {
                Ok(sent) => self.answer::<M>(sent, stage, patience, on_notice).await,
                Err(NotSent::Refused(refused)) => Err(self.refused(refused, M::NAME, stage).await),
                Err(NotSent::Unsendable(error)) => Err(*error),
            }
        }
    }

    fn send<M: Method>(
        &self,
        params: &M::Params,
        stage: Stage,
        patience: Patience,
        keep: Option<Box<dyn Any + Send>>,
    ) -> Result<Sent<'_>, NotSent> {
        let id = self.calls.next_id();
        let frame = self.encode(id, M::NAME, params, stage).map_err(|error| NotSent::Unsendable(Box::new(error)))?;
        let inbox = self.calls.open(id, patience, keep);
        if let Err(refused) = self.outbox.push(&frame) {
            self.calls.forget(id);
            return Err(NotSent::Refused(refused));
        }
        Ok(Sent { inbox, guard: CancelOnDrop { connection: self, id, ended: false } })
    }

    async fn answer<M: Method>(
        &self,
        Sent { inbox, mut guard }: Sent<'_>,
        stage: Stage,
        patience: Patience,
        mut on_notice: impl FnMut(Notice) -> Result<Option<Instant>, Error> + Send,
    ) -> Result<M::Result, Error> {
        let reply = loop {
            match inbox.next().await {
                Heard::Notice(notice) => {
                    if let Some(later) = hand_over(notice, &mut on_notice)? {
                        inbox.set_deadline(later);
                    }
                    // A plugin that never stops talking must not keep others waiting.
                    tokio::task::consume_budget().await;
                }
                Heard::Reply(reply) => break Some(reply),
                Heard::Gone => break None,
                Heard::Late => return Err(out_of_time(M::NAME, stage, patience).with_stderr(self.log.tail())),
            }
        };
        guard.ended = true;
        match reply {
            Some(reply) => self.decode::<M>(reply, stage),
            None => Err(self.end().await.to_error(stage, Some(M::NAME))),
        }
    }

    async fn refused(&self, refused: Refused, method: &str, stage: Stage) -> Error {
        match refused {
            Refused::Closed => self.end().await.to_error(stage, Some(method)),
            Refused::Full => Error::new(ErrorKind::Protocol, stage, refused.to_string())
                .with_hint("send fewer calls at once; if it does not recover, report it to the plugin's author")
                .with_stderr(self.log.tail()),
        }
    }

    /// Returns whether the instance lives, as far as anybody has seen. One whose watcher is gone with
    /// its runtime does not: nobody would ever see its answers.
    pub(crate) fn is_open(&self) -> bool {
        self.ended.borrow().is_none() && self.ended.has_changed().is_ok()
    }

    /// Returns how the instance ended, once that is known.
    pub(crate) async fn end(&self) -> Arc<Ended> {
        let mut ended = self.ended.clone();
        let known = timeout(REPORT_WAIT, ended.wait_for(Option::is_some)).await;
        let known = known.ok().and_then(Result::ok).and_then(|ended| ended.clone());
        known.unwrap_or_else(|| Arc::new(Ended::unknown(self.log.tail())))
    }

    fn encode(&self, id: u64, method: &str, params: &impl serde::Serialize, stage: Stage) -> Result<Vec<u8>, Error> {
        let frame = serde_json::to_vec(&frame::Request::new(id, method, params))
            .map_err(|error| Error::new(ErrorKind::Input, stage, format!("`{method}`: {error}")))?;
        let (size, limit) = (frame.len(), self.max_frame);
        if size > limit {
            return Err(Error::new(
                ErrorKind::FrameTooLarge,
                stage,
                format!("`{method}` takes a frame of {size} bytes, over the limit of {limit}"),
            )
            .with_hint("give large media as files: only text travels inline"));
        }
        Ok(frame)
    }

    fn decode<M: Method>(&self, reply: Reply, stage: Stage) -> Result<M::Result, Error> {
        match reply {
            Ok(result) => serde_json::from_str(result.get()).map_err(|error| {
                let message = format!("the plugin's answer to `{}` is malformed: {error}", M::NAME);
                Error::new(ErrorKind::Protocol, stage, self.log.clean(message))
                    .with_hint("the plugin breaks the protocol: report it to its author")
                    .with_stderr(self.log.tail())
            }),
            Err(rpc) => Err(self.rpc_error(rpc, stage)),
        }
    }

    fn rpc_error(&self, rpc: ErrorObject, stage: Stage) -> Error {
        let oversized = rpc.kind() == Some(WireKind::FrameTooLarge);
        let docs_url = rpc.details().docs_url;
        let cancelled = rpc.code == code::CANCELLED;
        let malformed = rpc.code == code::INTERNAL_ERROR && rpc.message.starts_with("the plugin's answer is malformed");
        let error = if oversized {
            let hint = "the plugin must hand large media over as files in its job directory";
            Error::new(ErrorKind::FrameTooLarge, stage, rpc.message).with_hint(hint)
        } else if cancelled {
            Error::new(ErrorKind::Cancelled, stage, "the plugin cancelled the call").with_hint("make the call again")
        } else if malformed {
            Error::new(ErrorKind::Protocol, stage, rpc.message)
                .with_hint("the plugin breaks the protocol: report it to its author")
        } else {
            let hint = docs_url.map_or_else(|| remedy(&rpc), |url| format!("see {url}"));
            Error::provider(stage, rpc).with_hint(hint)
        };
        error.with_stderr(self.log.tail())
    }
}

/// Returns what to do about an error that a plugin answers with.
fn remedy(rpc: &ErrorObject) -> String {
    let hint = match rpc.kind() {
        Some(WireKind::RateLimited) => {
            return match rpc.details().retry_after_ms {
                Some(ms) => format!("try again in {:?}", Duration::from_millis(ms)),
                None => "try again later".to_owned(),
            };
        }
        Some(WireKind::NotConfigured | WireKind::ConfigInvalid) => {
            "configure the provider: its message names what it lacks"
        }
        Some(WireKind::ModelNotFound | WireKind::CapabilityNotDeclared) => {
            "choose among the models that the provider lists"
        }
        Some(WireKind::DeadlineExceeded) => "give the call more time",
        Some(WireKind::ResourceExhausted) => "free some memory or disk, or send fewer calls at once",
        Some(WireKind::QuotaExceeded) => "the account has nothing left: top it up, or choose another provider",
        Some(WireKind::UpstreamError) => "the remote system failed: try again, or choose another provider",
        Some(WireKind::ContentRejected) => "change what you ask for: the remote system refuses it",
        Some(WireKind::InvalidMedia) => "check that the input is whole and of the kind that the model takes",
        _ if rpc.code == code::METHOD_NOT_FOUND => "the plugin does not implement it",
        _ if rpc.code == code::INVALID_PARAMS => "check the options and inputs against the model's declaration",
        _ => "the plugin's own words say what is wrong; report them to its author",
    };
    hint.to_owned()
}

/// Hands a notice over, unless it says that too much was left unread.
fn hand_over(
    notice: Notice,
    on_notice: &mut impl FnMut(Notice) -> Result<Option<Instant>, Error>,
) -> Result<Option<Instant>, Error> {
    match notice {
        Notice::Overflow => {
            let message = "more than 16 MiB of partial results were left unread";
            Err(Error::new(ErrorKind::Overflow, Stage::Call, message)
                .with_hint("read the chunks as they come, or ask for the result as a whole"))
        }
        notice => on_notice(notice),
    }
}

fn out_of_time(method: &str, stage: Stage, patience: Patience) -> Error {
    let passed = patience.deadline.is_some_and(|deadline| deadline <= Instant::now());
    let error = match patience.idle {
        Some(idle) if !passed => format!("the plugin said nothing about `{method}` for {idle:?}"),
        _ => format!("the plugin did not answer `{method}` in time"),
    };
    Error::new(ErrorKind::Deadline, stage, error).with_hint("give it more time, or see what it says on stderr")
}
