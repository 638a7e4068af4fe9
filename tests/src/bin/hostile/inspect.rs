//! Modes that do no harm, and tell a test what the plugin was given.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;

use serde_json::json;

use crate::mode::{Deed, Mode};
use crate::session::Stage;
use crate::sys;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("records-configure", "Answers with the parameters of the last `configure`, as JSON.")
        .transform(|session, job| session.say(&job, &session.config.to_string())),
    Mode::new(
        "careless-with-its-key",
        "Needs an apiKey, does not call it a secret, writes it to stderr, and answers with it backwards.",
    )
    .declare(|declaration| {
        let schema = &mut declaration["configSchema"];
        schema["properties"]["apiKey"] = json!({"type": "string"});
        schema["required"] = json!(["apiKey"]);
    })
    .transform(|session, job| {
        let key = session.config["config"]["apiKey"].as_str().unwrap_or_default().to_owned();
        eprintln!("hostile: my key is {key}");
        session.say(&job, &key.chars().rev().collect::<String>());
    }),
    Mode::new("configures-slowly", "Takes --ms (500) for each `configure`, and answers with the last one, as JSON.")
        .configure(|session, id| {
            std::thread::sleep(session.options.wait(500));
            session.output.answer(id, json!({"ready": true}));
        })
        .transform(|session, job| session.say(&job, &session.config.to_string())),
    Mode::new("reports-itself", "Answers with its pid, group, arguments, directory and environment, as JSON.")
        .transform(|session, job| {
            let variables: BTreeMap<_, _> = std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
                .collect();
            let report = json!({
                "pid": std::process::id(),
                "group": sys::process_group(),
                "arguments": std::env::args().collect::<Vec<_>>(),
                "directory": std::env::current_dir().unwrap_or_default(),
                "environment": variables,
            });
            session.say(&job, &report.to_string());
        }),
    Mode::new("answers-job", "Answers with the parameters of the transform itself, as JSON.")
        .transform(|session, job| session.say(&job, &job.params.to_string())),
    Mode::new("listens-before-it-answers", "Exits with 70 if anything comes within --ms (500) of `initialize`.")
        .initialize(|session, id| {
            if sys::stdin_is_readable(Some(session.options.wait(500))) {
                eprintln!("hostile: the host did not wait for the answer to `initialize`");
                std::process::exit(70)
            }
            session.output.answer(id, session.declaration());
        }),
    Mode::new(
        "invalid-and-listening",
        "Declares that it takes 0 transforms at once, and owns up to each request since.",
    )
    .declare(|declaration| declaration["limits"]["maxInFlight"] = json!(0))
    .asked(|session, request| match session.stage {
        Stage::Started => Deed::Nothing,
        _ if request.method == "shutdown" => Deed::Nothing,
        _ => Deed::Bent,
    }),
    Mode::new("from-the-future", "Says all that 1.0 does not know, and fails by a new name where it is told `fail`.")
        .describe(|declaration| {
            declaration["provider"]["type"] = json!("hybrid");
            declaration["provider"]["licence"] = json!("MIT");
            declaration["liveness"] = json!("heartbeat");
            declaration["cancel"] = json!("polite");
            declaration["features"] = json!(["batches"]);
            declaration["models"][0]["languages"] = json!(["en"]);
        })
        .transform(|session, job| {
            session.output.notify("$/telemetry", json!({"id": job.id, "watts": 250}));
            session.output.notify("$/log", json!({"level": "fatal", "message": "all is well", "since": 2}));
            session.output.notify("$/progress", json!({"id": job.id, "seq": 1, "fraction": 0.5, "watts": 250}));
            if job.text() == "fail" {
                let data = json!({"kind": "Overheated", "retryable": true, "celsius": 110});
                return session.output.fail(job.id, 1999, "too hot", data);
            }
            let output = json!({"kind": "text", "mime": "text/plain", "text": job.text(), "language": "en"});
            session.output.answer(job.id, json!({"outputs": [output], "usage": {"joules": 9}, "signature": "x"}));
        }),
    Mode::new("counts-starts", "Appends its pid, a line, to --file at each start, and is good.").launch(|session| {
        let Some(path) = &session.options.file else {
            eprintln!("hostile: counts-starts needs `--file FILE`");
            std::process::exit(2)
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let line = format!("{}\n", std::process::id());
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("hostile: {}: {error}", path.display());
            std::process::exit(74)
        }
    }),
];
