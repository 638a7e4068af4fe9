//! A file that one process at a time holds. The kernel lets go of it when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How soon a waiter looks again at first, and at last.
const POLL: Duration = Duration::from_millis(50);
const SLOW_POLL: Duration = Duration::from_secs(1);
/// How long a share is waited for: all of a lock is held for a moment only, by whoever removes something.
const PATIENCE: Duration = Duration::from_secs(30);

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
        Self::of(OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?)
    }

    fn of(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file, excludes_others: true })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(Self { _file: file, excludes_others: false }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits for the lock on a directory itself, which leaves no file behind.
    pub(crate) fn take_directory_within(path: &Path, limit: Duration) -> io::Result<Self> {
        let directory = File::open(path)?;
        Self::poll(limit, path, || Self::of(directory.try_clone()?))
    }

    /// As [`Lock::try_take`], but makes no file.
    pub(crate) fn try_take_existing(path: &Path) -> io::Result<Option<Self>> {
        Self::of(OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// Takes the lock on a directory itself, or returns nothing where somebody else holds it.
    pub(crate) fn try_take_directory(path: &Path) -> io::Result<Option<Self>> {
        Self::of(File::open(path)?)
    }

    /// Takes a share of the lock: any number may, and nobody can take all of it meanwhile. It waits for
    /// whoever has all of it, blocking the thread.
    pub(crate) fn share(path: &Path) -> io::Result<Self> {
        Self::share_within(path, PATIENCE)
    }

    /// As [`Lock::share`], with another patience.
    pub(crate) fn share_within(path: &Path, limit: Duration) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Self::poll(limit, path, || Self::share_of(file.try_clone()?))
    }

    /// Takes a share of the lock on a directory itself, as [`Lock::share`] does.
    pub(crate) fn share_directory(path: &Path) -> io::Result<Self> {
        let directory = File::open(path)?;
        Self::poll(PATIENCE, path, || Self::share_of(directory.try_clone()?))
    }

    fn share_of(file: File) -> io::Result<Option<Self>> {
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Self { _file: file, excludes_others: false })),
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
        Self::poll(limit, path, || Self::try_take(path))
    }

    fn poll(limit: Duration, path: &Path, take: impl Fn() -> io::Result<Option<Self>>) -> io::Result<Self> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(lock) = take()? {
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
        let (mut waiting, begun) = (Some(waiting), tokio::time::Instant::now());
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            // Whoever has waited for a minute can wait a second more.
            tokio::time::sleep((begun.elapsed() / 32).clamp(POLL, SLOW_POLL)).await;
        }
    }
}
