//! A place for what is not whole yet. It goes away with its owner, however that ends.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::lock::Lock;

/// The file that its owner holds locked; or a link to it.
const OWNER: &str = "owner";

/// A directory of the store's `staging`, removed when it is dropped, and by the next
/// [`Store::open`](super::Store::open) when its process died.
#[derive(Debug)]
pub(crate) struct Staging {
    directory: Option<TempDir>,
    root: PathBuf,
    tree: PathBuf,
    scratch: PathBuf,
    _owner: Lock,
}

impl Staging {
    /// Makes a place under `staging`, whose name nobody can guess.
    pub(super) fn new(staging: &Path) -> io::Result<Self> {
        // Until its owner is known, the place is told from what a crash left by this alone.
        let _begun = Lock::share_directory(staging)?;
        let directory = TempDir::new_in(staging)?;
        let taken = || io::Error::other("somebody else has taken the new directory");
        let owner = Lock::try_take(&directory.path().join(OWNER))?.ok_or_else(taken)?;
        let root = directory.path().to_owned();
        let (tree, scratch) = (root.join("entry/tree"), root.join("scratch"));
        for path in [&tree, &scratch] {
            DirBuilder::new().recursive(true).mode(0o755).create(path)?;
        }
        Ok(Self { directory: Some(directory), root, tree, scratch, _owner: owner })
    }

    /// Returns the directory for the files of an artifact.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Returns a directory for what is thrown away.
    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Takes from everybody the right to write the files: a plugin has no business in its own.
    pub(super) fn seal(&self) -> io::Result<()> {
        let mut left = vec![self.tree.clone()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(&directory)? {
                let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
                if kind.is_dir() {
                    left.push(path);
                } else if kind.is_file() {
                    let mode = fs::metadata(&path)?.permissions().mode();
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode & 0o555))?;
                }
            }
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o555))?;
        }
        Ok(())
    }

    /// Leaves the place to all who share a lock: the first sweep after the last of them removes it.
    pub(super) fn leave_to(mut self, lock: &Path) -> io::Result<()> {
        let link = self.root.join("new-owner");
        symlink(lock, &link)?;
        fs::rename(&link, self.root.join(OWNER))?;
        self.directory.take().map(TempDir::keep);
        Ok(())
    }

    /// Returns what becomes an entry: the files, and what is known of them.
    pub(super) fn entry(&self) -> PathBuf {
        self.root.join("entry")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take() {
            remove(&directory.keep());
        }
    }
}

/// Removes a tree, also what its builder made read-only. What cannot be removed is logged.
pub(super) fn remove(path: &Path) {
    let removed = fs::remove_dir_all(path).or_else(|_| {
        make_writable(path);
        fs::remove_dir_all(path)
    });
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "a part of the store cannot be removed");
        }
        _ => {}
    }
}

fn make_writable(directory: &Path) {
    // Whatever fails here is told by the second try to remove it.
    let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// Removes the places whose owners are dead.
pub(super) fn sweep(staging: &Path) -> io::Result<()> {
    for path in abandoned(staging)? {
        tracing::info!(path = %path.display(), "removed what a crash left in the store");
        remove(&path);
    }
    Ok(())
}

fn abandoned(staging: &Path) -> io::Result<Vec<PathBuf>> {
    // While this is held nobody makes a place.
    let alone = Lock::try_take_directory(staging)?;
    let is_alone = alone.as_ref().is_some_and(|lock| lock.excludes_others());
    let mut abandoned = Vec::new();
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        if !is_alone && is_young(&path) {
            // Its owner may be about to lock it.
            continue;
        }
        let is_dead = match Lock::try_take_existing(&path.join(OWNER)) {
            Ok(lock) => lock.is_some_and(|lock| lock.excludes_others()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if is_dead {
            abandoned.push(path);
        }
    }
    Ok(abandoned)
}

/// Tells whether something may still be in the making by somebody of whom nothing else tells.
pub(super) fn is_young(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_none_or(|age| age.as_secs() < 60)
}
