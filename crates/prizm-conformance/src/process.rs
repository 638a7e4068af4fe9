//! A plugin's process: in a group of its own, and gone with its whole group at the end.

mod guard;
mod survivors;

use std::fmt;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use prizm_protocol::{ENV_COOKIE, ENV_VERSIONS, ENV_WORK_DIR, is_inherited};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::{Error, Subject};

pub(crate) use survivors::Survivor;

/// Attempts to start a program that another thread's fork still holds open for writing.
const BUSY_ATTEMPTS: u32 = 20;

/// How long a process that was killed is waited for.
const REAP: Duration = Duration::from_secs(5);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It returned this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match name(*signal) {
                Some(name) => write!(f, "signal {signal}, {name}"),
                None => write!(f, "signal {signal}"),
            },
        }
    }
}

fn name(signal: i32) -> Option<&'static str> {
    Some(match Signal::from_named_raw(signal)? {
        Signal::HUP => "SIGHUP",
        Signal::INT => "SIGINT",
        Signal::QUIT => "SIGQUIT",
        Signal::ILL => "SIGILL",
        Signal::ABORT => "SIGABRT",
        Signal::FPE => "SIGFPE",
        Signal::KILL => "SIGKILL",
        Signal::SEGV => "SIGSEGV",
        Signal::PIPE => "SIGPIPE",
        Signal::TERM => "SIGTERM",
        _ => return None,
    })
}

/// How a plugin is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) subject: &'a Subject,
    /// A directory of this session's own; it names the session in the environment.
    pub(crate) work_dir: &'a Path,
    /// Whether the variables are set by which a plugin knows that a host starts it.
    pub(crate) cookie: bool,
}

/// A plugin's process, unreaped as long as this value lives.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    child: Option<Child>,
    mark: String,
}

/// Our ends of its pipes.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Starts a plugin.
pub(crate) fn spawn(start: Start<'_>) -> Result<(Process, Pipes), Error> {
    let mut command = command(start)?;
    let shown = start.subject.to_string();
    let failed = |source| Error::Start { command: shown.clone(), source };
    guard::start().map_err(failed)?;
    let mut child = spawn_when_free(&mut command).map_err(failed)?;
    let pid = Pid::from_child(&child);
    guard::watch(child.id());
    let pipes =
        (|| Some(Pipes { stdin: child.stdin.take()?, stdout: child.stdout.take()?, stderr: child.stderr.take()? }))();
    let mark = mark(start.work_dir);
    let process = Process { pid, child: Some(child), mark };
    let pipes = pipes.ok_or_else(|| failed(io::Error::other("a pipe is missing")))?;
    Ok((process, pipes))
}

fn command(start: Start<'_>) -> Result<Command, Error> {
    let subject = start.subject;
    let program = subject.argv.first().ok_or(Error::NoCommand)?;
    let here = std::env::current_dir().map_err(|error| Error::Machine(format!("the working directory: {error}")))?;
    let root = subject.root.as_ref().map_or_else(|| here.clone(), |root| here.join(root));
    let found = which::which_in(program, std::env::var_os("PATH"), &root).map_err(|_| Error::NoProgram {
        command: subject.to_string(),
        program: program.to_string_lossy().into_owned(),
    })?;
    #[expect(clippy::disallowed_methods, reason = "this is the one helper that starts plugins")]
    let mut command = Command::new(found);
    command.args(&subject.argv[1..]).current_dir(root).env_clear();
    command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_inherited)));
    command.envs(&subject.env);
    if start.cookie {
        command.env(ENV_COOKIE, "1").env(ENV_VERSIONS, crate::protocol());
    }
    command.env(ENV_WORK_DIR, start.work_dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    die_with_parent(&mut command);
    Ok(command)
}

/// Lets the kernel end the plugin with the thread that starts it, which waits for its end anyway.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let ask = || Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?);
    // SAFETY: between fork and exec only `prctl` is called; nothing allocates or locks.
    unsafe { command.pre_exec(ask) };
}

/// Elsewhere the guard does it alone.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

fn spawn_when_free(command: &mut Command) -> io::Result<Child> {
    for _ in 1..BUSY_ATTEMPTS {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
    command.spawn()
}

/// What stands in the environment of whatever a session started.
fn mark(work_dir: &Path) -> String {
    format!("{ENV_WORK_DIR}={}", work_dir.display())
}

/// Waits until the process has ended, and leaves it to be reaped.
pub(crate) fn wait(pid: Pid) -> Exit {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(Some(status)) => {
                let code = status.exit_status().map(Exit::Code);
                let signal = status.terminating_signal().map(Exit::Signal);
                return code.or(signal).unwrap_or(Exit::Code(-1));
            }
            Err(rustix::io::Errno::INTR) | Ok(None) => {}
            Err(_) => return Exit::Code(-1),
        }
    }
}

impl Process {
    /// Returns its id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal to its group, as a host does, and to the process, which may have left it.
    pub(crate) fn signal(&self, signal: Signal) {
        // Either may be gone already.
        let _ = kill_process_group(self.pid, signal);
        let _ = kill_process(self.pid, signal);
    }

    /// Returns what it started and still runs, by its group or by the session's mark.
    pub(crate) fn survivors(&self) -> Vec<Survivor> {
        survivors::find(self.pid, &self.mark)
    }

    /// Ends everything that the session started, and reaps the process.
    pub(crate) fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        self.signal(Signal::KILL);
        for survivor in survivors::find(self.pid, &self.mark) {
            survivor.kill();
        }
        guard::forget(child.id());
        let until = Instant::now() + REAP;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                // It is dying, and nobody can tell how long the kernel takes: not the user's time.
                std::thread::spawn(move || child.wait());
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
