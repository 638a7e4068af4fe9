//! Executing what was asked for, or nothing.
//!
//! A plugin registers itself with the guard between its birth and its first instruction, and is executed by `execve`
//! alone: the standard library executes by `execvp`, which hands to `/bin/sh` whatever the kernel refuses, such as a binary
//! for another machine or a script without `#!`. For work between birth and execution the standard library forks, which
//! copies the page tables of the host: half of what a plugin's start takes, and more the larger the host is. So a child is
//! born here as `posix_spawn` does it: in the memory of the host, while the thread that asked for it stands still.

use std::ffi::{CString, OsStr, c_char, c_int, c_void};
use std::io::{self, Read as _};
use std::mem;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::guard;

/// The highest number of a signal.
const LAST_SIGNAL: c_int = 64;
/// The stack of a child until it executes, in bytes: a few small frames.
#[cfg(target_os = "linux")]
const STACK: usize = 64 * 1024;

/// Everything that a child needs to execute, made before it is born.
pub(super) struct Launch {
    program: CString,
    argv: Strings,
    environment: Strings,
    directory: CString,
    guard: Arc<UnixStream>,
}

/// A child that executes what it was born for, and the other ends of its pipes.
pub(super) struct Started {
    pub(super) pid: Pid,
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Launch {
    /// Takes over a command whose program is a path and whose environment is its own.
    pub(super) fn new(command: &Command, guard: Arc<UnixStream>) -> io::Result<Self> {
        let argv = std::iter::once(command.get_program()).chain(command.get_args());
        let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let variables = variables.map(|(name, value)| [name, OsStr::new("="), value].map(OsStr::as_bytes).concat());
        let directory = command.get_current_dir().map_or(OsStr::new("."), |directory| directory.as_os_str());
        Ok(Self {
            program: CString::new(command.get_program().as_bytes())?,
            argv: Strings::new(argv.map(|arg| arg.as_bytes().to_vec()))?,
            environment: Strings::new(variables)?,
            directory: CString::new(directory.as_bytes())?,
            guard,
        })
    }

    /// Starts it in a process group of its own.
    ///
    /// # Errors
    /// The kernel's, where it does not execute it.
    pub(super) fn start(&self) -> io::Result<Started> {
        let (stdin, ours_in) = io::pipe()?;
        let (ours_out, stdout) = io::pipe()?;
        let (ours_err, stderr) = io::pipe()?;
        let (mut refusal, report) = io::pipe()?;
        let birth = Birth {
            launch: self,
            stdin: aside(stdin)?,
            stdout: aside(stdout)?,
            stderr: aside(stderr)?,
            report: aside(report)?,
        };
        let pid = birth.give()?;
        // What executes has closed its end.
        drop(birth);
        let mut errno = [0; size_of::<c_int>()];
        match refusal.read_exact(&mut errno) {
            Ok(()) => {
                while matches!(waitpid(Some(pid), WaitOptions::empty()), Err(Errno::INTR)) {}
                Err(io::Error::from_raw_os_error(c_int::from_ne_bytes(errno)))
            }
            Err(_) => Ok(Started { pid, stdin: ours_in.into(), stdout: ours_out.into(), stderr: ours_err.into() }),
        }
    }
}

/// Keeps a descriptor from being one of those that it becomes: a program may have closed its own.
fn aside(end: impl Into<OwnedFd>) -> io::Result<OwnedFd> {
    let end = end.into();
    let is_standard = end.as_raw_fd() < 3;
    if is_standard { Ok(fcntl_dupfd_cloexec(&end, 3)?) } else { Ok(end) }
}

/// What a child finds when it is born.
struct Birth<'a> {
    launch: &'a Launch,
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    /// Where it says why it could not execute.
    report: OwnedFd,
}

impl Birth<'_> {
    /// Gives birth, with all signals held back: a handler of the host must not run in a child that has its memory.
    fn give(&self) -> io::Result<Pid> {
        // SAFETY: a set of signals is plain memory, and both calls only write the sets that they are given.
        let before = unsafe {
            let (mut all, mut before) = (mem::zeroed(), mem::zeroed());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            before
        };
        let pid = self.child();
        let error = io::Error::last_os_error();
        // SAFETY: as above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut()) };
        Pid::from_raw(pid).filter(|_| pid > 0).ok_or(error)
    }

    #[cfg(target_os = "linux")]
    fn child(&self) -> c_int {
        let mut stack = Vec::<u128>::with_capacity(STACK / size_of::<u128>());
        let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: this thread stands still until the child has executed or ended, so its stack and all that it looks at
        // outlive it; `born` does nothing that another thread could see, and never returns.
        unsafe { libc::clone(born, top.cast(), flags, (&raw const *self).cast_mut().cast()) }
    }

    #[cfg(not(target_os = "linux"))]
    fn child(&self) -> c_int {
        // SAFETY: the child only calls `born`, which neither allocates nor locks, and never returns.
        match unsafe { libc::fork() } {
            0 => born((&raw const *self).cast_mut().cast()),
            pid => pid,
        }
    }

    /// Returns why it did not execute.
    fn execute(&self) -> io::Error {
        if let Err(error) = self.prepare() {
            return error;
        }
        let Launch { program, argv, environment, guard, .. } = self.launch;
        // SAFETY: the strings end in NUL and the lists in null, and all of them live through the call.
        unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
        let refused = io::Error::last_os_error();
        guard::withdraw(guard);
        refused
    }

    fn prepare(&self) -> io::Result<()> {
        forget_signals();
        rustix::process::setpgid(None, None)?;
        guard::register(&self.launch.guard)?;
        dup2_stdin(&self.stdin)?;
        dup2_stdout(&self.stdout)?;
        dup2_stderr(&self.stderr)?;
        Ok(rustix::process::chdir(self.launch.directory.as_c_str())?)
    }
}

