//! A desktop's keyring, the real one: a bus of a test's own, and GNOME's keyring on it, unlocked.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::{eventually, within};

/// The keyring of one test, gone at its end.
pub struct Desktop {
    dir: TempDir,
    _processes: Vec<Child>,
    _mute: Option<UnixListener>,
}

impl Desktop {
    /// Starts one.
    ///
    /// # Panics
    /// `dbus` or `gnome-keyring` is missing; `cargo xtask setup` installs them.
    pub async fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("prizm-desktop-").tempdir().expect("a directory for the test");
        let bus = command(&dir, "dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--nosyslog", "--address", &address(&dir)])
            .spawn()
            .expect("dbus-daemon");
        eventually("the bus", || dir.path().join("bus").exists().then_some(())).await;
        let mut daemon = command(&dir, "gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("gnome-keyring-daemon");
        let mut stdin = daemon.stdin.take().expect("a pipe");
        within(10, "the keyring reads its password", stdin.write_all(b"password")).await.expect("a password");
        drop(stdin);
        let desktop = Self { dir, _processes: vec![bus, daemon], _mute: None };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let bus = "org.freedesktop.DBus";
        let asks = ["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
        while !desktop.send(bus, &asks).await.contains("boolean true") {
            assert!(std::time::Instant::now() < deadline, "the keyring is not on the bus");
        }
        desktop
    }

    /// Makes one whose bus takes whoever comes and says nothing.
    ///
    /// # Panics
    /// It cannot listen.
    pub fn mute() -> Self {
        let dir = tempfile::Builder::new().prefix("prizm-desktop-").tempdir().expect("a directory for the test");
        let listener = UnixListener::bind(dir.path().join("bus")).expect("a socket");
        Self { dir, _processes: Vec::new(), _mute: Some(listener) }
    }

    /// Returns where its bus listens.
    pub fn address(&self) -> String {
        address(&self.dir)
    }

    /// Locks the keyring.
    ///
    /// # Panics
    /// It stays unlocked.
    pub async fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let lock = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", collection];
        let answer = self.send("org.freedesktop.secrets", &lock).await;
        assert!(answer.contains("collection/login"), "{answer}");
    }

    /// Returns whether it holds this text, in what it keeps on the disk.
    pub fn leaks(&self, text: &str) -> bool {
        crate::holds(&self.dir.path().join("data"), text)
    }

    async fn send(&self, destination: &str, message: &[&str]) -> String {
        let mut command = command(&self.dir, "dbus-send");
        command.args([&format!("--bus={}", self.address()), "--print-reply", &format!("--dest={destination}")]);
        let output = command.args(message).stdout(Stdio::piped()).output();
        let output = within(10, "dbus-send", output).await.expect("dbus-send");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn address(dir: &TempDir) -> String {
    format!("unix:path={}", dir.path().join("bus").display())
}

fn command(dir: &TempDir, program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, place) in [("HOME", "home"), ("XDG_DATA_HOME", "data"), ("XDG_RUNTIME_DIR", "run")] {
        let place = dir.path().join(place);
        fs::create_dir_all(&place).expect("a directory for the test");
        command.env(name, place);
    }
    command.env("DBUS_SESSION_BUS_ADDRESS", address(dir));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}
