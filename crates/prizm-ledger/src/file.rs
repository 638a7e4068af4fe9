//! One open file.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::error::Fault;
use crate::{Result, Stage, aside, schema};

/// How long others are waited for. Nobody keeps the file locked for more than some milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// How many statements stay prepared: all that there are.
const STATEMENTS: usize = 48;

/// What its log shrinks to after something large, in bytes.
const LOG_SIZE: i64 = 4 * 1024 * 1024;

/// One thread of a process opens a file at a time: the locks of a process on a file are gone as soon as it closes
/// any descriptor of it, and [`create`] has one.
static OPENING: Mutex<()> = Mutex::new(());

/// A file and the connection to it.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) connection: Connection,
    identity: Identity,
}

/// Which file it is, whatever its name is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

impl OpenFile {
    /// Opens the file, and begins anew where it is corrupt.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let _one = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut opened = Self::connect(path);
        if opened.as_ref().is_err_and(Fault::is_absence) {
            // Another process has just moved a corrupt one aside, and not begun the next.
            opened = Self::connect(path);
        }
        match opened {
            Err(fault) if fault.is_corrupt() => aside::recover(path, &fault),
            opened => opened.map_err(|fault| fault.at(path, Stage::Open)),
        }
    }

    /// Opens the file again after a statement found that it is corrupt, and begins anew where it is.
    pub(crate) fn open_doubted(path: &Path, doubt: &Fault) -> Result<Self> {
        let _one = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        aside::recover(path, doubt)
    }

    /// Opens the file and makes it where there is none.
    pub(crate) fn connect(path: &Path) -> Result<Self, Fault> {
        create(path)?;
        // Read before it is opened: should it be replaced in between, it is not the one any more, and opened again.
        let identity = Identity::of(path)?;
        let mut connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        if connection.is_readonly(MAIN_DB)? {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied).into());
        }
        schema::refuse_newer(&connection, path)?;
        keep_log(&connection)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "journal_size_limit", LOG_SIZE)?;
        prepare(&mut connection, path)?;
        Ok(Self { connection, identity })
    }

    /// Whether the file still has its name: it was neither moved aside nor removed.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        Identity::of(path).is_ok_and(|identity| identity == self.identity)
    }

    /// Whether all of it can be read. This reads all of it.
    pub(crate) fn is_sound(&self) -> bool {
        let check = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        // Only what was read and is wrong speaks against it: a check that others kept from running does not.
        match check.map_err(Fault::from) {
            Ok(verdict) => verdict == "ok",
            Err(fault) => !fault.is_corrupt(),
        }
    }
}

/// Brings a connection to the state that everything here needs.
pub(crate) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(connection, path)
}

/// Makes an empty file that only its user may read; the log and the index beside it get the same mode.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close_to_others(path),
        Err(error) => Err(error),
    }
}

/// Takes from others what a copy may have given to them.
fn close_to_others(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Has changes logged ahead, so that nobody who reads waits for somebody who writes.
///
/// It is asked for again and again, because the database does not wait for others here.
fn keep_log(connection: &Connection) -> Result<(), Fault> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode.map_err(Fault::from) {
            Err(fault) if fault.is_busy() && Instant::now() < until => thread::sleep(POLL),
            // Some file systems cannot have it, and are slower.
            mode => return mode.map(|mode| tracing::trace!(%mode, "opened the ledger")),
        }
    }
}
