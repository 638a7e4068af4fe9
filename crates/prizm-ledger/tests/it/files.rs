//! Files that cannot be used as they are.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use prizm_ledger::{Ledger, LedgerError, Stage};
use rusqlite::Connection;

use crate::Home;
use crate::learned::count;
use crate::processes::{passed, unprivileged};

/// A ledger with some pages, closed.
fn filled(home: &Home) {
    let ledger = home.open();
    for n in 0..500 {
        count(&ledger, &format!("{n:0>100}"), n);
    }
}

#[test]
fn only_its_user_reads_it() {
    let home = Home::new();
    let ledger = home.open();
    count(&ledger, "k", 1);
    assert_eq!(home.files(), ["ledger.db", "ledger.db-shm", "ledger.db-wal"]);
    let modes = || home.files().iter().map(|name| mode(&home, name)).collect::<Vec<_>>();
    assert_eq!(modes(), [0o600, 0o600, 0o600]);
    drop(ledger);
    assert_eq!(home.files(), ["ledger.db"]);
    fs::set_permissions(home.path(), Permissions::from_mode(0o644)).unwrap();
    count(&home.open(), "k", 1);
    assert_eq!(modes(), [0o600]);
}

fn mode(home: &Home, name: &str) -> u32 {
    home.directory.path().join(name).metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_corrupt_file_is_moved_aside() {
    let whole = Home::new();
    filled(&whole);
    let whole = fs::read(whole.path()).unwrap();
    let cut = |size: usize| whole[..size].to_vec();
    let garbage = b"no ledger ".repeat(1_000);
    for bytes in [garbage, b"short".to_vec(), cut(50), cut(1_000), cut(whole.len() / 2), cut(whole.len() - 5_000)] {
        let home = Home::new();
        fs::write(home.path(), &bytes).unwrap();
        fs::write(home.directory.path().join("other"), "stays").unwrap();
        let ledger = home.open();
        assert_eq!(ledger.learned().unwrap(), [], "{} bytes", bytes.len());
        count(&ledger, "k", 1);
        drop(ledger);
        let mut files = home.files();
        files.retain(|name| name != "ledger.db.corrupt-wal");
        assert_eq!(files, ["ledger.db", "ledger.db.corrupt", "other"]);
        assert_eq!(fs::read(home.directory.path().join("ledger.db.corrupt")).unwrap(), bytes);
        assert_eq!(home.open().learned().unwrap().len(), 1);
    }
}

#[test]
fn an_empty_file_is_begun() {
    let home = Home::new();
    fs::write(home.path(), "").unwrap();
    count(&home.open(), "k", 1);
    assert_eq!(home.files(), ["ledger.db"]);
}

/// Pages that nobody reads to open it.
#[test]
fn a_file_that_proves_corrupt_in_use_is_moved_aside() {
    let home = Home::new();
    filled(&home);
    let mut bytes = fs::read(home.path()).unwrap();
    bytes[20_000..].fill(0x5a);
    fs::write(home.path(), &bytes).unwrap();
    let (one, two) = (home.open(), home.open());
    assert_eq!(one.learned().unwrap(), []);
    count(&one, "k", 1);
    count(&two, "k", 1);
    assert_eq!(one.learned().unwrap(), [("k".to_owned(), "2".to_owned())], "both are in the new one");
    drop((one, two));
    assert_eq!(home.files(), ["ledger.db", "ledger.db.corrupt", "ledger.db.corrupt-wal"]);
}

#[test]
fn many_find_a_corrupt_file_at_once() {
    let home = Home::new();
    fs::write(home.path(), "no ledger ".repeat(1_000)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| count(&home.open(), "k", 1));
        }
    });
    assert_eq!(home.open().learned().unwrap(), [("k".to_owned(), "8".to_owned())]);
}

#[test]
fn a_file_that_is_removed_is_begun_anew() {
    let home = Home::new();
    let ledger = home.open();
    count(&ledger, "k", 1);
    for name in home.files() {
        fs::remove_file(home.directory.path().join(name)).unwrap();
    }
    count(&ledger, "k", 1);
    assert_eq!(home.open().learned().unwrap(), [("k".to_owned(), "1".to_owned())]);
}

#[test]
fn a_later_version_is_told_and_kept() {
    let home = Home::new();
    count(&home.open(), "k", 1);
    let raw = Connection::open(home.path()).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let error = Ledger::open(&home.path()).unwrap_err();
    assert!(matches!(error, LedgerError::Newer { layout: 99, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("ledger.db` is from a later version of Prizm"), "{error}");
    assert!(error.hint().contains("later version"), "{error:?}");
    assert_eq!(home.files(), ["ledger.db"]);
}

#[test]
fn a_directory_that_is_missing_is_told() {
    let home = Home::new();
    for path in [home.directory.path().join("none/ledger.db"), home.directory.path().to_owned()] {
        let error = Ledger::open(&path).unwrap_err();
        assert!(matches!(error, LedgerError::Unusable { stage: Stage::Open, .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_directory_that_may_not_be_written_is_told() {
    if std::env::var_os("PRIZM_TEST_UNPRIVILEGED").is_none() {
        let test = "files::a_directory_that_may_not_be_written_is_told";
        return passed(unprivileged(test).env("PRIZM_TEST_UNPRIVILEGED", "1"));
    }
    let home = Home::new();
    let set = |mode| fs::set_permissions(home.directory.path(), Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let absent = Ledger::open(&home.path()).unwrap_err();
    set(0o755);
    count(&home.open(), "k", 1);
    set(0o555);
    let closed = Ledger::open(&home.path()).unwrap_err();
    fs::set_permissions(home.path(), Permissions::from_mode(0o400)).unwrap();
    set(0o755);
    let read_only = Ledger::open(&home.path()).unwrap_err();
    for error in [absent, closed, read_only] {
        assert!(matches!(error, LedgerError::Unusable { stage: Stage::Open, .. }), "{error:?}");
        assert!(error.to_string().contains("ledger.db` cannot be used: cannot open the file: "), "{error}");
        assert!(error.hint().contains("PRIZM_HOME"), "{error:?}");
    }
}

/// Another program that writes for a long time, such as one that is stopped in the middle.
#[test]
fn a_file_that_is_in_use_is_read() {
    let home = Home::new();
    let ledger = home.open();
    count(&ledger, "k", 1);
    let raw = Connection::open(home.path()).unwrap();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ledger.learned().unwrap().len(), 1);
    assert_eq!(home.open().learned().unwrap().len(), 1);
    let error = ledger.forget(None).unwrap_err();
    assert!(matches!(error, LedgerError::Busy { stage: Stage::Learn, .. }), "{error:?}");
    raw.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ledger.forget(None).unwrap(), 1);
}
