//! `initialize`, and what comes before it.

use std::time::Duration;

use prizm_host::ErrorKind::{Deadline, Exited, FrameTooLarge, Protocol, Provider};
use prizm_host::PluginSpec;
use prizm_host::Stage::Handshake;
use prizm_tests::{ask, quiet, within};

use crate::check::{Failure, all, check, check_tolerated, failure};
use crate::probe::Probe;

const WEIGHTS: &[&str] = &["loading the weights", "error: weights.bin: no such file", "hint: run `make weights`"];

const FAILURES: &[Failure] = &[
    failure("exit-at-once", Exited, Handshake, "ended during the handshake: exit code 0"),
    failure("exit-3-with-stderr", Exited, Handshake, "exit code 3").stderr(WEIGHTS),
    failure("exit-before-answer", Exited, Handshake, "exit code 0"),
    failure("never-answer-initialize", Deadline, Handshake, "did not answer `initialize` within").spec(hurry),
    failure("slow-initialize --ms 60000", Deadline, Handshake, "did not answer `initialize` within").spec(hurry),
    failure("half-frame-then-stall", Deadline, Handshake, "did not answer `initialize` within").spec(hurry),
    failure("initialize-error", Provider, Handshake, "weights.bin: no such file"),
    failure("null-result", Protocol, Handshake, "its result is null"),
    failure("malformed-declaration", Protocol, Handshake, "the plugin's answer to `initialize` is malformed"),
    failure("huge-declaration --megabytes 9", FrameTooLarge, Handshake, "over the frame limit of 8388608"),
    failure("huge-declaration --megabytes 20", Protocol, Handshake, "in one line without an end"),
    failure("banner-glued", Deadline, Handshake, "did not answer `initialize` within").spec(hurry),
    failure("utf16", Deadline, Handshake, "did not answer `initialize` within").spec(hurry),
    failure("flood-stdout-noise", Protocol, Handshake, "on stdout are no frames, the last one: `la la la"),
];

/// Long enough for a busy machine to start a process, short enough to wait for.
fn hurry(spec: &mut PluginSpec) {
    spec.timing.initialize = Duration::from_secs(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_does_not_shake_hands_is_a_named_error() {
    all(FAILURES, check).await;
}

const TOLERATED: &[(&str, &str)] = &[
    ("slow-initialize --ms 300", "hello"),
    ("answer-initialize-twice", "hello"),
    ("banner-first", "hello"),
    ("banner-without-newline", "hello"),
    ("bom", "hello"),
    ("crlf", "hello"),
    ("flood-stderr-before-handshake --megabytes 8", "hello"),
    ("stderr-long-line", "hello"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_no_harm_is_tolerated() {
    all(TOLERATED, check_tolerated).await;
}

#[tokio::test]
async fn nothing_comes_until_initialize_is_answered() {
    let lab = crate::lab();
    let plugin = lab.plugin("listens-before-it-answers --ms 700");
    // Whatever is wanted of it meanwhile waits.
    let (said, health, configured) = within(20, "listens-before-it-answers", async {
        tokio::join!(plugin.transform(ask("hello"), quiet), plugin.health(), plugin.configure(Default::default()))
    })
    .await;
    assert_eq!(prizm_tests::said(&said.unwrap()), "hello");
    health.unwrap();
    configured.unwrap();
    assert_eq!((lab.confessions("listens-before-it-answers"), plugin.stats().failures), (1, 0));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn noise_is_quoted_where_the_handshake_fails() {
    let lab = crate::lab();
    let command = prizm_host::PluginCommand::new("/bin/sh").args(["-c", "echo Usage: serve PORT; exit 1"]);
    let plugin = prizm_host::Plugin::new(lab.spec(command));
    let error = within(20, "sh", plugin.start()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Exited, Handshake), "{error:?}");
    assert!(error.hint().unwrap().contains("`Usage: serve PORT`"), "{error:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn floods_before_the_handshake_take_no_memory() {
    for (line, kind, megabytes) in [
        ("flood-stdout-noise", "Protocol", 24),
        ("flood-stderr-before-handshake --megabytes 128", "", 24),
        ("stderr-long-line --megabytes 64", "", 24),
        ("huge-declaration --megabytes 100", "Protocol", 40),
        ("huge-declaration --megabytes 15", "FrameTooLarge", 40),
    ] {
        let lab = crate::lab();
        let report = Probe::start(&lab, "memory", &lab.hostile(line)).report().await;
        assert_eq!(report["kind"].as_str().unwrap_or_default(), kind, "{line}: {report}");
        let growth = report["growth"].as_u64().unwrap();
        assert!(growth < megabytes << 20, "{line} took {growth} bytes");
        assert_eq!(lab.confessions(line.split(' ').next().unwrap()), 1, "{line}");
        lab.processes().gone_within(5).await;
    }
}
