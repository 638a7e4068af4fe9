//! How a directory is built and started: found by rules, running nothing.

mod cargo;
mod directory;
mod executable;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use prizm_protocol::{MANIFEST_FILE, Manifest};

use crate::error::quoted;
use crate::{Error, ErrorKind, manifest};

pub(crate) use cargo::CargoBinary;

/// How a provider's directory is built and started.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) entry: Entry,
    pub(crate) granted: Vec<String>,
}

/// What starts a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `[run] command` of the manifest.
    Command(Vec<String>),
    /// A binary that cargo builds.
    Cargo(CargoBinary),
    /// An executable file.
    Executable(PathBuf),
    /// Whatever is there once `[build] command` has run.
    AfterBuild,
}

/// Finds how the provider in `directory` is built and started. It reads, and runs nothing.
///
/// The entry point is the first of these:
///
/// 1. `[run] command` of `prizm.toml`;
/// 2. the binary of the package in `Cargo.toml`: its only one, or the one named like the package or
///    like the id in `prizm.toml`. The package may be a member of a workspace further up;
/// 3. an executable file named like the id in `prizm.toml`, like the directory, `provider` or
///    `plugin`, each first in the directory, then in its `bin/`.
///
/// Where `prizm.toml` has a `[build] command`, that runs first and the third rule is applied after it.
///
/// # Errors
/// `Source` where the directory is missing, is none or cannot be read; `Manifest` where `prizm.toml`
/// or `Cargo.toml` is wrong; `EntryPoint`, with all that was looked for, where no rule applies.
pub fn resolve(directory: impl AsRef<Path>) -> Result<Plan, Error> {
    let root = directory::readable(directory.as_ref())?;
    let manifest = manifest::read(&root)?;
    let plan = |entry| Plan { root: root.clone(), manifest: manifest.clone(), entry, granted: Vec::new() };
    if let Some(run) = manifest.as_ref().and_then(|manifest| manifest.run.as_ref()) {
        return Ok(plan(Entry::Command(run.command.clone())));
    }
    let id = manifest.as_ref().map(|manifest| manifest.provider.id.as_str());
    let binary = cargo::find(&root, id)?;
    if let cargo::Found::Binary(binary) = binary {
        return Ok(plan(Entry::Cargo(binary)));
    }
    if manifest.as_ref().is_some_and(|manifest| manifest.build.is_some()) {
        return Ok(plan(Entry::AfterBuild));
    }
    let has_manifest = manifest.is_some();
    match executable::find(&root, id)? {
        Ok(path) => Ok(plan(Entry::Executable(path))),
        Err(looked_for) => Err(no_entry(&root, has_manifest, &binary, &looked_for)),
    }
}

impl Plan {
    /// Returns the provider's root, with symbolic links followed.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the manifest, where there is one.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Tells whether [`build`](crate::build) will run anything.
    pub fn needs_build(&self) -> bool {
        matches!(self.entry, Entry::Cargo(_)) || self.build_command().is_some()
    }

    /// Returns the environment variables that the manifest asks for while building.
    pub fn requested_env(&self) -> &[String] {
        self.manifest.as_ref().and_then(|manifest| manifest.build.as_ref()).map_or(&[], |build| &build.env)
    }

    /// Lets the build see the environment variables that the manifest asks for.
    #[must_use]
    pub fn grant_env(mut self) -> Self {
        self.granted = self.requested_env().to_vec();
        self
    }

    pub(crate) fn build_command(&self) -> Option<&[String]> {
        self.manifest.as_ref()?.build.as_ref().map(|build| &*build.command)
    }

    /// Finds the executable that `[build] command` made.
    pub(crate) fn executable(&self) -> Result<PathBuf, Error> {
        let id = self.manifest.as_ref().map(|manifest| manifest.provider.id.as_str());
        match executable::find(&self.root, id)? {
            Ok(path) => Ok(path),
            Err(looked_for) => {
                Err(no_entry(&self.root, self.manifest.is_some(), &cargo::find(&self.root, id)?, &looked_for))
            }
        }
    }

    /// The program and arguments of an entry that needs no build of its own.
    pub(crate) fn argv_of_command(&self, command: &[String]) -> Result<Vec<OsString>, Error> {
        executable::check_program(&self.root, command.first().map_or("", |program| program))?;
        Ok(command.iter().map(OsString::from).collect())
    }
}

fn no_entry(root: &Path, has_manifest: bool, cargo: &cargo::Found, looked_for: &[String]) -> Error {
    let run = if has_manifest {
        format!("a `[run] command` in `{MANIFEST_FILE}` (it has none)")
    } else {
        format!("a `[run] command` in `{MANIFEST_FILE}` (no such file)")
    };
    let binary = match cargo {
        cargo::Found::NoBinary => "a binary in `Cargo.toml` (its package has none)",
        _ => "a package in `Cargo.toml` (no such file)",
    };
    let message = format!(
        "{} has no entry point; looked for {run}, {binary}, and an executable file: {}",
        quoted(root),
        looked_for.join(", "),
    );
    Error::new(ErrorKind::EntryPoint, message)
        .with_hint(format!("write `[run]` with `command = [\"PROGRAM\", \"ARGUMENT\"]` into `{MANIFEST_FILE}`"))
}

#[cfg(test)]
mod tests;
