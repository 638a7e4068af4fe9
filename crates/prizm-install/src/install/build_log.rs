//! The log of an install: every stage, and every line that a tool wrote; kept for the next time that
//! somebody wonders.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::Reporter;

/// The most bytes of a log; what comes after them is not kept.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Writes down what it passes on.
pub(super) struct BuildLog<'a> {
    inner: &'a dyn Reporter,
    path: PathBuf,
    file: Mutex<Option<(File, usize)>>,
}

impl<'a> BuildLog<'a> {
    /// Begins the log of a source in `logs` of PRIZM_HOME, in place of the one before.
    pub(super) fn begin(home: &Path, identifier: &str, inner: &'a dyn Reporter) -> Self {
        let name = &blake3::hash(identifier.as_bytes()).to_hex()[..32];
        let path = home.join("logs").join(format!("{name}.log"));
        let open = || {
            fs::create_dir_all(home.join("logs"))?;
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            writeln!(file, "# {identifier}")?;
            std::io::Result::Ok((file, MAX_BYTES))
        };
        let file = open().inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "the build log cannot be written");
        });
        Self { inner, path, file: Mutex::new(file.ok()) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((open, left)) = file.as_mut() else { return };
        let size = line.len() + 1;
        // A log that cannot be written any more ends; what it is about goes on.
        if size > *left || writeln!(open, "{line}").is_err() {
            *file = None;
        } else {
            *left -= size;
        }
    }
}

impl Reporter for BuildLog<'_> {
    fn stage(&self, stage: &str, detail: &str) {
        self.write(&format!("[{stage}] {detail}"));
        self.inner.stage(stage, detail);
    }

    fn output(&self, line: &str) {
        self.write(line);
        self.inner.output(line);
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        self.inner.progress(done, total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_stages_and_lines_and_has_an_end() {
        let home = tempfile::tempdir().unwrap();
        let log = BuildLog::begin(home.path(), "github:a/b", &());
        log.stage("build", "make");
        log.output("cc -c x.c");
        log.output(&"x".repeat(MAX_BYTES));
        log.output("lost");
        let text = fs::read_to_string(log.path()).unwrap();
        assert_eq!(text, "# github:a/b\n[build] make\ncc -c x.c\n");
        BuildLog::begin(home.path(), "github:a/b", &()).output("anew");
        assert_eq!(fs::read_to_string(log.path()).unwrap(), "# github:a/b\nanew\n");
    }
}
