//! What was charged as a share of what was estimated.

use serde::{Deserialize, Serialize};

use crate::Money;

/// All that was estimated, in millionths.
const ALL: i64 = 1_000_000;
/// The bounds of a share, in millionths: those of a single call, and so of what is learned.
const BOUNDS: (i64, i64) = (ALL / 4, ALL * 4);

/// The share, in millionths. The last call counts for a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Correction(i64);

impl Default for Correction {
    fn default() -> Self {
        Self(ALL)
    }
}

impl Correction {
    /// Learns what a call has cost.
    pub(super) fn learn(&mut self, estimated: Money, charged: Money) {
        if estimated == Money::ZERO {
            return;
        }
        let share = i128::from(charged.nanos()) * i128::from(ALL) / i128::from(estimated.nanos());
        let share = i64::try_from(share).unwrap_or(BOUNDS.1).clamp(BOUNDS.0, BOUNDS.1);
        let known = self.0.clamp(BOUNDS.0, BOUNDS.1);
        self.0 = known + (share - known) / 4;
    }

    /// Returns the share, in thousandths.
    pub(super) fn permille(self) -> u32 {
        u32::try_from((self.0.clamp(BOUNDS.0, BOUNDS.1) + 500) / 1000).unwrap_or(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_near_to_what_is_charged() {
        let (mut correction, estimated) = (Correction::default(), Money::from_nanos(1000));
        correction.learn(estimated, Money::from_nanos(2000));
        assert_eq!(correction.permille(), 1250);
        (0..40).for_each(|_| correction.learn(estimated, Money::from_nanos(2000)));
        assert_eq!(correction.permille(), 2000);
    }

    #[test]
    fn no_charge_takes_it_out_of_its_bounds() {
        let mut correction = Correction::default();
        correction.learn(Money::ZERO, Money::from_nanos(5));
        assert_eq!(correction, Correction::default());
        correction.learn(Money::from_nanos(1), Money::from_nanos(u64::MAX));
        assert_eq!(correction.permille(), 1750);
        (0..99).for_each(|_| correction.learn(Money::from_nanos(1), Money::from_nanos(u64::MAX)));
        assert_eq!(correction.permille(), 4000);
        (0..99).for_each(|_| correction.learn(Money::from_nanos(u64::MAX), Money::ZERO));
        assert_eq!(correction.permille(), 250);
    }
}
