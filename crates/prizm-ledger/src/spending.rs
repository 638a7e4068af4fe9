//! What was spent: all of it in one number, and lately in slots of time.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::BudgetTerms;
use crate::error::Fault;
use crate::sql::{int, uint};

/// How many slots a window has: as many rows are read to know what was spent in it.
const SLOTS: u64 = 256;
/// How many windows long slots are kept: a budget of a day may become one of a month, and still be true.
const WINDOWS: u64 = 32;
/// The window of a budget that has none, in milliseconds: it may get one.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Adds up what is read in two halves, because the database fails where a sum has more than 64 bits.
pub(crate) fn sum(row: &Row<'_>) -> rusqlite::Result<u64> {
    let [high, low] = [row.get::<_, Option<i64>>(0)?, row.get(1)?].map(|half| u128::from(uint(half.unwrap_or(0))));
    Ok(u64::try_from((high << 32) + low).unwrap_or(u64::MAX))
}

/// Returns what was spent of a budget, in its window.
pub(crate) fn spent(connection: &Connection, budget: &BudgetTerms<'_>, now: u64) -> Result<u64, Fault> {
    let Some(per) = budget.per else {
        let mut select = connection.prepare_cached("SELECT total FROM budget WHERE id = ?1")?;
        let total = select.query_row([budget.id], |row| row.get(0)).optional()?;
        return Ok(uint(total.unwrap_or(0)));
    };
    let sql = "SELECT sum(amount >> 32), sum(amount & 0xffffffff) FROM spending WHERE budget = ?1 AND last > ?2";
    Ok(connection.prepare_cached(sql)?.query_row(params![budget.id, before(now, per)], sum)?)
}

/// Returns when the oldest spending leaves the window.
pub(crate) fn next(connection: &Connection, budget: &BudgetTerms<'_>, now: u64) -> Result<Option<u64>, Fault> {
    let Some(per) = budget.per else { return Ok(None) };
    let sql = "SELECT min(last) FROM spending WHERE budget = ?1 AND last > ?2";
    let mut select = connection.prepare_cached(sql)?;
    let last: Option<i64> = select.query_row(params![budget.id, before(now, per)], |row| row.get(0))?;
    Ok(last.map(|last| uint(last).saturating_add(per)))
}

/// Notes that there is such a budget, and that its spending matters for so long.
pub(crate) fn note(connection: &Connection, budget: &BudgetTerms<'_>) -> Result<(), Fault> {
    let sql = "INSERT INTO budget (id, total, widest) VALUES (?1, 0, ?2)
               ON CONFLICT (id) DO UPDATE SET widest = excluded.widest WHERE widest < excluded.widest";
    connection.prepare_cached(sql)?.execute(params![budget.id, int(budget.per.unwrap_or(0))])?;
    Ok(())
}

/// Adds what was spent of a budget that was noted, and forgets the slots that no window has any more.
pub(crate) fn add(connection: &Connection, budget: &str, per: Option<u64>, amount: u64, now: u64) -> Result<(), Fault> {
    if amount == 0 {
        return Ok(());
    }
    let amount = int(amount);
    // A sum that cannot be counted any more is the largest number.
    let sql = "UPDATE budget SET total = min(total, 0x7fffffffffffffff - ?2) + ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![budget, amount])?;
    let window = per.unwrap_or(DAY);
    let slot = now - now % (window / SLOTS).max(1);
    let sql = "INSERT INTO spending (budget, slot, last, amount) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (budget, slot) DO UPDATE SET
               last = max(last, excluded.last),
               amount = min(amount, 0x7fffffffffffffff - excluded.amount) + excluded.amount";
    connection.prepare_cached(sql)?.execute(params![budget, int(slot), int(now), amount])?;
    let sql = "DELETE FROM spending WHERE budget = ?1
               AND last <= ?2 - max(?3, (SELECT widest FROM budget WHERE id = ?1))";
    let kept = window.saturating_mul(WINDOWS);
    connection.prepare_cached(sql)?.execute(params![budget, int(now), int(kept)])?;
    Ok(())
}

/// Returns the last time that is not in a window any more.
fn before(now: u64, per: u64) -> i64 {
    // A window that is longer than all of time has everything in it.
    now.checked_sub(per).map_or(-1, int)
}
