//! Frames that are large, and frames that come in pieces.

use serde_json::json;

use super::Scenario;
use crate::judge::quoted;
use crate::session::{MAX_FRAME, Opening, Session, request};
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["CH-10"], title: "frames that are large, together, or in pieces", play: pieces },
    Scenario { rules: &["CH-11"], title: "a frame over the limit", play: oversized },
];

/// A method that nobody has: whatever comes back, the request was read.
const NOBODY: &str = "conformance/nothing";

fn pieces(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "a frame of 1 MiB, three frames in one piece, one frame in many")?;
    let id = session.take_id();
    let large = request(id, NOBODY, Some(json!({"text": "x".repeat(1 << 20)})));
    let ask = session.ask_raw(id, NOBODY, format!("{large}\n").as_bytes()).or("CH-10");
    session.answer(&ask)?;

    let mut together = String::new();
    let mut asks = Vec::new();
    for _ in 0..3 {
        let id = session.take_id();
        let line = format!("{}\n", request(id, "ping", Some(json!({}))));
        asks.push(session.note_ask(id, "ping", &line).or("CH-10"));
        together.push_str(&line);
    }
    session.send_piece(together.as_bytes());
    for ask in &asks {
        session.answer(ask)?;
    }

    let id = session.take_id();
    let line = format!("{}\n", request(id, "ping", Some(json!({"text": "déjà vu 🦊"}))));
    let ask = session.note_ask(id, "ping", &line).or("CH-10");
    for piece in line.as_bytes().chunks(7) {
        session.send_piece(piece);
        session.await_reader();
    }
    session.answer(&ask)?;
    session.finish()
}

fn oversized(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "a frame over the limit of 8 MiB")?;
    let id = session.take_id();
    let large = request(id, NOBODY, Some(json!({"text": "x".repeat(MAX_FRAME + (64 << 10))})));
    let ask = session.ask_raw(id, NOBODY, format!("{large}\n").as_bytes());
    let ping = session.ask("ping", Some(json!({}))).or("CH-11").within(10.0);
    session.answer(&ping)?;
    if let Some(answer) = session.answer_so_far(&ask) {
        let is_refused =
            matches!(&answer.outcome, Err(refusal) if matches!(refusal.code, Some(1205 | -32600 | -32700)));
        if !is_refused {
            let said = answer.outcome.map_or_else(|refusal| refusal.to_string(), |result| quoted(&result));
            session.fault(
                "CH-11",
                format!("the frame of {} bytes was read, and answered with {said}", MAX_FRAME + (64 << 10)),
            );
        }
    }
    session.finish()
}

/// A session whose host takes less than usual belongs to CH-12, which is judged everywhere.
pub(super) fn small_limit(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job_that(|spec| spec.is_text_only(), "no job of it gives text for text")?;
    let declaration = stage.facts().declared.value().to_string().len();
    let max_frame = (declaration * 2).max(64 << 10);
    let opening = Opening { max_frame, ..Opening::default() };
    let mut session = Session::open(stage, "a host that takes small frames only", opening)?;
    session.initialize()?;
    session.configure()?;
    let text = "prizm ".repeat(max_frame / 6);
    session.job(&tried.spec, |params| params["inputs"][0]["text"] = json!(text))?;
    session.finish()
}
