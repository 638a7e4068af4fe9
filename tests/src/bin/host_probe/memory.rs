//! How much memory a call takes.

use std::fs;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

use prizm_host::{Plugin, PluginCommand, PluginSpec};
use prizm_tests::{ask, eventually, quiet, resident};
use serde_json::{Value, json};

use crate::ask::report;

/// Size of a call that piles up.
const LARGE: usize = 4 << 20;

/// Makes a call with a caller who reads what comes.
pub fn read(spec: PluginSpec) -> Value {
    crate::run(async {
        let plugin = Plugin::new(spec);
        let before = forget_peak();
        let result = plugin.transform(ask("hello"), quiet).await;
        with_growth(report(&result), before)
    })
}

/// Makes a call with a caller who reads nothing before the plugin has answered.
pub fn unread(spec: PluginSpec) -> Value {
    crate::run(async {
        let plugin = Plugin::new(spec);
        if let Err(error) = plugin.start().await {
            return json!({"message": error.to_string()});
        }
        let before = forget_peak();
        let mut call = pin!(plugin.transform(ask("hello"), quiet));
        // It is polled until it is on its way, and then not again before the answer is there.
        poll_fn(|context| match (call.as_mut().poll(context), plugin.stats().pending) {
            (Poll::Pending, 0) => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
        eventually("the plugin has answered", || (plugin.stats().pending == 0).then_some(())).await;
        let result = call.await;
        with_growth(report(&result), before)
    })
}

/// Makes large calls until one is refused, to a plugin that reads none.
pub fn unsent(spec: PluginSpec) -> Value {
    let plugin_command = spec.command.clone();
    crate::run(async {
        let plugin = Plugin::new(spec);
        if let Err(error) = plugin.start().await {
            return json!({"message": error.to_string()});
        }
        let witness = witness_of(&plugin_command);
        let (deaf, call) = (plugin.clone(), ask("hello"));
        tokio::spawn(async move { deaf.transform(call, quiet).await });
        eventually("the plugin has stopped reading", || fs::metadata(&witness).ok()).await;
        let before = forget_peak();
        let large = "x".repeat(LARGE);
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (plugin, call) = (plugin.clone(), ask(&large));
            calls.spawn(async move { plugin.transform(call, quiet).await });
        }
        let first = calls.join_next().await.and_then(Result::ok);
        with_growth(first.as_ref().map_or(Value::Null, report), before)
    })
}

/// Returns the file into which a hostile plugin confesses.
fn witness_of(plugin: &PluginCommand) -> PathBuf {
    plugin.argv().skip_while(|argument| *argument != "--witness").nth(1).map(PathBuf::from).unwrap_or_default()
}

/// Makes the peak what is resident now, and returns that.
fn forget_peak() -> u64 {
    let now = resident("VmRSS");
    match fs::write("/proc/self/clear_refs", "5") {
        Ok(()) => now,
        Err(_) => resident("VmHWM"),
    }
}

fn with_growth(mut report: Value, before: u64) -> Value {
    report["growth"] = resident("VmHWM").saturating_sub(before).into();
    report
}
