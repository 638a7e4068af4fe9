//! The plan, carried out: one after the other, until one succeeds or nobody else may be tried.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prizm_protocol::Charged;
use prizm_route::{
    Action, Admission, Class, Criteria, Decision, Failure, Money, OnAllGated, Replay, action, draw, second,
};

use super::listeners::note;
use super::{RoutedTransform, late};
use crate::route::attempt::{Attempt, Trace, failure};
use crate::route::memory::Reservation;
use crate::route::survey::Seat;
use crate::route::{millis, now};
use crate::{Error, ErrorKind, Outcome, Result};

/// How long is waited before a second try, at most, in milliseconds; twice as long before each further one.
const BACKOFF: u64 = 500;
/// How much more than its estimate is held of a budget, in thousandths: estimates err.
const RESERVE: u64 = 1200;

/// A plan that is carried out.
pub(super) struct Execution<'a> {
    job: &'a RoutedTransform,
    from: &'a Replay,
    decision: &'a Decision,
    seats: &'a [Seat],
    until: Option<Instant>,
    started: Instant,
    attempts: Vec<Attempt>,
    spent: Money,
    last: Option<Error>,
}

/// What becomes of the plan after a candidate.
enum Next {
    Done(Box<Outcome>),
    Another,
    Stop,
}

/// A try that the gates let pass. One that comes to nothing is withdrawn, so that another may be let pass.
struct Permit<'a> {
    seat: &'a Seat,
    model: Admission,
    provider: Admission,
    is_used: bool,
}

impl<'a> Permit<'a> {
    /// Makes one that no gate was asked for.
    fn unasked(seat: &'a Seat) -> Self {
        Self { seat, model: Admission::Normal, provider: Admission::Normal, is_used: false }
    }

