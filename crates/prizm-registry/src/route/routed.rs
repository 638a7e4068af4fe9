//! A job that nobody in particular does: whoever is best, and the next best where that fails.

mod execution;
mod listeners;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prizm_protocol::methods::notifications::{Accepted, Progress};
use prizm_protocol::{Capability, ModelId, ProviderId};
use prizm_route::{Criteria, Decision, Explain, Judged, OnAllGated, Replay, Report, Request, decide};
use serde_json::{Map, Value};

use self::execution::Execution;
use self::listeners::Listeners;
use super::fit::options_for;
use super::memory::Made;
use super::survey::Seat;
use super::{Attempt, Job, Survey};
use crate::registry::Registry;
use crate::transform::LONGEST;
use crate::{Chunk, Error, ErrorKind, Media, Model, Outcome, Result, Transform};

/// How long those who are to be left alone are waited for where no deadline says it, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

/// A job that has not begun, and that whoever is best will do. It begins when it is awaited; dropping it
/// cancels it.
///
/// This is the only place where a job is tried again. Work that a remote system has taken is never submitted
/// a second time, and no other provider begins once a part of the result has been handed out.
#[must_use = "a transform does nothing until it is awaited"]
pub struct RoutedTransform {
    registry: Registry,
    capability: Capability,
    criteria: Criteria,
    job: Job,
    timeout: Option<Duration>,
    idempotency_key: Option<String>,
    listeners: Listeners,
}

/// What came of a job, who did it, and who tried before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Routed {
    /// What came of it.
    pub outcome: Outcome,
    /// The provider that did it.
    pub provider: ProviderId,
    /// Its model.
    pub model: ModelId,
    /// The name of the decision, to be looked up.
    pub decision: String,
    /// Every try, the last of which succeeded.
    pub attempts: Vec<Attempt>,
}

impl RoutedTransform {
    pub(crate) fn new(registry: Registry, capability: Capability, input: Media) -> Self {
        let criteria = registry.default_criteria();
        let job = Job { inputs: vec![input], options: Map::new(), wishes: Vec::new() };
        let listeners = Listeners::default();
        Self { registry, capability, criteria, job, timeout: None, idempotency_key: None, listeners }
    }

    /// Sets what the choice goes by; by default what the configuration says.
    pub fn criteria(mut self, criteria: Criteria) -> Self {
        self.criteria = criteria;
        self
    }

