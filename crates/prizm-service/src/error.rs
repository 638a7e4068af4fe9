//! What went wrong with a service.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest line of a log in an error, in bytes.
const MAX_LINE: usize = 1024;
/// The longest logs of an error, in bytes.
const MAX_LOGS: usize = 256 * 1024;

/// Which failure it is. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no Docker engine, or no Compose.
    EngineMissing,
    /// The engine may not be used by this user.
    Denied,
    /// The Compose file cannot be used.
    ComposeInvalid,
    /// An image is not there, and can be neither pulled nor built.
    ImageUnavailable,
    /// A port cannot be had.
    Port,
    /// A process or a container ended.
    Exit,
    /// A process or a container was killed because it used too much memory.
    Oom,
    /// It was not ready in time.
    ReadinessTimeout,
    /// It does not answer any more.
    Liveness,
    /// A GPU was asked for, and there is none.
    NoGpu,
    /// The GPU has not enough memory left.
    GpuMemory,
    /// It asks for something that the user has not granted.
    Policy,
    /// A value of `serviceConfig` is wrong.
    Config,
    /// It does not run, and nobody lets it be started.
    NotRunning,
    /// It was stopped while somebody waited for it.
    Stopped,
    /// What stands on disk cannot be read or written.
    State,
}

impl ErrorKind {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EngineMissing => "engine-missing",
            Self::Denied => "denied",
            Self::ComposeInvalid => "compose-invalid",
            Self::ImageUnavailable => "image-unavailable",
            Self::Port => "port",
            Self::Exit => "exit",
            Self::Oom => "oom",
            Self::ReadinessTimeout => "readiness-timeout",
            Self::Liveness => "liveness",
            Self::NoGpu => "no-gpu",
            Self::GpuMemory => "gpu-memory",
            Self::Policy => "policy",
            Self::Config => "config",
            Self::NotRunning => "not-running",
            Self::Stopped => "stopped",
            Self::State => "state",
        }
    }
}

/// At which point of its life it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Its settings are read, its Compose file is checked.
    #[default]
    Prepare,
    /// Images are built or pulled, containers and processes are started.
    Start,
    /// It is asked whether it is ready.
    Ready,
    /// It is in use.
    Run,
    /// It is stopped.
    Stop,
}

impl Phase {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Ready => "ready",
            Self::Run => "run",
            Self::Stop => "stop",
        }
    }
}

/// Why a service cannot be used. It can be written down and read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    kind: ErrorKind,
    phase: Phase,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The command that failed, as it would be typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
    /// The last lines of each process or container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<LogTail>,
}

/// The last lines that a process or a container wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// Whose they are: the service of the Compose file, or `process`.
    pub source: String,
    /// At most [`LogTail::LINES`] lines.
    pub lines: Vec<String>,
}

impl LogTail {
    /// How many lines are kept of each process or container.
    pub const LINES: usize = 50;
}

impl Error {
    /// Makes an error.
    pub(crate) fn new(kind: ErrorKind, phase: Phase, message: impl Into<String>) -> Self {
        Self { kind, phase, message: message.into(), hint: None, command: None, exit_code: None, logs: Vec::new() }
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which command failed.
    #[must_use]
    pub(crate) fn of_command(mut self, command: impl fmt::Display) -> Self {
        self.command = Some(command.to_string());
        self
    }

    /// Says how it ended.
    #[must_use]
    pub(crate) fn exited(mut self, code: i64) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// Adds what was written last, as much of it as people read.
    #[must_use]
    pub(crate) fn logged(mut self, mut logs: Vec<LogTail>) -> Self {
        let mut room = MAX_LOGS;
        for line in logs.iter_mut().flat_map(|tail| &mut tail.lines) {
            line.truncate(line.floor_char_boundary(MAX_LINE.min(room)));
            room -= line.len();
        }
        self.logs = logs;
        self
    }

    /// Says when it happened.
    #[must_use]
    pub(crate) fn at(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Puts words before its message.
    #[must_use]
    pub(crate) fn prefixed(mut self, words: &str) -> Self {
        self.message.insert_str(0, words);
        self
    }

    /// Returns which failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns when it happened.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the command that failed, as it would be typed.
    pub fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Returns the exit code of what ended.
    pub fn exit_code(&self) -> Option<i64> {
        self.exit_code
    }

    /// Returns the last lines of each process or container.
    pub fn logs(&self) -> &[LogTail] {
        &self.logs
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
