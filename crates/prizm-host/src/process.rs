//! A plugin's process: its own group, known to the guard, killed at the latest in `Drop`.

mod command;
mod exec;
mod exit;
mod guard;
mod stderr;

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use tokio::net::unix::pipe;

pub use command::PluginCommand;
use exec::{Launch, Started};
pub use exit::Exit;
pub(crate) use stderr::{LogSink, Redactor, drain};

use crate::{Error, ErrorKind, Stage};

/// Attempts to start a program that another thread's fork still holds open for writing.
const BUSY_ATTEMPTS: u32 = 20;

/// A running plugin.
///
/// Its identity is the unreaped child itself: as long as this value has not reaped it, neither its
/// pid nor its group id can belong to anybody else.
pub(crate) struct Process {
    pid: Pid,
    is_reaped: Mutex<bool>,
}

/// The host's ends of a plugin's pipes.
pub(crate) struct Pipes {
    pub(crate) stdin: pipe::Sender,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
}

/// Starts a plugin in its own process group.
pub(crate) fn spawn(command: &PluginCommand, work_dir: &Path) -> Result<(Process, Pipes), Error> {
    let failed = |message: String| Error::new(ErrorKind::Spawn, Stage::Spawn, message);
    if let Some(root) = command.root_dir().filter(|root| !root.is_dir()) {
        return Err(failed(format!("cannot start `{command}`: its root `{}` is no directory", root.display()))
            .with_hint("install the plugin anew, or correct its directory"));
    }
    let std_command = command.to_std(work_dir).map_err(|_| {
        let program = command.argv().next().unwrap_or_default().to_string_lossy().into_owned();
        let hint = if program.contains('/') {
            format!("check that `{program}` exists and is executable (chmod +x)")
        } else {
            format!("install `{program}` or put it on PATH")
        };
        failed(format!("cannot start `{command}`: no executable `{program}` was found")).with_hint(hint)
    })?;
    let launch = guard::guard().and_then(|guard| Launch::new(&std_command, guard));
    let started = launch
        .and_then(|launch| start(&launch))
        .map_err(|error| failed(format!("cannot start `{command}`: {error}")).with_hint(spawn_hint(&error)))?;
    let process = Process { pid: started.pid, is_reaped: Mutex::new(false) };
    guard::note(process.pid());
    match pipes(started) {
        Ok(pipes) => Ok((process, pipes)),
        Err(error) => {
            let message = format!("cannot use the pipes of `{command}`: {error}");
            Err(failed(message).with_hint(spawn_hint(&error)))
        }
    }
}

fn start(launch: &Launch) -> io::Result<Started> {
    for _ in 1..BUSY_ATTEMPTS {
        match launch.start() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            other => return other,
        }
    }
    launch.start()
}

fn spawn_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().unwrap_or_default() {
        8 => "it is no program for this machine: a script needs a `#!` line, a binary must be built for this system",
        2 => "the interpreter named in its `#!` line, or its loader, is not installed",
        13 => "make it executable with `chmod +x`",
        11 | 12 => "the machine is out of processes or memory",
        24 => "too many files are open: raise `ulimit -n`",
        _ => "run its command by hand to see why",
    }
}

fn pipes(started: Started) -> io::Result<Pipes> {
    Ok(Pipes {
        stdin: pipe::Sender::from_owned_fd(started.stdin)?,
        stdout: pipe::Receiver::from_owned_fd(started.stdout)?,
        stderr: pipe::Receiver::from_owned_fd(started.stderr)?,
    })
}

impl Process {
    /// Returns its pid, for people.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits until it has ended, kills what is left of its group, and reaps it.
    pub(crate) async fn wait(&self) -> Exit {
        if let Err(error) = exit::ended(self.pid).await {
            tracing::error!(pid = self.pid(), %error, "cannot watch the process; killing it");
            self.signal(Signal::KILL);
        }
        self.reap()
    }

    /// Sends a signal to its whole group, unless it has been reaped.
    pub(crate) fn signal(&self, signal: Signal) {
        let is_reaped = self.is_reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_reaped {
            self.send(signal);
        }
    }

    /// Signals the group, and the plugin itself, which may have left it. Only while it is unreaped.
    fn send(&self, signal: Signal) {
        // Either may be gone already.
        let _ = kill_process_group(self.pid, signal);
        let _ = kill_process(self.pid, signal);
    }

    fn reap(&self) -> Exit {
        let mut is_reaped = self.is_reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *is_reaped, true) {
            return Exit::Code(-1);
        }
        let exit = exit::peek(self.pid);
        // While the leader is unreaped its group id is its own: now is the last safe moment to kill
        // the rest of the group, and to tell the guard.
        self.send(Signal::KILL);
        guard::forget(self.pid());
        if !matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(Some(_))) {
            // It is dying, and nobody can tell how long the kernel takes: not the caller's time.
            let reaper = std::thread::Builder::new().name("prizm-reap".to_owned()).stack_size(64 * 1024);
            let pid = self.pid;
            let _ = reaper.spawn(move || while matches!(waitpid(Some(pid), WaitOptions::empty()), Err(Errno::INTR)) {});
        }
        exit.ok().flatten().unwrap_or(Exit::Signal(9))
    }
}

impl Drop for Process {
    /// The last resort: synchronous, needs no runtime.
    fn drop(&mut self) {
        self.reap();
    }
}
