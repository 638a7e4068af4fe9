//! The ledger: one connection, and what holds for all that is done with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Fault, directory};
use crate::file::{self, OpenFile};
use crate::{Result, Stage};

/// What routing remembers. Any number of threads and processes may use the same file.
///
/// Every function blocks: for some microseconds, and for seconds where others keep the file locked.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    place: Mutex<Place>,
}

#[derive(Debug)]
enum Place {
    File(OpenFile),
    Memory(Connection),
}

impl Ledger {
    /// Opens the file, and makes it where there is none; its directory must be there.
    ///
    /// A file that is corrupt is moved aside, to its name and `.corrupt`, and another is begun.
    ///
    /// # Errors
    ///
    /// If the file is from a later version, or the file or its directory cannot be read and written.
    pub fn open(path: &Path) -> Result<Self> {
        let resolved = resolve(path).map_err(|error| Fault::from(error).at(path, Stage::Open))?;
        let file = OpenFile::open(&resolved)?;
        Ok(Self { path: resolved, place: Mutex::new(Place::File(file)) })
    }

    /// Makes a ledger that ends with this process.
    ///
    /// # Errors
    ///
    /// If there is not enough memory.
    pub fn in_memory() -> Result<Self> {
        let path = PathBuf::from(":memory:");
        let open = || {
            let mut connection = Connection::open_in_memory()?;
            file::prepare(&mut connection, &path)?;
            Ok(connection)
        };
        let connection = open().map_err(|fault: Fault| fault.at(&path, Stage::Open))?;
        Ok(Self { path, place: Mutex::new(Place::Memory(connection)) })
    }

    /// Does some work in the file that has the name now. Where that is corrupt, does it once more in a new one.
    pub(crate) fn run<T>(&self, stage: Stage, mut work: impl FnMut(&mut Connection) -> Result<T, Fault>) -> Result<T> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match &mut *place {
            Place::Memory(connection) => work(connection),
            Place::File(file) => {
                if !file.is_at(&self.path) {
                    *file = OpenFile::open(&self.path)?;
                }
                match work(&mut file.connection) {
                    Err(fault) if fault.is_corrupt() => {
                        *file = OpenFile::open_doubted(&self.path, &fault)?;
                        work(&mut file.connection)
                    }
                    done => done,
                }
            }
        };
        done.map_err(|fault| fault.at(&self.path, stage))
    }

    /// Does some work in a transaction that nobody else writes during.
    pub(crate) fn change<T>(
        &self,
        stage: Stage,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T> {
        self.run(stage, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    /// Reads in a transaction, which sees nothing that others write during it.
    pub(crate) fn read<T>(
        &self,
        stage: Stage,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T> {
        self.run(stage, |connection| work(&connection.transaction()?))
    }
}

/// Returns the path without links and independent of the working directory: the log is beside the file itself.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(fs::canonicalize(directory(path))?.join(name))
        }
        resolved => resolved,
    }
}
