//! The hazards of a JSON-RPC client, H1 to H19 of a review of jsonrpsee's, each over real pipes. The host has a
//! multiplexer of its own; what could have ended that client must not end this one.
//!
//! | hazard | what would go wrong | where it is shown |
//! |---|---|---|
//! | H1–H11, H19 | the host's client dies, hangs, or grows | the tests below, by number |
//! | H12 | `raw_json_request` takes no notification | plugin side only: `prizm-plugin`, `tests/session` |
//! | H13 | a panic in a blocking handler is answered with the id null | plugin side only: `prizm-plugin`, `tests/process` |
//! | H14 | a panic in an async handler is not answered | plugin side only: `prizm-plugin`, `tests/process` |
//! | H15 | the server's middleware cannot be used on stdio | plugin side only, and not used there |
//! | H16 | method names are static | plugin side only: a capability is a parameter, not a method |
//! | H17 | a subscription's end is lost | neither side uses subscriptions |
//! | H18 | a read of stdin that cannot be cancelled keeps the process | plugin side only: `prizm-plugin`, `tests/process` |

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use prizm_host::{Call, ErrorKind, Event, Plugin, Stage};
use prizm_tests::{Lab, ask, eventually, quiet, said, within};
use serde_json::json;

use crate::check::{recovers, started};

/// The client of this plugin is the one that it started with, and is owed nothing.
async fn is_alive(lab: &Lab, plugin: &Plugin, mode: &str) {
    recovers(plugin, mode).await;
    eventually("no call pends", || (plugin.stats().pending == 0).then_some(())).await;
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (1, 0), "{mode}");
    assert!(lab.confessions(mode) > 0, "{mode} has not misbehaved");
    lab.close(plugin).await;
}

async fn answer(plugin: &Plugin, mode: &str) -> String {
    let outcome = within(30, mode, plugin.transform(ask("hello"), quiet)).await;
    said(&outcome.unwrap_or_else(|error| panic!("{mode}: {error:?}"))).to_owned()
}

fn with_options(text: &str, options: serde_json::Value) -> Call {
    Call { options: options.as_object().unwrap().clone(), ..ask(text) }
}

#[tokio::test]
async fn h01_an_unparsable_frame_does_not_end_the_client() {
    for mode in ["noise-between-frames", "ansi-spinner", "json-not-rpc"] {
        let (lab, plugin) = started(mode, |_| {}).await;
        assert_eq!(answer(&plugin, mode).await, "hello");
        is_alive(&lab, &plugin, mode).await;
    }
}

#[tokio::test]
async fn h02_an_answer_to_no_pending_request_does_not_end_the_client() {
    for (mode, expected) in [
        ("fake-response-unknown-id", "hello"),
        ("null-id", "hello"),
        ("string-id", "hello"),
        ("duplicate-response", "the first answer"),
        ("result-then-error", "hello"),
    ] {
        let (lab, plugin) = started(mode, |_| {}).await;
        assert_eq!(answer(&plugin, mode).await, expected, "{mode}");
        is_alive(&lab, &plugin, mode).await;
    }
}

#[tokio::test]
async fn h03_an_error_object_with_an_extra_key_is_an_error_of_its_call() {
    let (lab, plugin) = started("error-extra-key", |_| {}).await;
    let error = within(20, "error-extra-key", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Provider, Stage::Call), "{error:?}");
    let rpc = error.rpc().unwrap();
    assert_eq!((rpc.code, rpc.message.as_str()), (1201, "upstream failed"));
    assert_eq!(rpc.details().kind.as_deref(), Some("UpstreamError"));
    is_alive(&lab, &plugin, "error-extra-key").await;
}

#[tokio::test]
async fn h04_a_plugins_own_request_is_answered() {
    let (lab, plugin) = started("sends-request", |_| {}).await;
    assert_eq!(answer(&plugin, "sends-request").await, "the host answered: -32601");
    is_alive(&lab, &plugin, "sends-request").await;
}

#[tokio::test]
async fn h05_a_cancelled_call_leaves_the_table_when_it_is_answered() {
    let (lab, plugin) = started("never-answer", |_| {}).await;
    let hurried = || Call { timeout: Some(Duration::from_millis(100)), ..ask("hello") };
    let calls = join_all((0..64).map(|_| plugin.transform(hurried(), quiet)));
    assert!(within(30, "64 deadlines", calls).await.iter().all(Result::is_err));
    is_alive(&lab, &plugin, "never-answer").await;
}

