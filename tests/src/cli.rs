//! The `prizm` command as people run it: with a home, a directory to stand in and providers of one
//! test's own.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{Desktop, Processes, within};

/// Seconds that a command may take on a machine that is busy with something else.
const PATIENCE: u64 = 60;

/// Returns the path of a program of the workspace that is not this package's own.
///
/// # Panics
/// It has not been built.
pub fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the path of the tests");
    let target = tests.ancestors().nth(2).expect("the tests are below the target directory");
    let path = target.join(name);
    assert!(path.is_file(), "`{}` is not there: cargo build --workspace --bins --examples", path.display());
    path
}

/// A home for `prizm` and a directory to run it in, removed at the end.
pub struct Home {
    dir: TempDir,
    bus: String,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// Makes one without any configuration.
    ///
    /// # Panics
    /// There is no room for it.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("prizm-home-").tempdir().expect("a directory for the test");
        for name in ["home", "here", "providers"] {
            fs::create_dir(dir.path().join(name)).expect("a directory for the test");
        }
        // The keyring of whoever runs the tests is none of theirs.
        let bus = format!("unix:path={}", dir.path().join("no-bus").display());
        Self { dir, bus }
    }

    /// Lets commands use a keyring.
    pub fn use_keyring(&mut self, desktop: &Desktop) {
        self.bus = desktop.address();
    }

    /// Returns `PRIZM_HOME`.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Returns a path in the directory where commands run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("here").join(name)
    }

    /// Returns the names of what is in the directory where commands run, sorted.
    pub fn files(&self) -> Vec<String> {
        names(&self.dir.path().join("here"))
    }

    /// Returns the names of what is left in the directory for jobs.
    pub fn work(&self) -> Vec<String> {
        names(&self.path().join("work"))
    }

    /// Returns the names of what is left in the store that is no entry of it.
    pub fn staged(&self) -> Vec<String> {
        names(&self.path().join("store/staging"))
    }

    /// Lets other users do everything in it that its own can.
    ///
    /// # Panics
    /// A mode cannot be changed.
    pub fn open_to_others(&self) {
        let mut left = vec![self.dir.path().to_owned()];
        while let Some(path) = left.pop() {
            let is_directory = path.is_dir();
            let mode = if is_directory { 0o777 } else { 0o666 };
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("a mode");
            let entries = if is_directory { fs::read_dir(&path).ok() } else { None };
            left.extend(entries.into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }

    /// Adds to `config.toml`.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn configure(&self, text: &str) {
        let path = self.path().join("config.toml");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + text + "\n").expect("config.toml");
    }

    /// Makes the directory of a provider with these files and returns its URL.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn provider(&self, id: &str, files: &[(&str, &str)]) -> String {
        let root = self.dir.path().join("providers").join(id);
        fs::create_dir_all(&root).expect("a provider's directory");
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a provider's directory");
            fs::write(path, text).expect("a provider's file");
        }
        format!("file://{}", root.display())
    }

    /// Makes the directory of a hostile provider and returns its URL: `line` is its mode and options.
    pub fn hostile(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let mut command = vec![program("hostile").display().to_string()];
        command.extend(words);
        command
            .extend(["--lifetime", "300", "--witness", &path("witness"), "--file", &path("pids")].map(str::to_owned));
        let manifest = format!(
            "[provider]\nid = \"hostile\"\nname = \"Hostile\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
             capabilities = [\"text-to-text\", \"text-to-image\"]\n[run]\ncommand = {command:?}\n"
        );
        self.provider("hostile", &[("prizm.toml", &manifest)])
    }

    /// Makes a hostile provider known by its id.
    pub fn configure_hostile(&self, line: &str) {
        let url = self.hostile(line);
        // In place: a mode that is tried before it is used would be met twice.
        self.configure(&format!("[providers.hostile]\nsource = \"{url}\"\nlink = true"));
    }

    /// Returns how often the hostile provider owned up to its misbehaviour.
    pub fn confessions(&self, mode: &str) -> usize {
        let witness = fs::read_to_string(self.dir.path().join("witness")).unwrap_or_default();
        witness.lines().filter(|line| *line == mode).count()
    }

    /// Returns the numbers that the hostile provider wrote: of what it started, or of each start.
    pub fn pids(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.dir.path().join("pids")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Returns every process of this test: the command, and whatever it started.
    pub fn processes(&self) -> Processes<'_> {
        Processes::marked(self.dir.path())
    }

    /// Returns a command that is ready to run, in a process group of its own, as a shell has it.
    pub fn prizm(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = self.command(&program("prizm"));
        command.args(arguments);
        command
    }

    /// Returns another program that is ready to run with the same home.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path().join("here")).env("PRIZM_HOME", self.path()).env_remove("PRIZM_LOG");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.process_group(0);
        command
    }

    /// Returns lines that are ready to run as somebody types them into a shell, with `prizm` on PATH. The first that
    /// fails is the last.
    pub fn typed(&self, lines: &str) -> Command {
        let mut path = program("prizm").parent().expect("a program has a directory").as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-ec", lines]).env("PATH", path);
        command
    }

    /// Runs `prizm` to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended().await
    }

    /// Runs `prizm` with this on its stdin.
    pub async fn feed(&self, arguments: &[&str], stdin: &[u8]) -> Ended {
        use tokio::io::AsyncWriteExt as _;

        let mut command = self.prizm(arguments);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut pipe = running.child.stdin.take().expect("a pipe");
        // A command that does not want it all may have ended.
        let _ = within(PATIENCE, "prizm reads its stdin", pipe.write_all(stdin)).await;
        drop(pipe);
        running.ended().await
    }

    /// Starts `prizm`.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.prizm(arguments))
    }
}

