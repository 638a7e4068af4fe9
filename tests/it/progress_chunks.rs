//! What a plugin says on the way: progress, partial results, acceptance, the log.

use std::time::{Duration, Instant};

use prizm_host::ErrorKind::{Exited, Protocol, Provider};
use prizm_host::Stage::{Call as InCall, Output};
use prizm_host::{Call, ErrorKind, Event};
use prizm_protocol::Charged;
use prizm_tests::{ask, said, within};
use serde_json::json;

use crate::check::{Failure, all, bad_answer, check, check_tolerated, failure, recovers, started};
use crate::probe::Probe;

const TOLERATED: &[(&str, &str)] = &[
    ("progress-backwards", "hello"),
    ("progress-malformed", "hello"),
    ("progress-after-response", "hello"),
    ("progress-flood", "hello"),
    ("progress-unknown-id", "hello"),
    ("log-flood --count 5000", "hello"),
    ("chunk-out-of-order", "hello"),
];

const FAILURES: &[Failure] = &[
    bad_answer("chunk-path-dotdot", Protocol, Output, "the job has only text and no directory"),
    bad_answer("chunk-path-dotdot", Protocol, Output, "`../../escape.txt` is not under `out/`").picture(),
    bad_answer("accepted-then-error", Provider, InCall, "the remote system answered 503"),
    failure("accepted-then-crash", Exited, InCall, "exit code 5")
        .stderr(&["error: lost the connection to the remote system"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_break_their_rules_break_nothing_else() {
    all(TOLERATED, check_tolerated).await;
    all(FAILURES, check).await;
}

fn with_options(call: Call, options: serde_json::Value) -> Call {
    Call { options: options.as_object().unwrap().clone(), ..call }
}

#[tokio::test]
async fn progress_grows_and_chunks_are_whole_and_in_order() {
    let (lab, plugin) = started("good", |_| {}).await;
    let text: String = ('a'..='z').cycle().take(2000).collect();
    let (mut chunks, mut fractions) = (String::new(), Vec::new());
    let call = with_options(ask(&text), json!({"progress": 40, "chunks": 500}));
    let outcome = plugin.transform(call, |event| match event {
        Event::TextChunk(chunk) => chunks.push_str(&chunk),
        Event::Progress(progress) => fractions.push(progress.fraction.unwrap()),
        other => panic!("{other:?}"),
    });
    let outcome = within(20, "progress and chunks", outcome).await.unwrap();
    assert_eq!((chunks.as_str(), said(&outcome)), (text.as_str(), text.as_str()));
    assert!(fractions.is_sorted() && fractions.last() == Some(&1.0), "{fractions:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn progress_never_falls_and_never_leaves_its_range() {
    let (lab, plugin) = started("progress-backwards", |_| {}).await;
    let mut fractions = Vec::new();
    let outcome = plugin.transform(ask("hello"), |event| {
        let Event::Progress(progress) = event else { panic!("{event:?}") };
        fractions.push(progress.fraction.unwrap());
    });
    within(20, "progress-backwards", outcome).await.unwrap();
    assert!(!fractions.is_empty() && fractions.is_sorted(), "{fractions:?}");
    assert!(fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)), "{fractions:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn progress_extends_the_silence_and_never_the_deadline() {
    let (lab, plugin) = started("progress-for-ever", |_| {}).await;
    let mut reports = 0;
    let call = Call {
        timeout: Some(Duration::from_millis(2500)),
        idle_timeout: Some(Duration::from_millis(1500)),
        ..ask("hello")
    };
    let before = Instant::now();
    let error = within(20, "progress-for-ever", plugin.transform(call, |_| reports += 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, InCall), "{error:?}");
    assert!(error.to_string().contains("did not answer `transform` in time"), "{error:?}");
    assert!(reports > 0 && before.elapsed() >= Duration::from_millis(2500), "{reports} reports");
    recovers(&plugin, "progress-for-ever").await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn chunks_out_of_order_are_left_out() {
    let (lab, plugin) = started("chunk-out-of-order", |_| {}).await;
    let mut chunks = String::new();
    let outcome = plugin.transform(ask("hello"), |event| {
        if let Event::TextChunk(chunk) = event {
            chunks.push_str(&chunk);
        }
    });
    within(20, "chunk-out-of-order", outcome).await.unwrap();
    assert_eq!(chunks, "second fourth");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn acceptance_is_handed_on_before_the_failure() {
    for mode in ["accepted-then-error", "accepted-then-crash"] {
        let (lab, plugin) = started(mode, |_| {}).await;
        let mut accepted = Vec::new();
        let outcome = plugin.transform(ask("hello"), |event| {
            let Event::Accepted(acceptance) = event else { panic!("{event:?}") };
            accepted.push(acceptance);
        });
        let error = within(20, mode, outcome).await.unwrap_err();
        assert_eq!(accepted.len(), 1, "{mode}: {error:?}");
        assert_eq!(accepted[0].charged, Charged::Yes, "{mode}");
        if let Some(rpc) = error.rpc() {
            assert_eq!((rpc.details().accepted, rpc.details().charged), (Some(true), Some(Charged::Yes)));
        }
        recovers(&plugin, mode).await;
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn chunks_that_nobody_reads_end_the_call_within_bounded_memory() {
    for (line, kind) in [("chunk-flood --megabytes 15", "null"), ("chunk-flood --megabytes 64", "\"Overflow\"")] {
        let lab = crate::lab();
        let report = Probe::start(&lab, "memory-unread", &lab.hostile(line)).report().await;
        assert_eq!(report["kind"].to_string(), kind, "{line}: {report}");
        let growth = report["growth"].as_u64().unwrap();
        assert!(growth < 64 << 20, "{line} took {growth} bytes");
        assert_eq!(lab.confessions("chunk-flood"), 1, "{line}");
        lab.processes().gone_within(5).await;
    }
}

#[tokio::test]
async fn floods_of_reports_take_no_memory() {
    for line in ["progress-flood --count 60000", "log-flood --count 60000"] {
        let lab = crate::lab();
        let report = Probe::start(&lab, "memory-unread", &lab.hostile(line)).report().await;
        assert_eq!(report["said"], "hello", "{line}: {report}");
        let growth = report["growth"].as_u64().unwrap();
        assert!(growth < 32 << 20, "{line} took {growth} bytes");
        lab.processes().gone_within(5).await;
    }
}