    fn of(seat: &'a Seat) -> Option<Self> {
        let at = now();
        let (model, provider) = (seat.model.signals().admit(at), seat.provider().signals().admit(at));
        // Where one of the two refuses, what the other let pass is withdrawn.
        let permit = Self { seat, model, provider, is_used: false };
        (model != Admission::Refused && provider != Admission::Refused).then_some(permit)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            let at = now();
            self.seat.model.signals().withdraw(self.model, at);
            self.seat.provider().signals().withdraw(self.provider, at);
        }
    }
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        job: &'a RoutedTransform,
        from: &'a Replay,
        decision: &'a Decision,
        seats: &'a [Seat],
        started: Instant,
        until: Option<Instant>,
    ) -> Self {
        Self { job, from, decision, seats, until, started, attempts: Vec::new(), spent: Money::ZERO, last: None }
    }

    fn criteria(&self) -> &'a Criteria {
        &self.job.criteria
    }

    /// Tries who is in the plan, and returns what came of it and of every try.
    pub(super) async fn run(mut self) -> (Result<(usize, Outcome)>, Vec<Attempt>) {
        for (place, index) in self.decision.plan.iter().copied().enumerate() {
            match self.candidate(place, index).await {
                Ok(Next::Done(outcome)) => return (Ok((index, *outcome)), self.attempts),
                Ok(Next::Another) => {}
                Ok(Next::Stop) => break,
                Err(error) => {
                    self.last = Some(error);
                    break;
                }
            }
        }
        let error = self.failed();
        (Err(error), self.attempts)
    }

    /// Tries one candidate, as often as it may be.
    async fn candidate(&mut self, place: usize, index: usize) -> Result<Next> {
        let seat = &self.seats[index];
        let mut round = 0;
        loop {
            if self.is_over() {
                return Ok(Next::Stop);
            }
            if !self.may_try(index) {
                return Ok(Next::Another);
            }
            // In a panic the gates are known to be closed, and are passed all the same.
            let panics =
                self.criteria().on_all_gated == OnAllGated::Panic && self.decision.judged[index].is_only_gated();
            let permit = if panics { Some(Permit::unasked(seat)) } else { Permit::of(seat) };
            let Some(mut permit) = permit else {
                self.skipped(index, "it is to be left alone for now");
                return Ok(Next::Another);
            };
            let Some(held) = self.hold(index).await? else { return Ok(Next::Another) };
            if self.is_over() {
                return Ok(Next::Stop);
            }
            let done = self.attempt(index, held).await;
            permit.is_used = done.as_ref().err().is_none_or(|(error, failed)| error.teaches(failed.class));
            drop(permit);
            let (error, failed) = match done {
                Ok(outcome) => return Ok(Next::Done(Box::new(outcome))),
                Err(failed) => failed,
            };
            let Action { retries, falls_back } = action(&failed, &self.criteria().latitude);
            let may_retry = round < retries && self.may_try(index) && !self.is_over();
            let pause = if may_retry { self.pause(place, round, &error, &failed) } else { None };
            match pause {
                Some(pause) => {
                    self.last = Some(error);
                    round += 1;
                    tokio::time::sleep(pause).await;
                }
                None if falls_back => {
                    self.last = Some(error);
                    return Ok(Next::Another);
                }
                None => {
                    self.last = Some(with_reason(error, &failed));
                    return Ok(Next::Stop);
                }
            }
        }
    }

    /// Returns whether a provider may be tried once more, with whichever of its models.
    fn may_try(&self, index: usize) -> bool {
        let provider = self.from.snapshot.candidates[index].offer.provider.as_str();
        let is_of = |id: &str| id.strip_prefix(provider).is_some_and(|rest| rest.starts_with('/'));
        let tries = self.attempts.iter().filter(|attempt| is_of(&attempt.candidate)).count();
        tries < self.criteria().max_attempts_per_provider.max(1) as usize
    }

    /// Returns whether nothing more may begin.
    fn is_over(&self) -> bool {
        let criteria = self.criteria();
        let deadline = criteria.deadline_ms.filter(|_| criteria.strict_deadline || !self.attempts.is_empty());
        let is_late = deadline.is_some_and(|ms| millis(self.started.elapsed()) >= ms);
        let is_out = self.until.is_some_and(|until| Instant::now() >= until);
        let tries = self.attempts.len() >= criteria.max_attempts.max(1) as usize;
        is_late || is_out || tries
    }

    fn estimate(&self, index: usize) -> Money {
        self.decision.judged[index].expected.cost.value
    }

    /// Holds the money for a try; `None` where there is not so much left.
    async fn hold(&mut self, index: usize) -> Result<Option<Option<Reservation>>> {
        let criteria = self.criteria();
        let estimate = self.estimate(index);
        if criteria.max_total_cost.is_some_and(|most| self.spent.plus(estimate) > most) {
            self.skipped(index, "all tries together would cost more than `max_total_cost`");
            return Ok(None);
        }
        let Some(name) = &criteria.budget else { return Ok(Some(None)) };
        let routing = &self.job.registry.around().routing;
        let budget = routing.config.budget(name)?;
        let held = routing.memory.reserve(name, budget, estimate.times_permille(RESERVE)).await?;
        if held.is_none() {
            self.skipped(index, &format!("the budget `{name}` has not so much left"));
        }
        Ok(held.map(Some))
    }

    /// One candidate is passed over: said where nothing else is.
    fn skipped(&mut self, index: usize, why: &str) {
        let id = self.from.snapshot.candidates[index].offer.id();
        tracing::debug!(candidate = id, why, "passed over");
        self.last.get_or_insert_with(|| {
            Error::new(ErrorKind::NoneQualifies, format!("`{id}` was not tried: {why}"))
                .hinted("`prizm best CAPABILITY --explain` says who else there is, and what speaks against them")
        });
    }

    /// Tries it once.
    async fn attempt(&mut self, index: usize, mut held: Option<Reservation>) -> Result<Outcome, (Error, Failure)> {
        let seat = &self.seats[index];
        let offer = &self.from.snapshot.candidates[index].offer;
        let (candidate, at, began) = (offer.id(), now(), Instant::now());
        self.job.listeners.begins(&candidate, self.last.as_ref());
        tracing::debug!(candidate, attempt = self.attempts.len() + 1, "trying");
        let trace: Arc<Mutex<Trace>> = Arc::default();
        let estimate = self.estimate(index);
        held.iter_mut().for_each(|held| held.follow(&trace, estimate));
        let transform = self.job.listeners.listen(self.job.with(seat), &trace);
        let done = match self.until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(left) if left.is_zero() => Err(late(self.job.timeout.unwrap_or_default())),
            Some(left) => transform.timeout(left).outcome().await,
            None => transform.outcome().await,
        };
        let trace = *note(&trace);
        let elapsed_ms = millis(began.elapsed());
        let mut attempt = Attempt {
            candidate,
            at,
            elapsed_ms,
            class: None,
            message: None,
            cost: None,
            accepted: trace.accepted.is_some(),
        };
        let (spent, result) = match done {
            Ok(outcome) => {
                attempt.cost = self.job.registry.around().routing.charged_for(&outcome);
                (Some(attempt.cost.unwrap_or(estimate)), Ok(outcome))
            }
            Err(error) => {
                let keeps_keys = self.job.idempotency_key.is_some() && offer.features.contains("idempotency");
                let failed = failure(&error, &trace, offer.location, keeps_keys);
                attempt.class = Some(failed.class);
                // What is wrong with a job may quote it, and attempts are kept.
                let message = || error.to_string().chars().take(500).collect();
                attempt.message = (error.kind() != ErrorKind::Usage).then(message);
                attempt.accepted = failed.accepted;
                tracing::info!(candidate = attempt.candidate, class = failed.class.as_str(), "a try failed");
                let may_cost = failed.accepted || failed.class == Class::Indeterminate;
                let was_charged = failed.charged == Charged::Yes || (may_cost && failed.charged != Charged::No);
                (was_charged.then_some(estimate), Err((error, failed)))
            }
        };
        self.spent = self.spent.plus(spent.unwrap_or(Money::ZERO));
        if let Some(held) = held {
            held.settle(spent.unwrap_or(Money::ZERO)).await;
        }
        self.attempts.push(attempt);
        result
    }

    /// How long is waited before the same candidate is tried again; `None` where another is better.
    fn pause(&self, place: usize, round: u32, error: &Error, failed: &Failure) -> Option<Duration> {
        let asked = error.provider_error().and_then(|error| error.details().retry_after_ms);
        let pause = match (failed.class, asked) {
            (Class::RateLimited, Some(asked)) => asked,
            (Class::RateLimited, None) => return None,
            (_, asked) => {
                let most = BACKOFF << round.min(6);
                draw(self.from.request.seed, &format!("pause {round}"), most).max(asked.unwrap_or(0))
            }
        };
        let left = self.until.map(|until| millis(until.saturating_duration_since(Instant::now())));
        let soft = self.criteria().deadline_ms.map(|ms| ms.saturating_sub(millis(self.started.elapsed())));
        let longest = left.into_iter().chain(soft).min().unwrap_or(60_000);
        if pause >= longest {
            return None;
        }
        if failed.class == Class::RateLimited {
            // Another is taken, unless even the wait comes to less.
            let score =
                |place: usize| self.decision.plan.get(place).map(|index| self.decision.judged[*index].score.total);
            let request = &self.from.request;
            let worth = second(&request.capability, &request.criteria).nanos().saturating_mul(pause) / 1_000_000;
            let waits = score(place)?.saturating_add(i64::try_from(worth).unwrap_or(i64::MAX));
            if self.criteria().allow_fallbacks && score(place + 1).is_some_and(|next| next <= waits) {
                return None;
            }
        }
        Some(Duration::from_millis(pause))
    }

    /// Returns the last error, with the tries before it.
    fn failed(&mut self) -> Error {
        let last = self.last.take();
        let error = last.unwrap_or_else(|| late(self.job.timeout.unwrap_or_else(|| self.started.elapsed())));
        if self.attempts.len() < 2 {
            return error;
        }
        let told = self.attempts.iter().map(|attempt| {
            let class = attempt.class.map_or("ok", Class::as_str);
            let message = attempt.message.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
            format!("\n  - {} ({class}): {message}", attempt.candidate)
        });
        error.after(&format!("{} tries failed:{}", self.attempts.len(), told.collect::<String>()))
    }
}

/// Says why nobody else is asked, where that is not the error itself.
fn with_reason(error: Error, failed: &Failure) -> Error {
    let why = match failed {
        _ if matches!(failed.class, Class::Cancelled | Class::InvalidInput | Class::ContentPolicy) => return error,
        Failure { committed: true, .. } => "a part of the result was handed out before: nobody else was asked",
        Failure { accepted: true, .. } => {
            "a remote system had accepted the job and may charge for it: it was not submitted again, which \
             `allow_duplicate_charge` permits"
        }
        Failure { class: Class::Indeterminate, .. } => {
            "nobody knows whether a remote system had begun: it was not submitted again, which \
             `allow_duplicate_charge` permits"
        }
        _ => return error,
    };
    error.hinted(why)
}
