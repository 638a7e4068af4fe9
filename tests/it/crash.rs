//! Sudden ends in the middle of a call: that call fails with a report, and the next one works.

use prizm_host::ErrorKind::{Exited, Protocol};
use prizm_host::Stage::Call;
use prizm_tests::{ask, eventually, quiet, within};

use crate::check::{Failure, all, check, failure, recovers, started};
use crate::configure::kill;

const FAILURES: &[Failure] = &[
    failure("crash-mid-call", Exited, Call, "ended during `transform`: signal 6 (SIGABRT)"),
    failure("segv", Exited, Call, "signal 11 (SIGSEGV)"),
    failure("exit-mid-call", Exited, Call, "exit code 0"),
    failure("exit-7-mid-call", Exited, Call, "exit code 7").stderr(&[
        "loading the weights",
        "error: CUDA out of memory",
        "hint: use a smaller model",
    ]),
    failure("exit-after-half-frame", Exited, Call, "exit code 8"),
    failure("panic-message", Exited, Call, "exit code 101").stderr(&["panicked at", "the weights have 7 layers"]),
    failure("traceback", Exited, Call, "exit code 1").stderr(&["Traceback", "ZeroDivisionError: division by zero"]),
    failure("oom-like", Exited, Call, "signal 9 (SIGKILL)").stderr(&["fatal: memory allocation"]),
    failure("grandchild-holds-stdout", Exited, Call, "exit code 9").stderr(&["error: the engine is gone"]),
    failure("close-stdout", Protocol, Call, "it closed its stdout and lived on"),
    failure("drop-connection-but-live", Protocol, Call, "and lived on"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_reported_and_the_next_call_works() {
    all(FAILURES, check).await;
}

#[tokio::test]
async fn kill_9_in_the_middle_of_a_call_is_reported_and_the_next_call_works() {
    let (lab, plugin) = started("never-answer", |_| {}).await;
    let pid = plugin.stats().pid.unwrap();
    let killed = async {
        eventually("the plugin has the calls", || (lab.confessions("never-answer") == 2).then_some(())).await;
        kill(pid);
    };
    let calls =
        async { tokio::join!(plugin.transform(ask("one"), quiet), plugin.transform(ask("two"), quiet), killed) };
    let (one, two, ()) = within(20, "the crash report", calls).await;
    for error in [one.unwrap_err(), two.unwrap_err()] {
        assert_eq!((error.kind(), error.stage()), (Exited, Call), "{error:?}");
        assert_eq!(error.to_string(), "the plugin ended during `transform`: signal 9 (SIGKILL)");
        assert!(error.hint().unwrap().contains("out-of-memory killer"), "{error:?}");
    }
    recovers(&plugin, "kill -9").await;
    assert_eq!((plugin.stats().starts, plugin.stats().failures), (2, 1));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_plugin_that_dies_while_nothing_is_asked_is_started_again() {
    let (lab, plugin) = started("exit-when-idle --times 2", |_| {}).await;
    for death in 1..=2 {
        within(20, "exit-when-idle", plugin.transform(ask("hello"), quiet)).await.unwrap();
        eventually("the host has seen it die", || (plugin.stats().failures == death).then_some(())).await;
    }
    recovers(&plugin, "exit-when-idle").await;
    assert_eq!((plugin.stats().starts, lab.confessions("exit-when-idle")), (3, 2));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_plugin_that_closes_its_stdin_is_no_use_and_is_replaced() {
    let (lab, plugin) = started("close-stdin --times 1", |_| {}).await;
    within(20, "close-stdin", plugin.transform(ask("hello"), quiet)).await.unwrap();
    assert_eq!(lab.confessions("close-stdin"), 1);
    let error = within(20, "a call that cannot be sent", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Protocol, Call), "{error:?}");
    assert!(error.to_string().contains("it closed its stdin and lived on"), "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    recovers(&plugin, "close-stdin").await;
    assert_eq!(plugin.stats().starts, 2);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn what_a_plugin_started_dies_with_it() {
    let (lab, plugin) = started("fork-child-mid-call", |_| {}).await;
    let killed = async {
        let child = eventually("the plugin's child runs", || lab.number()).await;
        eventually("the child sleeps", || lab.processes().running("sleep").contains(&child).then_some(())).await;
        kill(plugin.stats().pid.unwrap());
    };
    let (answer, ()) = tokio::join!(within(20, "the crash report", plugin.transform(ask("hello"), quiet)), killed);
    assert_eq!(answer.unwrap_err().kind(), Exited);
    lab.processes().gone_within(5).await;
    lab.close(&plugin).await;
}
