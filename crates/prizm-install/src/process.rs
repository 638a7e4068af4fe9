//! Runs a tool: by argv, in its own process group, with an allow-list of the environment.
//!
//! The group lives on a leash, a pipe whose other end only this process holds. A small shell in the
//! group reads it and kills the group when it closes, so that a build ends with whoever asked for it,
//! even if that was killed, and even if the tool left children behind.

mod environment;
mod lines;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, PipeWriter};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout};

pub use lines::Line;
pub(crate) use lines::Tail;

use crate::Isolation;

/// The leash's other end becomes stdin; what is run gets an empty one. The reader is nobody's child
/// but init's, so that no tool which waits for its children waits for it.
const LEASH: &str = r#"
exec 3<&0 </dev/null
[ -z "$1" ] || ulimit -d "$1" || exit 126
[ -z "$2" ] || ulimit -c "$2" || exit 126
shift 2
( { trap '' HUP INT QUIT TERM; read -r _ <&3; kill -9 0; } >/dev/null 2>&1 & )
exec "$@" 3<&-
"#;

/// How long what is left in the pipes is read after the end of a tool.
const DRAIN: Duration = Duration::from_secs(2);

/// What is run, and where.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use prizm_install::process::Invocation;
///
/// let git = Invocation::new(["git", "--version"], "/".as_ref());
/// if let Ok(running) = git.start()? {
///     running.wait(|line| println!("{}", line.shown()), |_| {}).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Invocation {
    argv: Vec<OsString>,
    directory: PathBuf,
    granted: Vec<String>,
    proxies: bool,
    set: Vec<(OsString, OsString)>,
    isolation: Isolation,
    typed: Option<String>,
    in_passing: bool,
    data_limit: Option<u64>,
    core_dumps: bool,
}

/// A tool that does not exist.
#[derive(Debug)]
pub struct NotFound;

impl Invocation {
    /// Runs the program `argv` starts with in `directory`. A program without a `/` is sought on PATH.
    pub fn new(argv: impl IntoIterator<Item = impl Into<OsString>>, directory: &Path) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self {
            argv,
            directory: directory.to_owned(),
            granted: Vec::new(),
            proxies: true,
            set: Vec::new(),
            isolation: Isolation::None,
            typed: None,
            in_passing: false,
            data_limit: None,
            core_dumps: true,
        }
    }

    /// Limits what a process of the tool may allocate, in bytes, as far as the system knows such a limit
    /// (`RLIMIT_DATA`).
    #[must_use]
    pub fn limit_data(mut self, bytes: u64) -> Self {
        self.data_limit = Some(bytes);
        self
    }

    /// Lets no process of the tool leave its memory on the disk when it crashes (`RLIMIT_CORE`).
    #[must_use]
    pub fn without_core_dumps(mut self) -> Self {
        self.core_dumps = false;
        self
    }

    /// Lets the tool see more variables of the environment.
    #[must_use]
    pub fn grant(mut self, names: &[String]) -> Self {
        self.granted.extend_from_slice(names);
        self
    }

    /// Hides from the tool where proxies are, and their passwords.
    #[must_use]
    pub fn without_proxies(mut self) -> Self {
        self.proxies = false;
        self
    }

    /// Sets a variable of the tool's environment, whatever it is outside.
    #[must_use]
    pub fn set(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.set.push((name.into(), value.into()));
        self
    }

    /// Takes the network away from the tool, as far as this machine can.
    #[must_use]
    pub fn isolated(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Shows another invocation in place of this one, which has arguments that nobody would type.
    pub(crate) fn typed_as(mut self, other: &Self) -> Self {
        self.typed = Some(other.to_string());
        self
    }

    /// Says that the directory is gone afterwards, so that nobody can repeat it there.
    pub(crate) fn in_passing(mut self) -> Self {
        self.in_passing = true;
        self
    }

    /// Tells whether the directory is gone afterwards.
    pub(crate) fn is_in_passing(&self) -> bool {
        self.in_passing
    }

    /// Returns what to type in a shell anywhere.
    pub(crate) fn by_hand(&self) -> String {
        format!("cd {} && {self}", words([self.directory.as_os_str()]))
    }

    /// Returns the program.
    pub fn program(&self) -> &OsStr {
        self.argv.first().map_or(OsStr::new(""), |program| program)
    }

    /// Starts the tool. It dies with the returned value.
    pub fn start(&self) -> io::Result<Result<Running, NotFound>> {
        let Some(program) = find_program(self.program(), &self.directory) else { return Ok(Err(NotFound)) };
        let (reader, leash) = io::pipe()?;
        #[expect(clippy::disallowed_methods, reason = "this is the one helper that starts build tools")]
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", LEASH, "prizm-leash"]);
        // A shell counts in KiB.
        command.arg(self.data_limit.map_or_else(String::new, |bytes| bytes.div_ceil(1024).to_string()));
        command.arg(if self.core_dumps { "" } else { "0" });
        command.args(self.isolation.prefix());
        command.arg(program).args(self.argv.iter().skip(1));
        command.current_dir(&self.directory).env_clear().envs(environment::allowed(&self.granted, self.proxies));
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let leader = Leader(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        Ok(Ok(Running { child, leader, leash: Some(leash) }))
    }
}

/// The command as it would be typed.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.typed {
            Some(typed) => f.write_str(typed),
            None => f.write_str(&words(self.argv.iter().map(|word| &**word))),
        }
    }
}