/// The life of a child until it executes. It has the memory of the host: nothing here allocates, locks or panics.
extern "C" fn born(birth: *mut c_void) -> c_int {
    // SAFETY: `Birth::child` gives itself, and waits.
    let birth = unsafe { &*birth.cast::<Birth<'_>>() };
    let error = birth.execute();
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    // Where nobody listens any more there is nobody to tell.
    let _ = rustix::io::write(&birth.report, &errno.to_ne_bytes());
    // SAFETY: it ends this process and nothing else: no destructor of the host runs.
    unsafe { libc::_exit(127) }
}

/// Lets signals do by themselves what the host has a handler for, and holds none back. Those that are ignored stay so, as
/// for `nohup`; but for SIGPIPE, which every Rust program ignores.
fn forget_signals() {
    // SAFETY: zeroes are the default action and the empty set; the calls refuse the numbers that are no signals.
    unsafe {
        let default: libc::sigaction = mem::zeroed();
        for signal in 1..=LAST_SIGNAL {
            let mut now: libc::sigaction = mem::zeroed();
            let is_known = libc::sigaction(signal, null(), &raw mut now) == 0;
            let stays = matches!(now.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) && signal != libc::SIGPIPE;
            if is_known && !stays {
                libc::sigaction(signal, &raw const default, null_mut());
            }
        }
        let none: libc::sigset_t = mem::zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, null_mut());
    }
}

/// Strings as the kernel takes them: a list of pointers that ends in null.
struct Strings {
    list: Vec<*const c_char>,
    _owned: Vec<CString>,
}

impl Strings {
    fn new(strings: impl Iterator<Item = Vec<u8>>) -> io::Result<Self> {
        let owned = strings.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        let list = owned.iter().map(|string| string.as_ptr()).chain([null()]).collect();
        Ok(Self { list, _owned: owned })
    }

    fn as_ptr(&self) -> *const *const c_char {
        self.list.as_ptr()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn said(program: &str, args: &[&str]) -> io::Result<String> {
        #[expect(clippy::disallowed_methods, reason = "it is taken apart, and not started")]
        let mut command = Command::new(program);
        command.args(args).current_dir("/").env_clear().env("GREETING", "hello");
        let started = Launch::new(&command, guard::guard()?)?.start()?;
        let mut said = String::new();
        File::from(started.stdout).read_to_string(&mut said)?;
        guard::forget(started.pid.as_raw_nonzero().get().unsigned_abs());
        waitpid(Some(started.pid), WaitOptions::empty())?;
        Ok(said)
    }

    #[test]
    fn a_child_has_its_directory_its_environment_its_group_and_no_signal_held_back() {
        let place = said("/bin/sh", &["-c", "pwd; echo $GREETING; echo $$; cat /proc/$$/stat"]).unwrap();
        let lines: Vec<_> = place.lines().collect();
        assert_eq!(lines[..2], ["/", "hello"]);
        let group = lines[3].rsplit_once(") ").unwrap().1.split(' ').nth(2).unwrap();
        assert_eq!(group, lines[2], "it leads a group of its own");
        // Not of a shell: one that waits holds signals back itself.
        let status = said("/bin/cat", &["/proc/self/status"]).unwrap();
        let signals = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        assert_eq!(signals("SigBlk:"), 0);
        assert_eq!(signals("SigIgn:") & 1 << (libc::SIGPIPE - 1), 0, "SIGPIPE does what it does by itself");
    }

    #[test]
    fn what_the_kernel_refuses_is_told_and_no_shell_runs_it() {
        assert_eq!(said("/no/such/program", &[]).unwrap_err().raw_os_error(), Some(libc::ENOENT));
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("script");
        fs::write(&script, "echo no\n").unwrap();
        fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(said(script.to_str().unwrap(), &[]).unwrap_err().raw_os_error(), Some(libc::ENOEXEC));
    }
}
