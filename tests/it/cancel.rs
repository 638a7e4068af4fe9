//! A caller goes away: the plugin is told, answers once, and is restarted where it does not.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use prizm_host::{Call, ErrorKind, Plugin, PluginSpec, State};
use prizm_tests::{Lab, ask, eventually, quiet, said, within};
use serde_json::json;

use crate::check::{recovers, started};

fn short_grace(spec: &mut PluginSpec) {
    spec.timing.cancel_grace = Duration::from_millis(300);
}

/// Makes a call, waits until the plugin has it, and drops it.
async fn abandon(lab: &Lab, plugin: &Plugin, has_it: impl Fn(&Lab) -> bool) {
    let mut call = std::pin::pin!(plugin.transform(ask("hello"), quiet));
    let there = eventually("the plugin has the call", || has_it(lab).then_some(()));
    tokio::select! {
        answer = &mut call => panic!("it is never answered: {answer:?}"),
        () = there => {}
    }
}

/// Makes a call that has been sent and drops it.
async fn abandon_sent(plugin: &Plugin) {
    let call = Call { timeout: Some(Duration::from_millis(300)), ..ask("hello") };
    let error = within(20, "the call's own deadline", plugin.transform(call, quiet)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error:?}");
}

async fn no_call_pends(plugin: &Plugin) {
    eventually("no call pends", || (plugin.stats().pending == 0).then_some(())).await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_the_plugin_lives_on() {
    let (lab, plugin) = started("never-answer", |_| {}).await;
    abandon(&lab, &plugin, |lab| lab.confessions("never-answer") == 1).await;
    no_call_pends(&plugin).await;
    recovers(&plugin, "never-answer").await;
    assert_eq!((plugin.stats().starts, plugin.state()), (1, State::Ready));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn any_one_answer_to_a_cancellation_will_do() {
    for line in ["cancel-answers-success", "cancel-answers-twice", "cancel-answers-late --ms 200"] {
        let mode = line.split(' ').next().unwrap();
        let (lab, plugin) = started(line, |_| {}).await;
        abandon_sent(&plugin).await;
        no_call_pends(&plugin).await;
        assert_eq!(lab.confessions(mode), 1, "{mode}");
        recovers(&plugin, mode).await;
        assert_eq!((plugin.stats().starts, plugin.stats().failures), (1, 0), "{mode}");
        lab.close(&plugin).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_does_not_answer_a_cancellation_is_restarted() {
    let cases =
        ["ignore-cancel", "cancel-answers-late --ms 60000", "busy-loop", "stop-reading-stdin"].map(|line| async move {
            let mode = line.split(' ').next().unwrap();
            let (lab, plugin) = started(line, short_grace).await;
            let old = plugin.stats().pid.unwrap();
            abandon_sent(&plugin).await;
            eventually(mode, || (lab.confessions(mode) == 1).then_some(())).await;
            eventually("it is killed", || (!lab.processes().running("hostile").contains(&old)).then_some(())).await;
            recovers(&plugin, mode).await;
            let stats = plugin.stats();
            assert_eq!((stats.starts, stats.failures, stats.pending), (2, 0, 0), "{mode}");
            lab.close(&plugin).await;
        });
    join_all(cases).await;
}

#[tokio::test]
async fn others_drain_before_a_tainted_plugin_is_restarted() {
    let (lab, plugin) = started("ignore-cancel", short_grace).await;
    let old = plugin.stats().pid.unwrap();
    let long = |ms: u64| {
        let mut call = ask("hello");
        call.options.insert("delayMs".to_owned(), json!(ms));
        call
    };
    let (outcome, ()) = tokio::join!(plugin.transform(long(2500), quiet), async {
        abandon_sent(&plugin).await;
        eventually("it drains", || (plugin.state() == State::Draining).then_some(())).await;
        assert_eq!(plugin.stats().pid, Some(old), "the other call is still at it");
        // A call that comes now goes to a new process at once.
        recovers(&plugin, "while it drains").await;
        assert_ne!(plugin.stats().pid, Some(old));
        assert!(lab.processes().running("hostile").contains(&old));
    });
    assert_eq!(said(&outcome.unwrap()), "hello", "it was answered by the old process");
    eventually("the old process ends", || (!lab.processes().running("hostile").contains(&old)).then_some(())).await;
    assert_eq!(plugin.stats().starts, 2);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn who_waits_for_a_slot_of_a_tainted_plugin_gets_one_of_the_next() {
    let (lab, plugin) = started("ignore-cancel", short_grace).await;
    // Every slot is taken by a call that is cancelled and never answered.
    join_all((0..64).map(|_| abandon_sent(&plugin))).await;
    assert_eq!(plugin.stats().pending, 64);
    recovers(&plugin, "a call that waits for a slot").await;
    assert_eq!(plugin.stats().starts, 2);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_plugin_that_declares_it_is_restarted_at_once() {
    let (lab, plugin) = started("restart-mode --ms 60000", |_| {}).await;
    let old = plugin.stats().pid.unwrap();
    abandon(&lab, &plugin, |lab| lab.confessions("restart-mode") == 1).await;
    let gone = || (!lab.processes().running("hostile").contains(&old)).then_some(());
    within(5, "long before any grace is over, it is killed", eventually("it is killed", gone)).await;
    recovers(&plugin, "restart-mode").await;
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (2, 0));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_call_that_never_left_the_host_is_withdrawn() {
    let (lab, plugin) = started("good", |_| {}).await;
    // More than the engine's queue holds, each polled once: most have not been sent when they are dropped.
    let mut pings: Vec<_> = (0..3000).map(|_| Box::pin(plugin.ping())).collect();
    for ping in &mut pings {
        assert!(ping.as_mut().now_or_never().is_none());
    }
    assert_eq!(plugin.stats().pending, 3000);
    drop(pings);
    no_call_pends(&plugin).await;
    recovers(&plugin, "3,000 withdrawn calls").await;
    assert_eq!(plugin.stats().starts, 1);
    lab.close(&plugin).await;
}
