//! Starting once, backing off, giving up for a while, and stopping when nobody asks.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use prizm_host::{ErrorKind, Plugin, Stage, State};
use prizm_tests::{ask, eventually, quiet, said, within};
use serde_json::json;

use crate::check::{recovers, started};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_starts_at_once_are_one() {
    let lab = crate::lab();
    let plugin = lab.plugin("counts-starts");
    let tasks = (0..64).map(|_| {
        let plugin = plugin.clone();
        tokio::spawn(async move { plugin.start().await.map(drop) })
    });
    for started in within(30, "64 starts", join_all(tasks)).await {
        started.unwrap().unwrap();
    }
    assert_eq!(fs::read_to_string(lab.file("file")).unwrap().lines().count(), 1);
    assert_eq!(plugin.stats().starts, 1);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn who_gives_up_a_start_leaves_it_to_the_next() {
    let lab = crate::lab();
    let plugin = lab.plugin("slow-initialize --times 1 --ms 60000");
    {
        let mut first = std::pin::pin!(plugin.start());
        let asked = eventually("it was asked", || (lab.confessions("slow-initialize") == 1).then_some(()));
        tokio::select! {
            _ = &mut first => panic!("it takes a minute"),
            () = asked => {}
        }
    }
    recovers(&plugin, "slow-initialize").await;
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (1, 0));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn five_failures_open_the_breaker() {
    let lab = crate::lab();
    let plugin = lab.plugin("exit-3-with-stderr");
    for failures in 1..=5 {
        let error = within(30, "a failed start", plugin.start()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exited, "{error:?}");
        assert_eq!(plugin.stats().failures, failures);
    }
    assert_eq!(plugin.state(), State::BreakerOpen);
    let before = Instant::now();
    let error = within(5, "the breaker", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    assert!(before.elapsed() < Duration::from_secs(1), "an open breaker does not wait");
    assert_eq!((error.kind(), error.stage()), (ErrorKind::BreakerOpen, Stage::Handshake), "{error:?}");
    for part in ["failed 5 times", "is not started for another", "exit code 3"] {
        assert!(error.to_string().contains(part), "{error:?}");
    }
    assert_eq!(error.hint(), Some("its last lines say why"));
    assert!(error.stderr().iter().any(|line| line.contains("weights.bin")), "{error:?}");
    assert_eq!(lab.confessions("exit-3-with-stderr"), 5, "nothing was started behind an open breaker");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn crashes_count_as_failures_too() {
    let (lab, plugin) = started("crash-mid-call", |_| {}).await;
    for failures in 1..=5 {
        let error = within(30, "a crash", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exited, "{error:?}");
        eventually("it is counted", || (plugin.stats().failures == failures).then_some(())).await;
    }
    let error = within(5, "the breaker", plugin.transform(ask("behave"), quiet)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::BreakerOpen, Stage::Call), "{error:?}");
    assert!(error.to_string().contains("signal 6 (SIGABRT)"), "{error:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn what_the_user_or_the_provider_says_is_no_failure() {
    let lab = crate::lab();
    let plugin = lab.plugin("configure-error");
    for _ in 0..6 {
        let error = within(30, "configure-error", plugin.start()).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Provider, Stage::Configure), "{error:?}");
    }
    assert_eq!((plugin.stats().failures, plugin.state()), (0, State::Idle));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn nobody_is_sent_more_than_it_takes() {
    let (lab, plugin) = started("max-in-flight-1 --ms 5", |_| {}).await;
    let texts: Vec<_> = (0..40).map(|number| number.to_string()).collect();
    let answers = join_all(texts.iter().map(|text| plugin.transform(ask(text), quiet)));
    for (answer, text) in within(30, "40 calls, one at a time", answers).await.into_iter().zip(&texts) {
        assert_eq!(said(&answer.unwrap()), text);
    }
    assert_eq!(lab.confessions("max-in-flight-1"), 0, "it never saw two at once");
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (1, 0));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn what_is_no_job_needs_no_slot() {
    let (lab, plugin) = started("max-in-flight-1 --ms 60000", |_| {}).await;
    let mut job = std::pin::pin!(plugin.transform(ask("first"), quiet));
    let others = async {
        eventually("it has the job", || (plugin.stats().pending == 1).then_some(())).await;
        plugin.ping().await.unwrap();
        assert_eq!(plugin.health().await.unwrap().active_jobs, 1);
        plugin.refresh_models().await.unwrap();
    };
    tokio::select! {
        _ = &mut job => panic!("it takes a minute"),
        () = within(20, "what is no job", others) => {}
    }
    lab.close(&plugin).await;
}

#[tokio::test]
async fn who_finds_no_slot_in_time_is_told_so() {
    let (lab, plugin) = started("max-in-flight-1 --ms 60000", |_| {}).await;
    let mut first = std::pin::pin!(plugin.transform(ask("first"), quiet));
    let hurried = prizm_host::Call { timeout: Some(Duration::from_millis(200)), ..ask("second") };
    tokio::select! {
        biased;
        _ = &mut first => panic!("it takes a minute"),
        second = plugin.transform(hurried, quiet) => {
            let error = second.unwrap_err();
            assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Stage::Call), "{error:?}");
            assert!(error.to_string().contains("had no slot free in time") && error.hint().is_some(), "{error:?}");
        }
    }
    lab.close(&plugin).await;
}

#[tokio::test]
async fn an_idle_plugin_is_stopped_and_started_when_it_is_needed() {
    let (lab, plugin) = started("good", |spec| spec.timing.idle_stop = Duration::from_millis(150)).await;
    lab.processes().gone_within(10).await;
    eventually("it is idle", || (plugin.state() == State::Idle).then_some(())).await;
    assert_eq!(plugin.stats().pid, None);
    let mut long = ask("hello");
    long.options.insert("delayMs".to_owned(), json!(1000));
    let outcome = within(20, "a job longer than its patience", plugin.transform(long, quiet)).await.unwrap();
    assert_eq!(said(&outcome), "hello", "a plugin at work is not idle");
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (2, 0));
    lab.close(&plugin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_comes_as_a_plugin_is_stopped_is_not_lost() {
    let (lab, plugin) = started("good", |spec| spec.timing.idle_stop = Duration::from_millis(2)).await;
    for _ in 0..60 {
        recovers(&plugin, "a call at the moment of the idle stop").await;
        tokio::time::sleep(Duration::from_micros(fastrand::u64(1000..4000))).await;
    }
    assert!(plugin.stats().starts > 1, "it was stopped in between");
    assert_eq!(plugin.stats().failures, 0);
    lab.close(&plugin).await;
}

#[test]
fn a_plugin_outlives_the_runtime_that_started_it_as_a_handle_only() {
    let lab = crate::lab();
    let plugin: Plugin = lab.plugin("good");
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(recovers(&plugin, "the first runtime"));
    let old = plugin.stats().pid.unwrap();
    drop(first);
    runtime().block_on(async {
        recovers(&plugin, "the second runtime").await;
        assert_ne!(plugin.stats().pid, Some(old));
        eventually("the first process ends", || (!lab.processes().running("hostile").contains(&old)).then_some(()))
            .await;
        lab.close(&plugin).await;
    });
}
