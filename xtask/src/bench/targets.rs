//! What the figures should be.

use crate::bench::hosts::PEERS;
use crate::bench::summary::{Samples, Source, Spread};

/// What a figure should be.
#[derive(Debug)]
pub struct Target {
    /// What is measured.
    pub what: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// The figure.
    pub ours: Source<'static>,
    /// What it is compared with, and what that is called.
    pub limit: Option<(&'static str, Source<'static>)>,
    /// What it should be.
    pub goal: Goal,
}

/// What a figure should be, by itself or beside its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At most so much.
    AtMost(f64),
    /// At most so many times the limit.
    Times(f64),
    /// At least so many times the limit.
    Share(f64),
    /// So many times as little as the limit, at least.
    Faster(f64),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is so.
    Met,
    /// It is not.
    Missed,
    /// There is no figure, since nobody said where the peers are.
    NoPeers,
    /// There is no figure.
    NotMeasured,
}

impl Target {
    /// Returns the ratio that it is about, or that is told beside it.
    pub fn ratio(&self, samples: &Samples) -> Option<Spread> {
        let (_, limit) = self.limit?;
        match self.goal {
            Goal::Faster(_) => samples.ratio(limit, self.ours),
            _ => samples.ratio(self.ours, limit),
        }
    }

    /// Returns whether the medians are as they should be.
    pub fn outcome(&self, samples: &Samples) -> Outcome {
        let is_met = match self.goal {
            Goal::AtMost(most) => samples.figure(self.ours).map(|ours| ours.median <= most),
            Goal::Times(most) => self.ratio(samples).map(|ratio| ratio.median <= most),
            Goal::Share(least) | Goal::Faster(least) => self.ratio(samples).map(|ratio| ratio.median >= least),
        };
        let of_peer = self.limit.is_some_and(|(_, limit)| PEERS.iter().any(|(name, _)| *name == limit.host));
        match is_met {
            Some(true) => Outcome::Met,
            Some(false) => Outcome::Missed,
            None if of_peer && samples.figure(self.ours).is_some() => Outcome::NoPeers,
            None => Outcome::NotMeasured,
        }
    }
}

const fn free(host: &'static str, path: &'static str) -> Source<'static> {
    Source { host, one_core: false, path }
}

const fn one_core(host: &'static str, path: &'static str) -> Source<'static> {
    Source { host, one_core: true, path }
}

const fn row(
    what: &'static str,
    unit: &'static str,
    ours: Source<'static>,
    limit: Option<(&'static str, Source<'static>)>,
    goal: Goal,
) -> Target {
    Target { what, unit, ours, limit, goal }
}

const P50: &str = "seq_us/p50";
const P99: &str = "seq_us/p99";
const COLD: &str = "cold_ms/p50";
const RATE: &str = "tput/calls_s";
const CPU: &str = "tput/cpu_us_per_call";
const CRASH: &str = "crash_us/p50";
const EACH: &str = "idle/host_kib_per_plugin";
const OURS: Source<'_> = one_core("prizm", P50);

