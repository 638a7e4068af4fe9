//! The start: who speaks first, which version, and what may be asked when.

use serde_json::{Value, json};

use super::Scenario;
use crate::judge::quoted;
use crate::session::{Opening, Session};
use crate::stage::Stage;
use crate::transcript::{Event, Received};
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["ST-3"], title: "silence before `initialize`", play: silence },
    Scenario { rules: &["ST-4"], title: "a job before `initialize`", play: early_job },
    Scenario { rules: &["ST-5"], title: "versions from the future", play: future_versions },
    Scenario { rules: &["ST-6", "ST-7"], title: "only versions from the future", play: foreign_versions },
    Scenario { rules: &["ST-8"], title: "a second `initialize`", play: twice },
    Scenario { rules: &["ST-9"], title: "another start", play: again },
    Scenario { rules: &["ST-10"], title: "started by hand", play: by_hand },
    Scenario { rules: &["ST-11"], title: "a job before `configure`", play: unconfigured_job },
];

fn silence(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let mut session = Session::open(stage, "what is written before `initialize`", Opening::default())?;
    // What was written at the start stands before the answer to this.
    let ask = session.ask("ping", Some(json!({}))).or("CH-13");
    let answer = session.answer(&ask)?;
    let early = session.look(|transcript| {
        let before = transcript.entries[..answer.at].iter();
        before
            .filter_map(|entry| match &entry.event {
                Event::Received { text, what: Received::Frame(_), .. } => Some(text.clone()),
                _ => None,
            })
            .next()
    });
    if let Some(line) = early {
        session.fault("ST-3", format!("before `initialize` it wrote {line}"));
    }
    Ok(())
}

/// The parameters of a job, for a plugin of which it is not known whether it would do it.
fn some_job(stage: &Stage<'_>) -> Result<Value, Stop> {
    if stage.plan.no_jobs {
        return Err(Stop::Inapplicable("jobs were left out by `--no-jobs`".to_owned()));
    }
    let declared = &stage.facts().declared;
    let model = declared.models().find(|model| !model.capabilities().is_empty());
    let (Some(model), Some(capability)) = (model, model.and_then(|model| model.capabilities().first().copied())) else {
        return Err(Stop::Inapplicable("it declares no job".to_owned()));
    };
    let inputs = json!([{"kind": "text", "mime": "text/plain", "text": "Hello"}]);
    Ok(json!({"model": model.name(), "capability": capability, "inputs": inputs, "options": {}, "jobId": "early"}))
}

fn early_job(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let params = some_job(stage)?;
    let mut session = Session::open(stage, "a job before `initialize`", Opening::default())?;
    let ask = session.ask("transform", Some(params)).or("ST-4");
    let answer = session.answer(&ask)?;
    super::refused(&mut session, &answer, "ST-4", &[1001], "a `transform` before `initialize`")
}

fn future_versions(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let mut session = Session::open(stage, "a host that speaks later versions as well", Opening::default())?;
    let mut params = session.initialize_params();
    params["protocolVersions"] = json!(["10.0", "2.0", "1.99", crate::protocol()]);
    let ask = session.ask("initialize", Some(params)).or("ST-5");
    let answer = session.answer(&ask)?;
    let declared = super::accepted(&mut session, answer, "ST-5", "an offer of 10.0, 2.0, 1.99 and 1.0")?;
    let chosen = declared.get("protocolVersion").unwrap_or(&Value::Null);
    if chosen.is_string() && chosen != crate::protocol() {
        let why = format!("it was offered 10.0, 2.0, 1.99 and 1.0, and chose {}", quoted(chosen));
        return Err(session.broken("ST-5", why));
    }
    session.finish()
}

fn foreign_versions(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let mut session = Session::open(stage, "a host that speaks only later versions", Opening::default())?;
    let mut params = session.initialize_params();
    params["protocolVersions"] = json!(["99.0"]);
    let ask = session.ask("initialize", Some(params)).or("ST-6");
    let answer = session.answer(&ask)?;
    super::refused(&mut session, &answer, "ST-6", &[1002], "an offer of only 99.0")?;
    let supported = answer.outcome.err().map(|refusal| refusal.data.get("supported").cloned().unwrap_or_default());
    let supported = supported.unwrap_or_default();
    let lists = supported.as_array().is_some_and(|list| list.iter().any(|version| version == crate::protocol()));
    if !lists {
        session.fault(
            "ST-7",
            format!("`data.supported` is {}, and does not list {}", quoted(&supported), crate::protocol()),
        );
    }
    Ok(())
}

fn twice(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "a second `initialize`")?;
    let params = session.initialize_params();
    let ask = session.ask("initialize", Some(params)).or("ST-8");
    let answer = session.answer(&ask)?;
    super::refused(&mut session, &answer, "ST-8", &[], "a second `initialize`")?;
    let ask = session.ask("ping", Some(json!({}))).or("ST-8");
    session.answer(&ask)?;
    session.finish()
}

fn again(stage: &Stage<'_>) -> Result<(), Stop> {
    // Every session compares; this one makes sure that there is another.
    Session::begun(stage, "another start").and_then(Session::finish)
}

fn by_hand(stage: &Stage<'_>) -> Result<(), Stop> {
    let opening = Opening { cookie: false, ..Opening::default() };
    let mut session = Session::open(stage, "started by hand, without the cookie", opening)?;
    let limit = session.seconds(5.0);
    let Some(exit) = session.await_exit(limit) else {
        if stage.plan.stop.is_on() {
            return Err(Stop::Interrupted);
        }
        return Err(session.broken("ST-10", "without the cookie it did not exit with 64, but waits"));
    };
    // What it prints for people is no matter of the channel.
    session.claim_stdout();
    let says = session.look(|transcript| {
        transcript
            .entries
            .iter()
            .any(|entry| matches!(&entry.event, Event::Stderr { text, .. } if !text.trim().is_empty()))
    });
    if exit != crate::process::Exit::Code(64) {
        session.fault("ST-10", format!("without the cookie it ended with {exit}, not with code 64"));
    } else if !says {
        session.fault("ST-10", "without the cookie it exits with 64, and says nothing on stderr");
    }
    Ok(())
}

fn unconfigured_job(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::open(stage, "a job before `configure`", Opening::default())?;
    session.initialize()?;
    let done = session.odd_job(&tried.spec, "ST-11", |_| {})?;
    match &done.answer.outcome {
        Ok(_) => session.finish(),
        Err(_) => super::refused(&mut session, &done.answer, "ST-11", &[1004], "a job before `configure`"),
    }
}
