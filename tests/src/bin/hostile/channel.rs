//! Frames that break the rules for writers, beside an answer that is good.

use serde_json::{Value, json};

use crate::mode::Mode;
use crate::wire::Style;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("frame-without-jsonrpc", "Sends a notification without `jsonrpc`, then answers.").transform(
        |session, job| {
            session.output.frame(r#"{"method":"$/log","params":{"level":"info","message":"which protocol is this?"}}"#);
            session.begin(job);
        },
    ),
    Mode::new("no-line-before-frames", "Puts no line feed before its frames.")
        .launch(|session| session.output.style = Style::Glued),
    Mode::new("ids-as-floats", "Answers ids over 2^31 as numbers with a fraction.").sends(
        |message| match message["id"].as_u64().filter(|id| *id > 1 << 31) {
            Some(id) => bend(&mut message["id"], json!(id as f64)),
            None => false,
        },
    ),
    Mode::new("log-over-the-limit", "Sends `$/log` that is longer than the host reads, then answers.").transform(
        |session, job| {
            let words = "x".repeat(session.output.limit);
            let params = json!({"level": "info", "message": words});
            session.output.frame(&json!({"jsonrpc": "2.0", "method": "$/log", "params": params}).to_string());
            session.begin(job);
        },
    ),
    Mode::new("notifies-without-dollar", "Sends the notification `log`, which is no `$/…`, then answers.").transform(
        |session, job| {
            session.output.notify("log", json!({"level": "info", "message": "is anybody there?"}));
            session.begin(job);
        },
    ),
];

/// Sets a value; it has been altered.
pub fn bend(place: &mut Value, value: Value) -> bool {
    *place = value;
    true
}
