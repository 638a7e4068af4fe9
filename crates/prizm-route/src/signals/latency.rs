//! How long jobs take, by how large they are.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::signals::fading::faded;
use crate::signals::histogram::Histogram;
use crate::signals::{LONGEST_CALL, is_default};
use crate::snapshot::{Latency, Millis};

/// How many sizes are kept.
const SIZES: usize = 16;
/// What is expected comes down to what is measured with a time constant of 30 seconds: its half-life, in
/// milliseconds.
const HALF_LIFE: u64 = 20_794;
/// How long calls must have been fast again to be believed at once, in milliseconds.
const CONVINCED: u64 = 10_000;
/// How far one size says something of another, in thousandths: part of the time goes to every job, however
/// small, and large ones are not done one piece after the other.
const SCALES: (u128, u128) = (250, 16_000);

/// The sizes of which something was measured, from the smallest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Latencies(Vec<Size>);

/// Jobs from one power of two of their work to the next: they are taken to be as large as each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Size {
    /// The power.
    log: u32,
    /// What is expected now, in millionths of a second.
    expected: u64,
    /// How many were measured.
    samples: u32,
    /// When the last was.
    at: Millis,
    /// Calls of late that were much faster than expected.
    #[serde(skip_serializing_if = "is_default")]
    fast: Fast,
    /// All of them.
    histogram: Histogram,
}

/// A run of calls that took less than half of what was expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Fast {
    /// When the first of them ended.
    since: Millis,
    /// How long the slowest took, in millionths of a second; 0 where there is none.
    slowest: u64,
}

impl Latencies {
    /// Learns of a job that was done, in so many milliseconds.
    pub(super) fn learn(&mut self, work: u64, took: u64, at: Millis) {
        let log = work.max(1).ilog2();
        let place = match self.0.binary_search_by_key(&log, |size| size.log) {
            Ok(place) => place,
            Err(_) => self.room_for(log, at),
        };
        self.0[place].learn(took.clamp(1, LONGEST_CALL), at);
    }

    /// Learns of a job that was given up after so many milliseconds: it takes at least as long.
    pub(super) fn outlast(&mut self, work: u64, took: u64, at: Millis) {
        if self.of(work).is_none_or(|known| took >= known.expected) {
            self.learn(work, took, at);
        }
    }

    /// Returns how long a job takes: measured, or scaled from the nearest size that was.
    pub(super) fn of(&self, work: u64) -> Option<Latency> {
        let log = work.max(1).ilog2();
        let size = self.0.iter().min_by_key(|size| (size.log.abs_diff(log), Reverse(size.samples)))?;
        let scale = if size.log == log { 1000 } else { size.scale(work) };
        let scaled = |ms: u64| u64::try_from(u128::from(ms) * scale / 1000).unwrap_or(u64::MAX).max(1);
        Some(Latency {
            expected: scaled(size.expected.div_ceil(1000)),
            p50: scaled(size.histogram.quantile(50)),
            p95: scaled(size.histogram.quantile(95)),
            samples: size.samples,
            at: size.at,
        })
    }

    /// Returns how long the jobs take of the size of which most were measured.
    pub(super) fn usual(&self) -> Option<Latency> {
        let most = self.0.iter().max_by_key(|size| (size.samples, size.at))?;
        self.of(1_u64.checked_shl(most.log).unwrap_or(u64::MAX))
    }

    /// Makes room for another size, and returns its place. The one that was measured longest ago goes.
    fn room_for(&mut self, log: u32, at: Millis) -> usize {
        while self.0.len() >= SIZES {
            let oldest = (0..self.0.len()).max_by_key(|place| self.0[*place].at.abs_diff(at));
            self.0.remove(oldest.unwrap_or(0));
        }
        let place = self.0.partition_point(|size| size.log < log);
        self.0.insert(place, Size { log, at, ..Size::default() });
        place
    }
}

impl Size {
    fn learn(&mut self, took: u64, at: Millis) {
        let age = at.saturating_sub(self.at);
        let sample = took.saturating_mul(1000);
        let is_fast = sample <= self.expected / 2;
        self.expected = if self.samples == 0 || sample >= self.expected.saturating_mul(2) {
            sample
        } else if sample > self.expected {
            self.expected + (sample - self.expected) / 2
        } else {
            sample + faded(self.expected - sample, age, HALF_LIFE)
        };
        self.believe(is_fast, sample, at);
        self.histogram.learn(took, age);
        self.samples = self.samples.saturating_add(1);
        self.at = at;
    }

    /// Comes down at once when calls have been fast for a while: who is tried once in a while would otherwise
    /// stay slow for as many tries as it takes to fade.
    fn believe(&mut self, is_fast: bool, sample: u64, at: Millis) {
        if !is_fast {
            self.fast = Fast::default();
        } else if self.fast.slowest == 0 || at < self.fast.since {
            self.fast = Fast { since: at, slowest: sample };
        } else {
            self.fast.slowest = self.fast.slowest.max(sample);
            if at - self.fast.since >= CONVINCED {
                self.expected = self.expected.min(self.fast.slowest);
                self.fast = Fast::default();
            }
        }
    }

