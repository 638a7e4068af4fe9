//! The first session: how the plugin starts, what it declares, how it ends, with nothing else beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::declared::{self, Declared};
use crate::facts::Facts;
use crate::judge;
use crate::judge::quoted;
use crate::session::{Opening, Session};
use crate::stage::{Finished, Stage};
use crate::verdict::Stop;
use crate::{Error, Plan, Subject};

/// The rules about the declaration.
pub(crate) const DECLARATION: &[&str] = &[
    "DE-1", "DE-2", "DE-3", "DE-4", "DE-5", "DE-6", "DE-7", "DE-8", "DE-9", "DE-10", "DE-11", "DE-12", "DE-13",
    "DE-14", "DE-15", "DE-16", "DE-17", "DE-18", "DE-19",
];

/// The rules that are judged here, beside those.
pub(crate) const RULES: &[&str] = &["ST-1", "ST-2", "CF-1", "ME-2", "ME-3", "ME-4"];

/// How soon a declaration should be there, in seconds.
const SOON: f64 = 3.0;

/// What the survey found.
pub(crate) struct Survey {
    pub(crate) facts: Facts,
    /// The rules of which nothing can be said, and why.
    pub(crate) stops: BTreeMap<&'static str, Stop>,
    pub(crate) finished: Vec<Finished>,
}

/// Makes the survey.
pub(crate) fn survey(subject: &Subject, plan: &Plan) -> Result<Survey, Error> {
    let stage = Stage::new(subject, plan, None);
    let mut session = match Session::open(&stage, "how it starts and ends", Opening::default()) {
        Ok(session) => session,
        Err(stop) => return Err(error(stop)),
    };
    let mut survey = Survey { facts: Facts::default(), stops: BTreeMap::new(), finished: Vec::new() };
    let surveyed = survey.walk(&mut session, plan);
    drop(session);
    survey.finished = stage.into_finished();
    match surveyed {
        Err(stop @ (Stop::Interrupted | Stop::Failed(_))) => Err(error(stop)),
        _ => Ok(survey),
    }
}

/// What ends the whole examination.
pub(crate) fn error(stop: Stop) -> Error {
    match stop {
        Stop::Interrupted => Error::Interrupted,
        Stop::Failed(error) => Arc::try_unwrap(error).unwrap_or_else(|error| Error::Machine(error.to_string())),
        Stop::Ended(why) | Stop::Inapplicable(why) | Stop::Blocked { why, .. } => Error::Machine(why),
    }
}

impl Survey {
    fn walk(&mut self, session: &mut Session<'_>, plan: &Plan) -> Result<(), Stop> {
        let started = self.initialize(session);
        self.facts.started = started.clone();
        let configured = started.and_then(|()| configure(session, &self.facts.declared, plan));
        self.facts.ready = configured.clone();
        // To refuse what lacks a key is what the rule wants.
        let alive = match configured {
            Ok(()) | Err(Stop::Inapplicable(_)) => Ok(()),
            Err(stop) => Err(stop),
        };
        self.stop(&["CF-1"], &alive);
        self.facts.pings = self.step(session, &alive, "ME-2", ping)?;
        self.facts.health = self.step(session, &alive, "ME-4", health)?;
        let declared = self.facts.declared.clone();
        let ready = self.facts.ready.is_ok();
        self.facts.models = self.step(session, &alive, "ME-3", |session| models(session, &declared, ready))?;
        let stops = [&self.facts.pings, &self.facts.health, &self.facts.models].map(Result::is_ok);
        if alive.is_ok() && stops == [true; 3] && !session.is_silent() {
            self.facts.ends_well = session.end_politely().is_ok() && !session.is_at_fault_of(&["EN-5", "EN-9"]);
        }
        Ok(())
    }

