//! Frames and other lines that nobody asked for, around an answer that is good.

use serde_json::{Value, json};

use crate::job::Job;
use crate::message::Message;
use crate::mode::{Deed, Mode};
use crate::session::Session;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("noise-between-frames", "Prints --count (20) text lines before and after each answer.").transform(
        |session, job| {
            let lines = "step 3 of 7: denoising\n".repeat(usize::try_from(session.options.count(20)).unwrap_or(20));
            let _ = session.output.raw(lines.as_bytes());
            session.begin(job);
            let _ = session.output.raw(lines.as_bytes());
        },
    ),
    Mode::new("ansi-spinner", "Draws a spinner on stdout, with escapes and without line ends, then answers.")
        .transform(|session, job| {
            for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".chars() {
                let _ = session.output.raw(format!("\r\x1b[2K\x1b[32m{frame}\x1b[0m working").as_bytes());
            }
            session.finish(&job);
        }),
    Mode::new(
        "json-not-rpc",
        "Prints JSON lines that are no JSON-RPC, then answers; exits with 70 if they are answered.",
    )
    .line(|_, line| match Message::of_line(line) {
        Message::Answer(..) | Message::Noise if !line.trim_ascii().is_empty() => std::process::exit(70),
        _ => Deed::Nothing,
    })
    .transform(|session, job| {
        for line in [
            r#"{"level":"info","msg":"a structured log on the wrong descriptor"}"#,
            r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"[{"jsonrpc":"2.0","method":"$/log","params":{"level":"info","message":"a batch"}}]"#,
            "{}",
            "[]",
            "null",
            "42",
            "\"text\"",
        ] {
            session.output.frame(line);
        }
        session.finish(&job);
    }),
    Mode::new("fake-response-unknown-id", "Answers a request that was never made, then the one that was.").transform(
        |session, job| {
            session.output.answer(job.id + 1_000_000, json!({"outputs": []}));
            session.output.refuse(job.id + 1_000_001, -32603, "for nobody");
            session.begin(job);
        },
    ),
    Mode::new("null-id", "Sends a result and an error with the id null, then answers.").transform(|session, job| {
        answer_other_ids(session, &job, &[Value::Null]);
    }),
    Mode::new("string-id", "Answers with the id as a string, a fraction and a negative number, then well.").transform(
        |session, job| {
            let id = job.id;
            answer_other_ids(session, &job, &[json!(id.to_string()), json!(id as f64 + 0.5), json!(-1)]);
        },
    ),
    Mode::new("duplicate-response", "Answers twice, with different texts.").transform(|session, job| {
        session.say(&job, "the first answer");
        session.say(&job, "the second answer");
    }),
    Mode::new("result-then-error", "Answers with a result, then with an error.").transform(|session, job| {
        session.finish(&job);
        session.output.refuse(job.id, -32603, "on second thoughts");
    }),
    Mode::new("unknown-notification", "Sends `$/telemetry` with parameters of every shape, then answers.").transform(
        |session, job| {
            for params in [json!({"id": job.id}), json!([1, 2]), json!(null), json!("text")] {
                session.output.notify("$/telemetry", params);
            }
            session.output.notify("host/anything", json!({}));
            session.finish(&job);
        },
    ),
    Mode::new("sends-request", "Asks the host `host/anything`, and says what it answered, once it did.").transform(
        |session, mut job| {
            let id = 900_000_000 + job.id;
            session.output.send(&json!({"jsonrpc": "2.0", "id": id, "method": "host/anything", "params": {}}));
            job.awaits = Some(id);
            session.keep(job);
        },
    ),
    Mode::new("floods-requests", "Asks the host `host/anything` --count (5000) times, then answers.").transform(
        |session, job| {
            for id in 0..session.options.count(5000) {
                session.output.send(&json!({"jsonrpc": "2.0", "id": id, "method": "host/anything", "params": {}}));
            }
            session.finish(&job);
        },
    ),
    Mode::new(
        "leaks-secret",
        "Says `apiKey` of its configuration on stderr, in the log, in progress and in the error.",
    )
    .transform(|session, job| {
        let key = session.config["config"]["apiKey"].as_str().unwrap_or("no key").to_owned();
        eprintln!("GET https://api.example.org/v1?key={key} failed");
        session.output.notify("$/log", json!({"level": "error", "message": format!("key {key} was refused")}));
        session.output.notify("$/progress", json!({"id": job.id, "seq": 1, "message": format!("trying {key}")}));
        let _ = session.output.raw(format!("debug: {key}\n").as_bytes());
        session.output.fail(
            job.id,
            1201,
            &format!("401 for {key}"),
            json!({"kind": "UpstreamError", "retryable": false}),
        );
    }),
];

fn answer_other_ids(session: &mut Session, job: &Job, ids: &[Value]) {
    for id in ids {
        session.output.send(&json!({"jsonrpc": "2.0", "id": id, "result": {"outputs": []}}));
        let error = json!({"code": -32603, "message": "an answer by another name"});
        session.output.send(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }
    session.finish(job);
}
