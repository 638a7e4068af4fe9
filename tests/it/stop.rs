//! Leaving: the four rungs, and every way of not waiting for them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use prizm_host::{ErrorKind, State};
use prizm_tests::{ask, eventually, quiet, within};

use crate::check::{recovers, started};
use crate::probe::Probe;

/// A mode, the seconds that its stop takes, and how often it owns up to something.
const LADDER: &[(&str, u64, usize)] = &[
    ("never-answer", 0, 0),
    ("crash-at-shutdown", 0, 1),
    ("grandchild-outlives-shutdown", 0, 0),
    ("ignore-shutdown", 5, 1),
    ("ignore-eof", 2, 1),
    ("ignore-sigterm", 5, 1),
    ("ignores-everything", 10, 3),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rung_comes_in_its_time() {
    join_all(LADDER.iter().map(|(mode, seconds, confessions)| async move {
        let (lab, plugin) = started(mode, |_| {}).await;
        let before = Instant::now();
        within(20, mode, plugin.shutdown()).await;
        let took = before.elapsed();
        let expected = Duration::from_secs(*seconds);
        assert!(took + Duration::from_millis(50) >= expected, "{mode} was stopped after {took:?} already");
        assert!(took < expected + Duration::from_secs(4), "{mode} was stopped after {took:?} only");
        lab.processes().gone_within(2).await;
        assert!(lab.confessions(mode) >= *confessions, "{mode} has confessed {} times", lab.confessions(mode));
        assert_eq!((plugin.state(), plugin.stats().failures), (State::Closed, 0), "{mode}");
    }))
    .await;
}

#[tokio::test]
async fn what_a_plugin_leaves_running_is_killed_with_its_group() {
    for mode in ["fork-child", "grandchild-outlives-shutdown"] {
        let (lab, plugin) = started(mode, |_| {}).await;
        let outcome = within(20, mode, plugin.transform(ask("hello"), quiet)).await.unwrap();
        let child: u32 = prizm_tests::said(&outcome).parse().unwrap();
        eventually("its child sleeps", || lab.processes().running("sleep").contains(&child).then_some(())).await;
        lab.close(&plugin).await;
    }
    let (lab, plugin) = started("fork-child-at-start", |_| {}).await;
    let child = lab.number().unwrap();
    eventually("its child sleeps", || lab.processes().running("sleep").contains(&child).then_some(())).await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_plugin_that_was_shut_down_stays_so_and_one_that_was_stopped_does_not() {
    let (lab, plugin) = started("good", |_| {}).await;
    plugin.stop().await;
    lab.processes().gone_within(5).await;
    assert_eq!(plugin.state(), State::Idle);
    recovers(&plugin, "after a stop").await;
    assert_eq!(plugin.stats().starts, 2);
    lab.close(&plugin).await;
    let error = plugin.transform(ask("hello"), quiet).await.unwrap_err();
    assert_eq!((error.kind(), plugin.state()), (ErrorKind::Closed, State::Closed), "{error:?}");
    assert!(error.hint().is_some());
    plugin.shutdown().await;
}

#[tokio::test]
async fn calls_in_flight_are_told_of_a_shutdown() {
    for (mode, kind) in [("never-answer", ErrorKind::Cancelled), ("busy-loop", ErrorKind::Closed)] {
        let (lab, plugin) = started(mode, |_| {}).await;
        let shutdown = async {
            eventually("the plugin has the call", || (lab.confessions(mode) == 1).then_some(())).await;
            plugin.shutdown().await;
        };
        let (answer, ()) =
            within(20, mode, async { tokio::join!(plugin.transform(ask("hello"), quiet), shutdown) }).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), kind, "{mode}: {error:?}");
        assert!(error.hint().is_some(), "{mode}: {error:?}");
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_start() {
    for mode in ["never-answer-initialize", "configure-startup-forever"] {
        let lab = crate::lab();
        let plugin = lab.plugin(mode);
        let shutdown = async {
            eventually("it starts", || (lab.confessions(mode) == 1).then_some(())).await;
            within(3, "the shutdown", plugin.shutdown()).await;
        };
        let (start, ()) = tokio::join!(plugin.start(), shutdown);
        let error = start.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{mode}: {error:?}");
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_end_of_a_backoff() {
    let lab = crate::lab();
    let plugin = lab.plugin("exit-at-once");
    for _ in 0..4 {
        within(30, "a failed start", plugin.start()).await.unwrap_err();
    }
    let (start, ()) = tokio::join!(plugin.start(), within(1, "the shutdown", plugin.shutdown()));
    assert!(matches!(start.unwrap_err().kind(), ErrorKind::Closed | ErrorKind::Exited));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_stop_that_nobody_waits_for_ends_all_the_same() {
    for mode in ["ignores-everything", "busy-loop"] {
        let (lab, plugin) = started(mode, |_| {}).await;
        {
            let mut shutdown = std::pin::pin!(plugin.shutdown());
            let begun = eventually("it has begun", || (plugin.state() == State::Closed).then_some(()));
            tokio::select! {
                biased;
                () = begun => {}
                () = &mut shutdown => {}
            }
        }
        drop(plugin);
        lab.processes().gone_within(2).await;
    }
}

#[tokio::test]
async fn a_dropped_handle_leaves_nothing_behind() {
    let (lab, plugin) = started("ignores-everything", |_| {}).await;
    let clone = plugin.clone();
    drop(plugin);
    recovers(&clone, "a clone keeps it").await;
    drop(clone);
    lab.processes().gone_within(2).await;
}

#[test]
fn a_runtime_that_ends_takes_its_plugins_with_it() {
    let lab = crate::lab();
    let plugin = lab.plugin("ignores-everything");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(plugin.start()).unwrap();
    assert_eq!(lab.processes().running("hostile").len(), 1);
    drop(runtime);
    // Nobody could ever hear it again, although its handle lives. Only the kernel is waited for.
    let deadline = Instant::now() + Duration::from_secs(2);
    while !lab.processes().running("hostile").is_empty() {
        assert!(Instant::now() < deadline, "it still runs");
        std::thread::yield_now();
    }
    drop(plugin);
}

#[tokio::test]
async fn the_number_of_a_process_that_has_died_is_never_signalled() {
    for mode in ["crash-mid-call", "exit-7-mid-call", "exit-when-idle"] {
        let lab = crate::lab();
        let report = Probe::start(&lab, "signal-none", &lab.hostile(mode)).report().await;
        assert!(report["kind"] == "Exited" || report["said"] == "hello", "{mode}: {report}");
        assert_eq!(lab.confessions(mode), 1, "{mode}");
        lab.processes().gone_within(5).await;
    }
    // The seal holds: a plugin that lives takes a signal, and the seal ends the host for it.
    use std::os::unix::process::ExitStatusExt as _;
    let lab = crate::lab();
    let status = Probe::start(&lab, "signal-one", &lab.hostile("good")).status().await;
    assert_eq!(status.signal(), Some(libc::SIGSYS), "{status}");
    lab.processes().gone_within(5).await;
}
