//! Figures of many samples, and what the kernel says of processes.

use std::fs;

use serde_json::{Map, Value, json};

/// Rounds to two places.
pub fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Returns the median, the spread and the extremes of samples.
pub fn summary(mut samples: Vec<f64>) -> Map<String, Value> {
    samples.sort_by(f64::total_cmp);
    let at = |part: f64| samples.get(((samples.len().max(1) - 1) as f64 * part).round() as usize).copied();
    let figures = [("p50", 0.5), ("p10", 0.1), ("p99", 0.99), ("min", 0.0), ("max", 1.0)];
    let mut all = Map::from_iter(figures.map(|(name, part)| (name.to_owned(), json!(at(part).map(rounded)))));
    all.insert("n".to_owned(), samples.len().into());
    all
}

/// Returns a figure of a process in KiB, such as `VmRSS:`.
pub fn memory(pid: u32, name: &str) -> f64 {
    let file = if name == "Pss:" { "smaps_rollup" } else { "status" };
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(f64::NAN)
}

/// Returns the seconds of processor time that the threads of a process have had.
pub fn processor(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let spent = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let nanos: u64 = spent.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum();
    nanos as f64 / 1e9
}

/// Forgets the peak of this process's memory.
pub fn reset_peak() {
    // Without it the peak is that of before, which is worse.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Returns the median of samples; nothing of none.
pub fn median(samples: Vec<f64>) -> Value {
    summary(samples)["p50"].clone()
}

/// Lets this process have as many files open as it may: each plugin takes a few.
pub fn raise_descriptors() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it writes into what it is given, and nothing else.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: it reads what it is given, and nothing else.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    }
}
