//! Much at once, and what is left of it.

use futures_util::future::join_all;
use prizm_tests::{ask, quiet, said, within};

use crate::check::started;
use crate::probe::Probe;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_of_64_kib_at_once_are_answered_each_with_its_own() {
    let (lab, plugin) = started("good", |_| {}).await;
    let calls = (0..200).map(|number| {
        let plugin = plugin.clone();
        tokio::spawn(async move {
            let text = format!("{number:08x}").repeat(64 * 1024 / 8);
            let outcome = plugin.transform(ask(&text), quiet).await.unwrap();
            assert!(said(&outcome) == text, "call {number} got another's answer");
        })
    });
    for call in within(60, "200 calls", join_all(calls)).await {
        call.unwrap();
    }
    let stats = plugin.stats();
    assert_eq!((stats.starts, stats.failures, stats.pending), (1, 0, 0));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn ten_thousand_cancelled_calls_leave_nothing() {
    let lab = crate::lab();
    let report = Probe::start(&lab, "cancel", &lab.hostile("never-answer")).report().await;
    assert!(report["cancelled"].as_u64().unwrap() >= 10_000, "{report}");
    assert_eq!((&report["starts"], &report["works"]), (&1.into(), &true.into()), "{report}");
    let pair = |key: &str| (report[key][0].as_u64().unwrap(), report[key][1].as_u64().unwrap());
    assert_eq!(pair("descriptors").0, pair("descriptors").1, "{report}");
    assert_eq!(pair("threads").0, pair("threads").1, "{report}");
    let reached = lab.confessions("never-answer");
    assert!(reached > 1000, "only {reached} calls reached the plugin");
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn fifty_plugins_at_once_are_no_trouble() {
    let lab = crate::lab();
    let report = Probe::start(&lab, "crowd", &lab.hostile("good")).report().await;
    assert_eq!((&report["answers"], &report["running"]), (&50.into(), &50.into()), "{report}");
    let [before, during, after] = [0, 1, 2].map(|index| report["descriptors"][index].as_u64().unwrap());
    assert!(during > before + 150 && during < before + 300, "{report}");
    assert_eq!(after, before, "{report}");
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn pipes_that_something_else_holds_open_are_given_up() {
    let lab = crate::lab();
    let report = Probe::start(&lab, "escape", &lab.hostile("good")).report().await;
    assert_eq!(report["descriptors"][0], report["descriptors"][1], "{report}");
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_plugin_that_reads_nothing_costs_a_bounded_backlog() {
    let lab = crate::lab();
    let report = Probe::start(&lab, "memory-unsent", &lab.hostile("stop-reading-stdin")).report().await;
    assert_eq!((&report["kind"], &report["stage"]), (&"Protocol".into(), &"call".into()), "{report}");
    assert_eq!(report["message"], "the plugin has stopped reading its stdin", "{report}");
    assert!(report["hint"].is_string(), "{report}");
    assert!(report["growth"].as_u64().unwrap() < 600 << 20, "{report}");
    assert_eq!(lab.confessions("stop-reading-stdin"), 1);
    lab.processes().gone_within(5).await;
}
