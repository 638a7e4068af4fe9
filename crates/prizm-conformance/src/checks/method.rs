//! The small methods.

use serde_json::{Value, json};

use super::Scenario;
use crate::judge::quoted;
use crate::session::Session;
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["ME-1"], title: "an unknown method", play: unknown },
    Scenario { rules: &["ME-5"], title: "`estimate`", play: estimate },
    Scenario { rules: &["ME-6"], title: "methods without `params`", play: without_params },
    Scenario { rules: &["ME-7"], title: "`ping` while a job runs", play: busy },
];

fn unknown(stage: &Stage<'_>) -> Result<(), Stop> {
    let mut session = Session::begun(stage, "methods that nobody knows")?;
    for method in ["conformance/unknown", "$/unknown"] {
        let ask = session.ask(method, Some(json!({}))).or("ME-1");
        let answer = session.answer(&ask)?;
        super::refused(&mut session, &answer, "ME-1", &[-32601], &format!("the method `{method}`"))?;
        super::named(&mut session, &answer, method);
    }
    session.finish()
}

fn estimate(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "an estimate")?;
    let inputs = tried.spec.inputs.iter().map(|input| {
        let mut medium = json!({"kind": input.sample.kind, "mime": input.sample.mime});
        if let Some(role) = &input.role {
            medium["role"] = json!(role);
        }
        medium
    });
    let params = json!({"model": tried.spec.model, "capability": tried.spec.capability,
                        "options": tried.spec.options, "inputs": inputs.collect::<Vec<_>>()});
    let ask = session.ask("estimate", Some(params)).or("ME-5");
    let answer = session.answer(&ask)?;
    match &answer.outcome {
        Ok(result) => {
            if let Some(why) = bad_estimate(result) {
                return Err(session.broken("ME-5", why));
            }
        }
        Err(_) => super::refused(&mut session, &answer, "ME-5", &[-32601], "`estimate`")?,
    }
    session.finish()
}

fn bad_estimate(result: &Value) -> Option<String> {
    if !result.is_object() {
        return Some(format!("`estimate` was answered with {}", quoted(result)));
    }
    let field = |name: &str| result.get(name).filter(|value| !value.is_null());
    let cost =
        field("cost").filter(|cost| cost.as_str().is_none_or(|cost| cost.parse::<prizm_protocol::Decimal>().is_err()));
    if let Some(cost) = cost {
        return Some(format!("`cost` of the estimate is {}, not a decimal string", quoted(cost)));
    }
    let is_currency = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let currency = field("currency").filter(|value| !value.as_str().is_some_and(is_currency));
    if let Some(currency) = currency {
        return Some(format!("`currency` of the estimate is {}", quoted(currency)));
    }
    let time = field("timeMs").filter(|time| time.as_u64().is_none())?;
    Some(format!("`timeMs` of the estimate is {}", quoted(time)))
}

fn without_params(stage: &Stage<'_>) -> Result<(), Stop> {
    let facts = stage.facts();
    let mut session = Session::begun(stage, "methods without `params`")?;
    let known = [("ping", &facts.pings), ("health", &facts.health), ("models", &facts.models)];
    for (method, with_params) in known {
        // Where it does not work with `params` either, that is another rule's matter.
        if with_params.is_ok() {
            let ask = session.ask(method, None).or("ME-6");
            let answer = session.answer(&ask)?;
            super::accepted(&mut session, answer, "ME-6", &format!("`{method}` without `params`"))?;
        }
    }
    if facts.ends_well {
        let ask = session.ask("shutdown", None).or("ME-6");
        let answer = session.answer(&ask)?;
        super::accepted(&mut session, answer, "ME-6", "`shutdown` without `params`")?;
        return session.exit();
    }
    Ok(())
}

fn busy(stage: &Stage<'_>) -> Result<(), Stop> {
    let facts = stage.facts();
    facts.ready.clone()?;
    if !facts.declared.promises_pings() {
        return Err(Stop::Inapplicable("its `liveness` is not `ping`".to_owned()));
    }
    let tried = facts.job()?;
    facts.pings.clone()?;
    let mut session = Session::ready(stage, "`ping` while a job runs")?;
    let options = tried.spec.delayed(super::work::long(&session));
    let running = session.start_job(&tried.spec, |params| {
        if let Some(options) = options {
            params["options"] = json!(options);
        }
    })?;
    let ask = session.ask("ping", Some(json!({}))).or("ME-7");
    session.answer(&ask)?;
    session.notify("$/cancelRequest", Some(json!({"id": running.ask.id})));
    // What becomes of the job is no matter of this check.
    Ok(())
}
