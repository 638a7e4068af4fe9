//! How a directory is built and started: found by rules, running nothing.

mod cargo;
mod directory;
mod executable;
mod node;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use prizm_protocol::Manifest;

pub(crate) use directory::readable;
pub(crate) use executable::check_program;

use crate::build::node::compiles;
use crate::error::quoted;
use crate::manifest::{Described, PACKAGE_FILE};
use crate::process::find_program;
use crate::recipe::Language;
use crate::{Error, ErrorKind, Isolation, manifest};

pub(crate) use cargo::{CargoBinary, Found, find as find_cargo};
pub(crate) use node::{OUT_DIR, node_entry, out_dir};

/// How to get Node.
pub(crate) const GET_NODE: &str = "install Node.js: https://nodejs.org (Debian: apt install nodejs)";

/// How the directory of a provider or a service is built and started.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Option<Described>,
    pub(crate) entry: Entry,
    pub(crate) language: Language,
    pub(crate) for_author: bool,
    pub(crate) offline: bool,
    pub(crate) granted: Vec<String>,
    pub(crate) isolation: Isolation,
}

/// What starts a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `[run] command` of the manifest.
    Command(Vec<String>),
    /// A binary that cargo builds.
    Cargo(CargoBinary),
    /// A file that is there.
    File(EntryFile),
    /// Whatever is there once `[build] command` has run.
    AfterBuild,
    /// Nothing of it is started here: it is a service that others run.
    Nothing,
}

/// A file that starts a provider, relative to its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryFile {
    /// Node runs it.
    Node(PathBuf),
    /// It runs by itself.
    Executable(PathBuf),
}

/// Finds how the provider or the service in `directory` is built and started. It reads, and runs nothing.
///
/// The entry point is the first of these:
///
/// 1. `[run] command` of `prizm.toml`;
/// 2. the binary of the package in `Cargo.toml`: its only one, or the one named like the package or
///    like the id in `prizm.toml`. The package may be a member of a workspace further up;
/// 3. the file that `package.json` names, which `node` runs: its `bin`, the only one or the one named
///    like the package; `exports` for `.`; `main`; else `dist/index.js`, `dist/src/index.js` or
///    `index.js`. A file in TypeScript stands for what it was compiled to, in `dist`;
/// 4. an executable file named like the id in `prizm.toml`, like the directory, `provider` or
///    `plugin`, each first in the directory, then in its `bin/`.
///
/// Where `prizm.toml` has a `[build] command`, `package.json` a `build` script, or there is a
/// `tsconfig.json`, that runs first and the third and the fourth rule are applied after it. A directory
/// with files for Python has other rules in place of them, which are those of the recipe. What is said of
/// `prizm.toml` holds for `prizm` in `package.json`, where there is no `prizm.toml`. A service whose
/// backend is not `process` has no entry point, and nothing of it is built.
///
/// # Errors
/// `Source` where the directory is missing, is none or cannot be read; `Manifest` where `prizm.toml`,
/// `package.json` or `Cargo.toml` is wrong; `EntryPoint`, with all that was looked for, where no rule
/// applies.
pub fn resolve(directory: impl AsRef<Path>) -> Result<Plan, Error> {
    let root = directory::readable(directory.as_ref())?;
    let manifest = manifest::read(&root)?;
    let by_others = manifest.as_ref().and_then(Described::run_by_others);
    let language = match by_others {
        Some(service) => manifest::check_run_by_others(&root, service).map(|()| Language::None)?,
        // Where it is written in several, nothing of them is prepared.
        None => Language::of(&root, manifest.as_ref()).unwrap_or(Language::None),
    };
    language.check_no_deps(&root, manifest.as_ref())?;
    let plan = |entry| Plan {
        root: root.clone(),
        manifest: manifest.clone(),
        entry,
        language,
        for_author: false,
        offline: false,
        granted: Vec::new(),
        isolation: Isolation::None,
    };
    if by_others.is_some() {
        return Ok(plan(Entry::Nothing));
    }
    if let Some(run) = manifest.as_ref().and_then(Described::run) {
        return Ok(plan(Entry::Command(run.command.clone())));
    }
    let id = manifest.as_ref().map(Described::id);
    if let cargo::Found::Binary(binary) = cargo::find(&root, id)? {
        return Ok(plan(Entry::Cargo(binary)));
    }
    let has_command = manifest.as_ref().is_some_and(|manifest| manifest.build_command().is_some());
    if has_command || language == Language::Python || (language == Language::Node && compiles(&root)?) {
        return Ok(plan(Entry::AfterBuild));
    }
    Ok(plan(Entry::File(entry_file(&root, name_of(&root), manifest.as_ref())?)))
}

