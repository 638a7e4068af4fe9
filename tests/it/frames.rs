//! Answers that are wrong, or that nobody should have to read. The plugin lives on: the next job is
//! done well.

use prizm_host::ErrorKind::{Deadline, FrameTooLarge, Protocol, Provider};
use prizm_host::Stage;
use prizm_tests::within;

use crate::check::{Failure, all, bad_answer, check, recovers, started};
use crate::probe::Probe;

const FAILURES: &[Failure] = &[
    bad_answer("error-extra-key", Provider, Stage::Call, "upstream failed"),
    bad_answer("error-bad-shape", Protocol, Stage::Call, "the plugin's answer is malformed: its error object"),
    bad_answer("error-bad-code", Protocol, Stage::Call, "the plugin's answer is malformed: its error object"),
    bad_answer("null-transform-result", Protocol, Stage::Call, "its result is null"),
    bad_answer("malformed-result", Protocol, Stage::Call, "the plugin's answer to `transform` is malformed"),
    bad_answer("unknown-media-kind", Protocol, Stage::Call, "unknown variant `smell`"),
    bad_answer("oversized-frame", FrameTooLarge, Stage::Call, "over the frame limit of 8388608"),
    bad_answer("deep-nesting", Protocol, Stage::Call, "the plugin's answer to `transform` is malformed"),
    bad_answer("lone-surrogate", Protocol, Stage::Call, "the plugin's answer to `transform` is malformed"),
    // What cannot be read answers nothing: it is noise, and the call meets its deadline.
    bad_answer("result-and-error", Deadline, Stage::Call, "did not answer `transform` in time").hurry(),
    bad_answer("oversized-frame-id-last", Deadline, Stage::Call, "did not answer `transform` in time").hurry(),
    bad_answer("invalid-utf8", Deadline, Stage::Call, "did not answer `transform` in time").hurry(),
    bad_answer("duplicate-keys", Deadline, Stage::Call, "did not answer `transform` in time").hurry(),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_answer_is_a_named_error_of_that_call_alone() {
    all(FAILURES, check).await;
}

#[tokio::test]
async fn health_and_models_that_make_no_sense_are_named() {
    for mode in ["health-lies", "models-malformed"] {
        let (lab, plugin) = started(mode, |_| {}).await;
        let answer = async {
            match mode {
                "health-lies" => plugin.health().await.map(drop),
                _ => plugin.refresh_models().await.map(drop),
            }
        };
        let error = within(20, mode, answer).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (Protocol, Stage::Call), "{mode}: {error:?}");
        assert!(error.to_string().contains("is malformed") && error.hint().is_some(), "{mode}: {error:?}");
        assert_eq!(lab.confessions(mode), 1, "{mode}");
        recovers(&plugin, mode).await;
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn frames_that_nobody_should_read_take_no_memory() {
    for (line, megabytes) in [("oversized-frame --megabytes 15", 40), ("deep-nesting --count 1000000", 60)] {
        let lab = crate::lab();
        let report = Probe::start(&lab, "memory", &lab.hostile(line)).report().await;
        assert!(report["kind"].is_string(), "{line}: {report}");
        let growth = report["growth"].as_u64().unwrap();
        assert!(growth < megabytes << 20, "{line} took {growth} bytes");
        assert_eq!(lab.confessions(line.split(' ').next().unwrap()), 1, "{line}");
        lab.processes().gone_within(5).await;
    }
}