    fn stop(&mut self, rules: &[&'static str], outcome: &Result<(), Stop>) {
        if let Err(stop) = outcome {
            for rule in rules {
                self.stops.insert(rule, stop.clone());
            }
        }
    }

    /// Takes a step that the next one does not need.
    fn step(
        &mut self,
        session: &mut Session<'_>,
        alive: &Result<(), Stop>,
        rule: &'static str,
        step: impl FnOnce(&mut Session<'_>) -> Result<(), Stop>,
    ) -> Result<Result<(), Stop>, Stop> {
        let outcome = alive.clone().and_then(|()| step(session));
        self.stop(&[rule], &outcome);
        match outcome {
            Err(stop @ (Stop::Interrupted | Stop::Failed(_))) => Err(stop),
            outcome => Ok(outcome),
        }
    }

    fn initialize(&mut self, session: &mut Session<'_>) -> Result<(), Stop> {
        let params = session.initialize_params();
        let declared = session.call("initialize", Some(params)).and_then(|answer| {
            let limit = session.seconds(SOON);
            if answer.took > limit {
                let (took, limit) = (answer.took.as_secs_f64(), limit.as_secs_f64());
                session.fault(
                    "ST-2",
                    format!("`initialize` was answered after {took:.1} s, which is more than {limit} s"),
                );
            }
            match answer.outcome {
                Ok(value) => Ok(Declared::new(value)),
                Err(refusal) if refusal.code == Some(1002) => {
                    Err(session.broken("ST-5", format!("it was offered {}, and refused: {refusal}", crate::protocol())))
                }
                Err(refusal) => Err(session.broken("DE-1", format!("instead of a declaration came {refusal}"))),
            }
        });
        let declared = match declared {
            Ok(declared) => declared,
            Err(stop) => {
                let stopped = Err(stop.clone());
                self.stop(&["ST-1", "ST-2"], &stopped);
                self.stop(DECLARATION, &stopped);
                return stopped;
            }
        };
        let chosen = declared.text("/protocolVersion");
        if chosen.is_some_and(|chosen| chosen != crate::protocol()) {
            let chosen = quoted(&chosen.into());
            session.fault("ST-5", format!("it was offered {} only, and chose {chosen}", crate::protocol()));
        }
        let found = judge::declaration::judge(&declared, session.stage.subject.manifest.as_ref());
        for rule in DECLARATION.iter().filter(|rule| !found.seen.contains(**rule)) {
            self.stops.insert(rule, unseen(rule, &found.faults, session.stage.subject));
        }
        for fault in found.faults {
            session.fault(fault.rule, fault.why);
        }
        session.learn(&declared);
        self.facts.declared = declared;
        Ok(())
    }
}

/// Why nothing was seen of a rule about the declaration.
fn unseen(rule: &str, faults: &[crate::verdict::Fault], subject: &Subject) -> Stop {
    let why = match rule {
        "DE-9" => "no model has `options`, `inputs` or prices of a capability",
        "DE-10" | "DE-18" => "no model has `options`",
        "DE-11" => "no model has a price",
        "DE-19" => "no model has `features`, `quality` or `typicalMs`, and there is no `dataPolicy`",
        "DE-13" | "DE-14" => "it declares no `configSchema`",
        "DE-15" if subject.lies_beside_a_manifest() => {
            "no manifest was given to compare with; `--manifest prizm.toml` gives the one that is there"
        }
        "DE-15" => "no manifest was given to compare with",
        _ => match faults.iter().find(|fault| fault.rule == "DE-1") {
            Some(fault) => return Stop::Blocked { by: "DE-1", why: fault.why.clone() },
            None => "it declares no such thing",
        },
    };
    Stop::Inapplicable(why.to_owned())
}

fn configure(session: &mut Session<'_>, declared: &Declared, plan: &Plan) -> Result<(), Stop> {
    let params = session.configure_params();
    let answer = session.call("configure", Some(params))?;
    match answer.outcome {
        Ok(result) if result.get("ready") == Some(&Value::Bool(true)) => Ok(()),
        Ok(result) => Err(session.broken("CF-1", format!("`configure` was answered with {}", quoted(&result)))),
        Err(refusal) if matches!(refusal.code, Some(1004 | 1005)) => {
            let message: String = refusal.message.chars().take(200).collect();
            Err(Stop::Inapplicable(format!("it is not configured: {message}; {}", remedy(declared, plan))))
        }
        Err(refusal) => Err(session.broken("CF-1", format!("`configure` was answered with {refusal}"))),
    }
}

/// What the user can give that a plugin may lack.
pub(crate) fn remedy(declared: &Declared, plan: &Plan) -> String {
    let required = declared::required(declared.value().get("configSchema"));
    let lacking = required.into_iter().chain(declared.secrets()).find(|name| !plan.settings.contains_key(*name));
    let name = lacking.unwrap_or("NAME");
    format!("give it its settings with `--set {name}=VALUE`")
}

fn ping(session: &mut Session<'_>) -> Result<(), Stop> {
    let answer = session.call("ping", Some(json!({})))?;
    match answer.outcome {
        Ok(Value::Object(_)) => Ok(()),
        Ok(other) => Err(session.broken("ME-2", format!("`ping` was answered with {}", quoted(&other)))),
        Err(refusal) => Err(session.broken("ME-2", format!("`ping` was answered with {refusal}"))),
    }
}

fn health(session: &mut Session<'_>) -> Result<(), Stop> {
    let answer = session.call("health", Some(json!({})))?;
    match answer.outcome {
        Ok(health) => match unhealthy(&health) {
            Some(why) => Err(session.broken("ME-4", why)),
            None => Ok(()),
        },
        Err(refusal) => Err(session.broken("ME-4", format!("`health` was answered with {refusal}"))),
    }
}

fn unhealthy(health: &Value) -> Option<String> {
    let status = health.get("status").unwrap_or(&Value::Null);
    if !["healthy", "degraded", "unhealthy"].iter().any(|word| status == word) {
        return Some(format!("the `status` of `health` is {}", quoted(status)));
    }
    ["uptimeMs", "activeJobs", "queuedJobs"].iter().find_map(|name| {
        let value = health.get(*name).unwrap_or(&Value::Null);
        value.as_u64().is_none().then(|| format!("`{name}` of `health` is {}", quoted(value)))
    })
}

fn models(session: &mut Session<'_>, declared: &Declared, is_ready: bool) -> Result<(), Stop> {
    let answer = session.call("models", Some(json!({})))?;
    let result = match answer.outcome {
        Ok(result) => result,
        Err(refusal) if matches!(refusal.code, Some(1004 | 1005)) && !is_ready => {
            return Err(Stop::Inapplicable(format!("it is not configured: {}", refusal.message)));
        }
        Err(refusal) => return Err(session.broken("ME-3", format!("`models` was answered with {refusal}"))),
    };
    let Some(list) = result.get("models").filter(|models| models.is_array()) else {
        return Err(session.broken("ME-3", format!("`models` was answered with {}", quoted(&result))));
    };
    let misshapen = judge::model::misshapen(list);
    let mut found = judge::Findings::default();
    judge::model::judge(&Declared::new(result.clone()), &declared.capabilities(), &mut found);
    // What only should be so is told once, of the declaration.
    let wrong = found.faults.iter().find(|fault| !matches!(fault.rule, "DE-17" | "DE-18"));
    match misshapen.or_else(|| wrong.map(|fault| format!("{} ({})", fault.why, fault.rule))) {
        // The very same models have been judged where they were declared.
        Some(_) if Some(list) == declared.value().get("models") => Ok(()),
        Some(why) => Err(session.broken("ME-3", why)),
        None => Ok(()),
    }
}