/// All of them.
pub const TARGETS: &[Target] = &[
    row("small call, p50, one core", "µs", OURS, Some(("raw pipe", one_core("pipe", P50))), Goal::Times(3.5)),
    row("small call, p50, one core", "µs", OURS, Some(("rmcp", one_core("rmcp", P50))), Goal::Faster(4.0)),
    row(
        "small call, p99, one core",
        "µs",
        one_core("prizm", P99),
        Some(("raw pipe", one_core("pipe", P99))),
        Goal::Times(8.0),
    ),
    row(
        "64 in flight, one core",
        "calls/s",
        one_core("prizm", RATE),
        Some(("rmcp", one_core("rmcp", RATE))),
        Goal::Share(8.0),
    ),
    row(
        "CPU per call, 64 in flight, one core",
        "µs",
        one_core("prizm", CPU),
        Some(("raw JSON", one_core("json", CPU))),
        Goal::AtMost(10.0),
    ),
    row(
        "CPU per call, 64 in flight, all cores",
        "µs",
        free("prizm", CPU),
        Some(("raw JSON", free("json", CPU))),
        Goal::AtMost(10.0),
    ),
    row("cold start", "ms", free("prizm", COLD), Some(("raw JSON", free("json", COLD))), Goal::Times(1.5)),
    row(
        "64 MiB in and 64 MiB out",
        "MB/s",
        free("prizm", "bulk/mb_s"),
        Some(("file on tmpfs", free("tmpfs", "bulk/mb_s"))),
        Goal::Share(0.8),
    ),
    row(
        "the same from file to file: growth of the host's memory",
        "MiB",
        free("prizm", "bulk_files/host_extra_mib"),
        Some(("file on tmpfs", free("tmpfs", "bulk/host_extra_mib"))),
        Goal::AtMost(16.0),
    ),
    row(
        "taking an output of 1 GiB",
        "ms",
        free("prizm", "take/last/take_ms"),
        Some(("its hash", free("prizm", "take/last/hash_ms"))),
        Goal::Times(1.1),
    ),
    row(
        "50 idle plugins: the host's memory for each",
        "KiB",
        free("prizm", EACH),
        Some(("rmcp", free("rmcp", EACH))),
        Goal::AtMost(100.0),
    ),
    row(
        "plugin killed until its call fails",
        "µs",
        free("prizm", CRASH),
        Some(("raw pipe", free("pipe", CRASH))),
        Goal::AtMost(1000.0),
    ),
    row(
        "Python SDK, cold start",
        "ms",
        free("python", COLD),
        Some(("bare python3", free("interpreters", "python_ms"))),
        Goal::Times(1.6),
    ),
    row("Python SDK, call, p50, one core", "µs", one_core("python", P50), None, Goal::AtMost(100.0)),
    row(
        "TypeScript SDK, cold start",
        "ms",
        free("typescript", COLD),
        Some(("bare node", free("interpreters", "node_ms"))),
        Goal::Times(1.3),
    ),
    row("TypeScript SDK, call, p50, one core", "µs", one_core("typescript", P50), None, Goal::AtMost(60.0)),
    row(
        "query for a capability, 1,000 × 100 models",
        "µs",
        free("prizm", "query_us/providers_by_capability/p50"),
        None,
        Goal::AtMost(100.0),
    ),
    row("warm `get_provider(URL)`, up to the spawn", "ms", free("prizm", "warm_ms/p50"), None, Goal::AtMost(5.0)),
    row(
        "what `prizm run` adds to the plugin's own time",
        "ms",
        free("command", "added_ms"),
        Some(("the plugin alone", free("command", "plugin_ms"))),
        Goal::AtMost(15.0),
    ),
    row(
        "fetch and build",
        "s",
        free("prizm", "build/prizm_s"),
        Some(("by hand", free("prizm", "build/by_hand_s"))),
        Goal::Times(1.05),
    ),
    row("`prizm --version`", "ms", free("command", "version_ms"), None, Goal::AtMost(20.0)),
    row("`prizm providers`, 200 installed", "ms", free("command", "providers_ms"), None, Goal::AtMost(20.0)),
    row("release binary", "MiB", free("command", "binary_mib"), None, Goal::AtMost(20.0)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::hosts::tests::everybody;
    use crate::bench::summary::testing::sample;
    use serde_json::json;

    #[test]
    fn every_target_is_of_somebody_who_is_measured() {
        let everybody = everybody();
        for target in TARGETS {
            for source in [Some(target.ours), target.limit.map(|(_, limit)| limit)].into_iter().flatten() {
                assert!(everybody.iter().any(|name| name == source.host), "{}: `{}`", target.what, source.host);
            }
            assert!(target.limit.is_some() || matches!(target.goal, Goal::AtMost(_)), "{}", target.what);
        }
    }

    #[test]
    fn the_median_decides() {
        let seq = |host: &str, p50: f64| sample(0, host, true, 0.0, json!({"seq_us": {"p50": p50}}));
        let mut samples = Samples { all: vec![seq("pipe", 2.0), seq("prizm", 6.9)], ..Samples::default() };
        let [pipe, rmcp] = [&TARGETS[0], &TARGETS[1]];
        assert_eq!((pipe.outcome(&samples), rmcp.outcome(&samples)), (Outcome::Met, Outcome::NoPeers));
        samples.all.extend([seq("rmcp", 20.0)]);
        assert_eq!(rmcp.outcome(&samples), Outcome::Missed);
        samples.all[1] = seq("prizm", 7.1);
        assert_eq!(pipe.outcome(&samples), Outcome::Missed);
        samples.all.remove(1);
        assert_eq!((pipe.outcome(&samples), rmcp.outcome(&samples)), (Outcome::NotMeasured, Outcome::NotMeasured));
    }
}
