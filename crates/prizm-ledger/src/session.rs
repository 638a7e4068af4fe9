//! Sessions: which candidate each had last.

use rusqlite::{OptionalExtension as _, params};

use crate::error::bounded;
use crate::sql::{int, uint};
use crate::{Ledger, Result, Stage};

/// How many sessions are kept.
const ROWS: i64 = 1_000;
/// The largest session, its key and its candidate, in bytes.
const ROW_SIZE: usize = 64 * 1024;
/// How long ago a session may have been used last, as far as the ledger knows, in milliseconds.
const PRECISION: u64 = 60_000;

impl Ledger {
    /// Returns the candidate that a session had last. The session counts as used, to the minute.
    ///
    /// # Errors
    ///
    /// If the file cannot be read and written.
    pub fn session(&self, key: &str, now: u64) -> Result<Option<String>> {
        self.run(Stage::Session, |connection| {
            let mut find = connection.prepare_cached("SELECT candidate, at FROM session WHERE key = ?1")?;
            let found = find.query_row([key], |row| Ok((row.get::<_, String>(0)?, uint(row.get(1)?)))).optional()?;
            let Some((candidate, at)) = found else { return Ok(None) };
            if at.saturating_add(PRECISION) < now {
                let mut touch = connection.prepare_cached("UPDATE session SET at = max(at, ?2) WHERE key = ?1")?;
                touch.execute(params![key, int(now)])?;
            }
            Ok(Some(candidate))
        })
    }

    /// Writes down the candidate of a session. Of more than 1,000 sessions, those that were used last are kept.
    ///
    /// # Errors
    ///
    /// If the key and the candidate have more than 64 KiB, or the file cannot be written.
    pub fn remember(&self, key: &str, candidate: &str, now: u64) -> Result<()> {
        bounded(|| format!("the session `{key:.80}`"), key.len() + candidate.len(), ROW_SIZE)?;
        self.change(Stage::Session, |transaction| {
            let sql = "INSERT INTO session (key, at, candidate) VALUES (?1, ?2, ?3)
                       ON CONFLICT (key) DO UPDATE SET at = excluded.at, candidate = excluded.candidate";
            transaction.prepare_cached(sql)?.execute(params![key, int(now), candidate])?;
            let sql = "DELETE FROM session WHERE key IN (SELECT key FROM session ORDER BY at DESC LIMIT -1 OFFSET ?1)";
            transaction.prepare_cached(sql)?.execute([ROWS])?;
            Ok(())
        })
    }
}
