//! A command that one talks to while it runs.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use crate::wait::look_until;
use crate::within;

/// How long anything may take on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running command, whose stdin is open and whose output is read as it comes.
pub struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    /// How many lines of stdout have been looked at.
    seen: usize,
}

/// Lines that are read by a task.
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Lines {
    fn read(pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let keep = Arc::clone(&lines);
        let reader = tokio::spawn(async move {
            let mut reader = BufReader::new(pipe).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { lines, reader }
    }

    fn get(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Talk {
    /// Starts a command.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let stdin = child.stdin.take();
        let stdout = Lines::read(child.stdout.take().expect("a pipe"));
        let stderr = Lines::read(child.stderr.take().expect("a pipe"));
        Self { child, stdin, stdout, stderr, seen: 0 }
    }

    /// Writes a line to its stdin.
    ///
    /// # Panics
    /// It does not read.
    pub async fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("its stdin is open");
        within(20, "it reads", stdin.write_all(format!("{line}\n").as_bytes())).await.expect("it reads");
    }

    /// Waits for the next line that `wanted` takes, and leaves those before behind.
    ///
    /// # Panics
    /// None comes.
    pub async fn next<T>(&mut self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let (lines, seen) = (&self.stdout, &mut self.seen);
        let look = || {
            let lines = lines.get();
            let found = lines.iter().enumerate().skip(*seen).find_map(|(at, line)| Some((at, wanted(line)?)));
            *seen = found.as_ref().map_or(lines.len(), |(at, _)| at + 1);
            found.map(|(_, found)| found)
        };
        match look_until(PATIENCE, look).await {
            Some(found) => found,
            None => panic!("not within {PATIENCE:?}: {what}: {}", self.output()),
        }
    }

    /// Waits for a line with these words.
    pub async fn line(&mut self, words: &str) -> String {
        self.next(words, |line| line.contains(words).then(|| line.to_owned())).await
    }

    /// Waits for an event of this name, where each line is one.
    ///
    /// # Panics
    /// None comes, or a line is no event.
    pub async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// Waits for an event of this name that is as it should be.
    pub async fn event_where(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let wanted = |line: &str| {
            let event = event(line);
            (event["event"] == name && fits(&event)).then_some(event)
        };
        self.next(name, wanted).await
    }

    /// Sends a signal to its process group, as a terminal does.
    ///
    /// # Panics
    /// It has ended.
    pub fn signal(&self, signal: i32) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).expect("it still runs");
        // SAFETY: `kill` takes numbers; the group is that of an unreaped child.
        assert_eq!(unsafe { libc::kill(-group, signal) }, 0);
    }

    /// Kills it alone with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) {
        within(10, "the end of what was killed", self.child.kill()).await.expect("it can be killed");
    }

    /// Returns all that it has printed so far.
    pub fn output(&self) -> String {
        format!("stdout: {:#?}\nstderr: {:#?}", self.stdout.get(), self.stderr.get())
    }

    /// Closes its stdin, waits for its end, and returns how that was and what it printed.
    ///
    /// # Panics
    /// It does not end.
    pub async fn close(mut self) -> (ExitStatus, Vec<String>) {
        drop(self.stdin.take());
        self.ended().await
    }

    /// Waits for its end, and returns how that was and what it printed.
    ///
    /// # Panics
    /// It does not end.
    pub async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let stdin = self.stdin.take();
        let status = within(60, "its end", self.child.wait()).await.expect("it can be waited for");
        drop(stdin);
        let Self { stdout, stderr, .. } = self;
        for lines in [stdout.reader, stderr.reader] {
            within(20, "the end of its output", lines).await.expect("its output is read");
        }
        (status, stdout.lines.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Reads a line as an event.
///
/// # Panics
/// It is none.
pub fn event(line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
    assert!(event["event"].is_string() && event["at"].is_string(), "{line}");
    event
}
