//! A corrupt file is moved aside, and another begun.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Fault, directory};
use crate::file::{OpenFile, PATIENCE};
use crate::{LedgerError, Result, Stage};

const POLL: Duration = Duration::from_millis(20);

/// Opens the file once more, alone; where it is corrupt indeed, moves it aside and begins anew.
pub(crate) fn recover(path: &Path, doubt: &Fault) -> Result<OpenFile> {
    let _alone = lock(path)?;
    match OpenFile::connect(path) {
        // Somebody else has begun anew, or a page was read while it was replaced.
        Ok(file) if file.is_sound() => return Ok(file),
        Ok(_) => {}
        Err(fault) if fault.is_corrupt() => {}
        Err(fault) => return Err(fault.at(path, Stage::Open)),
    }
    let aside = beside(path, ".corrupt");
    move_aside(path, &aside).map_err(|error| Fault::from(error).at(path, Stage::Recover))?;
    tracing::warn!(
        reason = %doubt,
        "the ledger `{}` is corrupt: it is `{}` now, and another is begun: budgets and what was learned begin anew",
        path.display(),
        aside.display()
    );
    OpenFile::connect(path).map_err(|fault| fault.at(path, Stage::Recover))
}

/// Moves the file and its log. Whoever has them open sees that they have moved, and opens the new ones.
fn move_aside(path: &Path, aside: &Path) -> io::Result<()> {
    // The log first: it would be taken for that of the new file.
    absent_is_fine(fs::remove_file(beside(aside, "-wal")))?;
    absent_is_fine(fs::rename(beside(path, "-wal"), beside(aside, "-wal")))?;
    absent_is_fine(fs::remove_file(beside(path, "-shm")))?;
    absent_is_fine(fs::rename(path, aside))
}

/// Locks the directory, which leaves no file behind.
fn lock(path: &Path) -> Result<File> {
    let failed = |error: io::Error| Fault::from(error).at(path, Stage::Recover);
    let directory = File::open(directory(path)).map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            // Without locks, two that find the same corrupt file move both it and a new one aside at worst.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(directory),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Busy { path: path.to_owned(), stage: Stage::Recover });
            }
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
