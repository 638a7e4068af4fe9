//! What can go wrong between an identifier and a built provider.

use std::fmt;
use std::path::Path;

use crate::BoxError;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The identifier is malformed.
    Identifier,
    /// The source is missing, or has no such ref or version.
    Source,
    /// The source cannot be fetched, or what came is not what was asked for.
    Fetch,
    /// The source, or what it asks for, is refused by policy.
    Policy,
    /// It needs the network, which may not be used.
    Offline,
    /// What was resolved or fetched contradicts the lock, or what was seen before under the same name.
    Mismatch,
    /// Nothing was found that starts the provider.
    EntryPoint,
    /// `prizm.toml`, `package.json` or `Cargo.toml` is wrong.
    Manifest,
    /// It is a service, and a provider was asked for, or the reverse.
    OtherKind,
    /// The build failed.
    Build,
    /// The provider was built, and is not valid: [`Error::rejection`] says why, unless it wrote into its
    /// own directory.
    Rejected,
    /// The store cannot be used.
    Store,
}

/// What went wrong, one remedy, and the last lines of the build.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    log: Vec<String>,
    rejection: Option<BoxError>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), hint: None, log: Vec::new(), rejection: None }))
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_log(mut self, log: Vec<String>) -> Self {
        self.0.log = log;
        self
    }

    /// The provider was built, and its validator found something wrong.
    pub(crate) fn rejected(error: BoxError) -> Self {
        let mut made = Self::new(ErrorKind::Rejected, error.to_string());
        made.0.rejection = Some(error);
        made
    }

    /// Returns what the [`Validator`](crate::Validator) said of a provider that was rejected.
    pub fn rejection(&self) -> Option<&BoxError> {
        self.0.rejection.as_ref()
    }

    /// Adds where the whole log of the build is.
    pub(crate) fn logged(mut self, path: &Path) -> Self {
        self.0.hint = Some(match self.0.hint {
            Some(hint) => format!("{hint} (the whole log: {})", quoted(path)),
            None => format!("read the whole log: {}", quoted(path)),
        });
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the last lines of the build, oldest first.
    pub fn log(&self) -> &[String] {
        &self.0.log
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, hint, log, .. } = &*self.0;
        write!(f, "{kind:?}: {message}")?;
        if let Some(hint) = hint {
            write!(f, " (hint: {hint})")?;
        }
        log.iter().try_for_each(|line| write!(f, "\n  log: {line}"))
    }
}

impl std::error::Error for Error {}

/// A path in backticks, safe to print.
pub(crate) fn quoted(path: &Path) -> String {
    format!("`{}`", path.to_string_lossy().escape_debug())
}
