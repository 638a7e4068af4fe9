//! How probable it is that a call succeeds.

use serde::{Deserialize, Serialize};

use crate::snapshot::Millis;
use crate::{Blame, signals::fading::faded};

/// One call, in the fixed point of the weights.
const ONE: u64 = 1_000_000;
/// After how long a call counts for half, in milliseconds.
const HALF_LIFE: u64 = 10 * 60 * 1000;
/// What is thought before anything is known: nine of ten succeed.
const PRIOR: (u64, u64) = (9 * ONE, ONE);

/// Successes and failures, in millionths of a call, by their age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Success {
    good: u64,
    bad: u64,
    at: Millis,
}

impl Success {
    /// Learns of a call that did what was asked.
    pub(super) fn succeed(&mut self, at: Millis) {
        self.fade(at);
        self.good = self.good.saturating_add(ONE);
    }

    /// Learns of a call that did not, as far as that is the provider's fault.
    pub(super) fn fail(&mut self, blame: Blame, at: Millis) {
        let weight = match blame {
            Blame::None => return,
            Blame::Half => ONE / 2,
            Blame::Full => ONE,
        };
        self.fade(at);
        self.bad = self.bad.saturating_add(weight);
    }

    /// Returns the probability, in millionths, and how many calls it rests on.
    pub(super) fn estimate(mut self, now: Millis) -> (u32, u32) {
        self.fade(now);
        let good = u128::from(PRIOR.0) + u128::from(self.good);
        let all = good + u128::from(PRIOR.1) + u128::from(self.bad);
        let calls = self.good.saturating_add(self.bad).saturating_add(ONE / 2) / ONE;
        let parts = u32::try_from(good * 1_000_000 / all).unwrap_or(1_000_000);
        (parts, u32::try_from(calls).unwrap_or(u32::MAX))
    }

    fn fade(&mut self, now: Millis) {
        let age = now.saturating_sub(self.at);
        self.good = faded(self.good, age, HALF_LIFE);
        self.bad = faded(self.bad, age, HALF_LIFE);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_was_thought_before_and_what_was_seen_since() {
        let mut success = Success::default();
        assert_eq!(success.estimate(7), (900_000, 0));
        (0..10).for_each(|_| success.succeed(1000));
        assert_eq!(success.estimate(1000), (950_000, 10));
        (0..20).for_each(|_| success.fail(Blame::Full, 1000));
        assert_eq!(success.estimate(1000), (475_000, 30));
        success.fail(Blame::None, 1000);
        assert_eq!(success.estimate(1000), (475_000, 30));
    }

    #[test]
    fn half_a_fault_counts_half() {
        let (mut half, mut full) = (Success::default(), Success::default());
        (0..2).for_each(|_| half.fail(Blame::Half, 5));
        full.fail(Blame::Full, 5);
        assert_eq!(half, full);
    }

    #[test]
    fn what_was_seen_counts_for_half_after_ten_minutes() {
        let mut success = Success::default();
        (0..10).for_each(|_| success.fail(Blame::Full, 0));
        assert_eq!(success.estimate(0), (450_000, 10));
        assert_eq!(success.estimate(HALF_LIFE), (600_000, 5));
        let (parts, calls) = success.estimate(20 * HALF_LIFE);
        assert!(parts > 899_000 && calls == 0);
    }
}
