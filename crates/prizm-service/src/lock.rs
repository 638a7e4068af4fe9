//! A file that one process holds, or several share. The kernel lets go of it when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::error::{Error, ErrorKind, Phase};

/// How soon a waiter looks again.
const POLL: Duration = Duration::from_millis(20);
/// How long a lock is waited for that nobody holds for long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub(crate) struct FileLock(File);

impl FileLock {
    /// Takes the lock alone, or returns nothing where somebody else has it, or a share of it.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>> {
        Self::of(path, File::try_lock)
    }

    /// Takes a share of the lock, or returns nothing where somebody has it alone.
    pub(crate) fn try_share(path: &Path) -> Result<Option<Self>> {
        Self::of(path, File::try_lock_shared)
    }

    /// Waits for the lock. It is held for a moment only.
    pub(crate) async fn take(path: &Path) -> Result<Self> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if Instant::now() > until {
                let message = format!("`{}` is held by another process", path.display());
                return Err(
                    Error::new(ErrorKind::State, Phase::Prepare, message).hinted("find out which: `fuser` names it")
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn of(path: &Path, lock: impl Fn(&File) -> std::result::Result<(), TryLockError>) -> Result<Option<Self>> {
        let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = open().map_err(|error| unusable(path, &error))?;
        match lock(&file) {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unusable(path, &error)),
        }
    }

    /// Notes on the file that it was used just now.
    pub(crate) fn touch(&self) {
        // Where that fails, a service may be stopped sooner.
        let _ = self.0.set_modified(std::time::SystemTime::now());
    }
}

/// Says that something of the state cannot be used.
pub(crate) fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::State, Phase::Prepare, format!("`{}` cannot be used: {error}", path.display()))
        .hinted("check that PRIZM_HOME can be written and that there is room")
}
