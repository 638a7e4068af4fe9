//! The file in which a mode owns up, so that a test can tell that the misbehaviour took place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// Where to own up, and how often at most.
#[derive(Clone)]
pub struct Witness {
    mode: &'static str,
    path: Option<PathBuf>,
    times: Option<usize>,
}

impl Witness {
    /// A witness of `mode`.
    pub fn new(mode: &'static str, path: Option<PathBuf>, times: Option<usize>) -> Self {
        Self { mode, path, times }
    }

    /// Whether there is a time left to misbehave.
    pub fn wants(&self) -> bool {
        let Some(times) = self.times else { return true };
        let text = self.path.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().filter(|line| *line == self.mode).count() < times
    }

    /// Owns up. A witness that cannot write would make a test pass for nothing, so it ends the plugin.
    pub fn own_up(&self) {
        let written =
            self.open().and_then(|file| file.map_or(Ok(()), |mut file| file.write_all(self.line().as_bytes())));
        if let Err(error) = written {
            eprintln!("hostile: the witness file cannot be written: {error}");
            std::process::exit(74);
        }
    }

    /// The line that it writes.
    pub fn line(&self) -> String {
        format!("{}\n", self.mode)
    }

    /// Opens the file to append.
    pub fn open(&self) -> io::Result<Option<File>> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        self.path.as_ref().map(open).transpose()
    }
}
