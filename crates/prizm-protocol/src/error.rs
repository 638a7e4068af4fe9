//! Errors as they cross the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Codes that have no kind of their own in `data`.
pub mod code {
    /// JSON-RPC: what came is not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// JSON-RPC: what came is no request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// JSON-RPC: no such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// JSON-RPC: the parameters are wrong.
    pub const INVALID_PARAMS: i64 = -32602;
    /// JSON-RPC: the plugin failed, a panic included.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// LSP's `RequestCancelled`.
    pub const CANCELLED: i64 = -32800;
    /// LSP's `ServerCancelled`: the plugin is shutting down and takes no new work.
    pub const DRAINING: i64 = -32802;
}

/// The error object of a JSON-RPC response.
///
/// A writer adds no other field; a reader drops those that it finds, and keeps `data` as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorObject {
    /// The number: JSON-RPC's own, or one of Prizm's.
    pub code: i64,
    /// A sentence for people.
    pub message: String,
    /// Details: those of `ErrorData` where the code is one of Prizm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl ErrorObject {
    /// An error with a bare code.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// An error of a named kind, with the retry hint that the kind has by default.
    pub fn of_kind(kind: ErrorKind, message: impl Into<String>) -> Self {
        let data = ErrorData {
            kind: Some(kind.as_str().to_owned()),
            retryable: Some(kind.is_retryable()),
            ..ErrorData::default()
        };
        Self::new(kind.code(), message).with_data(data)
    }

    /// Replaces the details.
    #[must_use]
    pub fn with_data(mut self, data: ErrorData) -> Self {
        self.data = serde_json::to_value(data).ok();
        self
    }

    /// Returns the kind: by the code, else by the name in `data`.
    pub fn kind(&self) -> Option<ErrorKind> {
        ErrorKind::from_code(self.code).or_else(|| ErrorKind::from_name(self.details().kind.as_deref()?))
    }

    /// Reads `data`, taking what is well formed and leaving the rest: a plugin is never trusted to
    /// send the right shape.
    pub fn details(&self) -> ErrorData {
        let Some(Value::Object(data)) = &self.data else { return ErrorData::default() };
        let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
        ErrorData {
            kind: text("kind"),
            retryable: data.get("retryable").and_then(Value::as_bool),
            retry_after_ms: data.get("retryAfterMs").and_then(Value::as_u64),
            accepted: data.get("accepted").and_then(Value::as_bool),
            charged: data.get("charged").and_then(|v| Charged::deserialize(v).ok()),
            docs_url: text("docsUrl"),
            extra: Map::new(),
        }
    }
}

/// The details that Prizm's errors carry in `data`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// The stable name, such as `RateLimited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether the same call may succeed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// How long to wait before trying again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// True once a remote system has taken the job: it must not be submitted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// Whether the call has cost money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged: Option<Charged>,
    /// Where people can read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
    /// What else the plugin wants to say, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Whether a call has cost money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum Charged {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// Nobody can tell; also what any unknown word means.
    #[serde(other)]
    Unknown,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, retryable: $retryable:literal;)*) => {
        /// The named errors of protocol 1.0.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $name),* }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$name),*];

            /// Returns the number on the wire.
            pub const fn code(self) -> i64 {
                match self { $(Self::$name => $code),* }
            }

            /// Returns the stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// Returns whether such a call may succeed when it is made again.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable),* }
            }
        }
    };
}

kinds! {
    /// A request came before `initialize`.
    NotInitialized = 1001, retryable: false;
    /// No version of the host's list is spoken.
    UnsupportedProtocolVersion = 1002, retryable: false;
    /// The model has no such capability.
    CapabilityNotDeclared = 1003, retryable: false;
    /// Something needed, such as an API key, has not been configured.
    NotConfigured = 1004, retryable: false;
    /// The configuration is wrong.
    ConfigInvalid = 1005, retryable: false;
    /// No such model.
    ModelNotFound = 1006, retryable: false;
    /// The job's deadline passed.
    DeadlineExceeded = 1101, retryable: true;
    /// Too many calls; `retryAfterMs` says when to come back.
    RateLimited = 1102, retryable: true;
    /// Memory, disk or an engine ran out or is missing.
    ResourceExhausted = 1103, retryable: true;
    /// The account has nothing left.
    QuotaExceeded = 1104, retryable: false;
    /// The remote system failed.
    UpstreamError = 1201, retryable: true;
    /// The remote system refuses the content.
    ContentRejected = 1202, retryable: false;
    /// The input cannot be read, or is of the wrong kind.
    InvalidMedia = 1203, retryable: false;
    /// A frame was over the limit.
    FrameTooLarge = 1205, retryable: false;
}

impl ErrorKind {
    /// Returns the kind with this number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// Returns the kind with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_round_trip_by_code_and_by_name() {
        for &kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(kind));
            assert_eq!(ErrorKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(ErrorObject::of_kind(kind, "x").kind(), Some(kind));
        }
    }

    #[test]
    fn details_take_what_is_well_formed() {
        let error = ErrorObject {
            code: 1102,
            message: "slow down".into(),
            data: Some(serde_json::json!({"retryAfterMs": 1500, "retryable": "yes", "charged": "maybe"})),
        };
        let details = error.details();
        assert_eq!(details.retry_after_ms, Some(1500));
        assert_eq!(details.retryable, None);
        assert_eq!(details.charged, Some(Charged::Unknown));
        let array = ErrorObject { data: Some(serde_json::json!([1])), ..error };
        assert_eq!(array.details(), ErrorData::default());
    }
}
