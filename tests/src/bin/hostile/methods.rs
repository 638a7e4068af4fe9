//! Settings and small methods that are answered badly.

use serde_json::{Value, json};

use crate::channel::bend;
use crate::mode::{Deed, Mode};
use crate::session::Stage;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("configures-once", "Refuses a second `configure`.").asked(|session, request| {
        if request.method != "configure" || session.stage < Stage::Configured {
            return Deed::Nothing;
        }
        session.output.refuse(request.id, -32600, "it is configured already");
        Deed::Done
    }),
    Mode::new("takes-any-setting", "Takes settings of the wrong types.").asked(|_, request| {
        let config = request.params.get_mut("config").and_then(Value::as_object_mut);
        let Some(config) = config.filter(|_| request.method == "configure") else { return Deed::Nothing };
        let wrong = |name: &str, value: &Value| match name {
            "apiKey" | "greeting" => !value.is_string(),
            "steps" => !value.is_i64(),
            _ => false,
        };
        let all = config.len();
        config.retain(|name, value| !wrong(name, value));
        if config.len() < all { Deed::Bent } else { Deed::Nothing }
    }),
    Mode::new("startup-while-working", "Sends `$/startup` while it works, then answers.").transform(|session, job| {
        session.output.notify("$/startup", json!({"stage": "load-weights", "fraction": 0.5}));
        session.begin(job);
    }),
    Mode::new("prints-secret", "Says `apiKey` on stderr when it is configured with one.").asked(|_, request| {
        let Some(key) = request.params["config"]["apiKey"].as_str() else { return Deed::Nothing };
        eprintln!("hostile: the key is {key}");
        Deed::Bent
    }),
    Mode::new("answers-unknown-methods", "Answers methods that it does not know with an empty object.").asked(
        |session, request| {
            let known = ["initialize", "configure", "models", "transform", "estimate", "health", "ping", "shutdown"];
            if known.contains(&request.method.as_str()) {
                return Deed::Nothing;
            }
            session.output.answer(request.id, json!({}));
            Deed::Done
        },
    ),
    Mode::new("ping-says-pong", "Answers `ping` with a text.")
        .ping(|session, id| session.output.answer(id, json!("pong"))),
    Mode::new("estimate-lies", "Estimates the time by a word.").sends(|message| {
        message["result"].get("timeMs").is_some() && bend(&mut message["result"]["timeMs"], json!("soon"))
    }),
    Mode::new("wants-params", "Refuses `models` and `health` without parameters.").asked(|session, request| {
        if !request.params.is_null() || !["models", "health"].contains(&request.method.as_str()) {
            return Deed::Nothing;
        }
        session.output.refuse(request.id, -32602, "`params` is missing");
        Deed::Done
    }),
    Mode::new("ping-waits-for-jobs", "Answers `ping` only when no job is in flight.").asked(|session, request| {
        if request.method != "ping" || session.jobs.is_empty() {
            return Deed::Nothing;
        }
        session.later.push(request.id);
        Deed::Done
    }),
];
