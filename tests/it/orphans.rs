//! The host dies by SIGKILL: within two seconds no descendant lives, in whatever phase it was.

use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use prizm_host::PluginCommand;
use prizm_tests::{Lab, eventually};

use crate::probe::Probe;

/// Seconds within which everything must be gone.
const BOUND: u64 = 2;

/// Kills a host once a plugin is where it should be.
async fn kill_when(line: &str, there: impl Fn(&Lab) -> bool) {
    let lab = crate::lab();
    let host = Probe::start(&lab, "ask", &lab.hostile(line));
    eventually(line, || there(&lab).then_some(())).await;
    assert!(!lab.processes().running("--witness").is_empty());
    host.kill().await;
    lab.processes().gone_within(BOUND).await;
}

#[tokio::test]
async fn a_host_killed_during_the_handshake_leaves_nothing() {
    kill_when("never-answer-initialize", |lab| lab.confessions("never-answer-initialize") == 1).await;
    kill_when("half-frame-then-stall", |lab| lab.confessions("half-frame-then-stall") == 1).await;
}

#[tokio::test]
async fn a_host_killed_while_it_configures_leaves_nothing() {
    kill_when("configure-startup-forever", |lab| lab.confessions("configure-startup-forever") == 1).await;
}

#[tokio::test]
async fn a_host_killed_in_a_call_leaves_nothing() {
    kill_when("never-answer", |lab| lab.confessions("never-answer") == 1).await;
    // These do not see that their stdin ends.
    kill_when("busy-loop", |lab| lab.confessions("busy-loop") == 1).await;
    kill_when("stop-reading-stdin", |lab| lab.confessions("stop-reading-stdin") == 1).await;
}

#[tokio::test]
async fn a_host_killed_while_it_stops_a_plugin_leaves_nothing() {
    kill_when("ignores-everything", |lab| lab.confessions("ignores-everything") >= 1).await;
}

#[tokio::test]
async fn a_host_killed_while_its_plugins_child_runs_leaves_nothing() {
    let sleeps = |lab: &Lab| lab.number().is_some_and(|child| lab.processes().running("sleep").contains(&child));
    kill_when("fork-child-mid-call", sleeps).await;
    kill_when("fork-child-at-start --ms 60000", sleeps).await;
}

#[tokio::test]
async fn a_host_killed_while_a_script_sleeps_leaves_nothing() {
    for script in ["sleep 600", "sleep 600 & sleep 601 & wait", "trap '' TERM HUP INT; sleep 600; sleep 601"] {
        let lab = crate::lab();
        let host = Probe::start(&lab, "ask", &PluginCommand::new("/bin/sh").args(["-c", script]));
        // The host's own command line holds the script as well: only a child's begins with it.
        eventually("the script sleeps", || (lab.processes().named("sleep") > 0).then_some(())).await;
        host.kill().await;
        lab.processes().gone_within(BOUND).await;
    }
}

#[tokio::test]
async fn a_guard_that_was_killed_is_replaced() {
    let lab = crate::lab();
    let mut host = Probe::start(&lab, "ask-twice", &lab.hostile("stop-reading-stdin"));
    assert_eq!(host.line().await["at"], "call");
    eventually("both have a call", || (lab.confessions("stop-reading-stdin") == 2).then_some(())).await;
    assert_eq!(lab.processes().named("hostile"), 2);
    host.kill().await;
    lab.processes().gone_within(BOUND).await;
}

#[tokio::test]
async fn a_host_killed_at_any_moment_around_the_spawn_leaves_nothing() {
    let lab = crate::lab();
    let plugin = PluginCommand::new("/bin/sh").args(["-c", "sleep 600; sleep 601"]);
    for round in 0..50 {
        let mut host = Probe::start(&lab, "ask", &plugin);
        assert_eq!(host.line().await["at"], "start");
        if round % 2 == 0 {
            // Somewhere between the fork and a moment after the exec.
            tokio::time::sleep(Duration::from_micros(fastrand::u64(0..6000))).await;
        } else {
            eventually("the plugin runs", || (lab.processes().named("sh") > 0).then_some(())).await;
        }
        host.kill().await;
        // What was there must not be taken for what comes next.
        lab.processes().gone_within(BOUND).await;
    }
}

#[tokio::test]
async fn a_host_killed_with_its_whole_group_leaves_nothing() {
    let lab = crate::lab();
    let host = Probe::start_with(&lab, "ask", &lab.hostile("busy-loop"), |host| {
        host.as_std_mut().process_group(0);
    });
    eventually("it spins", || (lab.confessions("busy-loop") == 1).then_some(())).await;
    // As a terminal or a service manager would.
    host.kill_group().await;
    lab.processes().gone_within(BOUND).await;
}
