//! What was seen in all sessions, and what that says of a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::examine::Outcome;
use crate::facts::Facts;
use crate::stage::Finished;
use crate::survey::Survey;
use crate::transcript::Transcript;
use crate::verdict::Stop;
use crate::{Plan, Verdict, checks, judge};

/// What was seen in all sessions.
#[derive(Default)]
pub(crate) struct Evidence {
    /// The first breach of each rule, in the order of the checks.
    faults: BTreeMap<&'static str, (String, Arc<Transcript>)>,
    seen: BTreeSet<&'static str>,
    sessions: Vec<Arc<Transcript>>,
}

impl Evidence {
    /// Takes what came of sessions, and judges what was said in them.
    pub(crate) fn take(&mut self, finished: &[Finished], plan: &Plan) {
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

    /// Returns every session, where they are kept.
    pub(crate) fn sessions(self) -> Vec<Arc<Transcript>> {
        self.sessions
    }

    /// Returns what is known of a rule.
    pub(crate) fn verdict(&self, rule: &str, survey: &Survey, outcomes: &[Outcome]) -> Verdict {
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
            Some(Stop::Ended(why)) => Verdict::Blocked { by: None, why },
            Some(Stop::Failed(error)) => Verdict::Blocked { by: None, why: error.to_string() },
            Some(Stop::Interrupted) => Verdict::Blocked { by: None, why: "interrupted".to_owned() },
        }
    }
}

/// Why nothing was seen of a rule.
fn unseen(rule: &str, facts: &Facts) -> Stop {
    let none = || {
        let why =
            checks::EVERYWHERE.iter().find(|(id, _)| *id == rule).map_or("nothing was seen of it", |(_, why)| why);
        Stop::Inapplicable(why.to_owned())
    };
    if matches!(rule, "MD-3" | "MD-4" | "MD-5" | "MD-6") && facts.ready.is_ok() && !facts.has_files() {
        return none();
    }
    let jobs = facts.trials.iter().find_map(|trial| trial.outcome.clone().err());
    let worked = facts.trials.iter().any(|trial| trial.outcome.is_ok());
    let stops = [facts.started.clone().err(), facts.ready.clone().err(), jobs.filter(|_| !worked)];
    stops.into_iter().flatten().next().unwrap_or_else(none)
}
