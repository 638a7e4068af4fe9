//! A job of each capability: each in a session of its own, before anything else is tried.

use crate::declared::{Declared, Model};
use crate::facts::{Trial, Tried};
use crate::job::{Given, JobSpec};
use crate::media::sample;
use crate::session::Session;
use crate::stage::Stage;
use crate::survey::remedy;
use crate::verdict::Stop;

/// The rule that is judged here.
pub(crate) const RULE: &str = "TR-1";

/// Returns the capabilities that are to be tried.
pub(crate) fn capabilities(declared: &Declared, given: &Given<'_>) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    for capability in declared.capabilities() {
        let is_asked_for = given.plan.capability.as_deref().is_none_or(|only| only == capability);
        if is_asked_for && !wanted.iter().any(|known| known == capability) {
            wanted.push(capability.to_owned());
        }
    }
    wanted
}

/// Does a job of a capability, with the first model that has it.
pub(crate) fn attempt(stage: &Stage<'_>, capability: &str, given: &Given<'_>) -> Trial {
    match prepare(stage, capability, given) {
        Ok(spec) => Trial { outcome: done(stage, &spec), spec: Some(spec) },
        Err(stop) => Trial { outcome: Err(stop), spec: None },
    }
}

fn prepare(stage: &Stage<'_>, capability: &str, given: &Given<'_>) -> Result<JobSpec, Stop> {
    let declared = &stage.facts().declared;
    if stage.plan.no_jobs {
        return Err(Stop::Inapplicable("jobs were left out by `--no-jobs`".to_owned()));
    }
    if crate::declared::capability(capability).is_none() {
        return Err(Stop::Blocked { by: "DE-4", why: format!("`{}` is no capability", capability.escape_debug()) });
    }
    let model = model(declared, capability, given)?;
    JobSpec::new(declared, model, capability, given).map_err(Stop::Inapplicable)
}

fn done(stage: &Stage<'_>, spec: &JobSpec) -> Result<Tried, Stop> {
    let (declared, capability) = (&stage.facts().declared, &spec.capability);
    let mut session = Session::ready(stage, &format!("a job of `{capability}`"))?;
    let done = session.job(spec, |_| {})?;
    match &done.answer.outcome {
        Ok(_) => {
            let echoes = done.text().is_some_and(|text| text == sample::TEXT);
            session.finish()?;
            Ok(Tried { spec: spec.clone(), echoes })
        }
        Err(refusal) if refusal.code == Some(1004) => {
            let message: String = refusal.message.chars().take(200).collect();
            Err(Stop::Inapplicable(format!("it is not configured: {message}; {}", remedy(declared, stage.plan))))
        }
        Err(refusal) => {
            let mut why = format!("a job of `{}`, `{capability}`, was answered with {refusal}", spec.model);
            if spec.inputs.iter().any(|input| input.is_sample) {
                // Nobody can know what a stranger's model works on.
                why.push_str("; its input is a sample, and `--input FILE` gives another");
            }
            Err(session.broken(RULE, why))
        }
    }
}

fn model<'a>(declared: &'a Declared, capability: &str, given: &Given<'_>) -> Result<Model<'a>, Stop> {
    let has = |model: &Model<'_>| model.capabilities().contains(&capability);
    match given.plan.model.as_deref() {
        Some(id) => match declared.model(id) {
            Some(model) if has(&model) => Ok(model),
            Some(_) => Err(Stop::Inapplicable(format!("the model `{id}` has no `{capability}`"))),
            None => Err(Stop::Inapplicable(format!("it declares no model `{id}`"))),
        },
        None => declared
            .models()
            .find(has)
            .ok_or_else(|| Stop::Blocked { by: "DE-6", why: format!("no model has the capability `{capability}`") }),
    }
}
