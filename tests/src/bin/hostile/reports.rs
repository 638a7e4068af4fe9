//! Progress, chunks and acceptance that break their rules.

use serde_json::{Value, json};

use crate::channel::bend;
use crate::mode::{Deed, Mode};
use crate::session::Session;
use crate::sys;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("progress-backwards", "Reports progress whose seq and fraction fall, then answers.").transform(
        |session, job| {
            for (seq, fraction) in [(3, 0.9), (4, 0.1), (2, 0.95), (4, 1.0), (5, -7.0), (6, 42.0)] {
                progress(session, job.id, json!(seq), json!(fraction));
            }
            session.finish(&job);
        },
    ),
    Mode::new("progress-malformed", "Reports progress of the wrong types, then answers.").transform(|session, job| {
        progress(session, job.id, json!("first"), json!("half"));
        progress(session, job.id, Value::Null, json!({}));
        session.output.notify("$/progress", json!([job.id, 1]));
        session.finish(&job);
    }),
    Mode::new("progress-after-response", "Reports progress and a chunk of a job that it has answered.").transform(
        |session, job| {
            job.report(&session.output);
            session.finish(&job);
            progress(session, job.id, json!(1_000_000), json!(1.0));
            session.output.notify("$/chunk", json!({"id": job.id, "seq": 1_000_000, "text": "too late"}));
        },
    ),
    Mode::new("progress-flood", "Reports progress --count (6000) times as fast as it can, then answers.").transform(
        |session, job| {
            let count = session.options.count(6000);
            for seq in 1..=count {
                progress(session, job.id, json!(seq), json!(seq as f64 / count as f64));
            }
            session.finish(&job);
        },
    ),
    Mode::new("progress-for-ever", "Reports progress every --ms (20) until something else comes, and never answers.")
        .transform(|session, job| {
            for seq in 1.. {
                progress(session, job.id, json!(seq), json!(0.5));
                if sys::stdin_is_readable(Some(session.options.wait(20))) {
                    break;
                }
            }
            session.keep(job);
        }),
    Mode::new("progress-unknown-id", "Reports progress and a chunk of a job that nobody asked for, then answers.")
        .transform(|session, job| {
            progress(session, job.id + 1_000_000, json!(1), json!(0.5));
            session.output.notify("$/chunk", json!({"id": job.id + 1_000_000, "seq": 1, "text": "for nobody"}));
            session.begin(job);
        }),
    Mode::new("log-flood", "Sends `$/log` --count (20000) times as fast as it can, then answers.").transform(
        |session, job| {
            for line in 0..session.options.count(20_000) {
                session
                    .output
                    .notify("$/log", json!({"level": "warn", "message": format!("line {line} of the flood")}));
            }
            session.finish(&job);
        },
    ),
    Mode::new("chunk-flood", "Sends --megabytes (17) of text in chunks of 64 KiB as fast as it can, then answers.")
        .transform(|session, job| {
            let piece = "x".repeat(65536);
            for seq in 1..=session.options.bytes(17) / 65536 {
                session.output.notify("$/chunk", json!({"id": job.id, "seq": seq, "text": piece}));
            }
            session.finish(&job);
        }),
    Mode::new("chunk-out-of-order", "Sends chunks numbered 2, 1, 1 and 4, then answers.").transform(|session, job| {
        for (seq, text) in [(2, "second "), (1, "first "), (1, "first again "), (4, "fourth")] {
            session.output.notify("$/chunk", json!({"id": job.id, "seq": seq, "text": text}));
        }
        session.finish(&job);
    }),
    Mode::new("chunk-path-dotdot", "Sends a chunk at `../../escape.txt`, then answers.").transform(|session, job| {
        session.output.notify("$/chunk", json!({"id": job.id, "seq": 1, "path": "../../escape.txt"}));
        session.finish(&job);
    }),
    Mode::new("accepted-then-error", "Says that a remote system has accepted and charged for the job, then fails.")
        .transform(|session, job| {
            accepted(session, job.id);
            let data = json!({"kind": "UpstreamError", "retryable": true, "accepted": true, "charged": "yes"});
            session.output.fail(job.id, 1201, "the remote system answered 503", data);
        }),
    Mode::new("reports-too-often", "Reports progress 200 times at once unless it is told how often.").asked(
        |_, request| match request.params.get_mut("options").and_then(Value::as_object_mut) {
            Some(options) if !options.contains_key("progress") => {
                options.insert("progress".to_owned(), json!(200));
                Deed::Bent
            }
            _ => Deed::Nothing,
        },
    ),
    Mode::new("seq-stands-still", "Numbers every report of progress 1.")
        .sends(|message| message["method"] == "$/progress" && bend(&mut message["params"]["seq"], json!(1))),
    Mode::new("fraction-falls", "Reports what is left instead of what is done.").sends(|message| {
        let fraction = message["params"]["fraction"].as_f64().filter(|_| message["method"] == "$/progress");
        fraction.is_some_and(|fraction| bend(&mut message["params"]["fraction"], json!(1.0 - fraction)))
    }),
    Mode::new("chunk-of-both", "Sends chunks that have a text and a path.")
        .sends(|message| message["method"] == "$/chunk" && bend(&mut message["params"]["path"], json!("out/part.txt"))),
    Mode::new("chunks-tell-another-story", "Sends chunks that are not parts of the answer.").sends(|message| {
        message["method"] == "$/chunk" && bend(&mut message["params"]["text"], json!("once upon a time "))
    }),
    Mode::new("accepts-twice", "Says twice that a remote system has accepted the job, then answers.").transform(
        |session, job| {
            for remote in ["first", "second"] {
                let params = json!({"id": job.id, "remoteId": remote, "charged": "no"});
                session.output.notify("$/accepted", params);
            }
            session.begin(job);
        },
    ),
    Mode::new("log-of-no-level", "Sends `$/log` with the level `loud`, then answers.").transform(|session, job| {
        session.output.notify("$/log", json!({"level": "loud", "message": "hear me"}));
        session.begin(job);
    }),
    Mode::new(
        "accepted-then-crash",
        "Says that a remote system has accepted and charged for the job, then exits with 5.",
    )
    .transform(|session, job| {
        accepted(session, job.id);
        eprintln!("error: lost the connection to the remote system");
        std::process::exit(5)
    }),
];

fn progress(session: &Session, id: u64, seq: Value, fraction: Value) {
    session.output.notify("$/progress", json!({"id": id, "seq": seq, "fraction": fraction, "stage": "working"}));
}

fn accepted(session: &Session, id: u64) {
    session.output.notify("$/accepted", json!({"id": id, "remoteId": format!("remote-{id}"), "charged": "yes"}));
}
