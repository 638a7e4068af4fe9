//! One opaque error: what failed, at which stage, what the plugin said last, and one remedy.

use std::fmt;

use prizm_protocol::ErrorObject;
use prizm_route::Report;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An identifier that cannot be read.
    Identifier,
    /// An option, an input or a setting is wrong.
    Usage,
    /// No such provider or model.
    NotFound,
    /// Refused by policy.
    Policy,
    /// What came is not what was promised, or not what it was before.
    Mismatch,
    /// Fetching or building failed.
    Build,
    /// The plugin could not be started, broke the protocol, is not valid, or died.
    Plugin,
    /// A service could not be started, or ended.
    Service,
    /// The provider answered with an error.
    Provider,
    /// No provider qualifies.
    NoneQualifies,
    /// The deadline passed.
    Deadline,
    /// The work was cancelled.
    Cancelled,
    /// The configuration cannot be used.
    Config,
    /// The file system failed.
    Io,
}

impl ErrorKind {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Policy => "policy",
            Self::Mismatch => "mismatch",
            Self::Build => "build",
            Self::Plugin => "plugin",
            Self::Service => "service",
            Self::Provider => "provider",
            Self::NoneQualifies => "none-qualifies",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Config => "config",
            Self::Io => "io",
        }
    }
}

/// What went wrong. The message names the value; [`Error::hint`] says what to do about it.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    stage: Option<&'static str>,
    message: String,
    hint: Option<String>,
    stderr: Vec<String>,
    provider: Option<ErrorObject>,
    service: Option<prizm_service::Error>,
    is_exit: bool,
    is_stopped: bool,
    decision: Option<Box<Report>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            stage: None,
            message: message.into(),
            hint: None,
            stderr: Vec::new(),
            provider: None,
            service: None,
            is_exit: false,
            is_stopped: false,
            decision: None,
        }))
    }

    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn at(mut self, stage: &'static str) -> Self {
        self.0.stage = Some(stage);
        self
    }

    pub(crate) fn with_decision(mut self, decision: Report) -> Self {
        self.0.decision = Some(Box::new(decision));
        self
    }

    /// Puts what came before into the message.
    pub(crate) fn after(mut self, before: &str) -> Self {
        self.0.message = format!("{}\n{before}", self.0.message);
        self
    }

    /// Returns whether the process ended, or could not be reached any more.
    pub(crate) fn is_exit(&self) -> bool {
        self.0.is_exit
    }

    /// Returns whether its owner stopped the plugin.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_stopped
    }

    /// Returns the decision that nobody qualifies, with what speaks against each.
    pub fn decision(&self) -> Option<&Report> {
        self.0.decision.as_deref()
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the stage at which it went wrong, such as `fetch`, `build`, `handshake` or `call`.
    pub fn stage(&self) -> Option<&'static str> {
        self.0.stage
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the last lines that the plugin, a build or a service wrote; oldest first.
    pub fn stderr(&self) -> &[String] {
        &self.0.stderr
    }

    /// Returns what is known of a service that failed: its command, exit code and logs.
    pub fn service_error(&self) -> Option<&prizm_service::Error> {
        self.0.service.as_ref()
    }

    /// Returns the provider's own error, where it answered with one.
    pub fn provider_error(&self) -> Option<&ErrorObject> {
        self.0.provider.as_ref()
    }
}

impl From<prizm_service::Error> for Error {
    fn from(error: prizm_service::Error) -> Self {
        use prizm_service::ErrorKind as Service;

        let kind = match error.kind() {
            Service::Policy => ErrorKind::Policy,
            Service::Config => ErrorKind::Usage,
            Service::State => ErrorKind::Io,
            _ => ErrorKind::Service,
        };
        let mut made = Self::new(kind, error.to_string());
        made.0.stage = Some(error.phase().as_str());
        made.0.hint = error.hint().map(str::to_owned);
        let several = error.logs().len() > 1;
        let lines = error.logs().iter().flat_map(|tail| tail.lines.iter().map(|line| (&tail.source, line)));
        let shown =
            |(source, line): (&String, &String)| if several { format!("{source} | {line}") } else { line.clone() };
        made.0.stderr = lines.map(shown).collect();
        made.0.service = Some(error);
        made
    }
}

impl From<prizm_host::Error> for Error {
    fn from(error: prizm_host::Error) -> Self {
        use prizm_host::ErrorKind as Host;

        let kind = match error.kind() {
            Host::Deadline if error.stage() == prizm_host::Stage::Call => ErrorKind::Deadline,
            Host::Cancelled => ErrorKind::Cancelled,
            Host::Provider => ErrorKind::Provider,
            Host::Input => ErrorKind::Usage,
            Host::Io => ErrorKind::Io,
            _ => ErrorKind::Plugin,
        };
        let mut made = Self::new(kind, error.to_string());
        made.0.stage = Some(error.stage().as_str());
        made.0.hint = error.hint().map(str::to_owned);
        made.0.stderr = error.stderr().to_vec();
        made.0.provider = error.rpc().cloned();
        made.0.is_exit = error.kind() == Host::Exited;
        made.0.is_stopped = error.kind() == Host::Closed;
        made
    }
}

impl From<prizm_install::Error> for Error {
    fn from(error: prizm_install::Error) -> Self {
        use prizm_install::ErrorKind as Install;

        if let Some(rejected) = error.rejection().and_then(|error| error.downcast_ref::<prizm_host::Error>()) {
            let made = Self::from(rejected.clone());
            return match (made.hint(), error.hint()) {
                (_, Some(hint)) => made.hinted(hint),
                _ => made,
            };
        }
        let (kind, stage) = match error.kind() {
            Install::Identifier => (ErrorKind::Identifier, "identifier"),
            Install::OtherKind => (ErrorKind::Usage, "manifest"),
            Install::Source => (ErrorKind::NotFound, "resolve"),
            Install::Fetch | Install::Offline => (ErrorKind::Build, "fetch"),
            Install::Policy => (ErrorKind::Policy, "policy"),
            Install::Mismatch => (ErrorKind::Mismatch, "verify"),
            Install::Rejected => (ErrorKind::Plugin, "validate"),
            Install::EntryPoint => (ErrorKind::Build, "entry-point"),
            Install::Manifest => (ErrorKind::Build, "manifest"),
            Install::Store => (ErrorKind::Io, "store"),
            _ => (ErrorKind::Build, "build"),
        };
        let mut made = Self::new(kind, error.to_string());
        made.0.stage = Some(stage);
        made.0.hint = error.hint().map(str::to_owned);
        made.0.stderr = error.log().to_vec();
        made
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
        write!(f, "{}", kind.as_str())?;
        stage.iter().try_for_each(|stage| write!(f, " at {stage}"))?;
        write!(f, ": {message}")?;
        hint.iter().try_for_each(|hint| write!(f, " (hint: {hint})"))?;
        stderr.iter().try_for_each(|line| write!(f, "\n  stderr: {line}"))
    }
}

impl std::error::Error for Error {}