    /// How much more or less a job is than the middle of this size, in thousandths.
    fn scale(&self, work: u64) -> u128 {
        let middle = 3_u128 << self.log.min(u64::BITS);
        (u128::from(work) * 2000 / middle).clamp(SCALES.0, SCALES.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000;

    fn expected(latencies: &Latencies, work: u64) -> u64 {
        latencies.of(work).unwrap().expected
    }

    /// Ten calls of a second each, the last at `NOW`.
    fn steady() -> Latencies {
        let mut latencies = Latencies::default();
        (0..10).for_each(|i| latencies.learn(1000, 1000, NOW - 9000 + i * 1000));
        latencies
    }

    #[test]
    fn one_surprise_is_believed_at_once() {
        let mut latencies = steady();
        assert_eq!(expected(&latencies, 1000), 1000);
        latencies.learn(1000, 20_000, NOW);
        assert_eq!(expected(&latencies, 1000), 20_000);
        let known = latencies.of(1000).unwrap();
        assert_eq!((known.samples, known.at, known.p50), (11, NOW, 1000));
        assert!(known.p95.abs_diff(20_000) < 1000, "{}", known.p95);
    }

    #[test]
    fn less_than_a_surprise_goes_half_way() {
        let mut latencies = steady();
        latencies.learn(1000, 1500, NOW);
        assert_eq!(expected(&latencies, 1000), 1250);
    }

    #[test]
    fn the_usual_is_what_was_measured_most() {
        assert!(Latencies::default().usual().is_none());
        let mut latencies = steady();
        latencies.learn(64_000, 9000, NOW + 1);
        assert_eq!(latencies.usual(), latencies.of(1000));
        (0..20).for_each(|i| latencies.learn(64_000, 9000, NOW + 1 + i));
        assert_eq!(latencies.usual(), latencies.of(64_000), "as it was, and not scaled");
    }

    #[test]
    fn it_comes_down_with_the_time_between_calls() {
        let mut latencies = steady();
        latencies.learn(1000, 1900, NOW);
        let high = expected(&latencies, 1000);
        latencies.learn(1000, 1000, NOW);
        assert_eq!(expected(&latencies, 1000), high, "no time has passed");
        latencies.learn(1000, 1000, NOW + 30_000);
        let left = (high - 1000) * 368 / 1000;
        assert!(expected(&latencies, 1000).abs_diff(1000 + left) <= 2);
    }

    #[test]
    fn two_tries_at_normal_speed_bring_it_back() {
        let latencies = steady();
        for slow in [5000, 20_000, 600_000] {
            let mut latencies = latencies.clone();
            latencies.learn(1000, slow, NOW);
            latencies.learn(1000, 1000, NOW + 30_000);
            assert!(expected(&latencies, 1000) > 2000);
            latencies.learn(1000, 1100, NOW + 60_000);
            assert_eq!(expected(&latencies, 1000), 1100);
        }
    }

    #[test]
    fn a_burst_of_fast_calls_does_not() {
        let mut latencies = steady();
        latencies.learn(1000, 20_000, NOW);
        (0..99).for_each(|i| latencies.learn(1000, 1000, NOW + i * 10));
        assert!(expected(&latencies, 1000) > 15_000);
        latencies.learn(1000, 1000, NOW + 20_000);
        assert_eq!(expected(&latencies, 1000), 1000);
    }

    #[test]
    fn what_was_given_up_takes_at_least_as_long() {
        let mut latencies = steady();
        latencies.outlast(1000, 300, NOW);
        assert_eq!(latencies, steady());
        latencies.outlast(1000, 60_000, NOW);
        assert_eq!(expected(&latencies, 1000), 60_000);
    }

    #[test]
    fn a_size_that_nobody_measured_is_scaled_within_bounds() {
        let mut latencies = steady();
        assert_eq!(expected(&latencies, 600), 1000, "the same power of two");
        assert_eq!(expected(&latencies, 7680), 10_000);
        assert_eq!(expected(&latencies, u64::MAX), 16_000);
        assert_eq!(expected(&latencies, 1), 250);
        latencies.learn(100_000, 30_000, NOW);
        assert_eq!(expected(&latencies, 90_000), 30_000);
        assert_eq!(expected(&latencies, 200_000), 61_020);
    }

    #[test]
    fn sixteen_sizes_are_kept() {
        let mut latencies = Latencies::default();
        (0..40).for_each(|i| latencies.learn(1 << i, 1000, NOW + i));
        assert_eq!(latencies.0.len(), SIZES);
        assert_eq!(latencies.0[0].log, 24);
    }
}
