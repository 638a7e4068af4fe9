//! `prizm.lock`: what each provider and each service was, exactly, when it was added.

mod cache;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::cache::Locks;
use crate::drift::Contract;
use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind, Isolation, Kind, Recipe, Revision, read_text_bounded};

/// The format that this version reads and writes.
pub(crate) const VERSION: i64 = 1;
/// The name of the file.
pub(crate) const NAME: &str = "prizm.lock";
/// How long another process may take to write a line.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is pinned, by request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lockfile {
    entries: Vec<Locked>,
}

/// A provider or a service that is pinned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locked {
    /// The id that it declares; the name of a service.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The canonical identifier by which it was asked for.
    pub request: String,
    /// The source without a version.
    pub source: String,
    /// Which revision of the source.
    #[serde(flatten)]
    pub revision: Revision,
    /// The id of git's tree object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
    /// The hash of the source's files, as `b3:HEX`.
    pub source_hash: String,
    /// When it was published, as the source claims: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<i64>,
    /// How it was built.
    pub build: LockedBuild,
    /// What was built, by the kind of machine.
    pub artifact: BTreeMap<String, LockedArtifact>,
    /// What it promises.
    pub contract: Contract,
}

impl Locked {
    /// Returns what people are shown of the revision: a commit, a version, or the hash of a directory.
    pub fn shown_revision(&self) -> String {
        match &self.revision {
            Revision::Directory(_) => self.source_hash.clone(),
            revision => revision.to_string(),
        }
    }
}

/// How it was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockedBuild {
    /// By which recipe, with which tools and dependencies.
    #[serde(flatten)]
    pub recipe: Recipe,
    /// How its code was kept from the network meanwhile.
    pub isolation: Isolation,
}

/// What was built on one kind of machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LockedArtifact {
    /// The hash of the files, as `b3:HEX`.
    pub hash: String,
    /// The program and its arguments; none where others run it.
    pub entry: Vec<String>,
}

impl Lockfile {
    /// Reads a lock file; one that is not there pins nothing.
    ///
    /// # Errors
    /// `Mismatch`: it cannot be read, was made by a newer version, or is not what a lock looks like.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::read(path, |text| text::parse(path, text))
    }

    /// Reads the text of a lock file with what makes entries of it.
    fn read(path: &Path, parse: impl FnOnce(&str) -> Result<Vec<Locked>, Error>) -> Result<Self, Error> {
        match read_text_bounded(path, text::MAX_BYTES) {
            Ok(Some(text)) => parse(&text).map(|entries| Self { entries }),
            Ok(None) => Ok(Self::default()),
            Err(error) => Err(unusable(path, &error)),
        }
    }

    /// Changes a lock file. Changes that others make at the same time are not lost.
    ///
    /// # Errors
    /// As [`Lockfile::load`]; `Store`: it cannot be written, and stays as it was.
    pub fn edit(path: &Path, change: impl FnOnce(&mut Self)) -> Result<(), Error> {
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let locked = fs::create_dir_all(directory).and_then(|()| Lock::take_directory_within(directory, PATIENCE));
        let _lock = locked.map_err(|error| unwritable(path, &error))?;
        let before = Self::load(path)?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().permissions(mode()).tempfile_in(directory)?;
            let text = text::print(&after.entries).map_err(io::Error::other)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            fs::File::open(directory)?.sync_all()
        };
        write().map_err(|error| unwritable(path, &error))
    }

    /// Finds the lock of the project that `directory` is in: the nearest `prizm.lock`, or the place
    /// for one beside the nearest `.prizm`, upward. PRIZM_HOME, `home`, may have that name, and makes no
    /// project of what it is in.
    pub fn find(directory: &Path, home: &Path) -> Option<PathBuf> {
        let home = home.canonicalize().ok();
        let is_mark = |path: PathBuf| path.is_dir() && path.canonicalize().ok() != home;
        let marks = |directory: &&Path| directory.join(NAME).is_file() || is_mark(directory.join(".prizm"));
        directory.ancestors().find(marks).map(|directory| directory.join(NAME))
    }

    /// Returns what is pinned, sorted by request.
    pub fn entries(&self) -> &[Locked] {
        &self.entries
    }

    /// Finds what is pinned for a canonical identifier.
    pub fn by_request(&self, request: &str) -> Option<&Locked> {
        self.entries.iter().find(|locked| locked.request == request)
    }

    /// Pins a provider or a service, in place of what was pinned for the same request. What was built of it on
    /// other kinds of machines stays known where the source is the same.
    pub fn put(&mut self, mut locked: Locked) {
        if let Some(known) = self.by_request(&locked.request).filter(|known| known.source_hash == locked.source_hash) {
            for (target, artifact) in &known.artifact {
                locked.artifact.entry(target.clone()).or_insert_with(|| artifact.clone());
            }
        }
        self.remove(&locked.request.clone());
        let at = self.entries.partition_point(|known| known.request < locked.request);
        self.entries.insert(at, locked);
    }

    /// Unpins it.
    pub fn remove(&mut self, request: &str) {
        self.entries.retain(|locked| locked.request != request);
    }
}

fn mode() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Mismatch, format!("the lock {} cannot be used: {reason}", quoted(path)))
        .with_hint("correct it, or take it back from version control")
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("the lock {} cannot be written: {error}", quoted(path)))
        .with_hint("check that its directory can be written and that there is room")
}

#[cfg(test)]
mod tests;
