//! What a plugin started, found by its group and by the session's mark in its environment.

use rustix::process::Pid;

/// A process that a plugin started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survivor {
    /// Its id.
    pub(crate) pid: i32,
    /// What it is called.
    pub(crate) name: String,
    /// What marks it as one of the session's.
    mark: String,
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::io::Read as _;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::Survivor;

    /// The most of an environment that is read.
    const ENVIRONMENT: u64 = 1 << 20;

    pub(crate) fn find(leader: Pid, mark: &str) -> Vec<Survivor> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        // What ran before the plugin did is none of its own, whatever there is of it.
        let since = status(leader.as_raw_nonzero().get()).map_or(0, |leader| leader.started);
        let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let others = ids.filter(|pid| *pid != leader.as_raw_nonzero().get());
        let found = others.filter_map(|pid| {
            let Status { name, state, group, started } = status(pid)?;
            let may_be = !matches!(state, 'Z' | 'X') && started >= since;
            let is_ours = may_be && (group == leader.as_raw_nonzero().get() || is_marked(pid, mark));
            is_ours.then(|| Survivor { pid, name, mark: mark.to_owned() })
        });
        found.collect()
    }

    /// What the system says of a process.
    struct Status {
        name: String,
        state: char,
        group: i32,
        /// When it started, in the system's ticks.
        started: u64,
    }

    fn status(pid: i32) -> Option<Status> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may hold some itself.
        let (head, tail) = (stat.split_once('(')?.1, stat.rsplit_once(')')?.1);
        let name = head.rsplit_once(')')?.0.to_owned();
        let mut fields = tail.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(16)?.parse().ok()?;
        Some(Status { name, state, group, started })
    }

    fn is_marked(pid: i32, mark: &str) -> bool {
        let Ok(file) = fs::File::open(format!("/proc/{pid}/environ")) else { return false };
        let mut environment = Vec::new();
        let read = file.take(ENVIRONMENT).read_to_end(&mut environment);
        read.is_ok() && environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    }

    /// Kills it, if it still is what was found.
    pub(crate) fn kill(survivor: &Survivor) {
        let Some(pid) = Pid::from_raw(survivor.pid) else { return };
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        // The descriptor is of one process for ever, so that what is true of it now stays true.
        if is_marked(survivor.pid, &survivor.mark) {
            let _ = pidfd_send_signal(&process, Signal::KILL);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::process::Command;

    use rustix::process::Pid;

    use super::Survivor;

    pub(crate) fn find(leader: Pid, mark: &str) -> Vec<Survivor> {
        #[expect(clippy::disallowed_methods, reason = "the one way to see processes here; it runs no plugin")]
        let listed = Command::new("/bin/ps").args(["-axo", "pid=,pgid=,stat=,comm="]).output();
        let text = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let leader = leader.as_raw_nonzero().get();
        let found = text.lines().filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (pid, group): (i32, i32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let is_alive = !fields.next()?.starts_with('Z');
            let name = fields.collect::<Vec<_>>().join(" ");
            (is_alive && group == leader && pid != leader).then(|| Survivor { pid, name, mark: mark.to_owned() })
        });
        found.collect()
    }

    /// What is found here is in the group, which is killed as a whole.
    pub(crate) fn kill(_: &Survivor) {}
}

/// Finds what `leader` started and still runs.
pub(super) fn find(leader: Pid, mark: &str) -> Vec<Survivor> {
    system::find(leader, mark)
}

impl Survivor {
    /// Kills it.
    pub(super) fn kill(&self) {
        system::kill(self);
    }
}
