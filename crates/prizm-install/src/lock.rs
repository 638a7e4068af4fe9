//! A file that one process at a time holds. The kernel lets go of it when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a waiter looks again.
const POLL: Duration = Duration::from_millis(50);

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    excludes_others: bool,
}

impl Lock {
    /// Takes the lock, or returns nothing where somebody else holds it.
    ///
    /// On a file system without locks everybody gets it: locks save work here, renames keep order.
    pub(crate) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file, excludes_others: true })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(Self { _file: file, excludes_others: false }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells whether nobody else can have the lock: not so on a file system without locks.
    pub(crate) fn excludes_others(&self) -> bool {
        self.excludes_others
    }

    /// Waits for the lock, blocking the thread: only for work that takes a moment.
    pub(crate) fn take_within(path: &Path, limit: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let waited = format!("another process has held `{}` for {} s", path.display(), limit.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, waited));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits for the lock, for as long as it takes, after calling `waiting` once. Cancel-safe.
    pub(crate) async fn take(path: &Path, waiting: impl FnOnce()) -> io::Result<Self> {
        let mut waiting = Some(waiting);
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
