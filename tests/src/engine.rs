//! A Docker engine of one test's own: a real dockerd with its own socket and directory, and an image made of
//! Debian's static busybox, because none can be pulled.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long the engine, or a command of its client, may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The image that [`Engine`] makes. `/bin/sh /serve PORT` serves until it is told to end; below `/cgi-bin`,
/// `health` answers 503 in the first `$SLOW` seconds, `crash` makes it end with 3, `eat` makes it eat memory,
/// `env` tells its environment.
pub const IMAGE: &str = "prizm-test";

const FILES: &[(&str, &str)] = &[
    ("Dockerfile", include_str!("engine/Dockerfile")),
    ("serve", include_str!("engine/serve")),
    ("www/cgi-bin/health", include_str!("engine/health")),
    ("www/cgi-bin/crash", include_str!("engine/crash")),
    ("www/cgi-bin/eat", include_str!("engine/eat")),
    ("www/cgi-bin/env", include_str!("engine/env")),
];

/// An engine that runs until this is dropped. It must have nothing of Prizm's then.
pub struct Engine {
    dir: TempDir,
    daemon: Child,
}

impl Engine {
    /// Starts one, with the image; none, with a line that says so, where this machine can't.
    ///
    /// # Panics
    /// It could be started, and does not work.
    pub fn start() -> Option<Self> {
        let missing = ["dockerd", "docker", "busybox"].into_iter().find(|name| find(name).is_none());
        let reason = match missing {
            Some(name) => format!("there is no `{name}`"),
            None if !is_root() => "only root can start one".to_owned(),
            None => String::new(),
        };
        if !reason.is_empty() {
            return skipped(&reason);
        }
        let dir = tempfile::Builder::new().prefix("prizm-engine-").tempdir().expect("a directory for the engine");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let log = fs::File::create(dir.path().join("log")).expect("the engine's log");
        #[expect(clippy::disallowed_methods, reason = "the engine is no plugin")]
        let mut command = Command::new(find("dockerd")?);
        command.arg("--host").arg(format!("unix://{}", path("docker.sock")));
        command
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"));
        // It changes nothing of this machine's network but bridges, which go with their networks.
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        command.args(["--default-ulimit", "nofile=1024:1024"]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let daemon = command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log).spawn();
        let mut engine = Self { daemon: daemon.expect("dockerd starts"), dir };
        if let Some(words) = engine.until_it_answers() {
            return skipped(&format!("dockerd ends at once: {words}"));
        }
        engine.make_image();
        Some(engine)
    }

    /// Returns what `DOCKER_HOST` says.
    pub fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    /// Lets other users see its socket, and no more.
    ///
    /// # Panics
    /// The directory's mode cannot be changed.
    pub fn open_to_others(&self) {
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o711)).expect("a mode");
    }

    /// Runs Docker's own client and returns what it prints.
    ///
    /// # Panics
    /// It fails.
    pub fn docker(&self, words: &[&str]) -> String {
        let output = self.client(words);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        assert!(output.status.success(), "docker {words:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Returns a value of a container as Docker's client tells it, by a template.
    pub fn inspect(&self, container: &str, template: &str) -> String {
        self.docker(&["inspect", "--format", template, container])
    }

    /// Returns the names of the containers, sorted.
    pub fn containers(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.docker(&["ps", "--all", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Returns the names of the volumes, sorted.
    pub fn volumes(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.docker(&["volume", "ls", "--format", "{{.Name}}"]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Returns the networks that are not Docker's own.
    pub fn networks(&self) -> Vec<String> {
        let all = self.docker(&["network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"]);
        all.lines().map(str::to_owned).collect()
    }

    fn client(&self, words: &[&str]) -> Output {
        #[expect(clippy::disallowed_methods, reason = "the client is no plugin")]
        let mut command = Command::new(find("docker").expect("docker is there"));
        command.args(words).env("DOCKER_HOST", self.host()).env("DOCKER_BUILDKIT", "0").stdin(Stdio::null());
        command.output().expect("docker starts")
    }

    /// Waits until it answers; where it has ended instead, returns its last words.
    fn until_it_answers(&mut self) -> Option<String> {
        let until = Instant::now() + PATIENCE;
        while !self.client(&["version"]).status.success() {
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            if matches!(self.daemon.try_wait(), Ok(Some(_))) {
                return Some(log.lines().last().unwrap_or_default().to_owned());
            }
            assert!(Instant::now() < until, "the engine does not answer:\n{log}");
            sleep(Duration::from_millis(50));
        }
        None
    }

    fn make_image(&self) {
        let context = self.dir.path().join("image");
        for (name, text) in FILES {
            let path = context.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&context)).expect("a directory for the image");
            fs::write(&path, text).expect("a file of the image");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of the image");
        }
        fs::copy(find("busybox").expect("busybox is there"), context.join("busybox")).expect("busybox");
        self.docker(&["build", "--quiet", "--tag", IMAGE, &context.display().to_string()]);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if matches!(self.daemon.try_wait(), Ok(Some(_))) {
            return;
        }
        let left = [("containers", self.containers()), ("networks", self.networks()), ("volumes", self.volumes())];
        let pid = i32::try_from(self.daemon.id()).unwrap_or_default();
        // SAFETY: `kill` takes numbers; the process has not been reaped, so that the number is its own.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        let until = Instant::now() + PATIENCE;
        while matches!(self.daemon.try_wait(), Ok(None)) && Instant::now() < until {
            sleep(Duration::from_millis(20));
        }
        // SAFETY: as above, for its whole group; one that has ended is no error.
        unsafe { libc::kill(-pid, libc::SIGKILL) };
        if !std::thread::panicking() {
            for (what, names) in left {
                assert!(names.is_empty(), "{what} are left: {names:?}");
            }
        }
    }
}

/// Says that there is no engine, past what the test runner captures, so that it is seen whatever the outcome.
fn skipped(reason: &str) -> Option<Engine> {
    let line = format!("SKIPPED: tests of the Docker engine do not run here: {reason}\n");
    let _ = fs::OpenOptions::new().write(true).open("/dev/tty").map(|mut tty| tty.write_all(line.as_bytes()));
    eprint!("{line}");
    None
}

fn is_root() -> bool {
    // SAFETY: `geteuid` takes nothing and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Finds a program, also where only root looks for it.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let places = path.split(':').chain(["/usr/sbin", "/usr/bin", "/bin"]);
    places.map(|place| Path::new(place).join(name)).find(|path| path.is_file())
}
