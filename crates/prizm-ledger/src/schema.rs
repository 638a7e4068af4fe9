//! The layout of the file, and how one becomes the next.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::LedgerError;
use crate::error::Fault;

/// What makes each layout from the one before; the first makes it from an empty file.
const MIGRATIONS: &[&str] = &["
CREATE TABLE learned (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, json TEXT NOT NULL
);
CREATE INDEX learned_at ON learned (at);

-- All that was ever spent, and the widest window that was ever asked for.
CREATE TABLE budget (id TEXT PRIMARY KEY, total INTEGER NOT NULL, widest INTEGER NOT NULL) WITHOUT ROWID;
-- What was spent in a slot of time, as if all of it at the last.
CREATE TABLE spending (
    budget TEXT NOT NULL, slot INTEGER NOT NULL, last INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (budget, slot)
) WITHOUT ROWID;
CREATE INDEX spending_last ON spending (budget, last, amount);
CREATE TABLE reservation (
    id INTEGER PRIMARY KEY, budget TEXT NOT NULL, until INTEGER NOT NULL, amount INTEGER NOT NULL, per INTEGER
);
CREATE INDEX reservation_until ON reservation (budget, until, amount);

CREATE TABLE decision (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, json TEXT NOT NULL);
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY,
    decision INTEGER NOT NULL REFERENCES decision (number) ON DELETE CASCADE,
    json TEXT NOT NULL
);
CREATE INDEX attempt_decision ON attempt (decision);

CREATE TABLE session (key TEXT PRIMARY KEY, at INTEGER NOT NULL, candidate TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX session_at ON session (at);
"];

/// The latest layout.
const KNOWN: usize = MIGRATIONS.len();

/// Brings the file to the latest layout, unless it is beyond.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Fault> {
    if known(connection, path)? == KNOWN {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it while this process waited.
    for migration in &MIGRATIONS[known(&transaction, path)?..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", KNOWN as i64)?;
    Ok(transaction.commit()?)
}

/// Fails where a later version made the file or changed it.
pub(crate) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), Fault> {
    known(connection, path).map(drop)
}

fn known(connection: &Connection, path: &Path) -> Result<usize, Fault> {
    let layout: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = usize::try_from(layout).ok().filter(|layout| *layout <= KNOWN);
    known.ok_or_else(|| LedgerError::Newer { path: path.to_owned(), layout, known: KNOWN as i64 }.into())
}