impl Plan {
    /// Returns its root, with symbolic links followed.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the manifest of a provider, where there is one.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()?.provider()
    }

    /// Tells whether [`build`](crate::build) may run anything.
    pub fn needs_build(&self) -> bool {
        let prepares = matches!(self.language, Language::Node | Language::Python);
        prepares || matches!(self.entry, Entry::Cargo(_)) || self.build_command().is_some()
    }

    /// Returns the environment variables that the manifest asks for while building.
    pub fn requested_env(&self) -> &[String] {
        self.manifest.as_ref().and_then(Described::build).map_or(&[], |build| &build.env)
    }

    /// Lets the build see the environment variables that the manifest asks for.
    #[must_use]
    pub fn grant_env(mut self) -> Self {
        self.granted = self.requested_env().to_vec();
        self
    }

    /// Builds it for its author: fast, and as by hand.
    #[must_use]
    pub fn for_author(mut self, for_author: bool) -> Self {
        self.for_author = for_author;
        self
    }

    /// Takes the network away from the build, as far as the machine allows it.
    #[must_use]
    pub(crate) fn offline(mut self, isolation: Isolation) -> Self {
        self.offline = true;
        self.isolation = isolation;
        self
    }

    pub(crate) fn build_command(&self) -> Option<&[String]> {
        self.manifest.as_ref()?.build_command()
    }

    /// The program and arguments of the file that `[build] command` made.
    pub(crate) fn argv_after_build(&self) -> Result<Vec<OsString>, Error> {
        entry_file(&self.root, name_of(&self.root), self.manifest.as_ref())?.argv(&self.root)
    }

    /// The program and arguments of an entry that needs no build of its own.
    pub(crate) fn argv_of_command(&self, command: &[String]) -> Result<Vec<OsString>, Error> {
        executable::check_program(&self.root, command.first().map_or("", |program| program))?;
        Ok(command.iter().map(OsString::from).collect())
    }
}

impl EntryFile {
    /// The program and its arguments, with `root` in front of the file.
    pub(crate) fn argv(&self, root: &Path) -> Result<Vec<OsString>, Error> {
        match self {
            Self::Executable(path) => Ok(vec![root.join(path).into()]),
            Self::Node(path) if find_program("node".as_ref(), Path::new("/")).is_some() => {
                Ok(vec!["node".into(), root.join(path).into()])
            }
            Self::Node(path) => {
                let message = format!("{} needs `node`, which was not found", quoted(&root.join(path)));
                Err(Error::new(ErrorKind::Build, message).with_hint(GET_NODE))
            }
        }
    }
}

/// The name of a directory.
fn name_of(root: &Path) -> Option<&str> {
    root.file_name().and_then(|name| name.to_str())
}

/// Finds the file that starts the provider in `root`, where nothing is left to be built; `name` is that
/// of the directory or the repository.
pub(crate) fn entry_file(root: &Path, name: Option<&str>, manifest: Option<&Described>) -> Result<EntryFile, Error> {
    let id = manifest.map(Described::id);
    let for_node = match node_entry(root)? {
        Ok(path) => return Ok(EntryFile::Node(path)),
        Err(looked_for) => looked_for,
    };
    match executable::find(root, name, id)? {
        Ok(path) => Ok(EntryFile::Executable(path.strip_prefix(root).map_or(path.clone(), Path::to_owned))),
        Err(executables) => Err(no_entry(root, manifest.is_some(), &cargo::find(root, id)?, &for_node, &executables)),
    }
}

fn no_entry(
    root: &Path,
    has_manifest: bool,
    cargo: &cargo::Found,
    for_node: &[String],
    executables: &[String],
) -> Error {
    let file = manifest::file_name(root);
    let run = match has_manifest {
        true => format!("a `[run] command` in `{file}` (it has none)"),
        false => format!("a `[run] command` in `{file}` (no such file)"),
    };
    let binary = match cargo {
        cargo::Found::NoBinary => "a binary in `Cargo.toml` (its package has none)",
        _ => "a package in `Cargo.toml` (no such file)",
    };
    let for_node = match for_node {
        [] => format!("one in `{PACKAGE_FILE}` (no such file)"),
        looked_for => format!("a file for Node: {}", looked_for.join(", ")),
    };
    let message = format!(
        "{} has no entry point; looked for {run}, {binary}, {for_node}, and an executable file: {}",
        quoted(root),
        executables.join(", "),
    );
    Error::new(ErrorKind::EntryPoint, message)
        .with_hint(format!("write `[run]` with `command = [\"PROGRAM\", \"ARGUMENT\"]` into `{file}`"))
}

#[cfg(test)]
mod tests;
