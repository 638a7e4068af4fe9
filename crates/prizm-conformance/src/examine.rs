//! The examination: how the plugin starts, a job of each kind, then every check that was asked for.

use std::sync::{Mutex, PoisonError};

use crate::checks::{self, Scenario};
use crate::crowd::Crowd;
use crate::evidence::Evidence;
use crate::facts::{Facts, Trial};
use crate::job::Given;
use crate::report::{Check, Report};
use crate::stage::{Finished, Stage};
use crate::survey::{self, Survey, survey};
use crate::verdict::Stop;
use crate::{Error, Plan, Subject, requirement, requirements, trial};

/// How far an examination is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Checks that are done.
    pub done: usize,
    /// All of them, as far as is known.
    pub of: usize,
    /// What has been checked last.
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
    let given = Given::new(plan)?;
    let scenarios = needed(plan);
    let crowd = Crowd::new(plan, watch, scenarios.len() + 1);
    let mut survey = survey(subject, plan)?;
    crowd.done("how it starts and ends");
    let trials = attempt_all(subject, &given, &mut survey, &crowd)?;
    let outcomes = play_all(subject, plan, &survey.facts, &scenarios, &crowd)?;
    let mut evidence = Evidence::default();
    evidence.take(&survey.finished, plan);
    trials.iter().for_each(|finished| evidence.take(finished, plan));
    outcomes.iter().for_each(|outcome| evidence.take(&outcome.finished, plan));
    let wanted = requirements().filter(|rule| plan.wants(&rule.id));
    let checks =
        wanted.map(|rule| Check { requirement: rule, verdict: evidence.verdict(&rule.id, &survey, &outcomes) });
    Ok(Report { command: subject.to_string(), checks: checks.collect(), sessions: evidence.sessions() })
}

/// The checks that the wanted rules need. What is judged over every session needs them all.
fn needed(plan: &Plan) -> Vec<&'static Scenario> {
    let everywhere = requirements().any(|rule| plan.wants(&rule.id) && checks::is_everywhere(&rule.id));
    let wanted = |scenario: &&Scenario| everywhere || scenario.rules.iter().any(|rule| plan.wants(rule));
    checks::all().filter(wanted).collect()
}

/// Does a job of each capability, and notes in the survey what came of it.
fn attempt_all(
    subject: &Subject,
    given: &Given<'_>,
    survey: &mut Survey,
    crowd: &Crowd<'_>,
) -> Result<Vec<Vec<Finished>>, Error> {
    if let Err(stop) = survey.facts.ready.clone() {
        survey.stops.insert(trial::RULE, stop);
        return Ok(Vec::new());
    }
    let capabilities = trial::capabilities(&survey.facts.declared, given);
    crowd.expect(capabilities.len());
    // A plugin that is silent once is not waited for with every capability.
    let silence: Mutex<Option<Stop>> = Mutex::default();
    let facts = &survey.facts;
    let tried = crowd.each(&capabilities, |capability| {
        let stage = Stage::new(subject, given.plan, Some(facts));
        let known = silence.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let silent = |stop| Trial { spec: None, outcome: Err(stop) };
        let trial = known.map_or_else(|| trial::attempt(&stage, capability, given), silent);
        if let Err(stop @ Stop::Blocked { by: "CH-13", .. }) = &trial.outcome {
            *silence.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop.clone());
        }
        crowd.done(&format!("a job of {capability}"));
        (trial, stage.into_finished())
    })?;
    let (trials, finished): (Vec<_>, Vec<_>) = tried.into_iter().unzip();
    ended(trials.iter().map(|trial: &Trial| trial.outcome.as_ref().err()))?;
    if !trials.iter().any(|trial| trial.outcome.is_ok()) {
        let none = || Stop::Inapplicable("it declares no capability that was asked for".to_owned());
        let stop = trials.iter().find_map(|trial| trial.outcome.clone().err()).unwrap_or_else(none);
        survey.stops.insert(trial::RULE, stop);
    }
    survey.facts.trials = trials;
    Ok(finished)
}

/// What came of a check.
pub(crate) struct Outcome {
    pub(crate) scenario: &'static Scenario,
    pub(crate) stop: Option<Stop>,
    finished: Vec<Finished>,
}

fn play_all(
    subject: &Subject,
    plan: &Plan,
    facts: &Facts,
    scenarios: &[&'static Scenario],
    crowd: &Crowd<'_>,
) -> Result<Vec<Outcome>, Error> {
    let outcomes = crowd.each(scenarios, |scenario| {
        let stage = Stage::new(subject, plan, Some(facts));
        let stop = (scenario.play)(&stage).err();
        crowd.done(scenario.title);
        Outcome { scenario, stop, finished: stage.into_finished() }
    })?;
    ended(outcomes.iter().map(|outcome| outcome.stop.as_ref()))?;
    Ok(outcomes)
}

/// What ends the whole examination, if anything did.
fn ended<'a>(stops: impl Iterator<Item = Option<&'a Stop>>) -> Result<(), Error> {
    match stops.flatten().find(|stop| matches!(stop, Stop::Interrupted | Stop::Failed(_))) {
        Some(stop) => Err(survey::error(stop.clone())),
        None => Ok(()),
    }
}
