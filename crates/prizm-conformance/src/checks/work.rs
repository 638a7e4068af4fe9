//! Jobs that should succeed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scenario, frames};
use crate::judge::quoted;
use crate::session::Session;
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["TR-9"], title: "one job after the other", play: one_after_the_other },
    Scenario { rules: &["TR-10"], title: "text of all kinds", play: any_text },
    Scenario { rules: &["TR-11"], title: "a deadline that is nearly over", play: deadline },
    Scenario { rules: &["TR-12"], title: "`resume` and `idempotencyKey`", play: resumed },
    Scenario { rules: &["MD-7"], title: "what happens after the answer", play: afterwards },
    Scenario { rules: &[], title: "a host that takes small frames only", play: frames::small_limit },
];

/// How long a job is to take that something else must happen beside, in milliseconds: longer than any
/// answer is waited for.
pub(super) fn long(session: &Session<'_>) -> u64 {
    u64::try_from(session.seconds(20.0).as_millis()).unwrap_or(u64::MAX)
}

/// How long a job's directory is watched after its answer, in seconds.
const AFTERWARDS: f64 = 0.25;

fn one_after_the_other(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "one job after the other")?;
    session.good_job(&tried.spec, "TR-1", |_| {})?;
    for _ in 0..2 {
        session.good_job(&tried.spec, "TR-9", |_| {})?;
    }
    session.finish()
}

/// Text that is a trap for whoever takes it for syntax.
const TRAPS: &[&str] = &[
    "\"quoted\" 'quoted' `quoted` \\\" \\n \\u0041 \\",
    "two\nlines\r\nand\ttabs\r",
    "déjà vu, 狐, Ελλάδα, שלום, 🦊, 👩‍👩‍👧‍👦, e\u{301}, \u{10ffff}",
    "\u{2028}\u{2029}\u{85}\u{feff}\u{200b}\u{202e}\u{7f}\u{1}\u{1b}[31m",
    "$(id) ${HOME} %s %n {0} {{x}} <b>&amp;</b> '; DROP TABLE a; -- | && # // /* -->",
    " leading and trailing ",
];

fn any_text(stage: &Stage<'_>) -> Result<(), Stop> {
    let takes_text = |spec: &crate::job::JobSpec| spec.takes == Some(prizm_protocol::MediaKind::Text);
    let tried = stage.facts().job_that(takes_text, "no job of it takes text")?;
    let all = TRAPS.join("\n");
    for is_escaped in [false, true] {
        let mut session = Session::ready(stage, "text that holds quotes, line ends, and all of Unicode")?;
        let (mut params, directory) = session.prepare(&tried.spec, false)?;
        let input =
            params["inputs"].as_array_mut().and_then(|inputs| inputs.iter_mut().find(|it| it["kind"] == "text"));
        let Some(input) = input else { return Err(Stop::Inapplicable("the text is given as a file".to_owned())) };
        input["text"] = json!(all);
        let mut running = session.send_job_as(&tried.spec, params, directory.as_deref(), is_escaped);
        running.ask = running.ask.or("TR-10");
        let done = session.finish_job(running)?;
        let how = if is_escaped { ", all of it escaped," } else { "" };
        if let Err(refusal) = &done.answer.outcome {
            return Err(session.broken("TR-10", format!("a text with traps{how} was answered with {refusal}")));
        }
        if let Some(text) = done.text().filter(|text| tried.echoes && *text != all) {
            let lost = first_difference(&all, text);
            return Err(session.broken("TR-10", format!("the text{how} came back changed: {lost}")));
        }
        session.finish()?;
    }
    Ok(())
}

fn first_difference(sent: &str, came: &str) -> String {
    let same = sent.chars().zip(came.chars()).take_while(|(a, b)| a == b).count();
    let piece = |text: &str| {
        let text: String = text.chars().skip(same.saturating_sub(4)).take(16).collect();
        quoted(&Value::from(text))
    };
    let named = |text: &str| match text.chars().nth(same) {
        Some(c) => format!("U+{:04X}", u32::from(c)),
        None => "the end".to_owned(),
    };
    format!("{} instead of {}, in {} instead of {}", named(came), named(sent), piece(came), piece(sent))
}

fn deadline(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "a deadline that is nearly over")?;
    let done = session.odd_job(&tried.spec, "TR-11", |params| params["deadlineMs"] = json!(1))?;
    if done.answer.outcome.is_err() {
        super::refused(&mut session, &done.answer, "TR-11", &[1101, -32800], "a job with `deadlineMs` 1")?;
    }
    session.finish()
}

fn resumed(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    for (name, value) in [("idempotencyKey", json!("conformance-1")), ("resume", json!({"remoteId": "conformance-1"}))]
    {
        let mut session = Session::ready(stage, &format!("a job with `{name}`"))?;
        let done = session.odd_job(&tried.spec, "TR-12", |params| params[name] = value)?;
        let Err(refusal) = &done.answer.outcome else {
            session.finish()?;
            continue;
        };
        let is_by_name = match refusal.code {
            Some(1000..) => true,
            Some(-32602) => refusal.message.contains(name),
            None => return Err(Stop::Blocked { by: "ER-1", why: format!("the job was answered with {refusal}") }),
            _ => false,
        };
        if !is_by_name {
            return Err(session.broken("TR-12", format!("a job with `{name}` was answered with {refusal}")));
        }
        session.finish()?;
    }
    Ok(())
}

fn afterwards(stage: &Stage<'_>) -> Result<(), Stop> {
    let with_files = |spec: &crate::job::JobSpec| !spec.is_text_only();
    let tried = stage.facts().job_that(with_files, "no job of it has a directory")?;
    let mut session = Session::ready(stage, "what happens in `jobDir` after the answer")?;
    session.good_job(&tried.spec, "TR-1", |_| {})?;
    // Nothing tells when nothing will happen any more; what happens later is seen when the process has ended.
    session.watch_jobs(session.seconds(AFTERWARDS).max(Duration::from_millis(150)));
    session.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_shown() {
        assert_eq!(
            first_difference("abcdefgh", "abcdXfgh"),
            "U+0058 instead of U+0065, in \"abcdXfgh\" instead of \"abcdefgh\""
        );
        assert_eq!(
            first_difference("0123456789", "01234567"),
            "the end instead of U+0038, in \"4567\" instead of \"456789\""
        );
    }
}
