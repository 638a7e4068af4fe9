//! Configuration.

use serde_json::{Value, json};

use super::Scenario;
use crate::declared;
use crate::session::{Opening, Session};
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["CF-2"], title: "a second `configure`", play: again },
    Scenario { rules: &["CF-3"], title: "a setting of the wrong type", play: wrong_type },
    Scenario { rules: &["CF-5"], title: "what becomes of secrets", play: secrets },
];

fn again(stage: &Stage<'_>) -> Result<(), Stop> {
    let mut session = Session::ready(stage, "a second `configure`")?;
    let ask = session.ask("configure", Some(session.configure_params())).or("CF-2");
    let answer = session.answer(&ask)?;
    let result = super::accepted(&mut session, answer, "CF-2", "a second `configure`")?;
    if result.get("ready") != Some(&Value::Bool(true)) {
        return Err(session.broken("CF-2", format!("a second `configure` was answered with {result}")));
    }
    session.finish()
}

/// A value that a setting's type does not allow.
fn wrong(schema: &Value) -> Option<Value> {
    schema.get("type")?;
    let others = [json!({"conformance": "object"}), json!(["list"]), json!(7.5), json!("text"), json!(true)];
    let names = ["object", "array", "number", "string", "boolean"];
    let found = names.iter().zip(others).find(|(name, _)| !declared::allows(schema, name));
    found.map(|(_, value)| value)
}

fn wrong_type(stage: &Stage<'_>) -> Result<(), Stop> {
    let facts = stage.facts();
    facts.started.clone()?;
    let none = || Stop::Inapplicable("its `configSchema` says no setting's type".to_owned());
    let (name, value) =
        facts.declared.settings().find_map(|(name, schema)| Some((name, wrong(schema)?))).ok_or_else(none)?;
    let mut session = Session::open(stage, "a setting of the wrong type", Opening::default())?;
    session.initialize()?;
    let mut params = session.configure_params();
    params["config"][name] = value.clone();
    let ask = session.ask("configure", Some(params)).or("CF-3");
    let answer = session.answer(&ask)?;
    super::refused(&mut session, &answer, "CF-3", &[1005], &format!("the setting `{name}` {value}"))
}

fn secrets(stage: &Stage<'_>) -> Result<(), Stop> {
    let facts = stage.facts();
    facts.started.clone()?;
    let Some(name) = facts.declared.secrets().next() else {
        return Err(Stop::Inapplicable("its `configSchema` marks no setting `writeOnly`".to_owned()));
    };
    let canary = format!("conformance-canary-{}", std::process::id());
    let mut session = Session::open(stage, "a secret that must not be seen again", Opening::default())?;
    session.learn_secret(name, &canary);
    session.initialize()?;
    let mut params = session.configure_params();
    params["config"][name] = json!(canary);
    // It may be refused: what counts is that it is not repeated.
    let answer = session.call("configure", Some(params.clone()))?;
    let is_ready = answer.outcome.is_ok();
    if let Some((other, value)) =
        facts.declared.settings().find_map(|(other, schema)| Some((other, wrong(schema).filter(|_| other != name)?)))
    {
        params["config"][other] = value;
        session.call("configure", Some(params))?;
    }
    if let (true, Ok(tried)) = (is_ready, facts.job()) {
        session.job(&tried.spec, |_| {})?;
    }
    if facts.health.is_ok() {
        session.call("health", Some(json!({})))?;
    }
    session.finish()
}
