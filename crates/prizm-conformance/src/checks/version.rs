//! What hosts of later versions send.

use serde_json::json;

use super::Scenario;
use crate::session::{Opening, Session};
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["VE-1"], title: "unknown fields", play: unknown_fields },
    Scenario { rules: &["VE-2"], title: "an unknown kind of medium", play: unknown_kind },
];

fn unknown_fields(stage: &Stage<'_>) -> Result<(), Stop> {
    let facts = stage.facts();
    facts.started.clone()?;
    let mut session = Session::open(stage, "fields that nobody knows", Opening::default())?;
    let mut params = session.initialize_params();
    params["future"] = json!({"a": 1});
    params["host"]["future"] = json!(true);
    params["limits"]["futureLimit"] = json!(7);
    let ask = session.ask("initialize", Some(params)).or("VE-1");
    let answer = session.answer(&ask)?;
    super::accepted(&mut session, answer, "VE-1", "`initialize` with unknown fields")?;
    if facts.ready.is_ok() {
        let mut params = session.configure_params();
        params["future"] = json!(["a"]);
        let ask = session.ask("configure", Some(params)).or("VE-1");
        let answer = session.answer(&ask)?;
        super::accepted(&mut session, answer, "VE-1", "`configure` with an unknown field")?;
    }
    for (method, works) in [("ping", &facts.pings), ("health", &facts.health), ("models", &facts.models)] {
        if works.is_ok() {
            let ask = session.ask(method, Some(json!({"future": 1}))).or("VE-1");
            let answer = session.answer(&ask)?;
            super::accepted(&mut session, answer, "VE-1", &format!("`{method}` with an unknown field"))?;
        }
    }
    if let Ok(tried) = facts.job() {
        session.good_job(&tried.spec, "VE-1", |params| {
            params["future"] = json!("x");
            params["inputs"][0]["future"] = json!({"b": 2});
        })?;
    }
    session.finish()
}

fn unknown_kind(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job_that(|spec| !spec.inputs.is_empty(), "no job of it takes an input")?;
    stage.facts().pings.clone()?;
    let mut session = Session::ready(stage, "an input of a kind that nobody knows")?;
    let done = session.odd_job(&tried.spec, "VE-2", |params| {
        params["inputs"][0]["kind"] = json!("hologram");
        params["inputs"][0]["mime"] = json!("hologram/x-future");
    })?;
    super::refused(&mut session, &done.answer, "VE-2", &[], "an input of the kind `hologram`")?;
    let ask = session.ask("ping", Some(json!({}))).or("VE-2");
    session.answer(&ask)?;
    session.finish()
}
