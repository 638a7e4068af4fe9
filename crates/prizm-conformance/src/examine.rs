//! The examination: the survey, then every check that was asked for, several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::checks::{self, Scenario};
use crate::facts::Facts;
use crate::report::{Check, Report};
use crate::stage::{Finished, Stage};
use crate::survey::{self, Survey, survey};
use crate::transcript::Transcript;
use crate::verdict::Stop;
use crate::{Error, Plan, Subject, Verdict, judge, requirement, requirements};

/// How far an examination is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Checks that are done.
    pub done: usize,
    /// All of them.
    pub of: usize,
    /// What is being checked.
    pub title: &'a str,
}

/// Examines a plugin. `watch` is told of each step, from several threads.
///
/// # Errors
/// The plugin cannot be started at all, the plan names what there is not, the machine fails, or the
/// user ends it. That a plugin is bad is no error, but in the report.
pub fn examine(subject: &Subject, plan: &Plan, watch: &(dyn Fn(Step<'_>) + Sync)) -> Result<Report, Error> {
    if let Some(id) = plan.only.iter().chain(&plan.skip).find(|id| requirement(&id.to_ascii_uppercase()).is_none()) {
        return Err(Error::NoSuchRule { id: id.clone() });
    }
    let scenarios = needed(plan);
    watch(Step {
        done: 0,
        of: scenarios.len() + 1,
        title: "how it starts, what it declares, and one job of each kind",
    });
    let survey = survey(subject, plan)?;
    let outcomes = play(subject, plan, &survey.facts, &scenarios, watch)?;
    let mut evidence = Evidence::default();
    evidence.take(&survey.finished, plan);
    for outcome in &outcomes {
        evidence.take(&outcome.finished, plan);
    }
    let wanted = requirements().filter(|rule| plan.wants(&rule.id));
    let checks =
        wanted.map(|rule| Check { requirement: rule, verdict: evidence.verdict(&rule.id, &survey, &outcomes) });
    Ok(Report { command: subject.to_string(), checks: checks.collect(), sessions: evidence.sessions })
}

/// The checks that the wanted rules need. What is judged over every session needs them all.
fn needed(plan: &Plan) -> Vec<&'static Scenario> {
    let everywhere = requirements().any(|rule| plan.wants(&rule.id) && checks::is_everywhere(&rule.id));
    let wanted = |scenario: &&Scenario| everywhere || scenario.rules.iter().any(|rule| plan.wants(rule));
    checks::all().filter(wanted).collect()
}

/// What came of a check.
struct Outcome {
    scenario: &'static Scenario,
    stop: Option<Stop>,
    finished: Vec<Finished>,
}

fn play(
    subject: &Subject,
    plan: &Plan,
    facts: &Facts,
    scenarios: &[&'static Scenario],
    watch: &(dyn Fn(Step<'_>) + Sync),
) -> Result<Vec<Outcome>, Error> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(1));
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::default();
    let work = || {
        while let Some((index, scenario)) = take(&next, scenarios) {
            if plan.stop.is_on() {
                return;
            }
            let stage = Stage::new(subject, plan, Some(facts));
            let stop = (scenario.play)(&stage).err();
            let outcome = Outcome { scenario, stop, finished: stage.into_finished() };
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            watch(Step { done, of: scenarios.len() + 1, title: scenario.title });
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = plan.jobs.unwrap_or(cores).clamp(1, scenarios.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(index, _)| *index);
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    let ended = outcomes.iter().find_map(|outcome| match &outcome.stop {
        Some(stop @ (Stop::Interrupted | Stop::Machine(_))) => Some(survey::error(stop.clone())),
        _ => None,
    });
    match ended {
        _ if plan.stop.is_on() => Err(Error::Interrupted),
        Some(error) => Err(error),
        None => Ok(outcomes),
    }
}

fn take(next: &AtomicUsize, scenarios: &[&'static Scenario]) -> Option<(usize, &'static Scenario)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    scenarios.get(index).map(|scenario| (index, *scenario))
}

/// What was seen in all sessions.
#[derive(Default)]
struct Evidence {
    faults: BTreeMap<&'static str, (String, Arc<Transcript>)>,
    seen: BTreeSet<&'static str>,
    /// Every session, where they are to be shown.
    sessions: Vec<Arc<Transcript>>,
}

impl Evidence {
    fn take(&mut self, finished: &[Finished], plan: &Plan) {
        for session in finished {
            let found = judge::judge(&session.transcript);
            self.seen.extend(found.seen);
            self.seen.extend(&session.seen);
            let faults: Vec<_> = session.faults.iter().chain(&found.faults).collect();
            if faults.is_empty() && !plan.keep_sessions {
                continue;
            }
            let transcript = Arc::new(session.transcript.clone());
            for fault in faults {
                let entry = self.faults.entry(fault.rule);
                entry.or_insert_with(|| (fault.why.clone(), Arc::clone(&transcript)));
            }
            if plan.keep_sessions {
                self.sessions.push(transcript);
            }
        }
    }

    fn verdict(&self, rule: &str, survey: &Survey, outcomes: &[Outcome]) -> Verdict {
        if let Some((why, transcript)) = self.faults.get(rule) {
            return Verdict::Failed { why: why.clone(), transcript: Arc::clone(transcript) };
        }
        let stop = if checks::is_surveyed(rule) {
            survey.stops.get(rule).cloned()
        } else if checks::is_everywhere(rule) {
            (!self.seen.contains(rule)).then(|| unseen(rule, &survey.facts))
        } else {
            let own = outcomes.iter().find(|outcome| outcome.scenario.rules.contains(&rule));
            own.and_then(|outcome| outcome.stop.clone())
        };
        match stop {
            None => Verdict::Passed,
            Some(Stop::Inapplicable(why)) => Verdict::NotApplicable { why },
            Some(Stop::Blocked { by, why }) => Verdict::Blocked { by: Some(by), why },
            Some(Stop::Ended(why) | Stop::Machine(why)) => Verdict::Blocked { by: None, why },
            Some(Stop::Interrupted) => Verdict::Blocked { by: None, why: "interrupted".to_owned() },
        }
    }
}

/// Why nothing was seen of a rule.
fn unseen(rule: &str, facts: &Facts) -> Stop {
    let jobs = facts.trials.iter().find_map(|trial| trial.outcome.clone().err());
    let worked = facts.trials.iter().any(|trial| trial.outcome.is_ok());
    let stops = [facts.started.clone().err(), facts.ready.clone().err(), jobs.filter(|_| !worked)];
    stops.into_iter().flatten().next().unwrap_or_else(|| {
        let why =
            checks::EVERYWHERE.iter().find(|(id, _)| *id == rule).map_or("nothing was seen of it", |(_, why)| why);
        Stop::Inapplicable(why.to_owned())
    })
}
