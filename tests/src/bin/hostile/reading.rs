//! Readers that take less than they must, or make more of it.

use std::process::exit;

use serde_json::{Value, json};

use crate::message::{BYTE_ORDER_MARK, Request};
use crate::mode::{Deed, Mode};
use crate::session::Session;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("dies-at-crlf", "Exits with 70 at a line that ends with CRLF.")
        .line(|session, line| die_if(session, line.ends_with(b"\r\n"))),
    Mode::new("dies-at-bom", "Exits with 70 at a byte order mark.")
        .line(|session, line| die_if(session, line.starts_with(BYTE_ORDER_MARK))),
    Mode::new("dies-at-noise", "Exits with 70 at a line that is no message.").line(|session, line| {
        let blank = line.trim_ascii().is_empty();
        die_if(session, !blank && is_noise(line))
    }),
    Mode::new("answers-noise", "Answers a line that is no message, with the id null.").line(|session, line| {
        if line.trim_ascii().is_empty() || !is_noise(line) {
            return Deed::Nothing;
        }
        let error = json!({"code": -32700, "message": "that is no message"});
        session.output.send(&json!({"jsonrpc": "2.0", "id": null, "error": error}));
        Deed::Done
    }),
    Mode::new("dies-at-unknown-notification", "Exits with 70 at a notification that it does not know.")
        .unknown_notification(|_| exit(70)),
    Mode::new("forgets-long-lines", "Throws lines over 512 KiB away.")
        .line(|_, line| if line.len() > 512 << 10 { Deed::Done } else { Deed::Nothing }),
    Mode::new("dies-at-oversized-line", "Exits with 70 at a line over the limit.").oversized(|_| exit(70)),
    Mode::new("refuses-unknown-fields", "Refuses parameters with a field that it does not know.").asked(refuse_unknown),
    Mode::new("dies-at-unknown-kind", "Exits with 70 at an input of a kind that it does not know.").asked(
        |session, request| {
            let known = ["text", "image", "audio", "video", "3d"];
            let mut inputs = request.params["inputs"].as_array().into_iter().flatten();
            let unknown = inputs.any(|input| input["kind"].as_str().is_some_and(|kind| !known.contains(&kind)));
            die_if(session, unknown)
        },
    ),
];

/// The fields that 1.0 has.
const KNOWN: &[&str] = &[
    "protocolVersions",
    "host",
    "limits",
    "instanceId",
    "config",
    "services",
    "model",
    "capability",
    "inputs",
    "options",
    "jobId",
    "jobDir",
    "deadlineMs",
    "idempotencyKey",
    "resume",
];

fn is_noise(line: &[u8]) -> bool {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    !serde_json::from_slice::<Value>(line).is_ok_and(|message| message["jsonrpc"] == "2.0")
}

fn die_if(session: &Session, so: bool) -> Deed {
    if so {
        session.witness.own_up();
        exit(70)
    }
    Deed::Nothing
}

fn refuse_unknown(session: &mut Session, request: &mut Request) -> Deed {
    let known = ["initialize", "configure", "models", "transform", "estimate", "health", "ping", "shutdown"];
    let fields = request.params.as_object().into_iter().flatten();
    let Some((name, _)) = fields
        .into_iter()
        .find(|(name, _)| known.contains(&request.method.as_str()) && !KNOWN.contains(&name.as_str()))
    else {
        return Deed::Nothing;
    };
    session.output.refuse(request.id, -32602, &format!("unknown field `{name}`"));
    Deed::Done
}
