//! How often calls took how long: bins of a factor of two, whose content loses weight with time.

use serde::{Deserialize, Serialize};

use crate::signals::fading::faded;

/// One call, in the fixed point of the weights.
const ONE: u64 = 1000;
/// After how long a call counts for half, in milliseconds.
const HALF_LIFE: u64 = 10 * 60 * 1000;
/// The bins: the last holds what takes no longer than 4 hours 39 minutes.
const BINS: u32 = 24;

/// Calls that took from one power of two of milliseconds to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bin {
    /// The bits of their milliseconds.
    bits: u32,
    /// How many, in thousandths, by their age.
    weight: u64,
    /// How long they took together, in milliseconds times the weight.
    sum: u64,
    /// How long the longest took.
    longest: u64,
}

/// The bins that are not empty, from the fastest on; each is written as four numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<[u64; 4]>", into = "Vec<[u64; 4]>")]
pub(super) struct Histogram(Vec<Bin>);

impl Histogram {
    /// Learns of a call that took so many milliseconds, so long after the last one.
    pub(super) fn learn(&mut self, took: u64, age: u64) {
        for bin in &mut self.0 {
            bin.weight = faded(bin.weight, age, HALF_LIFE);
            bin.sum = faded(bin.sum, age, HALF_LIFE);
        }
        self.0.retain(|bin| bin.weight > 0);
        let bits = (u64::BITS - took.leading_zeros()).clamp(1, BINS);
        let place = self.0.partition_point(|bin| bin.bits < bits);
        if self.0.get(place).is_none_or(|bin| bin.bits != bits) {
            self.0.insert(place, Bin { bits, weight: 0, sum: 0, longest: 0 });
        }
        let bin = &mut self.0[place];
        bin.weight = bin.weight.saturating_add(ONE);
        bin.sum = bin.sum.saturating_add(took.saturating_mul(ONE));
        bin.longest = bin.longest.max(took);
    }

    /// Returns what so many of a hundred calls do not exceed, in milliseconds.
    pub(super) fn quantile(&self, percent: u64) -> u64 {
        let weight = |bin: &Bin| u128::from(bin.weight);
        let mut left = self.0.iter().map(weight).sum::<u128>() * u128::from(percent.min(100)) / 100;
        for bin in &self.0 {
            if left <= weight(bin) {
                return bin.at(left);
            }
            left -= weight(bin);
        }
        self.0.last().map_or(0, |bin| bin.longest)
    }
}

impl Bin {
    /// Returns how long it took for a weight within it: one half of it lies below the mean, one above.
    fn at(&self, weight: u128) -> u64 {
        let shortest = (1 << (self.bits - 1)).min(self.longest);
        let mean = (self.sum / self.weight.max(1)).clamp(shortest, self.longest);
        let part = u64::try_from(weight * 1000 / u128::from(self.weight.max(1))).unwrap_or(1000).min(1000);
        match part.checked_sub(500) {
            None => shortest + (mean - shortest).saturating_mul(part) / 500,
            Some(part) => mean + (self.longest - mean).saturating_mul(part) / 500,
        }
    }
}

impl From<Vec<[u64; 4]>> for Histogram {
    fn from(rows: Vec<[u64; 4]>) -> Self {
        let bits = |bits| u32::try_from(bits).unwrap_or(BINS).clamp(1, BINS);
        let bin = |[b, weight, sum, longest]: [u64; 4]| Bin { bits: bits(b), weight, sum, longest };
        Self(rows.into_iter().take(BINS as usize).map(bin).collect())
    }
}

impl From<Histogram> for Vec<[u64; 4]> {
    fn from(histogram: Histogram) -> Self {
        histogram.0.into_iter().map(|bin| [u64::from(bin.bits), bin.weight, bin.sum, bin.longest]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        times.into_iter().for_each(|took| histogram.learn(took, 0));
        histogram
    }

    #[test]
    fn what_always_takes_as_long_has_one_quantile() {
        for took in [1, 520, 1000, 14_400_000] {
            let histogram = of([took; 40]);
            assert_eq!((histogram.quantile(50), histogram.quantile(95)), (took, took));
        }
        assert_eq!(Histogram::default().quantile(50), 0);
    }

    #[test]
    fn quantiles_are_near_to_the_exact_ones() {
        let histogram = of((1..=1000).map(|i| i * 10));
        for (percent, exact) in [(10, 1000), (50, 5000), (95, 9500)] {
            let value = histogram.quantile(percent);
            assert!(value.abs_diff(exact) * 10 <= exact, "{percent}: {value}");
        }
        assert_eq!(of((0..90).map(|_| 100).chain([60_000; 10])).quantile(95), 60_000);
    }

    #[test]
    fn what_is_long_ago_counts_for_less() {
        let mut histogram = of([60_000; 8]);
        (0..4).for_each(|_| histogram.learn(100, 2 * HALF_LIFE));
        assert_eq!(histogram.quantile(50), 100);
        histogram.learn(100, 99 * HALF_LIFE);
        assert_eq!(histogram.0.len(), 1);
    }
}
