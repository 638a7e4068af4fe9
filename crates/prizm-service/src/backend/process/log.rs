//! What a process writes, kept in a file of bounded size.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::LogTail;

/// The largest file; the one before is kept beside it.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A log that is being written. Clones write the same.
#[derive(Clone)]
pub(super) struct Log(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    tail: VecDeque<String>,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Mutex::new(Inner { path, file: None, written: 0, tail: VecDeque::new() })))
    }

    /// Begins with a new process: its last lines are its own.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.tail.clear();
        inner.open()
    }

    pub(super) fn line(&self, line: &str) {
        let mut inner = self.inner();
        if inner.tail.len() == LogTail::LINES {
            inner.tail.pop_front();
        }
        inner.tail.push_back(line.to_owned());
        if let Err(error) = inner.write(line) {
            // A full disk ends no service.
            tracing::debug!(path = %inner.path.display(), "a line of the log is lost: {error}");
        }
    }

    pub(super) fn tail(&self) -> Vec<String> {
        self.inner().tail.iter().cloned().collect()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn open(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        self.written = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if self.written + line.len() as u64 > MAX_BYTES {
            std::fs::rename(&self.path, before(&self.path))?;
            self.open()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(format!("{line}\n").as_bytes())?;
        self.written += line.len() as u64 + 1;
        Ok(())
    }
}

fn before(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// Prints the last lines of a log, and then, if one wants to, what is added to it, for ever.
pub(super) async fn print(
    path: &Path,
    lines: usize,
    follow: bool,
    line: &mut (dyn FnMut(&str) + Send),
) -> io::Result<()> {
    let mut last: VecDeque<String> = VecDeque::new();
    let mut position = 0;
    for path in [&before(path), path] {
        let mut reader = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        position = each_line(&mut reader, |text| {
            if last.len() == lines {
                last.pop_front();
            }
            if lines > 0 {
                last.push_back(text.to_owned());
            }
        })?;
    }
    last.iter().for_each(|text| line(text));
    if !follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Ok(file) = File::open(path) else { continue };
        if file.metadata()?.len() < position {
            // It was begun anew.
            position = 0;
        }
        let mut reader = BufReader::new(file);
        io::Seek::seek(&mut reader, io::SeekFrom::Start(position))?;
        position += each_line(&mut reader, &mut *line)?;
    }
}

/// Calls `each` with every whole line, and returns how many bytes these have.
fn each_line(reader: &mut impl io::BufRead, mut each: impl FnMut(&str)) -> io::Result<u64> {
    let mut bytes = 0;
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text)?;
        if read == 0 || text.last() != Some(&b'\n') {
            return Ok(bytes);
        }
        bytes += read as u64;
        each(String::from_utf8_lossy(&text[..text.len() - 1]).as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_stays_within_its_bounds_and_the_tail_is_the_last_process() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        let log = Log::new(path.clone());
        log.begin().unwrap();
        let line = "x".repeat(64 * 1024);
        for _ in 0..300 {
            log.line(&line);
        }
        assert!(path.metadata().unwrap().len() <= MAX_BYTES);
        assert!(before(&path).metadata().unwrap().len() <= MAX_BYTES);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
        assert_eq!(log.tail().len(), LogTail::LINES);
        log.begin().unwrap();
        log.line("again");
        assert_eq!(log.tail(), ["again"]);
    }

    #[tokio::test]
    async fn the_last_lines_are_printed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        std::fs::write(before(&path), "1\n2\n").unwrap();
        std::fs::write(&path, "3\n4\nhalf").unwrap();
        let mut seen = Vec::new();
        print(&path, 3, false, &mut |line| seen.push(line.to_owned())).await.unwrap();
        assert_eq!(seen, ["2", "3", "4"]);
    }
}
