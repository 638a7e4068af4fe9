//! What is done about an attempt that failed, by the class of its error: the one table.

use prizm_protocol::{Charged, ErrorKind, ErrorObject, code};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of failure it was, as far as it matters for what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// The request is wrong, and would be anywhere else.
    InvalidInput,
    /// The provider refuses what is asked for.
    ContentPolicy,
    /// The key, or the account, is refused.
    Auth,
    /// The account is used up.
    Quota,
    /// Too many calls.
    RateLimited,
    /// It has no room now.
    Capacity,
    /// The provider failed, or what is behind it.
    Upstream,
    /// No answer in time.
    Timeout,
    /// Whether it was done cannot be known.
    Indeterminate,
    /// What came is not what was promised.
    OutputInvalid,
    /// Its process ended, or could not be started.
    Crashed,
    /// It broke the protocol.
    Protocol,
    /// The caller gave it up.
    Cancelled,
}

/// How much of a fault it is of the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// None.
    None,
    /// Half of one.
    Half,
    /// A whole one.
    Full,
}

/// Which gate it closes, or helps to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// None.
    Nothing,
    /// The breaker, when there are enough.
    Breaker,
    /// The breaker at once, until the configuration changes.
    Config,
    /// The gate of the rate, for as long as the provider says.
    Rate,
    /// The process is the supervisor's affair.
    Process,
}

impl Class {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::ContentPolicy => "content_policy",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::RateLimited => "rate_limited",
            Self::Capacity => "capacity",
            Self::Upstream => "upstream",
            Self::Timeout => "timeout",
            Self::Indeterminate => "indeterminate",
            Self::OutputInvalid => "output_invalid",
            Self::Crashed => "crashed",
            Self::Protocol => "protocol",
            Self::Cancelled => "cancelled",
        }
    }

    /// Tells what an error that a provider answered with is.
    pub fn of(error: &ErrorObject) -> Self {
        match error.kind() {
            Some(ErrorKind::NotConfigured | ErrorKind::ConfigInvalid) => Self::Auth,
            Some(ErrorKind::DeadlineExceeded) => Self::Timeout,
            Some(ErrorKind::RateLimited) => Self::RateLimited,
            Some(ErrorKind::ResourceExhausted) => Self::Capacity,
            Some(ErrorKind::QuotaExceeded) => Self::Quota,
            Some(ErrorKind::ContentRejected) => Self::ContentPolicy,
            Some(
                ErrorKind::InvalidMedia
                | ErrorKind::ModelNotFound
                | ErrorKind::CapabilityNotDeclared
                | ErrorKind::FrameTooLarge,
            ) => Self::InvalidInput,
            Some(ErrorKind::NotInitialized | ErrorKind::UnsupportedProtocolVersion) => Self::Protocol,
            Some(ErrorKind::UpstreamError) => Self::upstream(error.data.as_ref()),
            _ => match error.code {
                code::CANCELLED => Self::Cancelled,
                code::DRAINING => Self::Capacity,
                code::INVALID_PARAMS => Self::InvalidInput,
                code::PARSE_ERROR | code::INVALID_REQUEST | code::METHOD_NOT_FOUND => Self::Protocol,
                _ => Self::Upstream,
            },
        }
    }

    /// What is behind the provider has words of its own, by the status of HTTP.
    fn upstream(data: Option<&Value>) -> Self {
        match data.and_then(|data| data.get("upstreamStatus")?.as_u64()) {
            Some(401 | 403) => Self::Auth,
            Some(402) => Self::Quota,
            Some(429) => Self::RateLimited,
            Some(503 | 529) => Self::Capacity,
            Some(400 | 404 | 413 | 415 | 422) => Self::InvalidInput,
            _ => Self::Upstream,
        }
    }

    /// Returns how often the same candidate is tried again.
    pub const fn retries(self) -> u32 {
        match self {
            Self::RateLimited
            | Self::Capacity
            | Self::Upstream
            | Self::OutputInvalid
            | Self::Crashed
            | Self::Protocol => 1,
            _ => 0,
        }
    }

    /// Returns how much of a fault of the provider's it is.
    pub const fn blame(self) -> Blame {
        match self {
            Self::Capacity => Blame::Half,
            Self::Upstream
            | Self::Timeout
            | Self::Indeterminate
            | Self::OutputInvalid
            | Self::Crashed
            | Self::Protocol => Blame::Full,
            _ => Blame::None,
        }
    }

    /// Returns which gate it closes.
    pub const fn closes(self) -> Closes {
        match self {
            Self::Auth | Self::Quota => Closes::Config,
            Self::RateLimited => Closes::Rate,
            Self::Capacity | Self::Upstream | Self::Timeout | Self::Indeterminate | Self::OutputInvalid => {
                Closes::Breaker
            }
            Self::Crashed | Self::Protocol => Closes::Process,
            Self::InvalidInput | Self::ContentPolicy | Self::Cancelled => Closes::Nothing,
        }
    }
}

