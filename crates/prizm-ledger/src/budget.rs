//! Budgets: money is reserved before it is spent, so that nobody spends what somebody else is about to.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::sql::{int, uint};
use crate::{Ledger, LedgerError, Result, Stage, spending};

/// How long after its lease a reservation can still be settled, in milliseconds: a week.
const AFTERLIFE: u64 = 7 * 24 * 60 * 60 * 1000;

/// The largest limit, and the largest amount that is counted.
const MAX: u64 = i64::MAX as u64;

/// What a budget allows, as its user wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetTerms<'a> {
    /// Its name: the same name is the same money.
    pub id: &'a str,
    /// How much may be spent, in billionths of a dollar.
    pub limit: u64,
    /// In which time, in milliseconds, always looking back from now; nothing: ever.
    ///
    /// Spending is counted in slots of a 256th of it, and all of a slot until the last of it is over: a little longer,
    /// never shorter.
    pub per: Option<u64>,
}

/// Money that is kept for somebody, until it is settled or released, or its lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "what is neither settled nor released is kept until its lease is over"]
pub struct Reserved {
    /// Its id, unlike that of any other.
    pub id: i64,
}

/// How a budget stands, in billionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// What can be reserved.
    pub left: u64,
    /// What was spent.
    pub spent: u64,
    /// What is reserved.
    pub reserved: u64,
}

impl Ledger {
    /// Keeps an amount for the caller until `now + lease`, if there is as much left; there is always nothing left.
    ///
    /// # Errors
    ///
    /// If there is not as much left, or the file cannot be written.
    pub fn reserve(&self, budget: &BudgetTerms<'_>, amount: u64, now: u64, lease: u64) -> Result<Reserved> {
        self.change(Stage::Budget, |transaction| {
            let Left { left, .. } = count(transaction, budget, now)?;
            if amount > left {
                // Nothing that becomes free makes room for more than all.
                let next = if amount > budget.limit { None } else { next(transaction, budget, now)? };
                let id = budget.id.to_owned();
                return Err(LedgerError::Exhausted { id, left, limit: budget.limit, next }.into());
            }
            spending::note(transaction, budget)?;
            let sql = "DELETE FROM reservation WHERE budget = ?1 AND until < ?2";
            transaction.prepare_cached(sql)?.execute(params![budget.id, int(now.saturating_sub(AFTERLIFE))])?;
            // By chance, so that no id of a ledger that was lost means anything in the next; exact in JSON.
            let sql = "INSERT INTO reservation (id, budget, until, amount, per)
                       VALUES (random() & 0x1fffffffffffff, ?1, ?2, ?3, ?4)";
            let until = int(now.saturating_add(lease));
            let row = params![budget.id, until, int(amount), budget.per.map(int)];
            transaction.prepare_cached(sql)?.execute(row)?;
            Ok(Reserved { id: transaction.last_insert_rowid() })
        })
    }

    /// Turns a reservation into what was really spent, be it more or less, and even for a week after its lease.
    ///
    /// # Errors
    ///
    /// If it was settled or released before, or the file cannot be written.
    pub fn settle(&self, id: i64, actual: u64, now: u64) -> Result<()> {
        self.change(Stage::Budget, |transaction| {
            let sql = "DELETE FROM reservation WHERE id = ?1 RETURNING budget, per";
            let mut take = transaction.prepare_cached(sql)?;
            let row = take.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)));
            let (budget, per) = row.optional()?.ok_or_else(|| unknown(id))?;
            spending::add(transaction, &budget, per.map(uint), actual, now)
        })
    }

    /// Gives a reservation back, unless it was settled or released before.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn release(&self, id: i64) -> Result<()> {
        self.change(Stage::Budget, |transaction| {
            transaction.prepare_cached("DELETE FROM reservation WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
    }

    /// Has the lease of a reservation end at `now + lease`.
    ///
    /// One that is over counts again, even where others have reserved the money meanwhile: it is going to be spent.
    ///
    /// # Errors
    ///
    /// If it was settled or released before, or the file cannot be written.
    pub fn renew(&self, id: i64, now: u64, lease: u64) -> Result<()> {
        self.change(Stage::Budget, |transaction| {
            let mut renew = transaction.prepare_cached("UPDATE reservation SET until = ?2 WHERE id = ?1")?;
            match renew.execute(params![id, int(now.saturating_add(lease))])? {
                0 => Err(unknown(id).into()),
                _ => Ok(()),
            }
        })
    }

    /// Returns how a budget stands.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn left(&self, budget: &BudgetTerms<'_>, now: u64) -> Result<Left> {
        self.read(Stage::Budget, |transaction| count(transaction, budget, now))
    }
}

fn count(connection: &Connection, budget: &BudgetTerms<'_>, now: u64) -> Result<Left, Fault> {
    let spent = spending::spent(connection, budget, now)?;
    let sql = "SELECT sum(amount >> 32), sum(amount & 0xffffffff) FROM reservation WHERE budget = ?1 AND until > ?2";
    let reserved = connection.prepare_cached(sql)?.query_row(params![budget.id, int(now)], spending::sum)?;
    let left = budget.limit.min(MAX).saturating_sub(spent.saturating_add(reserved));
    Ok(Left { left, spent, reserved })
}

/// Returns when some of the budget becomes free, if nothing else happens.
fn next(connection: &Connection, budget: &BudgetTerms<'_>, now: u64) -> Result<Option<u64>, Fault> {
    let sql = "SELECT min(until) FROM reservation WHERE budget = ?1 AND until > ?2 AND amount > 0";
    let mut select = connection.prepare_cached(sql)?;
    let lease: Option<i64> = select.query_row(params![budget.id, int(now)], |row| row.get(0))?;
    Ok(lease.map(uint).into_iter().chain(spending::next(connection, budget, now)?).min())
}

fn unknown(id: i64) -> LedgerError {
    LedgerError::Unknown { what: "reservation", id: id.to_string() }
}
