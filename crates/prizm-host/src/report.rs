//! How an instance of a plugin ended, and what to make of it.

use crate::process::Exit;
use crate::{Error, ErrorKind, Stage};

/// The last words and the end of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) cause: Cause,
    pub(crate) stderr: Vec<String>,
    /// The last line on stdout that was no frame.
    pub(crate) noise: Option<String>,
}

/// Why it ended.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// The process ended by itself, or somebody else ended it.
    Exit(Exit),
    /// The host ended it because it broke the protocol.
    Broke(String),
    /// The host stopped it.
    Stopped,
    /// Nobody saw it end.
    Unknown,
}

impl Ended {
    pub(crate) fn unknown(stderr: Vec<String>) -> Self {
        Self { cause: Cause::Unknown, stderr, noise: None }
    }

    /// Returns whether it ended against the host's will.
    pub(crate) fn is_failure(&self) -> bool {
        !matches!(self.cause, Cause::Stopped)
    }

    /// Makes the crash report of a call or stage that it cut short.
    pub(crate) fn to_error(&self, stage: Stage, method: Option<&str>) -> Error {
        let during = match (stage, method) {
            (Stage::Handshake, _) => " during the handshake".to_owned(),
            (Stage::Configure, _) => " while it was configured".to_owned(),
            (_, Some(method)) => format!(" during `{method}`"),
            (_, None) => String::new(),
        };
        let error = match &self.cause {
            Cause::Exit(exit) => Error::new(ErrorKind::Exited, stage, format!("the plugin ended{during}: {exit}")),
            Cause::Broke(how) => {
                Error::new(ErrorKind::Protocol, stage, format!("the plugin broke the protocol{during}: {how}"))
            }
            Cause::Stopped => Error::new(ErrorKind::Closed, stage, format!("the plugin was stopped{during}")),
            Cause::Unknown => {
                Error::new(ErrorKind::Exited, stage, format!("the connection to the plugin was lost{during}"))
            }
        };
        error.with_hint(self.remedy(stage)).with_stderr(self.stderr.clone())
    }

    fn remedy(&self, stage: Stage) -> String {
        let said = |needle: &str| self.stderr.iter().rev().take(40).any(|line| line.contains(needle));
        let missing = self.stderr.iter().rev().take(40).find_map(|line| {
            let rest = line.split("No module named ").nth(1).or_else(|| line.split("Cannot find module ").nth(1))?;
            Some(rest.trim_matches(['\'', '"', ' ']).split(['\'', '"']).next().unwrap_or(rest).to_owned())
        });
        if let Some(module) = missing {
            return format!("the plugin's dependency `{module}` is not installed");
        }
        if said("error while loading shared libraries") {
            return "a shared library that the plugin needs is not installed; its last line names it".to_owned();
        }
        if let Some(noise) = self.noise.as_ref().filter(|_| matches!(stage, Stage::Handshake)) {
            let noise: String = noise.chars().take(120).collect();
            return format!("it wrote to stdout what is no frame (`{noise}`): a plugin logs to stderr");
        }
        let remedy = match &self.cause {
            Cause::Exit(Exit::Signal(9)) => {
                "something killed it: if it was not you, look for the out-of-memory killer in `dmesg`"
            }
            Cause::Exit(Exit::Signal(_)) => "it crashed: report its last lines to its author",
            Cause::Exit(Exit::Code(126 | 127)) => "its command was not found: check how it is started",
            Cause::Exit(Exit::Code(0)) => {
                "it left while the host still needed it: a plugin leaves on `exit` or when its stdin closes"
            }
            Cause::Exit(_) if self.stderr.is_empty() => "it said nothing on stderr: run its command by hand to see why",
            Cause::Exit(_) => "its last lines say why",
            Cause::Broke(_) => "report it to the plugin's author",
            Cause::Stopped => "its owner stopped it: the next call starts it again",
            Cause::Unknown => "make the call again: the plugin is started anew",
        };
        remedy.to_owned()
    }
}