/// A failed attempt, as far as it matters for what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub class: Class,
    /// A remote system had taken the job.
    pub accepted: bool,
    /// It has cost money.
    pub charged: Charged,
    /// A part of the result has been handed to the caller.
    pub committed: bool,
    /// The provider says whether such a call may succeed.
    pub retryable: Option<bool>,
    /// The provider does a job with one key once.
    pub idempotent: bool,
}

impl Failure {
    /// Starts a failure of which nothing else is known.
    pub const fn new(class: Class) -> Self {
        let (accepted, committed, idempotent) = (false, false, false);
        Self { class, accepted, charged: Charged::Unknown, committed, retryable: None, idempotent }
    }
}

/// What may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// How often the same candidate may be tried again.
    pub retries: u32,
    /// Whether another may be tried.
    pub falls_back: bool,
}

/// What the caller lets happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latitude {
    /// Classes that fall back although they do not by themselves: `content_policy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback_on: Vec<Class>,
    /// A job that a remote system has taken may be done, and paid, twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_duplicate_charge: bool,
}

/// Says what may be done about a failed attempt. Work that was accepted is never submitted again, and what
/// the caller has heard a part of is never begun anew.
pub fn action(failure: &Failure, latitude: &Latitude) -> Action {
    const STOP: Action = Action { retries: 0, falls_back: false };
    let Failure { class, .. } = *failure;
    if failure.committed || class == Class::Cancelled {
        return STOP;
    }
    let is_once = failure.charged == Charged::No || latitude.allow_duplicate_charge;
    let falls_back = match class {
        Class::InvalidInput => failure.retryable == Some(true) || latitude.fallback_on.contains(&class),
        Class::ContentPolicy => latitude.fallback_on.contains(&class),
        Class::Indeterminate => is_once || failure.idempotent,
        _ => true,
    };
    if failure.accepted {
        return Action { retries: 0, falls_back: is_once && falls_back };
    }
    let may_retry = failure.retryable != Some(false);
    Action { retries: if may_retry { class.retries() } else { 0 }, falls_back }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_work_is_never_submitted_again() {
        let failure = Failure { accepted: true, ..Failure::new(Class::Upstream) };
        let stop = Action { retries: 0, falls_back: false };
        assert_eq!(action(&failure, &Latitude::default()), stop);
        let elsewhere = Action { retries: 0, falls_back: true };
        assert_eq!(action(&Failure { charged: Charged::No, ..failure }, &Latitude::default()), elsewhere);
        let latitude = Latitude { allow_duplicate_charge: true, ..Latitude::default() };
        assert_eq!(action(&failure, &latitude), elsewhere);
        let refused = Failure { class: Class::ContentPolicy, charged: Charged::No, ..failure };
        assert_eq!(action(&refused, &Latitude::default()), stop, "nobody else is asked for what one refuses");
        assert_eq!(action(&Failure { committed: true, ..failure }, &latitude), stop);
    }

    #[test]
    fn the_table_is_that_of_the_specification() {
        let of = |class| action(&Failure::new(class), &Latitude::default());
        for (class, retries, falls_back) in [
            (Class::InvalidInput, 0, false),
            (Class::ContentPolicy, 0, false),
            (Class::Auth, 0, true),
            (Class::Quota, 0, true),
            (Class::RateLimited, 1, true),
            (Class::Capacity, 1, true),
            (Class::Upstream, 1, true),
            (Class::Timeout, 0, true),
            (Class::Indeterminate, 0, false),
            (Class::OutputInvalid, 1, true),
            (Class::Crashed, 1, true),
            (Class::Cancelled, 0, false),
        ] {
            assert_eq!(of(class), Action { retries, falls_back }, "{class:?}");
        }
        let refused = Latitude { fallback_on: vec![Class::ContentPolicy], ..Latitude::default() };
        assert!(action(&Failure::new(Class::ContentPolicy), &refused).falls_back);
        let idempotent = Failure { idempotent: true, ..Failure::new(Class::Indeterminate) };
        assert!(action(&idempotent, &Latitude::default()).falls_back);
    }

    #[test]
    fn what_a_provider_answers_has_a_class() {
        let error = |code: i64, data: serde_json::Value| ErrorObject { code, message: "x".into(), data: Some(data) };
        let none = || serde_json::json!({});
        assert_eq!(Class::of(&error(1102, none())), Class::RateLimited);
        assert_eq!(Class::of(&error(1201, serde_json::json!({"upstreamStatus": 402}))), Class::Quota);
        assert_eq!(Class::of(&error(1201, none())), Class::Upstream);
        assert_eq!(Class::of(&error(-32603, none())), Class::Upstream);
        assert_eq!(Class::of(&error(-32800, none())), Class::Cancelled);
    }
}
