//! How a plugin ends.

use rustix::process::Signal;
use serde_json::json;

use super::Scenario;
use super::work::long;
use crate::facts::Tried;
use crate::session::{Running, Session};
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["EN-1", "EN-4", "EN-5"], title: "`shutdown` and `exit`", play: polite },
    Scenario { rules: &["EN-2"], title: "a job after `shutdown`", play: late_job },
    Scenario { rules: &["EN-3"], title: "`shutdown` while a job runs", play: running_job },
    Scenario { rules: &["EN-6"], title: "the end of stdin", play: end_of_stdin },
    Scenario { rules: &["EN-7"], title: "the end of stdin while a job runs", play: end_of_stdin_at_work },
    Scenario { rules: &["EN-8"], title: "SIGTERM", play: terminated },
];

/// How long `exit` and the end of stdin may take, and SIGTERM.
use crate::session::end::{EXIT, TERM};

fn polite(stage: &Stage<'_>) -> Result<(), Stop> {
    Session::begun(stage, "`shutdown` and `exit`")?.end_politely()
}

fn late_job(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "a job after `shutdown`")?;
    session.shut_down()?;
    let done = session.odd_job(&tried.spec, "EN-2", |_| {})?;
    super::refused(&mut session, &done.answer, "EN-2", &[-32802], "a job after `shutdown`")?;
    session.exit()
}

/// Starts a job that still runs when something else happens, where the plugin has such a job and can
/// listen meanwhile.
fn start(session: &mut Session<'_>, tried: &Tried) -> Result<Running, Stop> {
    let is_deaf = session.stage.facts().declared.is_restarted();
    let options = tried.spec.delayed(long(session)).filter(|_| !is_deaf);
    session.start_job(&tried.spec, |params| {
        if let Some(options) = options {
            params["options"] = json!(options);
        }
    })
}

fn running_job(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "`shutdown` while a job runs")?;
    let running = start(&mut session, tried)?;
    let shutdown = session.ask("shutdown", Some(json!({})));
    let answer = session.answer(&shutdown)?;
    let job = session.answer_so_far(&running.ask);
    if job.is_none_or(|job| job.at > answer.at) {
        return Err(session.broken("EN-3", "`shutdown` was answered before the job that ran"));
    }
    session.finish_job(running)?;
    session.exit()
}

fn end_of_stdin(stage: &Stage<'_>) -> Result<(), Stop> {
    let mut session = Session::begun(stage, "the end of stdin")?;
    session.close_stdin();
    session.gone(EXIT, "EN-6", "after the end of stdin").map(drop)
}

fn end_of_stdin_at_work(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    if stage.facts().declared.is_restarted() {
        return Err(Stop::Inapplicable("its `cancel` is `restart`: it cannot listen while it works".to_owned()));
    }
    let mut session = Session::ready(stage, "the end of stdin while a job runs")?;
    start(&mut session, tried)?;
    session.await_reader();
    session.close_stdin();
    session.gone(EXIT, "EN-7", "after the end of stdin, while a job ran,").map(drop)
}

fn terminated(stage: &Stage<'_>) -> Result<(), Stop> {
    let mut session = Session::begun(stage, "SIGTERM")?;
    session.signal(Signal::TERM);
    session.gone(TERM, "EN-8", "after SIGTERM").map(drop)
}
