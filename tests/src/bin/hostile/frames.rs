//! Answers that are wrong, or that no reader should have to read.

use serde_json::{Value, json};

use crate::mode::Mode;
use crate::session::Session;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("answers-error", "Answers with RateLimited, to be tried again after --ms (50).").transform(|session, job| {
        let wait = u64::try_from(session.options.wait(50).as_millis()).unwrap_or(u64::MAX);
        let data = json!({"kind": "RateLimited", "retryable": true, "retryAfterMs": wait});
        session.output.fail(job.id, 1102, "too many calls", data);
    }),
    Mode::new("error-extra-key", "Answers with an error object that has keys beside code, message and data.").transform(
        |session, job| {
            let error = json!({"code": 1201, "message": "upstream failed", "stack": "provider.py:12", "data": {"kind": "UpstreamError"}});
            session.output.send(&json!({"jsonrpc": "2.0", "id": job.id, "error": error}));
        },
    ),
    Mode::new("error-bad-shape", "Answers with an error that is a string.").transform(|session, job| {
        session.output.send(&json!({"jsonrpc": "2.0", "id": job.id, "error": "something went wrong"}));
    }),
    Mode::new("error-bad-code", "Answers with an error whose code is a string and whose message is a list.").transform(
        |session, job| {
            let error = json!({"code": "E42", "message": ["something", "went wrong"]});
            session.output.send(&json!({"jsonrpc": "2.0", "id": job.id, "error": error}));
        },
    ),
    Mode::new("result-and-error", "Answers with a result and an error in one frame.").transform(|session, job| {
        let error = json!({"code": -32603, "message": "both"});
        session.output.send(&json!({"jsonrpc": "2.0", "id": job.id, "result": {"outputs": []}, "error": error}));
    }),
    Mode::new("null-transform-result", "Answers with null.")
        .transform(|session, job| session.output.answer(job.id, Value::Null)),
    Mode::new("malformed-result", "Answers with outputs that are no list of media.")
        .transform(|session, job| session.output.answer(job.id, json!({"outputs": {"kind": 7}}))),
    Mode::new("unknown-media-kind", "Answers with an output of the kind `smell`.").transform(|session, job| {
        let smell = json!({"kind": "smell", "mime": "x-smell/rose", "text": "rose"});
        session.output.answer(job.id, json!({"outputs": [smell]}));
    }),
    Mode::new("oversized-frame", "Answers with a frame of --megabytes (9) whose id comes first.").transform(
        |session, job| {
            let (id, text) = (job.id, bulk(session));
            session.output.frame(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"outputs":[{text}]}}}}"#));
        },
    ),
    Mode::new("oversized-frame-id-last", "Answers with a frame of --megabytes (9) whose id comes last.").transform(
        |session, job| {
            let (id, text) = (job.id, bulk(session));
            session.output.frame(&format!(r#"{{"jsonrpc":"2.0","result":{{"outputs":[{text}]}},"id":{id}}}"#));
        },
    ),
    Mode::new("deep-nesting", "Answers with lists in lists, --count (10000) deep.").transform(|session, job| {
        let depth = usize::try_from(session.options.count(10_000)).unwrap_or(10_000);
        let (id, open, close) = (job.id, "[".repeat(depth), "]".repeat(depth));
        session.output.frame(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"outputs":{open}{close}}}}}"#));
    }),
    Mode::new("invalid-utf8", "Answers with a text that is not UTF-8.").transform(|session, job| {
        let head = format!("\n{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"outputs\":[{{\"kind\":\"text\",", job.id);
        let tail = b"\"mime\":\"text/plain\",\"text\":\"caf\xe9 \xff\xfe\"}]}}\n";
        let _ = session.output.raw(&[head.as_bytes(), tail].concat());
    }),
    Mode::new("lone-surrogate", "Answers with a text that escapes half a surrogate pair.").transform(|session, job| {
        let text = r#"{"kind":"text","mime":"text/plain","text":"half \ud83d a fox"}"#;
        let id = job.id;
        session.output.frame(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"outputs":[{text}]}}}}"#));
    }),
    Mode::new("duplicate-keys", "Answers with a frame that has two ids and two results.").transform(|session, job| {
        let (id, other) = (job.id, job.id + 1);
        session.output.frame(&format!(
            r#"{{"jsonrpc":"2.0","id":{other},"id":{id},"result":{{"outputs":[]}},"result":null}}"#
        ));
    }),
    Mode::new("health-unhealthy", "Says that it is unhealthy, and why.").health(|session, id| {
        let mut health = session.health();
        health["status"] = json!("unhealthy");
        health["lastError"] = json!("the GPU fell off the bus");
        session.output.answer(id, health);
    }),
    Mode::new("health-lies", "Answers `health` with numbers as text, negative counts and a status that is no word.").health(
        |session, id| {
            let health = json!({"status": 7, "uptimeMs": "long", "activeJobs": -1, "queuedJobs": null});
            session.output.answer(id, health);
        },
    ),
    Mode::new("models-drift", "Answers `models` with a model outside the declared capabilities.").models(|session, id| {
        let model = json!({"id": "new", "capabilities": ["video-to-video"]});
        session.output.answer(id, json!({"models": [model]}));
    }),
    Mode::new("models-malformed", "Answers `models` with a number.")
        .models(|session, id| session.output.answer(id, json!({"models": 7}))),
];

/// A text that does not fit in a frame, as an output.
fn bulk(session: &Session) -> String {
    let letters = "x".repeat(usize::try_from(session.options.bytes(9)).unwrap_or(0));
    format!(r#"{{"kind":"text","mime":"text/plain","text":"{letters}"}}"#)
}
