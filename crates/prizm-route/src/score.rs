//! What a call comes to, all told, in one currency.

use prizm_protocol::methods::initialize::Location;
use prizm_protocol::{Capability, MediaKind};
use serde::{Deserialize, Serialize};

use crate::estimate::{Cost, Estimate};
use crate::optimize::{Aspect, Bonus, Liked};
use crate::snapshot::Candidate;
use crate::{Criteria, Money, Optimize, Weights};

/// What a call comes to, in millionths of a dollar: less is better. Nothing of it depends on another candidate,
/// so that who comes or goes never changes the order of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// All of it.
    pub total: i64,
    /// What the call costs.
    pub cost: i64,
    /// What its time is worth.
    pub time: i64,
    /// What it is expected to cost that it may fail.
    pub reliability: i64,
    /// What it is preferred by, and what its quality is worth: as much less.
    pub prefer: i64,
}

impl Score {
    /// Returns what it comes to before anything is preferred.
    pub(crate) const fn before_preference(&self) -> i64 {
        self.cost.saturating_add(self.time).saturating_add(self.reliability)
    }

    /// Returns what it would come to if it took no time and never failed.
    pub(crate) const fn at_best(&self) -> i64 {
        self.cost.saturating_sub(self.prefer)
    }
}

/// How much each part counts, in thousandths.
struct Factors {
    cost: u64,
    time: u64,
    reliability: u64,
    /// What a step of quality is worth.
    quality: Money,
    /// Time is that of many calls at once.
    is_throughput: bool,
}

impl Factors {
    fn of(optimize: &Optimize) -> Self {
        let plain = Self { cost: 1000, time: 1000, reliability: 1000, quality: Money::ZERO, is_throughput: false };
        let dollar = Money::from_nanos(1_000_000_000);
        match optimize {
            Optimize::Balanced | Optimize::Lexicographic(_) => plain,
            Optimize::Cost => Self { time: 0, reliability: 100, ..plain },
            Optimize::Latency => Self { time: 100_000, ..plain },
            Optimize::Throughput => Self { time: 100_000, is_throughput: true, ..plain },
            Optimize::Reliability => Self { reliability: 100_000, ..plain },
            Optimize::Quality => Self { quality: dollar, ..plain },
            Optimize::Weights(Weights { cost, time, reliability, quality }) => Self {
                cost: u64::from(*cost),
                time: u64::from(*time),
                reliability: u64::from(*reliability),
                quality: dollar.times_permille(u64::from(*quality)),
                is_throughput: false,
            },
        }
    }
}

/// Returns what a second is worth.
pub fn second(capability: &Capability, criteria: &Criteria) -> Money {
    let usual = if capability.output() == Some(MediaKind::Text) { 10_000_000 } else { 2_000_000 };
    criteria.second.unwrap_or(Money::from_nanos(usual))
}

/// Says what a call comes to.
pub(crate) fn score(candidate: &Candidate, expected: &Estimate, criteria: &Criteria, second: Money) -> Score {
    let factors = Factors::of(&criteria.optimize);
    let millis = if factors.is_throughput { per_job(candidate, expected) } else { expected.time.expected() };
    let cost = times(nanos(expected.cost.value), factors.cost, 1000);
    let time = times(times(nanos(second), millis, 1000), factors.time, 1000);
    let failure = u64::from(1_000_000 - expected.success.min(1_000_000));
    let reliability = times(times(cost.saturating_add(time), failure, 1_000_000), factors.reliability, 1000);
    let quality = times(nanos(factors.quality), u64::from(candidate.offer.quality.unwrap_or(0)), 1);
    let liked = criteria.prefer.iter().filter(|preferred| is_liked(candidate, &expected.cost, &preferred.what));
    let bonus = liked.fold(quality, |sum, preferred| {
        sum.saturating_add(match preferred.bonus {
            Bonus::Money(money) => nanos(money),
            Bonus::Percent(percent) => times(cost.saturating_add(time), u64::from(percent), 100),
        })
    });
    let (cost, time, reliability, prefer) = (micros(cost), micros(time), micros(reliability), micros(bonus));
    let total = cost.saturating_add(time).saturating_add(reliability).saturating_sub(prefer);
    Score { total, cost, time, reliability, prefer }
}

