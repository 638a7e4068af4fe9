//! A directory for jobs that outlives no host for long.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

const LOCK: &str = "lock";
const PREFIX: &str = "host-";

/// A directory of this host's own, removed with its last clone.
///
/// What a host that was killed left behind is removed when the next one starts: a lock tells
/// whether the owner lives.
#[derive(Clone, Debug)]
pub struct WorkDir(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: TempDir,
    _lock: File,
}

impl WorkDir {
    /// Makes a directory beneath `base`, and removes those of dead hosts.
    ///
    /// # Errors
    /// `base` cannot be made or written.
    pub fn create(base: &Path) -> io::Result<Self> {
        fs::create_dir_all(base)?;
        sweep(base);
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base)?;
        // It is locked before it has its name, so that nobody ever sees it unlocked.
        let unnamed = dir.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(unnamed, dir.path().join(LOCK))?;
        Ok(Self(Arc::new(Inner { dir, _lock: lock })))
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        self.0.dir.path()
    }
}

/// Removes the directories whose owners are gone.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            remove_if_abandoned(&entry.path());
        }
    }
}

fn remove_if_abandoned(dir: &Path) {
    // Held until the directory is gone, so that two hosts do not sweep it at once.
    let lock = File::open(dir.join(LOCK));
    let abandoned = match &lock {
        Ok(lock) => flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
        // Between its making and its locking it has no lock yet; give it a minute.
        Err(_) => fs::metadata(dir)
            .and_then(|meta| meta.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 60)),
    };
    if abandoned {
        // What cannot be removed now is tried again by the next host.
        let _ = fs::remove_dir_all(dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_hosts_directories_are_removed_and_live_ones_are_not() {
        let base = tempfile::tempdir().unwrap();
        let live = WorkDir::create(base.path()).unwrap();
        let dead = base.path().join("host-dead");
        fs::create_dir(&dead).unwrap();
        File::create(dead.join(LOCK)).unwrap();
        let other = base.path().join("other");
        fs::create_dir(&other).unwrap();
        let second = WorkDir::create(base.path()).unwrap();
        assert!(live.path().exists() && second.path().exists() && other.exists());
        assert!(!dead.exists());
        let path = live.path().to_owned();
        drop(live);
        assert!(!path.exists());
    }
}
