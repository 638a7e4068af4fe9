//! Installers that try nothing, tests that run in a process of their own, and what was installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use prizm_install::{
    BoxError, BoxFuture, Candidate, Error, Installed, InstalledService, Installer, Request, Store, Validator,
};
use prizm_protocol::methods::initialize::Declaration;

use crate::common::Place;

/// Finds everything valid.
pub struct Anything;

impl Validator for Anything {
    fn validate<'a>(&'a self, _candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>> {
        Box::pin(async { Ok(declaration()) })
    }
}

pub fn declaration() -> Declaration {
    serde_json::from_value(serde_json::json!({
        "protocolVersion": "1.0",
        "provider": { "id": "echo", "version": "1.0.0", "type": "local" },
        "capabilities": ["text-to-text"],
        "models": [],
    }))
    .unwrap()
}

/// What is installed, and where to: all that another process must know.
#[derive(Clone)]
pub struct Job {
    pub home: PathBuf,
    pub identifier: String,
}

impl Job {
    /// The job of a process that [`Job::command`] started.
    pub fn of_parent() -> Option<Self> {
        let (home, identifier) = (std::env::var_os("PRIZM_TEST_HOME")?, std::env::var("PRIZM_TEST_IDENTIFIER").ok()?);
        Some(Self { home: home.into(), identifier })
    }

    /// Has a test run in a process of its own, where it finds this job.
    pub fn command(&self, test: &str) -> Command {
        let mut command = itself(test);
        command.env("PRIZM_TEST_HOME", &self.home).env("PRIZM_TEST_IDENTIFIER", &self.identifier);
        command
    }

    pub fn store(&self) -> Store {
        Store::open(&self.home).unwrap()
    }

    /// An installer with a store of its own, as another process has.
    pub fn installer(&self) -> Installer {
        Installer::new(&self.home, self.store(), Arc::new(Anything))
    }

    pub fn lock(&self) -> PathBuf {
        self.home.join("prizm.lock")
    }

    pub fn request(&self) -> Request {
        Request::new(self.identifier.parse().unwrap(), self.lock())
    }

    pub async fn install(&self) -> Result<Installed, Error> {
        self.installer().install(&self.request()).await
    }

    pub async fn install_service(&self) -> Result<InstalledService, Error> {
        self.installer().install_service(&self.request()).await
    }

    /// How many places are in the making, or were left.
    pub fn staged(&self) -> usize {
        self.home.join("store/staging").read_dir().unwrap().count()
    }
}

impl Place {
    /// Asks for a copy of the source.
    pub fn job(&self) -> Job {
        Job { home: self.home(), identifier: self.source().to_string() }
    }

    pub fn lock(&self) -> PathBuf {
        self.job().lock()
    }

    pub async fn install(&self, change: impl FnOnce(Installer) -> Installer) -> Result<Installed, Error> {
        change(self.job().installer()).install(&self.job().request()).await
    }

    pub async fn install_plainly(&self) -> Result<Installed, Error> {
        self.job().install().await
    }
}

/// The test binary, to run one test.
pub fn itself(test: &str) -> Command {
    // By this name also a user may start it who cannot reach its directory.
    #[expect(clippy::disallowed_methods, reason = "the test binary starts itself")]
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// Waits for a test that runs in a process of its own.
pub fn passed(command: &mut Command) {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

/// Starts what was installed, and returns what it prints.
pub fn output(installed: &Installed) -> String {
    started(&installed.argv, &installed.root)
}

fn started(argv: &[OsString], root: &Path) -> String {
    let mut words = argv.iter();
    let program = PathBuf::from(words.next().unwrap());
    let program = if program.components().count() > 1 { root.join(program) } else { program };
    #[expect(clippy::disallowed_methods, reason = "a test starts what was built")]
    let output = Command::new(program).args(words).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Starts a service that was installed, and returns what it prints.
pub fn service_output(installed: &InstalledService) -> String {
    started(&installed.argv, &installed.root)
}

/// Runs a test in a process of its own, with an environment of its own: tests of one process share
/// theirs. Returns whether this is that process.
pub fn alone(test: &str, environment: &[(&str, &str)]) -> bool {
    const MARK: &str = "PRIZM_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    passed(itself(test).env(MARK, "1").envs(environment.iter().copied()));
    false
}
