//! What can go wrong between a host and a plugin.

use std::fmt;

use prizm_protocol::ErrorObject;

/// Where in a plugin's life something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Starting the process.
    Spawn,
    /// `initialize`.
    Handshake,
    /// Checking what the plugin declared.
    Validate,
    /// `configure`.
    Configure,
    /// Making the inputs ready.
    Input,
    /// A call.
    Call,
    /// Taking the outputs.
    Output,
    /// Leaving.
    Stop,
}

impl Stage {
    /// Returns the stage in a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spawn => "spawn",
            Self::Handshake => "handshake",
            Self::Validate => "validate",
            Self::Configure => "configure",
            Self::Input => "input",
            Self::Call => "call",
            Self::Output => "output",
            Self::Stop => "stop",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The process could not be started.
    Spawn,
    /// The process ended, by itself or by a signal.
    Exited,
    /// The plugin broke the protocol.
    Protocol,
    /// What the plugin declares is not valid.
    Invalid,
    /// The plugin answered with an error; see [`Error::rpc`].
    Provider,
    /// The deadline of the call, or of the stage, passed.
    Deadline,
    /// The call was cancelled.
    Cancelled,
    /// Too many failures in a short time; the breaker is open.
    BreakerOpen,
    /// A frame was over the limit.
    FrameTooLarge,
    /// The caller did not read chunks fast enough.
    Overflow,
    /// An input cannot be given to the plugin.
    Input,
    /// The host's own file system failed.
    Io,
    /// The plugin was shut down by its owner.
    Closed,
}

/// What went wrong, where, the last lines that the plugin said, and one remedy.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    stage: Stage,
    message: String,
    hint: Option<String>,
    stderr: Vec<String>,
    rpc: Option<ErrorObject>,
}

impl Error {
    /// Makes an error of its three parts.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, stage, message: message.into(), hint: None, stderr: Vec::new(), rpc: None }))
    }

    pub(crate) fn provider(stage: Stage, rpc: ErrorObject) -> Self {
        let mut error = Self::new(ErrorKind::Provider, stage, rpc.message.clone());
        error.0.rpc = Some(rpc);
        error
    }

    pub(crate) fn io(stage: Stage, what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Io, stage, format!("{what}: {error}"))
            .with_hint("check that the disk is not full and that the directory may be written")
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the last lines that the plugin said.
    #[must_use]
    pub fn with_stderr(mut self, lines: Vec<String>) -> Self {
        self.0.stderr = lines;
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns where it happened.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the last lines that the plugin wrote to stderr, oldest first.
    pub fn stderr(&self) -> &[String] {
        &self.0.stderr
    }

    /// Returns the plugin's own error, where it answered with one.
    pub fn rpc(&self) -> Option<&ErrorObject> {
        self.0.rpc.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, stage, message, hint, stderr, .. } = &*self.0;
        write!(f, "{kind:?} at {stage}: {message}")?;
        if let Some(hint) = hint {
            write!(f, " (hint: {hint})")?;
        }
        stderr.iter().try_for_each(|line| write!(f, "\n  stderr: {line}"))
    }
}

impl std::error::Error for Error {}
