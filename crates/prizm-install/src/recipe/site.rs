//! Where a recipe works, and the steps that it may run there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::quoted;
use crate::manifest::Described;
use crate::process::{Invocation, find_program};
use crate::{Error, ErrorKind, FetchOptions, Isolation, Reporter, plan, step};

/// Where a recipe works.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The directory of all files of the source. The provider's may be one within.
    pub(crate) tree: &'a Path,
    /// The provider's files, a copy that is the recipe's to change. It is moved afterwards: nothing
    /// that stays in it may name it by its absolute path.
    pub(crate) root: &'a Path,
    /// The name of the directory, the repository or the package.
    pub(crate) name: &'a str,
    /// An empty directory outside it, for HOME and TMPDIR of tools. It is removed afterwards.
    pub(crate) scratch: &'a Path,
    /// What tools may keep between builds, a directory of Prizm's own.
    pub(crate) caches: &'a Path,
    /// The manifest, where there is one.
    pub(crate) manifest: Option<&'a Described>,
    /// Whether the source is a package of npm's registry, which its author has built already.
    pub(crate) published: bool,
    /// Whether the source is a directory of this machine.
    pub(crate) local: bool,
    /// Where registries are, and whether the network may be used.
    pub(crate) fetch: &'a FetchOptions,
    /// What the user allows builds.
    pub(crate) allowed: &'a BuildOptions,
    /// How the code phase is kept from the network.
    pub(crate) isolation: Isolation,
    /// Who is told.
    pub(crate) reporter: &'a dyn Reporter,
}

/// What the user allows builds: the part of the policy that recipes need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Variables of the environment that a build may see where its manifest asks for them.
    pub env: Vec<String>,
    /// Whether Python packages may run code before anybody imports them: be built from their sources,
    /// without the network, or bring `.pth` files that import.
    pub python_sources: bool,
}

impl Site<'_> {
    /// Makes the directories that tools are given for HOME and TMPDIR.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let mut made = ["home", "tmp"].iter().map(|name| std::fs::create_dir_all(self.scratch.join(name)));
        made.try_for_each(|made| made).map_err(|error| {
            Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", quoted(self.scratch)))
                .with_hint("check that PRIZM_HOME can be written and that there is room")
        })
    }

    /// Prepares a step of the network phase, which runs no code of the repository.
    pub(crate) fn network_step(
        &self,
        argv: impl IntoIterator<Item = impl Into<OsString>>,
        directory: &Path,
    ) -> Invocation {
        let invocation = Invocation::new(argv, directory)
            .in_passing()
            .set("HOME", self.scratch.join("home"))
            .set("TMPDIR", self.scratch.join("tmp"))
            .set("LC_ALL", "C.UTF-8");
        match rustup_home() {
            Some(home) => invocation.set("RUSTUP_HOME", home),
            None => invocation,
        }
    }

    /// Prepares a step of the code phase, which has no network, and is told of no proxy.
    pub(crate) fn code_step(
        &self,
        argv: impl IntoIterator<Item = impl Into<OsString>>,
        directory: &Path,
    ) -> Invocation {
        self.network_step(argv, directory)
            .isolated(self.isolation)
            .without_proxies()
            .set("SOURCE_DATE_EPOCH", "315532800")
    }

    /// Runs a step, and tells the reporter under the name of a stage: `dependencies` or `build`.
    pub(crate) async fn run(&self, stage: &str, invocation: &Invocation) -> Result<(), Error> {
        step::run(stage, invocation, self.reporter).await
    }

    /// Runs the manifest's `[build] command` where there is one, and tells whether there was.
    pub(crate) async fn run_build_command(&self) -> Result<bool, Error> {
        let Some(build) = self.manifest.and_then(Described::build) else { return Ok(false) };
        let Some(command) = &build.command else { return Ok(false) };
        let granted: Vec<_> = build.env.iter().filter(|name| self.allowed.env.contains(name)).cloned().collect();
        self.run("build", &self.code_step(command, self.root).grant(&granted)).await?;
        Ok(true)
    }

    /// Returns the manifest's `[run] command` where there is one, checked.
    pub(crate) fn run_command(&self) -> Result<Option<Vec<OsString>>, Error> {
        let Some(run) = self.manifest.and_then(Described::run) else { return Ok(None) };
        plan::check_program(self.root, run.command.first().map_or("", |program| program))?;
        Ok(Some(run.command.iter().map(OsString::from).collect()))
    }

    /// Checks that a tool is there, before anything is downloaded, and returns its path. It is sought
    /// where the repository has no say.
    pub(crate) fn tool(&self, name: &str, purpose: &str, remedy: &str) -> Result<PathBuf, Error> {
        find_program(name.as_ref(), self.scratch).ok_or_else(|| {
            Error::new(ErrorKind::Build, format!("{purpose} needs `{name}`, which was not found")).with_hint(remedy)
        })
    }

    /// Asks a tool for its version: the first word that it prints which begins with a digit.
    pub(crate) async fn version(&self, argv: &[&str]) -> Result<String, Error> {
        let mut version = None;
        let invocation = self.network_step(argv, self.scratch);
        let word = |word: &str| {
            let word = word.trim_start_matches('v');
            word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
        };
        let listen = |line: crate::process::Line<'_>| {
            version = version.take().or_else(|| line.shown().split_whitespace().find_map(word));
        };
        step::read(&invocation, self.reporter, listen).await?;
        Ok(version.unwrap_or_else(|| "unknown".to_owned()))
    }
}

/// Hashes a dependencies' lock file for the lock: `NAME sha256:HEX`.
pub(super) fn lock_hash(directory: &Path, name: &str) -> Result<String, Error> {
    let bytes = std::fs::read(directory.join(name)).map_err(|error| {
        Error::new(ErrorKind::Build, format!("`{name}` cannot be read: {error}")).with_hint("its author must mend it")
    })?;
    Ok(format!("{name} sha256:{}", hex(&Sha256::digest(&bytes))))
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where rustup keeps its toolchains; HOME, from which it would know, is another in a recipe.
fn rustup_home() -> Option<PathBuf> {
    if std::env::var_os("RUSTUP_HOME").is_some() {
        return None;
    }
    let home = PathBuf::from(std::env::var_os("HOME")?).join(".rustup");
    home.is_dir().then_some(home)
}
