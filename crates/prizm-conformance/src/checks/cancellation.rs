//! Cancellation and concurrency.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Scenario;
use super::work::long;
use crate::facts::Tried;
use crate::media::sample;
use crate::session::{Done, Running, Session};
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["CA-1"], title: "cancelled jobs", play: cancelled },
    Scenario { rules: &["CA-2"], title: "a cancellation of nothing", play: nothing },
    Scenario { rules: &["CA-3"], title: "work after a cancellation", play: after },
    Scenario { rules: &["CO-1", "CO-2"], title: "jobs at once", play: at_once },
    Scenario { rules: &["CO-3"], title: "a job too many", play: too_many },
];

/// The most jobs at once where they cost nothing, and where they may.
const FREE_JOBS: u64 = 64;
const PAID_JOBS: u64 = 4;

fn cancellable<'a>(stage: &Stage<'a>) -> Result<&'a Tried, Stop> {
    let tried = stage.facts().job()?;
    if stage.facts().declared.is_restarted() {
        return Err(Stop::Inapplicable("its `cancel` is `restart`: it is killed instead".to_owned()));
    }
    Ok(tried)
}

/// Starts a job that takes long, where the plugin has such a job.
fn start_long(session: &mut Session<'_>, tried: &Tried) -> Result<Running, Stop> {
    let options = tried.spec.delayed(long(session));
    session.start_job(&tried.spec, |params| {
        if let Some(options) = options {
            params["options"] = json!(options);
        }
    })
}

fn cancel(session: &mut Session<'_>, running: Running) -> Result<Done, Stop> {
    session.notify("$/cancelRequest", Some(json!({"id": running.ask.id})));
    let ask = running.ask.clone().or("CA-1").within(5.0);
    session.finish_job(Running { ask, ..running })
}

fn cancelled(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = cancellable(stage)?;
    let mut session = Session::ready(stage, "jobs that are cancelled")?;
    let running = start_long(&mut session, tried)?;
    cancel(&mut session, running)?;
    // Once more, when it has begun.
    let running = start_long(&mut session, tried)?;
    let (id, at) = (running.ask.id, running.ask.at);
    session.wait_for(0.2, |transcript| {
        let said = transcript.notifications("$/progress").chain(transcript.notifications("$/chunk"));
        said.filter(|(index, _)| *index > at).any(|(_, params)| params["id"] == id)
            || transcript.answers(id).next().is_some()
    });
    cancel(&mut session, running)?;
    session.finish()
}

fn nothing(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "a cancellation of what is unknown, and of what is answered")?;
    let answered = session.ask("ping", Some(json!({})));
    session.answer(&answered)?;
    let from = session.now();
    session.notify("$/cancelRequest", Some(json!({"id": 4_000_000})));
    session.notify("$/cancelRequest", Some(json!({"id": answered.id})));
    let ask = session.ask("ping", Some(json!({}))).or("CA-2");
    session.answer(&ask)?;
    if let Some(line) = session.claim_unasked(from) {
        session.fault("CA-2", format!("a cancellation of nothing was answered: {line}"));
    }
    session.finish()
}

fn after(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = cancellable(stage)?;
    let mut session = Session::ready(stage, "work after a cancellation")?;
    let running = start_long(&mut session, tried)?;
    cancel(&mut session, running)?;
    session.good_job(&tried.spec, "CA-3", |_| {})?;
    session.finish()
}

/// How many jobs are sent at once: what the plugin says, but not more than is decent.
fn most(stage: &Stage<'_>, tried: &Tried) -> Result<u64, Stop> {
    let most = if tried.spec.is_free { FREE_JOBS } else { PAID_JOBS };
    let declared = stage.facts().declared.max_in_flight();
    let wrong = || Stop::Blocked { by: "DE-12", why: "`limits.maxInFlight` is wrong".to_owned() };
    Ok(declared.ok_or_else(wrong)?.min(most))
}

/// Starts a job that takes a moment, and says something of its own where it says anything.
fn start_numbered(session: &mut Session<'_>, tried: &Tried, number: u64) -> Result<Running, Stop> {
    let options = tried.spec.delayed(100);
    session.start_job(&tried.spec, |params| {
        if let Some(options) = options {
            params["options"] = json!(options);
        }
        let text = params["inputs"].as_array_mut().and_then(|inputs| inputs.iter_mut().find(|it| it["kind"] == "text"));
        if let Some(text) = text {
            text["text"] = json!(numbered(number));
        }
    })
}

fn numbered(number: u64) -> String {
    format!("{} {number}", sample::TEXT)
}

/// Does so many jobs at once, as the plugin declares that it can.
fn do_at_once(session: &mut Session<'_>, tried: &Tried, many: u64) -> Result<(), Stop> {
    let mut running = Vec::new();
    for number in 1..=many {
        running.push(start_numbered(session, tried, number)?);
    }
    let mut files = BTreeSet::new();
    for (running, number) in running.into_iter().zip(1..) {
        let ask = running.ask.clone().or("CO-1");
        let done = session.finish_job_as(Running { ask, ..running }, "CO-2")?;
        if let Err(refusal) = &done.answer.outcome {
            return Err(session.broken("CO-1", format!("of {many} jobs at once, one was answered with {refusal}")));
        }
        if let Some(text) = done.text().filter(|text| tried.echoes && *text != numbered(number)) {
            let (text, own) = (crate::judge::quoted(&Value::from(text)), numbered(number));
            return Err(session.broken("CO-2", format!("the job that was given \"{own}\" gave {text}")));
        }
        if let Some(file) = done.files().into_iter().find(|file| !files.insert(file.clone())) {
            return Err(session.broken("CO-2", format!("two jobs gave the file `{}`", file.display())));
        }
    }
    Ok(())
}

fn at_once(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let many = most(stage, tried)?;
    let mut session = Session::ready(stage, &format!("{many} jobs at once"))?;
    do_at_once(&mut session, tried, many)?;
    session.finish()
}

fn too_many(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let most = most(stage, tried)?;
    if stage.facts().declared.max_in_flight() != Some(most) {
        return Err(Stop::Inapplicable(format!("its `maxInFlight` is over {most}, more than is tried")));
    }
    let mut session = Session::ready(stage, &format!("{most} jobs at once, then one more than that"))?;
    // Whether it does as many as it says is another rule's matter, and comes first.
    do_at_once(&mut session, tried, most)?;
    let mut running = Vec::new();
    for number in most + 1..=2 * most + 1 {
        running.push(start_numbered(&mut session, tried, number)?);
    }
    for running in running {
        let ask = running.ask.clone().or("CO-3");
        let done = session.finish_job_as(Running { ask, ..running }, "CO-2")?;
        if done.answer.outcome.is_err() {
            super::refused(&mut session, &done.answer, "CO-3", &[1102], &format!("one of {} jobs", most + 1))?;
        }
    }
    session.finish()
}