    /// Sets an option. Who does not have it is not chosen, unless `require_parameters` is false.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.job.options.insert(name.into(), value.into());
        self
    }

    /// Sets options.
    pub fn options(mut self, options: Map<String, Value>) -> Self {
        self.job.options.extend(options);
        self
    }

    /// Wishes an option: whoever has it is given the first of the values that it takes, and nobody is left out
    /// for want of it.
    pub fn wish(mut self, name: impl Into<String>, values: Vec<Value>) -> Self {
        self.job.wishes.push((name.into(), values));
        self
    }

    /// Adds an input, such as one with a role.
    pub fn input(mut self, input: impl Into<Media>) -> Self {
        self.job.inputs.push(input.into());
        self
    }

    /// Hears how far it is, whoever does it.
    pub fn on_progress(self, listener: impl FnMut(Progress) + Send + 'static) -> Self {
        self.listeners.set_progress(listener);
        self
    }

    /// Hears partial results in order. From the first on nobody else is tried: the caller has begun to use it.
    pub fn on_chunk(self, listener: impl FnMut(Chunk) + Send + 'static) -> Self {
        self.listeners.set_chunk(listener);
        self
    }

    /// Hears when a remote system has taken the job.
    pub fn on_accepted(self, listener: impl FnMut(Accepted) + Send + 'static) -> Self {
        self.listeners.set_accepted(listener);
        self
    }

    /// Hears of every try when it begins, by its `provider/model`, and of the failure before it.
    pub fn on_attempt(self, listener: impl FnMut(&str, Option<&Error>) + Send + 'static) -> Self {
        self.listeners.set_attempt(listener);
        self
    }

    /// Bounds how long it may take in all, the choice and every try included; unbounded by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout.min(LONGEST));
        self
    }

    /// Names the job: two with one key are one, where the provider says that it keeps to that.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Says who would do it, and why. Nothing is called, and nothing is changed.
    ///
    /// # Errors
    /// The budget is not known, or what was spent of it is not.
    pub fn explain(&self) -> Result<Report> {
        let survey = self.registry.survey(self.request(0), Some(&self.job))?;
        Ok(Report::of(survey.request, survey.snapshot))
    }

    /// Checks everything that can be checked without starting anything.
    ///
    /// # Errors
    /// Nobody qualifies; or the inputs or the options fit nobody, which is said as of a single model then.
    pub fn check(&self) -> Result<()> {
        let survey = self.registry.survey(self.request(0), Some(&self.job))?;
        let decision = decide(&survey.request, &survey.snapshot);
        if decision.plan.is_empty() { Err(self.refused(survey, &decision)) } else { Ok(()) }
    }

    /// Says why nobody does it. Where the job is at fault with everybody who is set up, that is its caller's to mend.
    fn refused(&self, survey: Survey, decision: &Decision) -> Error {
        let is_set_up = |judged: &&Judged| !judged.against.iter().any(|reason| reason.code.is_of_setup());
        let is_of_job = |judged: &Judged| judged.against.iter().all(|reason| reason.code.is_of_job());
        let mut ready = survey.seats.iter().zip(&decision.judged).filter(|(_, judged)| is_set_up(judged)).peekable();
        let first = ready.peek().map(|(seat, _)| *seat).filter(|_| ready.all(|(_, judged)| is_of_job(judged)));
        let wrong = first.and_then(|seat| self.with(seat).check().err());
        wrong.unwrap_or_else(|| {
            none_qualifies(&Report::tell(Replay { request: survey.request, snapshot: survey.snapshot }, decision))
        })
    }

    /// Makes it the job of one model.
    fn with(&self, seat: &Seat) -> Transform {
        let around = Arc::clone(self.registry.around());
        let model = Model::new(Arc::clone(&seat.entry), around, Arc::clone(&seat.offers.info), seat.index);
        let options = options_for(model.info(), &self.capability, &self.job, self.criteria.require_parameters);
        let mut inputs = self.job.inputs.iter().cloned();
        let first = inputs.next().unwrap_or_else(|| Media::text(""));
        let transform = model.transform(first).capability(self.capability.clone()).options(options);
        let transform = inputs.fold(transform, Transform::input);
        match &self.idempotency_key {
            Some(key) => transform.idempotency_key(key),
            None => transform,
        }
    }

    fn request(&self, seed: u64) -> Request {
        Request { capability: self.capability.clone(), criteria: self.criteria.clone(), seed }
    }

    /// Does the job and returns everything that came of it.
    ///
    /// # Errors
    /// Nobody qualifies, or everybody who does and may be tried fails: the last error is returned, and names
    /// the tries before.
    pub async fn outcome(self) -> Result<Routed> {
        let started = Instant::now();
        let timeout = self.timeout;
        let work = self.work(started);
        match timeout {
            // Each try has a deadline of its own; this one bounds the waits between them.
            Some(timeout) => tokio::time::timeout(timeout.saturating_add(Duration::from_secs(5)), work)
                .await
                .unwrap_or_else(|_| Err(late(timeout))),
            None => work.await,
        }
    }

    async fn work(self, started: Instant) -> Result<Routed> {
        let memory = &self.registry.around().routing.memory;
        let until = self.timeout.map(|timeout| started + timeout);
        let deadline = Duration::from_millis(self.criteria.deadline_ms.unwrap_or(LONGEST_WAIT)).min(LONGEST);
        let waits_until = until.into_iter().chain([started + deadline]).min().unwrap_or(started);
        self.registry.know_all().await?;
        let mut request = self.request(memory.next_seed());
        let (survey, decision) = loop {
            let survey = self.registry.survey(request.clone(), Some(&self.job))?;
            let decision = decide(&survey.request, &survey.snapshot);
            let Some(at) = decision.wait_until else { break (survey, decision) };
            let wait = Duration::from_millis(at.saturating_sub(survey.snapshot.now).max(1));
            if Instant::now() + wait > waits_until {
                // It would be too late: nobody is waited for.
                request.criteria.on_all_gated = OnAllGated::Fail;
                continue;
            }
            tracing::info!(?wait, "everybody is to be left alone for now; waiting");
            tokio::time::sleep(wait).await;
        };
        if decision.plan.is_empty() {
            return Err(self.refused(survey, &decision));
        }
        let from = Replay { request: survey.request, snapshot: survey.snapshot };
        let id = from.decision_id();
        let execution = Execution::new(&self, &from, &decision, &survey.seats, started, until);
        let (done, attempts) = execution.run().await;
        let served = done.as_ref().ok().map(|(index, _)| from.snapshot.candidates[*index].offer.id());
        if self.criteria.explain != Explain::None {
            memory.record(Made { from, decision, attempts: attempts.clone() });
        }
        let (index, outcome) = done?;
        if let (Some(key), Some(served)) = (&self.criteria.session_key, served) {
            memory.served(key.clone(), served).await;
        }
        let seat = &survey.seats[index];
        let (provider, model) = (seat.offers.info.id.clone(), seat.offers.info.models[seat.index].id.clone());
        Ok(Routed { outcome, provider, model, decision: id, attempts })
    }
}

