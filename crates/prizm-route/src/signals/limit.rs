//! How many calls a provider takes at once, learned from its refusals.

use serde::{Deserialize, Serialize};

/// One call, in the fixed point of the limit.
const ONE: u64 = 1_000_000;
/// The largest limit that is learned, in calls.
const MOST: u64 = 10_000;
/// So many successes for each call that it takes at once, while it is full, are worth one call more.
const PATIENCE: u64 = 10;

/// The limit in millionths of a call, which comes down with a refusal and rises with successes; 0 where
/// nothing is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limit(u64);

impl Limit {
    /// Learns that a call was refused because there were so many at once: one in eight fewer, and one at least.
    pub(super) fn lower(&mut self, at_once: u32) {
        let at_once = u64::from(at_once).clamp(1, MOST);
        let lower = (at_once - (at_once / 8).max(1)).max(1) * ONE;
        if self.0 == 0 || lower < self.0 {
            self.0 = lower;
        }
    }

    /// Learns that a call succeeded that was one of so many at once.
    pub(super) fn raise(&mut self, at_once: u32) {
        if self.0 > 0 && u64::from(at_once) >= self.0 / ONE {
            let step = ONE * ONE / PATIENCE / self.0.max(ONE);
            self.0 = self.0.saturating_add(step).min(MOST * ONE);
        }
    }

    /// Returns how many calls, where that is learned.
    pub(super) fn calls(self) -> Option<u32> {
        (self.0 > 0).then(|| u32::try_from(self.0 / ONE).unwrap_or(u32::MAX).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_that_is_refused_in_part_teaches_the_limit() {
        let mut limit = Limit::default();
        limit.raise(3);
        assert_eq!(limit.calls(), None);
        (6..=10).rev().for_each(|at_once| limit.lower(at_once));
        assert_eq!(limit.calls(), Some(5));
        limit.lower(80);
        assert_eq!(limit.calls(), Some(5), "it is known already");
        (0..9).for_each(|_| limit.lower(0));
        assert_eq!(limit.calls(), Some(1));
    }

    #[test]
    fn it_rises_while_it_is_full_and_all_goes_well() {
        let mut limit = Limit::default();
        limit.lower(5);
        (0..1000).for_each(|_| limit.raise(3));
        assert_eq!(limit.calls(), Some(4), "nobody has tried more");
        (0..39).for_each(|_| limit.raise(4));
        assert_eq!(limit.calls(), Some(4));
        (0..6).for_each(|_| limit.raise(4));
        assert_eq!(limit.calls(), Some(5));
        limit.lower(5);
        assert_eq!(limit.calls(), Some(4));
    }

    #[test]
    fn large_ones_come_down_by_a_part() {
        let mut limit = Limit::default();
        limit.lower(80);
        assert_eq!(limit.calls(), Some(70));
        limit.lower(u32::MAX);
        (0..100_000).for_each(|_| limit.raise(u32::MAX));
        assert!(limit.calls() <= Some(10_000));
    }
}
