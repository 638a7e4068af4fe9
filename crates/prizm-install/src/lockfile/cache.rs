//! Locks as they were read last: whoever looks up a hundred providers reads their lock once.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Lockfile;
use crate::Error;

/// What tells one state of a file from another: a lock is written anew and renamed, so its inode is another, too.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

/// The locks that were read, by their paths. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks(Arc<Mutex<HashMap<PathBuf, Read>>>);

/// A lock, as it was when it was read.
type Read = (Stamp, Arc<Lockfile>);

impl Locks {
    /// Reads a lock file, unless it is as it was when it was read last.
    ///
    /// # Errors
    /// As [`Lockfile::load`].
    pub(crate) fn load(&self, path: &Path) -> Result<Arc<Lockfile>, Error> {
        let Some(now) = stamp(path) else { return Lockfile::load(path).map(Arc::new) };
        // Held while it is read: those who ask meanwhile wait for one reading.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, lock)) = known.get(path)
            && *then == now
        {
            return Ok(Arc::clone(lock));
        }
        let lock = Arc::new(Lockfile::load(path)?);
        known.insert(path.to_owned(), (now, Arc::clone(&lock)));
        Ok(lock)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino(), meta.len(), (meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_again_when_it_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, locks) = (directory.path().join("prizm.lock"), Locks::default());
        assert!(locks.load(&path).unwrap().entries().is_empty());
        fs::write(&path, "version = 1\n").unwrap();
        let first = locks.load(&path).unwrap();
        assert!(Arc::ptr_eq(&first, &locks.load(&path).unwrap()));
        fs::write(&path, "version = 1 # another\n").unwrap();
        assert!(!Arc::ptr_eq(&first, &locks.load(&path).unwrap()));
        fs::write(&path, "not a lock").unwrap();
        assert!(locks.load(&path).is_err());
    }
}