impl Error {
    /// Makes the error of a choice that nobody qualifies for; nothing where somebody does.
    ///
    /// # Errors
    /// It names every candidate, and what speaks against it.
    pub fn unless_qualified(report: &Report) -> Result<()> {
        if report.selected.is_some() { Ok(()) } else { Err(none_qualifies(report)) }
    }
}

/// Makes the error of a choice that nobody qualifies for: it names every candidate and what speaks against it.
pub(crate) fn none_qualifies(report: &Report) -> Error {
    let capability = &report.capability;
    if report.candidates.is_empty() {
        return Error::new(ErrorKind::NoneQualifies, format!("no provider has the capability `{capability}`"))
            .hinted("`prizm providers` lists what the known providers can do")
            .with_decision(report.clone());
    }
    let lines = report.candidates.iter().map(|candidate| {
        let reasons: Vec<_> = candidate.reasons.iter().map(ToString::to_string).collect();
        format!("\n  - {}: {}", candidate.id, reasons.join("; "))
    });
    let when = report.earliest_available_at.iter().map(|at| format!(" before {at}"));
    let message =
        format!("no provider qualifies for `{capability}`{}:{}", when.collect::<String>(), lines.collect::<String>());
    let hint = match (report.relaxations.first(), &report.earliest_available_at) {
        (Some(relaxation), _) => {
            format!("{} would be chosen with: {}", relaxation.admits, relaxation.change.join(", "))
        }
        (None, Some(at)) => format!("try again at {at}"),
        (None, None) => "`prizm providers` lists what the known providers can do".to_owned(),
    };
    Error::new(ErrorKind::NoneQualifies, message).hinted(hint).with_decision(report.clone())
}

fn late(timeout: Duration) -> Error {
    Error::new(ErrorKind::Deadline, format!("the job was not done within {timeout:?}"))
        .at("call")
        .hinted("give it more time")
}

impl IntoFuture for RoutedTransform {
    type Output = Result<Media>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Media>> + Send>>;

    /// Does the job and returns its first output.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Routed { outcome, provider, .. } = self.outcome().await?;
            outcome.outputs.into_iter().next().ok_or_else(|| {
                Error::new(ErrorKind::Plugin, format!("provider `{provider}` answered without any output"))
            })
        })
    }
}

impl std::fmt::Debug for RoutedTransform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoutedTransform")
            .field("capability", &self.capability)
            .field("job", &self.job)
            .finish_non_exhaustive()
    }
}
