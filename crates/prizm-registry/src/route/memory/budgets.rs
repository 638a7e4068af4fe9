//! What may be spent, which decisions were made, and who served whom: the rest of what the ledger keeps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prizm_ledger::{BudgetTerms, Ledger, LedgerError};
use prizm_protocol::Charged;
use prizm_route::{Budget, Decision, Millis, Money, Replay, Report};

use super::{Memory, failed, lock};
use crate::blocking::blocking;
use crate::route::attempt::Trace;
use crate::route::config::BudgetConfig;
use crate::route::{Attempt, millis, now};
use crate::{Error, Result};

/// How long money is held for a call whose end is not known: whoever held it may be gone.
const LEASE: Duration = Duration::from_secs(3600);

/// How many decisions are kept.
const KEPT: usize = 200;

/// A decision that was carried out, and is not kept yet.
pub(crate) struct Made {
    pub(crate) from: Replay,
    pub(crate) decision: Decision,
    pub(crate) attempts: Vec<Attempt>,
}

/// A decision that was kept, and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// Its name.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub at: Millis,
    /// The decision, in JSON, as it was told.
    pub decision: String,
    /// What came of each attempt, in JSON.
    pub attempts: Vec<String>,
}

/// Money that is held for a call. What is dropped is given back.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    id: i64,
    is_settled: bool,
    /// The try that it is for, and what that is taken to cost.
    followed: Option<(Arc<Mutex<Trace>>, Money)>,
}

impl Reservation {
    /// Follows a try: once a remote system has the job it costs money, whoever hears how it ends.
    pub(crate) fn follow(&mut self, trace: &Arc<Mutex<Trace>>, estimate: Money) {
        self.followed = Some((Arc::clone(trace), estimate));
    }

    /// What it is taken to have cost, where nobody waited for the end.
    fn taken(&self) -> Option<Money> {
        let (trace, estimate) = self.followed.as_ref()?;
        let accepted = lock(trace).accepted;
        accepted.is_some_and(|charged| charged != Charged::No).then_some(*estimate)
    }

    /// Spends so much of it, or more.
    pub(crate) async fn settle(mut self, spent: Money) {
        self.is_settled = true;
        let (ledger, id) = (Arc::clone(&self.ledger), self.id);
        let settled = blocking(move || ledger.settle(id, spent.nanos(), now()).map_err(|error| failed(&error)));
        if let Err(error) = settled.await {
            tracing::warn!("what a call cost is not kept: {error}");
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let ended = match self.taken() {
            Some(spent) => self.ledger.settle(self.id, spent.nanos(), now()),
            None => self.ledger.release(self.id),
        };
        if let Err(error) = ended {
            tracing::warn!("money that was held is not given back: {error}");
        }
    }
}

fn terms<'a>(id: &'a str, budget: &BudgetConfig) -> BudgetTerms<'a> {
    BudgetTerms { id, limit: budget.limit.nanos(), per: budget.per }
}

impl Memory {
    /// Returns what is left of a budget.
    ///
    /// # Errors
    /// The ledger cannot be read: what was spent is not known.
    pub(crate) fn left(&self, name: &str, budget: &BudgetConfig, at: Millis) -> Result<Budget> {
        let left = self.ledger()?.left(&terms(name, budget), at).map_err(|error| failed(&error))?;
        Ok(Budget { id: name.to_owned(), left: Money::from_nanos(left.left) })
    }

    /// Holds money of a budget for a call; `None` where there is not so much left.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(crate) async fn reserve(&self, name: &str, budget: BudgetConfig, amount: Money) -> Result<Option<Reservation>> {
        let (ledger, name) = (Arc::clone(self.ledger()?), name.to_owned());
        blocking(move || match ledger.reserve(&terms(&name, &budget), amount.nanos(), now(), millis(LEASE)) {
            Ok(reserved) => Ok(Some(Reservation { id: reserved.id, ledger, is_settled: false, followed: None })),
            Err(LedgerError::Exhausted { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        })
        .await
    }

    /// Keeps a decision, and what came of it, soon: nobody waits for that.
    pub(crate) fn record(self: &Arc<Self>, made: Made) {
        let mut unwritten = lock(&self.unrecorded);
        // So many are kept in all.
        if unwritten.len() >= KEPT {
            unwritten.remove(0);
        }
        unwritten.push(made);
        drop(unwritten);
        self.write_soon();
    }

    /// Writes a decision. Where it cannot be kept, the work is done all the same.
    pub(super) fn write(&self, Made { from, decision, attempts }: Made) {
        let report = Report::tell(from, &decision);
        let (id, at) = (&report.decision_id, report.replay.snapshot.now);
        let write = || {
            let ledger = self.ledger()?;
            let told = serde_json::to_string(&report).unwrap_or_default();
            ledger.record(id, at, &told).map_err(|error| failed(&error))?;
            let told = attempts.iter().filter_map(|attempt| serde_json::to_string(attempt).ok());
            told.into_iter().try_for_each(|told| ledger.attempt(id, &told).map_err(|error| failed(&error)))
        };
        if let Err(error) = write() {
            tracing::warn!("a decision is not kept: {error}");
        }
    }

    /// Returns a decision that was kept, by its id or the beginning of it.
    pub(crate) async fn recorded(self: &Arc<Self>, id: String) -> Result<Option<Recorded>> {
        self.flush().await;
        let memory = Arc::clone(self);
        blocking(move || {
            let ledger = memory.ledger()?;
            let found = match id.as_str() {
                "last" => ledger.decisions(1).map(|all| all.into_iter().next()),
                id => ledger.decision(id),
            };
            let found = found.map_err(|error| failed(&error))?;
            Ok::<_, Error>(found.map(|found| Recorded {
                id: found.id,
                at: found.at,
                decision: found.json,
                attempts: found.attempts,
            }))
        })
        .await
    }

    /// Returns who served a session last.
    pub(crate) fn session(&self, key: &str, at: Millis) -> Option<String> {
        let ledger = self.ledger().ok()?;
        ledger.session(key, at).unwrap_or_else(|error| {
            tracing::warn!("who served a session is not known: {error}");
            None
        })
    }

    /// Remembers who served a session.
    pub(crate) async fn served(self: &Arc<Self>, key: String, candidate: String) {
        let memory = Arc::clone(self);
        let kept = blocking(move || memory.ledger()?.remember(&key, &candidate, now()).map_err(|error| failed(&error)));
        if let Err(error) = kept.await {
            tracing::warn!("who served a session is not kept: {error}");
        }
    }
}
