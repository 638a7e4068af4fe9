//! What a reader must bear.

use serde_json::json;

use super::Scenario;
use crate::session::{Opening, Session, request};
use crate::stage::Stage;
use crate::transcript::Sent;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["CH-4"], title: "CRLF and blank lines", play: line_ends },
    Scenario { rules: &["CH-5"], title: "a byte order mark", play: byte_order_mark },
    Scenario { rules: &["CH-6", "CH-7"], title: "noise", play: noise },
    Scenario { rules: &["CH-8"], title: "an unknown notification", play: unknown_notification },
    Scenario { rules: &["CH-9"], title: "the largest and the smallest id", play: ids },
];

/// The largest id.
const LARGEST: u64 = prizm_protocol::MAX_REQUEST_ID;

fn line_ends(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let mut session = Session::open(stage, "CRLF for a line end, and blank lines", Opening::default())?;
    let params = session.initialize_params();
    session.raw(b"\r\n\n\r\n", Sent::Other);
    let id = session.take_id();
    let line = format!("{}\r\n\r\n\n", request(id, "initialize", Some(params)));
    let ask = session.ask_raw(id, "initialize", line.as_bytes()).or("CH-4");
    let answer = session.answer(&ask)?;
    super::accepted(&mut session, answer, "CH-4", "`initialize`, ended by CRLF,")?;
    let id = session.take_id();
    let line = format!("{}\r\n", request(id, "ping", Some(json!({}))));
    stage.facts().pings.clone()?;
    let ask = session.ask_raw(id, "ping", line.as_bytes()).or("CH-4");
    let answer = session.answer(&ask)?;
    super::accepted(&mut session, answer, "CH-4", "`ping`, ended by CRLF,")?;
    if let Some(line) = session.claim_unasked(0) {
        session.fault("CH-4", format!("a blank line was answered: {line}"));
    }
    session.finish()
}

fn byte_order_mark(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().started.clone()?;
    let mut session = Session::open(stage, "a byte order mark before the first frame", Opening::default())?;
    let params = session.initialize_params();
    let id = session.take_id();
    let line = format!("\u{feff}{}\n", request(id, "initialize", Some(params)));
    let ask = session.ask_raw(id, "initialize", line.as_bytes()).or("CH-5");
    let answer = session.answer(&ask)?;
    super::accepted(&mut session, answer, "CH-5", "`initialize`, behind a byte order mark,")?;
    session.finish()
}

fn noise(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "lines that are no JSON-RPC object")?;
    let from = session.now();
    let batch = json!([request(LARGEST - 1, "ping", Some(json!({})))]).to_string();
    let lines: [&[u8]; 7] = [
        b"Loading...",
        b"{\"jsonrpc\":\"2.0\",\"id\"",
        b"null",
        b"7",
        b"{\"hello\":\"world\"}",
        b"\xff\xfe{}",
        batch.as_bytes(),
    ];
    for line in lines {
        session.raw(&[line, b"\n"].concat(), Sent::Other);
    }
    let ask = session.ask("ping", Some(json!({}))).or("CH-6");
    session.answer(&ask)?;
    if let Some(line) = session.claim_unasked(from) {
        session.fault("CH-7", format!("a line that is no JSON-RPC object was answered: {line}"));
    }
    session.finish()
}

fn unknown_notification(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "notifications that nobody knows")?;
    let from = session.now();
    session.notify("$/future", Some(json!({"a": [1, 2, 3]})));
    session.notify("future/happened", None);
    let ask = session.ask("ping", Some(json!({}))).or("CH-8");
    session.answer(&ask)?;
    if let Some(line) = session.claim_unasked(from) {
        session.fault("CH-8", format!("a notification was answered: {line}"));
    }
    session.finish()
}

fn ids(stage: &Stage<'_>) -> Result<(), Stop> {
    stage.facts().pings.clone()?;
    let mut session = Session::begun(stage, "the largest and the smallest id")?;
    for id in [LARGEST, 0, LARGEST - 2] {
        let ask = session.ask_as(id, "ping", Some(json!({}))).or("CH-9");
        session.answer(&ask)?;
    }
    session.finish()
}
