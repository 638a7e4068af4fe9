//! Beginnings that break one rule each.

use serde_json::{Value, json};

use crate::channel::bend;
use crate::mode::{Deed, Mode};
use crate::session::Stage;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("speaks-first", "Sends `$/log` before it reads anything.").launch(|session| {
        session.output.notify("$/log", json!({"level": "info", "message": "here I am"}));
    }),
    Mode::new("works-before-initialize", "Does a job that comes before `initialize`.").asked(|session, request| {
        if session.stage != Stage::Started || request.method != "transform" {
            return Deed::Nothing;
        }
        session.work_at_once(request)
    }),
    Mode::new("wants-one-version", "Refuses a list of more versions than one.").asked(|session, request| {
        let offered = request.params["protocolVersions"].as_array().map_or(0, Vec::len);
        if request.method != "initialize" || offered < 2 {
            return Deed::Nothing;
        }
        let data = json!({"kind": "UnsupportedProtocolVersion", "retryable": false, "supported": ["1.0"]});
        session.output.fail(request.id, 1002, "one version, please", data);
        Deed::Done
    }),
    Mode::new("takes-any-version", "Declares 1.0 although it was not offered.").asked(|_, request| {
        let offered = request.params["protocolVersions"].as_array();
        if request.method != "initialize" || offered.is_none_or(|offered| offered.contains(&json!("1.0"))) {
            return Deed::Nothing;
        }
        request.params["protocolVersions"] = json!(["1.0"]);
        Deed::Bent
    }),
    Mode::new("hides-its-versions", "Refuses versions without saying which it speaks.").sends(|message| {
        let data = message.pointer_mut("/error/data").and_then(Value::as_object_mut);
        data.is_some_and(|data| data.remove("supported").is_some())
    }),
    Mode::new("initializes-again", "Answers a second `initialize` with its declaration.").asked(|session, request| {
        if request.method != "initialize" || session.stage == Stage::Started {
            return Deed::Nothing;
        }
        session.output.answer(request.id, session.declaration());
        Deed::Done
    }),
    Mode::new("another-version-each-start", "Declares its pid as a part of its version.").declare(|declaration| {
        declaration["provider"]["version"] = json!(format!("1.0.{}", std::process::id()));
    }),
    Mode::new("runs-without-cookie", "Waits for a host that did not start it.").cookieless(|_| {}),
    Mode::new("breaks-before-configure", "Refuses a job before `configure` with -32603.").sends(|message| {
        message["error"]["code"] == 1004 && bend(&mut message["error"], internal("something went wrong"))
    }),
];

/// An error that says nothing.
pub fn internal(message: &str) -> Value {
    json!({"code": -32603, "message": message})
}