/// Returns whether a file below a directory holds this text.
pub fn holds(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds(&path, text),
            Ok(kind) if kind.is_file() => {
                fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
            }
            _ => false,
        }
    })
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A command that runs.
pub struct Running {
    child: Child,
    line: String,
}

impl Running {
    /// Starts a command.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start(mut command: Command) -> Self {
        let line = format!("{:?}", command.as_std());
        let child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        Self { child, line }
    }

    /// Sends a signal to its process group, as a terminal does.
    ///
    /// # Panics
    /// It has ended.
    pub fn signal(&self, signal: i32) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).expect("it still runs");
        // SAFETY: `kill` takes numbers; the group is that of an unreaped child.
        assert_eq!(unsafe { libc::kill(-group, signal) }, 0, "{}", self.line);
    }

    /// Kills it alone with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) {
        within(10, "the end of what was killed", self.child.kill()).await.expect("it can be killed");
    }

    /// Waits for its end.
    pub async fn ended(self) -> Ended {
        self.ended_within(PATIENCE).await
    }

    /// Waits for the end of something long, so many seconds.
    pub async fn ended_within(self, seconds: u64) -> Ended {
        let Self { child, line } = self;
        let output = within(seconds, &line, child.wait_with_output()).await.expect("its output");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("prizm prints UTF-8");
        Ended { line, status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A command that has ended.
pub struct Ended {
    line: String,
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it said to people.
    pub stderr: String,
}

impl Ended {
    /// Checks that it did its work, and returns what it printed.
    ///
    /// # Panics
    /// It failed.
    pub fn ok(&self) -> &str {
        assert_eq!(self.status.code(), Some(0), "{self}");
        &self.stdout
    }

    /// Checks that it did its work, and returns the one JSON document that it printed.
    ///
    /// # Panics
    /// It failed, or printed something else.
    pub fn json(&self) -> Value {
        self.ok();
        self.document()
    }

    /// Checks that it failed with this code and printed nothing, and returns what it said to people.
    ///
    /// # Panics
    /// It ended otherwise.
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.status.code(), Some(code), "{self}");
        assert!(self.stderr.lines().any(|line| line.starts_with("error")), "{self}");
        assert_eq!(self.stdout, "", "{self}");
        &self.stderr
    }

    /// Checks that it failed with this code and printed one JSON document with the keys of an error;
    /// returns the error.
    ///
    /// # Panics
    /// It ended otherwise.
    pub fn error(&self, code: i32) -> Value {
        assert_eq!(self.status.code(), Some(code), "{self}");
        let mut document = self.document();
        assert_eq!(keys(&document), ["error"], "{self}");
        let error = document["error"].take();
        let names: Vec<_> = keys(&error).into_iter().filter(|key| !["service", "decision"].contains(key)).collect();
        assert_eq!(names, ["hint", "kind", "message", "stage", "stderr"], "{self}");
        if let Some(service) = error.get("service") {
            assert_eq!(keys(service), ["command", "exitCode", "logs"], "{self}");
        }
        assert_eq!(error.get("decision").is_some(), error["kind"] == "none-qualifies", "{self}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{self}");
        assert!(error["stderr"].is_array(), "{self}");
        error
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON document ({error}): {self}"))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, status, stdout, stderr } = self;
        write!(f, "{line}: {status}\nstdout: {stdout}\nstderr: {stderr}")
    }
}

/// Returns the names in a JSON object, sorted.
///
/// # Panics
/// It is none.
pub fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
