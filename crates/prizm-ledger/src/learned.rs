//! What was learned: a row for each key.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Fault, bounded};
use crate::sql::int;
use crate::{Ledger, Result, Stage};

/// How many rows are kept.
const ROWS: i64 = 20_000;
/// How many new ones there are until the oldest go: to find them takes reading all.
const BATCH: i64 = 64;
/// The largest row, its key and its value, in bytes.
const ROW_SIZE: usize = 64 * 1024;

impl Ledger {
    /// Returns every key and its value, in the order of the keys.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn learned(&self) -> Result<Vec<(String, String)>> {
        self.run(Stage::Learn, |connection| {
            let mut select = connection.prepare_cached("SELECT key, json FROM learned")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut learned = rows.collect::<Result<Vec<(String, String)>, _>>()?;
            // Here, because the database would look every row up by its key.
            learned.sort_unstable();
            Ok(learned)
        })
    }

    /// Changes the value of a key, which nobody else changes meanwhile: what there is goes in, what shall be there
    /// comes out; nothing leaves it as it is.
    ///
    /// It is kept with the time; of nearly 20,000 keys, those that were changed last stay. `change` must not use the
    /// ledger, and is called once more where the file turns out to be corrupt.
    ///
    /// # Errors
    ///
    /// If the key and its value have more than 64 KiB, or the file cannot be written.
    pub fn learn(&self, key: &str, now: u64, change: &mut dyn FnMut(Option<&str>) -> Option<String>) -> Result<()> {
        self.change(Stage::Learn, |transaction| {
            let mut find = transaction.prepare_cached("SELECT json FROM learned WHERE key = ?1")?;
            let known: Option<String> = find.query_row([key], |row| row.get(0)).optional()?;
            let Some(json) = change(known.as_deref()) else { return Ok(()) };
            bounded(|| format!("what was learned of `{key:.80}`"), key.len() + json.len(), ROW_SIZE)?;
            if known.is_some() {
                let mut update = transaction.prepare_cached("UPDATE learned SET at = ?2, json = ?3 WHERE key = ?1")?;
                update.execute(params![key, int(now), json])?;
                return Ok(());
            }
            let mut insert = transaction.prepare_cached("INSERT INTO learned (key, at, json) VALUES (?1, ?2, ?3)")?;
            insert.execute(params![key, int(now), json])?;
            if transaction.last_insert_rowid() % BATCH == 0 {
                drop_oldest(transaction)?;
            }
            Ok(())
        })
    }

    /// Forgets what was learned: all of it, or of the keys that begin so. Returns of how many.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn forget(&self, prefix: Option<&str>) -> Result<usize> {
        self.change(Stage::Learn, |transaction| {
            let prefix = prefix.unwrap_or_default();
            Ok(transaction.execute("DELETE FROM learned WHERE substr(key, 1, length(?1)) = ?1", [prefix])?)
        })
    }
}

fn drop_oldest(connection: &Connection) -> Result<(), Fault> {
    let sql = "DELETE FROM learned WHERE number IN
               (SELECT number FROM learned ORDER BY at DESC, number DESC LIMIT -1 OFFSET ?1)";
    connection.prepare_cached(sql)?.execute([ROWS - BATCH])?;
    Ok(())
}
