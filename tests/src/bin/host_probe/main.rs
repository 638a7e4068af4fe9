//! A host like any other: a program that links the library and does one thing with a plugin.
//!
//! `host_probe SCENARIO WORK_DIR PROGRAM [ARGUMENT…]` prints one JSON document on stdout. The tests kill
//! it, and measure in it what a process has only one of: memory, descriptors, threads.

mod ask;
mod leaks;
mod memory;
mod seal;

use std::io::Write as _;
use std::process::ExitCode;

use prizm_host::{PluginCommand, PluginSpec};
use prizm_tests::timing;
use serde_json::Value;

const HELP: &str = "\
host_probe SCENARIO WORK_DIR PROGRAM [ARGUMENT…]

  ask             make a call and say what came of it
  ask-twice       the same with two plugins, the orphan guard being killed before the second starts
  memory          make a call with a caller who reads what comes, and say how much memory it took
  memory-unread   the same with a caller who reads nothing before the plugin has answered
  memory-unsent   the same for calls of 4 MiB until the plugin is found to read no more
  cancel          cancel 10,000 calls, and say what is left of them
  crowd           run 50 plugins at once, and say what is left of them
  escape          drop plugins whose pipes something else holds open, and say what is left
  signal-none     end a plugin whose process has died, under a seal that makes any signal fatal
  signal-one      end a plugin that lives, under the same seal
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let (Some(work_dir), Some(program)) = (arguments.next(), arguments.next()) else {
        let _ = std::io::stderr().write_all(HELP.as_bytes());
        return ExitCode::from(2);
    };
    let command = PluginCommand::new(program).args(arguments);
    let spec = PluginSpec { work_dir: work_dir.into(), timing: timing(), ..PluginSpec::new(command) };
    let report = match scenario.to_str().unwrap_or_default() {
        "ask" => ask::once(spec),
        "ask-twice" => ask::twice(spec),
        "memory" => memory::read(spec),
        "memory-unread" => memory::unread(spec),
        "memory-unsent" => memory::unsent(spec),
        "cancel" => leaks::cancel(spec),
        "crowd" => leaks::crowd(spec),
        "escape" => leaks::escape(spec),
        "signal-none" => seal::signal_none(spec),
        "signal-one" => seal::signal_one(spec),
        other => {
            eprintln!("host_probe: no scenario `{other}`\n{HELP}");
            return ExitCode::from(2);
        }
    };
    say(&report);
    ExitCode::SUCCESS
}

/// Prints a report, a line.
fn say(report: &Value) {
    let mut stdout = std::io::stdout().lock();
    // Who does not read it does not want it.
    let _ = writeln!(stdout, "{report}").and_then(|()| stdout.flush());
}

/// Runs a scenario on a runtime of several threads, as most programs have, and then drops the runtime.
fn run<T>(scenario: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(scenario)
}

/// Runs a scenario on this thread alone.
fn run_here<T>(scenario: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(scenario)
}
