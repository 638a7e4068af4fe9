//! What is left when a lot has happened.

use std::time::Duration;

use futures_util::future::join_all;
use prizm_host::{Plugin, PluginCommand, PluginSpec};
use prizm_tests::{Processes, ask, descriptors, eventually, quiet, threads};
use serde_json::{Value, json};
use tokio::time::timeout;

const CALLS: usize = 10_000;
const AT_ONCE: usize = 64;
const CROWD: usize = 50;
const ESCAPES: usize = 10;

/// Cancels many calls at all moments of their lives.
pub fn cancel(spec: PluginSpec) -> Value {
    crate::run(async {
        let plugin = Plugin::new(spec);
        if let Err(error) = plugin.start().await {
            return json!({"message": error.to_string()});
        }
        let before = (descriptors(), threads());
        let mut cancelled = 0;
        while cancelled < CALLS {
            let calls = (0..AT_ONCE).map(|_| {
                let patience = Duration::from_micros(fastrand::u64(0..4000));
                timeout(patience, plugin.transform(ask("never"), quiet))
            });
            cancelled += join_all(calls).await.into_iter().filter(Result::is_err).count();
        }
        let none = || (plugin.stats().pending == 0).then_some(());
        eventually("every call is answered", none).await;
        let stats = plugin.stats();
        let good = plugin.transform(ask("behave"), quiet).await;
        json!({
            "cancelled": cancelled,
            "starts": stats.starts,
            "works": good.is_ok(),
            "descriptors": [before.0, descriptors()],
            "threads": [before.1, threads()],
        })
    })
}

/// Runs many plugins at once.
pub fn crowd(spec: PluginSpec) -> Value {
    crate::run(async {
        // The guard's socket and the runtime's own descriptors stay.
        let first = Plugin::new(spec.clone());
        let _ = first.start().await;
        first.shutdown().await;
        let before = eventually_steady().await;
        let plugins: Vec<_> = (0..CROWD).map(|_| Plugin::new(spec.clone())).collect();
        let answers = join_all(plugins.iter().map(|plugin| plugin.transform(ask("hello"), quiet))).await;
        let running = plugins.iter().filter(|plugin| plugin.stats().pid.is_some()).count();
        let during = descriptors();
        join_all(plugins.iter().map(Plugin::shutdown)).await;
        json!({
            "answers": answers.iter().filter(|answer| answer.is_ok()).count(),
            "running": running,
            "descriptors": [before, during, eventually_steady().await],
        })
    })
}

/// Drops plugins that have left a process behind, in a session of its own, which holds their stdout
/// and stderr. Such a process is the sandbox's business; the pipes are the host's.
pub fn escape(spec: PluginSpec) -> Value {
    let mark = spec.work_dir.clone();
    let argv: Vec<_> = spec.command.argv().map(ToOwned::to_owned).collect();
    let script = "setsid sleep 300 & exec \"$@\"";
    let command = PluginCommand::new("/bin/sh").args(["-c", script, "sh"]).args(argv);
    let spec = PluginSpec { command, ..spec };
    let report = crate::run(async {
        let mut settled = 0;
        for sleepers in 1..=ESCAPES {
            let plugin = Plugin::new(spec.clone());
            if let Err(error) = plugin.start().await {
                return json!({"message": error.to_string()});
            }
            let escaped = || {
                let count = |part| Processes::marked(&mark).running(part).len();
                (count("sleep").saturating_sub(count("setsid")) == sleepers).then_some(())
            };
            eventually("the sleeper has a session of its own", escaped).await;
            drop(plugin);
            if sleepers == 1 {
                settled = eventually_steady().await;
            }
        }
        json!({"descriptors": [settled, eventually_steady().await]})
    });
    for pid in Processes::marked(&mark).running("sleep") {
        // SAFETY: `kill` takes numbers; the sleepers carry this test's own mark.
        unsafe { libc::kill(i32::try_from(pid).unwrap_or(i32::MAX), libc::SIGKILL) };
    }
    report
}

/// The number of descriptors once it has stopped falling.
async fn eventually_steady() -> usize {
    let mut last = (usize::MAX, 0);
    eventually("the descriptors are closed", || {
        let now = descriptors();
        last = if now == last.0 { (now, last.1 + 1) } else { (now, 0) };
        (last.1 == 20).then_some(now)
    })
    .await
}
