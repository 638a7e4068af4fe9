//! Decisions, and what came of them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::{Fault, bounded};
use crate::sql::{int, uint};
use crate::{Ledger, LedgerError, Result, Stage};

/// How many decisions are kept.
const ROWS: i64 = 200;
/// The largest decision, with its attempts, in bytes.
const SIZE: usize = 4 * 1024 * 1024;

/// A decision, as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: String,
    /// When it was taken, in milliseconds since 1970.
    pub at: u64,
    /// What was decided.
    pub json: String,
    /// What came of it, in order.
    pub attempts: Vec<String>,
}

impl Ledger {
    /// Writes a decision down, or anew; the last 200 are kept.
    ///
    /// # Errors
    ///
    /// If it has more than 4 MiB, or the file cannot be written.
    pub fn record(&self, id: &str, at: u64, json: &str) -> Result<()> {
        bounded(|| format!("the decision `{id:.80}`"), id.len() + json.len(), SIZE)?;
        self.change(Stage::Decision, |transaction| {
            let sql = "INSERT INTO decision (id, at, json) VALUES (?1, ?2, ?3)
                       ON CONFLICT (id) DO UPDATE SET at = excluded.at, json = excluded.json";
            transaction.prepare_cached(sql)?.execute(params![id, int(at), json])?;
            // Only the oldest ever go, so that their numbers have no gaps.
            let sql = "DELETE FROM decision WHERE number <= (SELECT max(number) FROM decision) - ?1";
            transaction.prepare_cached(sql)?.execute([ROWS])?;
            Ok(())
        })
    }

    /// Adds what came of a decision.
    ///
    /// # Errors
    ///
    /// If there is no such decision any more, it has more than 4 MiB then, or the file cannot be written.
    pub fn attempt(&self, decision: &str, json: &str) -> Result<()> {
        self.change(Stage::Decision, |transaction| {
            let sql = "SELECT number, octet_length(json) +
                       (SELECT coalesce(sum(octet_length(json)), 0) FROM attempt WHERE decision = number)
                       FROM decision WHERE id = ?1";
            let mut find = transaction.prepare_cached(sql)?;
            let found = find.query_row([decision], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
            let unknown = || LedgerError::Unknown { what: "decision", id: decision.to_owned() };
            let (number, size): (_, isize) = found.ok_or_else(unknown)?;
            bounded(
                || format!("the decision `{decision:.80}`, with its attempts,"),
                size.unsigned_abs() + json.len(),
                SIZE,
            )?;
            let mut insert = transaction.prepare_cached("INSERT INTO attempt (decision, json) VALUES (?1, ?2)")?;
            insert.execute(params![number, json])?;
            Ok(())
        })
    }

    /// Returns the decision with this id, or whose id alone begins so.
    ///
    /// # Errors
    ///
    /// If several ids begin so, or the file cannot be read.
    pub fn decision(&self, id_or_prefix: &str) -> Result<Option<Recorded>> {
        self.read(Stage::Decision, |transaction| {
            let sql = "SELECT id FROM decision WHERE substr(id, 1, length(?1)) = ?1 ORDER BY number DESC";
            let mut find = transaction.prepare_cached(sql)?;
            let mut ids = find.query_map([id_or_prefix], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            let id = match ids.iter().position(|id| id == id_or_prefix) {
                Some(exact) => ids.swap_remove(exact),
                None if ids.len() > 1 => {
                    return Err(LedgerError::Ambiguous { prefix: id_or_prefix.to_owned(), ids }.into());
                }
                None => match ids.pop() {
                    Some(id) => id,
                    None => return Ok(None),
                },
            };
            let mut select = transaction.prepare_cached("SELECT number, id, at, json FROM decision WHERE id = ?1")?;
            let (number, recorded) = select.query_row([id], decision)?;
            with_attempts(transaction, number, recorded).map(Some)
        })
    }

    /// Returns the last decisions, newest first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn decisions(&self, limit: usize) -> Result<Vec<Recorded>> {
        self.read(Stage::Decision, |transaction| {
            let sql = "SELECT number, id, at, json FROM decision ORDER BY number DESC LIMIT ?1";
            let mut select = transaction.prepare_cached(sql)?;
            let rows = select.query_map([int(limit as u64)], decision)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(|(number, recorded)| with_attempts(transaction, number, recorded)).collect()
        })
    }
}

fn decision(row: &Row<'_>) -> rusqlite::Result<(i64, Recorded)> {
    let recorded = Recorded { id: row.get(1)?, at: uint(row.get(2)?), json: row.get(3)?, attempts: Vec::new() };
    Ok((row.get(0)?, recorded))
}

fn with_attempts(connection: &Connection, number: i64, mut decision: Recorded) -> Result<Recorded, Fault> {
    let mut select = connection.prepare_cached("SELECT json FROM attempt WHERE decision = ?1 ORDER BY number")?;
    decision.attempts = select.query_map([number], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(decision)
}