fn is_liked(candidate: &Candidate, cost: &Cost, liked: &Liked) -> bool {
    let offer = &candidate.offer;
    match liked {
        Liked::Local => offer.location == Location::Local,
        Liked::Remote => offer.location == Location::Remote,
        Liked::Free => cost.is_known() && cost.value == Money::ZERO,
        Liked::These(pattern) => pattern.matches(&offer.provider, &offer.id()),
    }
}

/// How long a job takes when as many as fit are done at once.
pub(crate) fn per_job(candidate: &Candidate, expected: &Estimate) -> u64 {
    expected.time.alone / u64::from(candidate.live.max_in_flight.max(1))
}

/// Returns how an aspect ranks a candidate: less is better, and what is equal to about a hundredth is equal.
pub(crate) fn rank(aspect: Aspect, candidate: &Candidate, expected: &Estimate) -> u64 {
    let offer = &candidate.offer;
    match aspect {
        Aspect::Cost => band(expected.cost.value.nanos()),
        Aspect::Latency => band(expected.time.expected()),
        Aspect::Throughput => band(per_job(candidate, expected)),
        Aspect::Quality => u64::from(u8::MAX - offer.quality.unwrap_or(0)),
        Aspect::Reliability => band(u64::from(1_000_000 - expected.success.min(1_000_000))),
        Aspect::Free => u64::from(!expected.cost.is_known() || expected.cost.value > Money::ZERO),
        Aspect::Local => u64::from(offer.location != Location::Local),
    }
}

/// Puts a number into one of the bands that are a hundredth wide. Comparing bands instead of numbers keeps
/// "about equal" an equality: what is equal to the same is equal.
fn band(value: u64) -> u64 {
    /// How many bands there are from a number to its double, in sixteenths of a millionth: 1 / log2(1.01).
    const BANDS: u64 = 69_660_717;
    if value < 100 {
        // A step of one is more than a hundredth.
        return value;
    }
    100 + log2(value).saturating_sub(log2(100)).saturating_mul(BANDS) / (1_000_000 << 16)
}

/// The logarithm to the base of 2, with 16 bits after the point.
fn log2(value: u64) -> u64 {
    let whole = 63 - value.leading_zeros();
    // The number, between 1 and 2, with 63 bits after the point: squared, its whole part is the next bit.
    let mut x = u128::from(value) << (63 - whole);
    let mut log = u64::from(whole);
    for _ in 0..16 {
        x = (x * x) >> 63;
        let bit = u64::from(x >> 64 != 0);
        x >>= bit;
        log = log << 1 | bit;
    }
    log
}

fn nanos(money: Money) -> i128 {
    i128::from(money.nanos())
}

fn times(value: i128, by: u64, over: i128) -> i128 {
    value.saturating_mul(i128::from(by)) / over
}

/// The one rounding.
fn micros(nanos: i128) -> i64 {
    i64::try_from(nanos.saturating_add(500) / 1000).unwrap_or(i64::MAX).min(i64::MAX / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_a_hundredth_wide_and_never_turns_the_order() {
        assert_eq!(log2(1 << 20), 20 << 16);
        let mut last = 0;
        for value in (0..200_000_u64).chain((1..60).map(|bits| (1 << bits) + 200_000)) {
            assert!(band(value) >= last, "{value}");
            last = band(value);
        }
        let bands = band(1_000_000_000) - band(1_000_000);
        assert!((690..=700).contains(&bands), "ln 1000 / ln 1.01 is 694.2, not {bands}");
        assert!(band(u64::MAX) > band(u64::MAX / 2));
    }
}
