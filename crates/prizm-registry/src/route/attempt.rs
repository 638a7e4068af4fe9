//! One try of a job: how it ended, and what that says of who tried.

use prizm_protocol::Charged;
use prizm_protocol::methods::initialize::Location;
use prizm_route::{Class, Failure, Money, Outcome as Seen};
use serde::Serialize;

use crate::{Error, ErrorKind};

/// How a try of a job ended.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Who tried: `provider/model`.
    pub candidate: String,
    /// When it began, in milliseconds since 1970.
    pub at: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What kind of failure it was; `None` where it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What the failure said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it cost, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// A remote system had taken the job.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

impl Error {
    /// Returns what kind of failure of a job it is.
    pub fn class(&self) -> Class {
        if let Some(error) = self.provider_error() {
            return Class::of(error);
        }
        match (self.kind(), self.stage()) {
            // Its owner stopped it: that is nobody's fault, and nothing is begun again.
            _ if self.is_stopped() => Class::Cancelled,
            (ErrorKind::Deadline, _) => Class::Timeout,
            (ErrorKind::Cancelled, _) => Class::Cancelled,
            (ErrorKind::Plugin, Some("call")) if self.is_exit() => Class::Indeterminate,
            (ErrorKind::Plugin, Some("output")) => Class::OutputInvalid,
            (ErrorKind::Plugin, Some("call")) => Class::Protocol,
            (ErrorKind::Plugin | ErrorKind::Service | ErrorKind::Build | ErrorKind::Mismatch, _) => Class::Crashed,
            _ => Class::InvalidInput,
        }
    }
}

impl Error {
    /// Returns whether a try that ended so says anything of who tried: not where the caller gave up before it
    /// began, or is at fault.
    pub(crate) fn teaches(&self, class: Class) -> bool {
        let is_early = self.kind() == ErrorKind::Deadline && self.stage() == Some("start");
        class != Class::Cancelled && self.kind() != ErrorKind::Usage && !is_early
    }
}

/// What is known of a try besides its error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace {
    /// A remote system has taken the job.
    pub(crate) accepted: Option<Charged>,
    /// A part of the result has been handed to the caller.
    pub(crate) committed: bool,
}

/// Says what matters of a failure for what is done next.
pub(crate) fn failure(error: &Error, trace: &Trace, location: Location, is_idempotent: bool) -> Failure {
    let details = error.provider_error().map(prizm_protocol::ErrorObject::details).unwrap_or_default();
    let class = match error.class() {
        // Nobody else has heard of it: what was begun here ended here.
        Class::Indeterminate if location == Location::Local && trace.accepted.is_none() => Class::Crashed,
        // What was sent may have been done, and paid, before the answer could not be read.
        Class::Protocol if location == Location::Remote && error.provider_error().is_none() => Class::Indeterminate,
        class => class,
    };
    let is_hopeless = matches!(error.kind(), ErrorKind::Build | ErrorKind::Mismatch);
    // It is about this one, and not about the job.
    let is_its_own = matches!(error.kind(), ErrorKind::Policy | ErrorKind::NotFound | ErrorKind::Config);
    Failure {
        class,
        accepted: trace.accepted.is_some() || details.accepted == Some(true),
        charged: details.charged.or(trace.accepted).unwrap_or(Charged::Unknown),
        committed: trace.committed,
        retryable: match (is_hopeless, is_its_own) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => details.retryable,
        },
        idempotent: is_idempotent,
    }
}

/// Says what a failure teaches of who tried.
pub(crate) fn lesson(error: &Error, class: Class) -> Seen {
    let details = error.provider_error().map(prizm_protocol::ErrorObject::details).unwrap_or_default();
    let code = error.provider_error().and_then(|error| error.data.as_ref()?.get("providerCode")?.as_str());
    let too_many_at_once = class == Class::RateLimited && code.is_some_and(|code| code.contains("concurrent"));
    Seen::Failure { class, retry_after: details.retry_after_ms, too_many_at_once }
}