#[tokio::test]
async fn h06_every_call_has_its_own_deadline() {
    let (lab, plugin) = started("good", |_| {}).await;
    let call = |timeout: u64, delay: u64| {
        let call = with_options("hello", json!({"delayMs": delay}));
        plugin.transform(Call { timeout: Some(Duration::from_millis(timeout)), ..call }, quiet)
    };
    let before = Instant::now();
    let calls = async { tokio::join!(call(300, 600_000), call(30_000, 1000), call(800, 600_000)) };
    let (short, long, middle) = within(25, "three deadlines", calls).await;
    assert_eq!(short.unwrap_err().kind(), ErrorKind::Deadline);
    assert_eq!(middle.unwrap_err().kind(), ErrorKind::Deadline);
    assert_eq!(said(&long.unwrap()), "hello");
    assert!(before.elapsed() >= Duration::from_secs(1));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn h07_a_burst_of_notifications_loses_neither_chunks_nor_answers() {
    let (lab, plugin) = started("progress-flood", |_| {}).await;
    let mut last = 0.0;
    let outcome = plugin.transform(ask("hello"), |event| {
        let Event::Progress(progress) = event else { panic!("{event:?}") };
        last = progress.fraction.unwrap();
    });
    assert_eq!(said(&within(30, "progress-flood", outcome).await.unwrap()), "hello");
    assert_eq!(last, 1.0, "the latest report is never lost");
    is_alive(&lab, &plugin, "progress-flood").await;

    let (lab, plugin) = started("good", |_| {}).await;
    let text: String = ('a'..='z').cycle().take(5000).collect();
    let (mut count, mut chunks) = (0, String::new());
    let outcome = plugin.transform(with_options(&text, json!({"chunks": 5000})), |event| {
        let Event::TextChunk(chunk) = event else { panic!("{event:?}") };
        count += 1;
        chunks.push_str(&chunk);
        if count % 100 == 0 {
            // A reader that is slower than the plugin.
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    within(30, "5,000 chunks", outcome).await.unwrap();
    assert!(count == 5000 && chunks == text, "{count} chunks came");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn h08_any_number_of_calls_hears_its_own_notifications() {
    let (lab, plugin) = started("good", |_| {}).await;
    let calls = (0..32).map(|number: u32| {
        let plugin = plugin.clone();
        async move {
            let text = number.to_string().repeat(50);
            let (mut chunks, mut reports) = (String::new(), 0);
            let call = with_options(&text, json!({"chunks": 20, "progress": 5}));
            plugin
                .transform(call, |event| match event {
                    Event::TextChunk(chunk) => chunks.push_str(&chunk),
                    Event::Progress(_) => reports += 1,
                    other => panic!("{other:?}"),
                })
                .await
                .unwrap();
            assert_eq!(chunks, text);
            assert!((1..=5).contains(&reports), "{reports} reports of call {number}");
        }
    });
    within(30, "32 calls", join_all(calls)).await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn h09_a_plugin_that_does_not_read_blocks_neither_calls_nor_the_stop() {
    let (lab, plugin) = started("stop-reading-stdin", |_| {}).await;
    let large = "x".repeat(1 << 20);
    // Far more than a pipe holds.
    let calls = join_all((0..16).map(|_| {
        let call = Call { timeout: Some(Duration::from_millis(700)), ..ask(&large) };
        plugin.transform(call, quiet)
    }));
    for answer in within(20, "16 deadlines", calls).await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Deadline);
    }
    assert_eq!(lab.confessions("stop-reading-stdin"), 1);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn h10_bulk_passes_by_the_client() {
    let (lab, plugin) = started("chunk-flood --megabytes 8", |_| {}).await;
    let mut bytes = 0;
    let outcome = plugin.transform(ask("hello"), |event| {
        if let Event::TextChunk(chunk) = event {
            bytes += chunk.len();
        }
    });
    assert_eq!(said(&within(30, "chunk-flood", outcome).await.unwrap()), "hello");
    assert_eq!(bytes, 8 << 20);
    is_alive(&lab, &plugin, "chunk-flood").await;
}

#[tokio::test]
async fn h11_a_batch_is_noise() {
    // `json-not-rpc` prints one among other things.
    let (lab, plugin) = started("json-not-rpc", |_| {}).await;
    let answers = join_all((0..8).map(|_| answer(&plugin, "json-not-rpc")));
    assert!(within(30, "8 calls", answers).await.iter().all(|answer| answer == "hello"));
    is_alive(&lab, &plugin, "json-not-rpc").await;
}

#[tokio::test]
async fn h19_a_frame_that_comes_byte_by_byte_is_whole_whatever_else_happens() {
    let (lab, plugin) = started("slow-loris --ms 3", |_| {}).await;
    let slow = answer(&plugin, "slow-loris");
    let others = async {
        eventually("it answers slowly", || (lab.confessions("slow-loris") == 1).then_some(())).await;
        // Calls come and go in the middle of the frame.
        for _ in 0..10 {
            let call = Call { timeout: Some(Duration::from_millis(20)), ..ask("behave") };
            let _ = plugin.transform(call, quiet).await;
        }
    };
    let (slow, ()) = within(60, "slow-loris", async { tokio::join!(slow, others) }).await;
    assert_eq!(slow, "hello");
    is_alive(&lab, &plugin, "slow-loris").await;
}
