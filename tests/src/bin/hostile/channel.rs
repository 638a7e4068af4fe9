//! Frames that break the rules for writers, beside an answer that is good.

use serde_json::{Value, json};

use crate::mode::{Deed, Mode};
use crate::wire::{MAX_LINE, Style};

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
    Mode::new("forgets-the-limit", "Writes what it has to write, however short the frames that the host reads.").asked(
        |session, request| {
            if request.method != "transform" || session.output.limit >= MAX_LINE {
                return Deed::Nothing;
            }
            session.output.limit = usize::MAX;
            Deed::Bent
        },
    ),
    Mode::new("answers-twice", "Answers each job twice, with the same.").transform(|session, job| {
        job.report(&session.output);
        session.finish(&job);
        session.finish(&job);
    }),
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
