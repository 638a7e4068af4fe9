//! What a provider answers when it cannot do the work.

use std::fmt;
use std::time::Duration;

use prizm_protocol::{ErrorData, ErrorKind, ErrorObject, code};
use serde_json::Value;

/// An error as the host will see it: a stable kind or code, a sentence for people, and hints.
///
/// ```
/// use prizm_plugin::{Error, ErrorKind};
/// use std::time::Duration;
///
/// let error = Error::new(ErrorKind::RateLimited, "the account may make 10 calls a minute")
///     .retry_after(Duration::from_secs(6))
///     .docs("https://example.com/limits");
/// assert_eq!(error.code(), 1102);
/// ```
#[derive(Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    code: i64,
    message: String,
    data: ErrorData,
}

impl Error {
    /// An error of a named kind, retryable or not as the kind is.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let data = ErrorData {
            kind: Some(kind.as_str().to_owned()),
            retryable: Some(kind.is_retryable()),
            ..ErrorData::default()
        };
        Self::coded(kind.code(), message).with_data(data)
    }

    /// The provider itself failed (−32603).
    pub fn internal(message: impl Into<String>) -> Self {
        Self::coded(code::INTERNAL_ERROR, message)
    }

    /// The job was cancelled (−32800).
    pub fn cancelled() -> Self {
        Self::coded(code::CANCELLED, "cancelled")
    }

    /// The parameters are wrong (−32602). The message should name what, and what was expected.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::coded(code::INVALID_PARAMS, message)
    }

    /// An option is wrong (−32602): names it, what was expected and what came.
    pub fn invalid_option(name: &str, expected: impl fmt::Display, got: &Value) -> Self {
        let got: String = got.to_string().chars().take(200).collect();
        let message = format!("option `{name}`: expected {expected}, got {got}");
        Self::invalid_params(message).detail("option", name).detail("expected", expected.to_string()).detail("got", got)
    }

    /// No such method (−32601).
    pub fn method_not_found(method: &str) -> Self {
        let method: String = method.chars().take(80).collect();
        Self::coded(code::METHOD_NOT_FOUND, format!("no method `{method}`"))
    }

    pub(crate) fn coded(code: i64, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), data: ErrorData::default() }))
    }

    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::internal(format!("the provider panicked: {}", text.unwrap_or("no message")))
    }

    fn with_data(mut self, data: ErrorData) -> Self {
        self.0.data = data;
        self
    }

    /// Says how long to wait before the same call is worth another try.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.data.retryable = Some(true);
        self.0.data.retry_after_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Says whether the same call may succeed later, against the kind's default.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.0.data.retryable = Some(retryable);
        self
    }

    /// Says where people can read more.
    #[must_use]
    pub fn docs(mut self, url: impl Into<String>) -> Self {
        self.0.data.docs_url = Some(url.into());
        self
    }

    /// Adds a detail by name.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.data.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the number on the wire.
    pub fn code(&self) -> i64 {
        self.0.code
    }

    /// Returns the kind; `None` for the codes of JSON-RPC and for −32800.
    pub fn kind(&self) -> Option<ErrorKind> {
        ErrorKind::from_code(self.0.code)
    }

    /// Returns the sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn data_mut(&mut self) -> &mut ErrorData {
        &mut self.0.data
    }

    pub(crate) fn into_object(self) -> ErrorObject {
        let Inner { code, message, data } = *self.0;
        let object = ErrorObject::new(code, message);
        if data == ErrorData::default() { object } else { object.with_data(data) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {})", self.0.code, self.0.message)
    }
}

impl std::error::Error for Error {}

/// A full disk or memory is `ResourceExhausted`; everything else is the provider's own failure.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        match error.kind() {
            Io::StorageFull | Io::QuotaExceeded | Io::OutOfMemory => {
                Self::new(ErrorKind::ResourceExhausted, error.to_string())
            }
            _ => Self::internal(error.to_string()),
        }
    }
}
