//! The machine's processes, as `/proc` shows them.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::wait::look_until;

/// Processes that carry a mark: a path in their environment or among their arguments.
///
/// Every plugin is told a directory of its test's own, and what it starts inherits the variable,
/// whatever group or session it moves to.
pub struct Processes<'a> {
    mark: &'a Path,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    command: String,
}

impl<'a> Processes<'a> {
    /// Those that carry `mark`, beside the one that asks.
    pub fn marked(mark: &'a Path) -> Self {
        Self { mark }
    }

    /// Returns the ids of those that live now and whose command line contains `part`.
    pub fn running(&self, part: &str) -> Vec<u32> {
        self.look().into_iter().filter(|process| process.command.contains(part)).map(|process| process.pid).collect()
    }

    /// Returns how many live now whose program has this name.
    pub fn named(&self, name: &str) -> usize {
        let named = |process: &Process| {
            let program = process.command.split(' ').next().unwrap_or_default();
            Path::new(program).file_name().is_some_and(|file| file == name)
        };
        self.look().iter().filter(|process| named(process)).count()
    }

    /// Waits until none is left, at most so many seconds; panics with those that are.
    pub async fn gone_within(&self, seconds: u64) {
        let mut empty = 0;
        let patience = std::time::Duration::from_secs(seconds);
        let gone = look_until(patience, || {
            // One that is just executing something shows nothing for a moment: look twice.
            empty = if self.look().is_empty() { empty + 1 } else { 0 };
            (empty == 2).then_some(())
        });
        if gone.await.is_none() {
            panic!("after {seconds} s there still are {self}");
        }
    }

    fn look(&self) -> Vec<Process> {
        let mark = self.mark.as_os_str().as_encoded_bytes();
        let own = std::process::id();
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| *pid != own).filter_map(|pid| look_at(pid, mark)).collect()
    }
}

impl fmt::Display for Processes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.look();
        write!(f, "{} processes", found.len())?;
        found.iter().try_for_each(|process| write!(f, "\n  {} {}", process.pid, process.command))
    }
}

/// Looks at one process. What has ended and waits to be reaped has neither arguments nor environment.
fn look_at(pid: u32, mark: &[u8]) -> Option<Process> {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let holds = |text: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    if !holds(&arguments) && !holds(&fs::read(format!("/proc/{pid}/environ")).ok()?) {
        return None;
    }
    let command = String::from_utf8_lossy(&arguments).replace('\0', " ");
    Some(Process { pid, command })
}

/// Returns how many descriptors this process has open.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Returns how many threads this process has.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Returns a figure of this process's memory in bytes, by its name in `/proc/self/status`: `VmRSS` for
/// now, `VmHWM` for the most there was.
pub fn resident(figure: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    let kibibytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kibibytes.unwrap_or_default() * 1024
}
