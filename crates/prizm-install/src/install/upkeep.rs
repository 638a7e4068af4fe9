//! Which artifacts are still referred to: by the lock of any project that this machine knows.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::error::quoted;
use crate::lockfile::Lockfile;
use crate::{Error, ErrorKind, Pruned};

use super::Installer;

/// The locks that refer to artifacts: a file in `roots` of PRIZM_HOME for each, which holds its path.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    directory: PathBuf,
}

impl Roots {
    pub(crate) fn new(home: &Path) -> Self {
        Self { directory: home.join("roots") }
    }

    /// Remembers a lock.
    pub(super) fn add(&self, lock: &Path) -> Result<(), Error> {
        let lock = std::path::absolute(lock).unwrap_or_else(|_| lock.to_owned());
        let text = lock.as_os_str().as_encoded_bytes();
        let root = self.root(text);
        if root.exists() {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.directory)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(text)?;
            file.persist(&root).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.unusable(&error))
    }

    /// Returns the locks that are still there, and forgets the others.
    fn locks(&self) -> Result<Vec<PathBuf>, Error> {
        let look = || -> io::Result<Vec<PathBuf>> {
            let mut locks = Vec::new();
            for entry in if_there(fs::read_dir(&self.directory))?.into_iter().flatten() {
                let root = entry?.path();
                let Some(text) = if_there(fs::read(&root))? else { continue };
                // What is in the making has another name yet.
                if root != self.root(&text) {
                    continue;
                }
                let lock = PathBuf::from(OsString::from_vec(text));
                match lock.try_exists() {
                    Ok(false) => if_there(fs::remove_file(&root)).map(drop)?,
                    _ => locks.push(lock),
                }
            }
            Ok(locks)
        };
        look().map_err(|error| self.unusable(&error))
    }

    /// Returns the file for a lock's path.
    fn root(&self, lock: &[u8]) -> PathBuf {
        self.directory.join(&blake3::hash(lock).to_hex()[..32])
    }

    fn unusable(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("{} cannot be used: {error}", quoted(&self.directory)))
            .with_hint("check that PRIZM_HOME can be written and that there is room")
    }
}

/// What somebody else has just removed, or nobody has made, is none.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

impl Installer {
    /// Removes the artifacts that no lock on this machine refers to and that nobody uses; with
    /// `dry_run` it only tells which.
    ///
    /// # Errors
    /// `Mismatch`: a lock cannot be read, so that nobody knows what it refers to; `Store`: the store
    /// cannot be read or written.
    pub fn prune(&self, dry_run: bool) -> Result<Pruned, Error> {
        let mut hashes = BTreeSet::new();
        for lock in self.roots.locks()? {
            hashes.extend(Lockfile::load(&lock)?.entries().iter().map(|locked| locked.source_hash.clone()));
        }
        let keep = self.store.entries()?.into_iter().filter(|entry| hashes.contains(&entry.source_hash));
        let keep: BTreeSet<_> = keep.map(|entry| entry.key).collect();
        self.store.prune(&keep, dry_run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_remembered_whatever_its_name_and_forgotten_when_it_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let roots = Roots::new(home.path());
        assert!(roots.locks().unwrap().is_empty());
        let project = home.path().join(OsString::from_vec(b"caf\xe9".to_vec()));
        fs::create_dir(&project).unwrap();
        let lock = project.join("prizm.lock");
        fs::write(&lock, "").unwrap();
        roots.add(&lock).unwrap();
        // As one in the making, of which a half is written.
        let half = roots.directory.join(".tmp");
        fs::write(&half, "/srv/pro").unwrap();
        assert_eq!(roots.locks().unwrap(), [lock.as_path()]);
        assert!(half.exists());
        fs::remove_file(&lock).unwrap();
        assert!(roots.locks().unwrap().is_empty());
        assert_eq!(fs::read_dir(&roots.directory).unwrap().count(), 1);
    }
}
