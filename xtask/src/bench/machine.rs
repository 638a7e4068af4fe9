//! The machine on which it is measured: what it is, what disturbs, and which processor has the least to do.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::Options;
use crate::sh::Argv;

/// Returns the first line that a command prints; nothing where there is no such command.
pub fn line(root: &Path, command: &str) -> String {
    printed(root, &Argv::new(command))
}

/// Returns the first line that a command prints; nothing where there is no such command.
pub fn printed(root: &Path, argv: &Argv) -> String {
    let output = argv.output(root).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().trim().to_owned()
}

/// Returns what figures can be compared with only when it is the same.
pub fn conditions(root: &Path, rounds: u32, options: &Options) -> Value {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    let changed = if line(root, "git status --porcelain").is_empty() { "" } else { ", with changes" };
    json!({
        "date": line(root, "date -u +%F"),
        "processor": model.map(|(_, model)| model.trim()),
        "cores": thread::available_parallelism().map(usize::from).unwrap_or_default(),
        "kernel": line(root, "uname -sr"),
        "load": load(),
        "rustc": line(root, "rustc --version"),
        "python": line(root, "python3 --version"),
        "node": line(root, "node --version"),
        "revision": format!("{}{changed}", line(root, "git rev-parse --short=12 HEAD")),
        "rounds": rounds,
        "quick": options.quick,
        "command": command(rounds, options),
    })
}

/// Returns the command, without the paths of this machine.
fn command(rounds: u32, options: &Options) -> String {
    let mut words = format!("cargo xtask bench --rounds {rounds}");
    let mut add = |word: &str| words.extend([" ", word]);
    if options.quick {
        add("--quick");
    }
    if !options.only.is_empty() {
        add(&format!("--only {}", options.only.join(",")));
    }
    if options.peers.is_some() {
        add("--peers DIR");
    }
    for (name, _) in &options.extra {
        add(&format!("--extra {name}=COMMAND"));
    }
    if options.build_times {
        add("--build-times");
    }
    words
}

/// Returns the load of the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// What the processors have done since the machine was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Times(Vec<Spent>);

/// What one of them has done, or all together, in ticks.
#[derive(Debug, Clone, PartialEq)]
struct Spent {
    name: String,
    idle: u64,
    stolen: u64,
    all: u64,
}

impl Times {
    /// Returns those of now.
    pub fn now() -> Self {
        Self::of(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let spent = |line: &str| {
            let mut words = line.split_whitespace();
            let name = words.next().filter(|name| name.starts_with("cpu"))?.to_owned();
            // What guests had is counted among the first two already.
            let ticks: Vec<u64> = words.take(8).map_while(|word| word.parse().ok()).collect();
            Some(Spent { name, idle: *ticks.get(3)?, stolen: *ticks.get(7)?, all: ticks.iter().sum() })
        };
        Self(text.lines().filter_map(spent).collect())
    }

    /// Returns how many per cent of the time since then the hypervisor gave to others.
    pub fn stolen_since(&self, then: &Self) -> f64 {
        let (Some(now), Some(then)) = (self.0.first(), then.0.first()) else { return 0.0 };
        100.0 * now.stolen.saturating_sub(then.stolen) as f64 / now.all.saturating_sub(then.all).max(1) as f64
    }

    /// Returns the number of the processor that has had the least to do since then.
    fn idlest_since(&self, then: &Self) -> Option<&str> {
        let pairs = self.0.iter().zip(&then.0).filter(|(now, then)| now.name == then.name && now.name != "cpu");
        let idle = |(now, then): &(&Spent, &Spent)| {
            1000 * now.idle.saturating_sub(then.idle) / now.all.saturating_sub(then.all).max(1)
        };
        pairs.max_by_key(idle).map(|(now, _)| now.name.trim_start_matches("cpu"))
    }
}

/// Returns the number of the processor that has had the least to do for a moment.
pub fn idlest() -> String {
    let then = Times::now();
    thread::sleep(Duration::from_millis(200));
    Times::now().idlest_since(&then).unwrap_or("0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: &str = "cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 5 0 5 50 0 0 0 0 0 0\ncpu1 5 0 5 50 0 0 0 0 0 0\nintr 1\n";
    const NOW: &str = "cpu  60 0 10 130 0 0 0 20 9 0\ncpu0 55 0 5 50 0 0 0 0 0 0\ncpu1 5 0 5 80 0 0 0 20 0 0\nintr 2\n";

    #[test]
    fn what_others_took_and_who_is_idle() {
        let (then, now) = (Times::of(THEN), Times::of(NOW));
        assert_eq!(now.0.len(), 3);
        assert_eq!(now.stolen_since(&then), 20.0);
        assert_eq!(now.idlest_since(&then), Some("1"));
        assert_eq!(Times::of("").stolen_since(&Times::of("")), 0.0);
    }
}