/// Joins words as a shell reads them.
fn words<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| word.to_string_lossy().replace(char::is_control, " ")).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

/// Finds a program as the shell does: by its path, relative to `directory`, or on PATH. What is relative
/// on PATH does not count.
pub fn find_program(program: &OsStr, directory: &Path) -> Option<PathBuf> {
    which::which_in(program, std::env::var_os("PATH").and_then(|path| environment::absolute(&path)), directory).ok()
}

/// A running tool and its group.
#[derive(Debug)]
pub struct Running {
    child: Child,
    leader: Leader,
    leash: Option<PipeWriter>,
}

impl Running {
    /// Returns its pid, for people.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Reads both outputs, line by line, until the tool ends. What it left running is killed.
    ///
    /// # Errors
    /// Its end cannot be seen.
    pub async fn wait(
        self,
        on_stdout: impl FnMut(Line<'_>),
        on_stderr: impl FnMut(Line<'_>),
    ) -> io::Result<ExitStatus> {
        self.wait_or_stop(on_stdout, on_stderr, std::future::pending(), Duration::MAX).await
    }

    /// As [`Running::wait`]; when `stop` is ready, its group is asked to end, and killed where it has not
    /// within the grace.
    ///
    /// # Errors
    /// Its end cannot be seen.
    pub async fn wait_or_stop(
        mut self,
        on_stdout: impl FnMut(Line<'_>),
        on_stderr: impl FnMut(Line<'_>),
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> io::Result<ExitStatus> {
        let (stdout, stderr) = self.pipes()?;
        let reading = async {
            tokio::join!(lines::each(stdout, on_stdout), lines::each(stderr, on_stderr));
        };
        let stopping = async {
            stop.await;
            if !grace.is_zero() {
                self.leader.signal(Signal::TERM);
                tokio::time::sleep(grace).await;
            }
            self.leader.signal(Signal::KILL);
        };
        tokio::pin!(reading, stopping);
        let (mut open, mut stopped) = (true, false);
        let status = loop {
            tokio::select! {
                biased;
                status = self.child.wait() => break status?,
                () = &mut reading, if open => open = false,
                () = &mut stopping, if !stopped => stopped = true,
            }
        };
        self.leash = None;
        if open && tokio::time::timeout(DRAIN, reading).await.is_err() {
            tracing::debug!("a child of the tool has left its group and holds its output");
        }
        Ok(status)
    }

    fn pipes(&mut self) -> io::Result<(ChildStdout, ChildStderr)> {
        let lost = || io::Error::other("the output was taken already");
        Ok((self.child.stdout.take().ok_or_else(lost)?, self.child.stderr.take().ok_or_else(lost)?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // With the leader unreaped, its group's id belongs to nobody else.
        if self.child.id().is_some() {
            self.leader.signal(Signal::KILL);
        }
    }
}

/// The leader of a group, which must not have been reaped where it is signalled.
#[derive(Clone, Copy, Debug)]
struct Leader(Option<Pid>);

impl Leader {
    fn signal(self, signal: Signal) {
        if let Some(group) = self.0 {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }
}

#[cfg(test)]
mod tests;
