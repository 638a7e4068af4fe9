//! The audit log: a line for every load, whatever came of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use crate::install::Loaded;
use crate::{Error, Identifier, Isolation};

/// The size at which the log is put aside, as `audit.1.jsonl`; one such file is kept.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// `audit.jsonl` in PRIZM_HOME.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    path: PathBuf,
}

/// What happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// Seconds since 1970.
    time: u64,
    /// `installed`, `loaded`, `updated`, `linked` or `failed`.
    action: &'static str,
    request: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<Isolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Event {
    /// It can be started.
    pub(crate) fn done(action: &'static str, identifier: &Identifier, loaded: &Loaded) -> Self {
        Self {
            revision: loaded.revision().map(ToString::to_string),
            root: Some(loaded.root()),
            isolation: loaded.isolation(),
            ..Self::new(action, identifier)
        }
    }

    /// It cannot.
    pub(crate) fn failed(identifier: &Identifier, error: &Error) -> Self {
        Self { error: Some(error.to_string()), ..Self::new("failed", identifier) }
    }

    fn new(action: &'static str, identifier: &Identifier) -> Self {
        Self {
            time: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            action,
            request: identifier.to_string(),
            source: identifier.source(),
            revision: None,
            root: None,
            isolation: None,
            error: None,
        }
    }
}

impl Audit {
    pub(crate) fn new(home: &Path) -> Self {
        Self { path: home.join("audit.jsonl") }
    }

    /// Writes a line for each. A log that cannot be written is logged, and stops nobody.
    pub(crate) fn record(&self, events: &[Event]) {
        let write = || -> io::Result<()> {
            if fs::metadata(&self.path).is_ok_and(|meta| meta.len() > MAX_BYTES) {
                fs::rename(&self.path, self.path.with_extension("1.jsonl"))?;
            }
            let mut lines = Vec::new();
            for event in events {
                serde_json::to_writer(&mut lines, event)?;
                lines.push(b'\n');
            }
            // One write, so that the lines of two processes do not mix.
            OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?.write_all(&lines)
        };
        if let Err(error) = write() {
            tracing::warn!(path = %self.path.display(), %error, "the audit log cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_load_is_a_line_and_the_log_has_an_end() {
        let home = tempfile::tempdir().unwrap();
        let audit = Audit::new(home.path());
        let identifier = "github:a/b@v1".parse().unwrap();
        let event = Event::failed(&identifier, &Error::new(ErrorKind::Policy, "no"));
        audit.record(&[event, Event::failed(&identifier, &Error::new(ErrorKind::Policy, "no"))]);
        let text = fs::read_to_string(&audit.path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["request"], &lines[0]["error"]), (&"github:a/b@v1".into(), &"no".into()));
        fs::File::options().write(true).open(&audit.path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        audit.record(&[Event::failed(&identifier, &Error::new(ErrorKind::Policy, "no"))]);
        assert!(fs::metadata(&audit.path).unwrap().len() < 1000);
        assert!(home.path().join("audit.1.jsonl").exists());
    }
}
