//! What a command ends with when it fails: a message for people or for programs, and an exit code.

use std::process::ExitCode;

use prizm_registry::{Error, ErrorKind, Report, ServiceError, ServiceErrorKind};
use serde_json::{Value, json};

/// Lines of a plugin's stderr that people are shown.
const SHOWN_LINES: usize = 10;

/// A failed command.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: u8,
    kind: Box<str>,
    message: Box<str>,
    hint: Option<String>,
    stage: Option<&'static str>,
    stderr: Vec<String>,
    service: Option<Box<ServiceError>>,
    decision: Option<Box<Report>>,
}

impl Failure {
    /// Makes one with an exit code and a stable name of its kind.
    pub(crate) fn new(code: u8, kind: &str, message: String) -> Self {
        let (hint, stage, stderr, service, decision) = (None, None, Vec::new(), None, None);
        Self { code, kind: kind.into(), message: message.into(), hint, stage, stderr, service, decision }
    }

    /// Something was said wrong: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(2, "usage", message.into())
    }

    /// Something is not there: exit code 3.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(3, "not-found", message.into())
    }

    /// The machine failed: exit code 1.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self::new(1, "io", message.into())
    }

    /// It was not ready in time: exit code 9.
    pub(crate) fn late(timeout: std::time::Duration) -> Self {
        Self::new(9, "deadline", format!("the provider was not ready to begin within {timeout:?}"))
            .hint("give it more time with --timeout, or see with -v what it is doing")
    }

    /// Returns the failure of whoever needs the provider that could not be built or started.
    pub(crate) fn unavailable(&self) -> Self {
        let reason = self.message.lines().next().unwrap_or_default();
        Self::new(self.code, &self.kind, format!("the provider does not run: {reason}"))
            .hint("mend it, and it is built again; `build` does it now")
    }

    /// The user changed their mind: exit code 130.
    pub(crate) fn cancelled() -> Self {
        Self::new(130, "cancelled", "cancelled".to_owned())
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names what it is about, where a command is about several.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message).into();
        self
    }

    /// Returns what went wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to do about it.
    pub(crate) fn remedy(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns at which stage it went wrong.
    pub(crate) fn stage(&self) -> Option<&'static str> {
        self.stage
    }

    /// Returns the last lines that the plugin, or a build, wrote.
    pub(crate) fn stderr(&self) -> &[String] {
        &self.stderr
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Returns it for other programs.
    pub(crate) fn document(&self) -> Value {
        let Self { kind, message, hint, stage, stderr, .. } = self;
        let mut document = json!({"kind": kind, "message": message, "hint": hint, "stage": stage, "stderr": stderr});
        if let Some(service) = &self.service {
            document["service"] =
                json!({"command": service.command(), "exitCode": service.exit_code(), "logs": service.logs()});
        }
        if let Some(decision) = &self.decision {
            document["decision"] = json!(decision);
        }
        document
    }

    /// Tells the world, and returns the exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if json {
            crate::output::json(&json!({ "error": self.document() }));
        } else {
            self.print();
        }
        ExitCode::from(self.code)
    }

    fn print(&self) {
        let stage = self.stage.map(|stage| format!(" ({stage})")).unwrap_or_default();
        let mut text = format!("error{stage}: {}", self.message);
        if !self.stderr.is_empty() {
            text.push_str("\n  its last words:");
        }
        for line in &self.stderr[self.stderr.len().saturating_sub(SHOWN_LINES)..] {
            text.push_str("\n    ");
            text.push_str(line);
        }
        if let Some(command) = self.service.as_ref().and_then(|service| service.command()) {
            text.push_str("\n  command: ");
            text.push_str(command);
        }
        if let Some(hint) = &self.hint {
            text.push_str("\n  hint: ");
            text.push_str(hint);
        }
        crate::output::note(&text);
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let provider = error.provider_error();
        let wire_kind = provider.and_then(|provider| provider.kind());
        let deadline = wire_kind.is_some_and(|kind| kind.as_str() == "DeadlineExceeded");
        let code = match error.kind() {
            ErrorKind::Identifier | ErrorKind::Usage | ErrorKind::Config => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Policy | ErrorKind::Mismatch => 4,
            ErrorKind::Build => 5,
            ErrorKind::Service if error.service_error().is_some_and(|error| is_build(error.kind())) => 5,
            ErrorKind::Plugin | ErrorKind::Service => 6,
            ErrorKind::Provider if deadline => 9,
            ErrorKind::Provider => 7,
            ErrorKind::NoneQualifies => 8,
            ErrorKind::Deadline => 9,
            ErrorKind::Cancelled => 130,
            _ => 1,
        };
        let of_service = error.service_error().map(|error| error.kind().as_str());
        let kind = wire_kind.map(|kind| kind.as_str()).or(of_service).unwrap_or(error.kind().as_str());
        let mut failure = Self::new(code, kind, error.to_string());
        failure.hint = error.hint().map(str::to_owned);
        failure.stage = error.stage();
        failure.stderr = error.stderr().to_vec();
        failure.service = error.service_error().cloned().map(Box::new);
        failure.decision = error.decision().cloned().map(Box::new);
        failure
    }
}

/// Whether a service lacks what it is made of, as a provider does that cannot be built.
fn is_build(kind: ServiceErrorKind) -> bool {
    matches!(
        kind,
        ServiceErrorKind::EngineMissing
            | ServiceErrorKind::Denied
            | ServiceErrorKind::ComposeInvalid
            | ServiceErrorKind::ImageUnavailable
    )
}

/// Reports what clap could not read, or the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|arg| arg == "--json");
    if !error.use_stderr() || !json {
        // Nothing can be done where the terminal is gone.
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let text = error.to_string();
    // A paragraph says what is wrong, and often another what to do about it.
    let mut paragraphs = text.split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let tip = paragraphs.find_map(|paragraph| Some(paragraph.strip_prefix("tip: ")?.to_owned()));
    let help = || "`prizm --help` lists the commands, `prizm COMMAND --help` what each takes".to_owned();
    Failure::usage(message).hint(tip.unwrap_or_else(help)).report(true)
}
