//! How what is known loses weight with time, and how times are compared that may come from a wrong clock.

use crate::snapshot::Millis;

/// Powers of one half in sixteenths, in 65,536ths.
const HALVES: [u64; 17] = [
    65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393, 46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219,
    32768,
];
/// How far clocks that are right may differ, in milliseconds.
const SKEW: u64 = 60_000;

/// Returns what is left of a value: half of it after each half-life.
pub(super) fn faded(value: u64, age: u64, half_life: u64) -> u64 {
    let halves = age / half_life;
    if halves >= 64 {
        return 0;
    }
    let place = u128::from(age % half_life) * 4096 / u128::from(half_life);
    let place = usize::try_from(place).unwrap_or(4095).min(4095);
    let (before, after) = (HALVES[place / 256], HALVES[place / 256 + 1]);
    let factor = before - (before - after) * (place as u64 % 256) / 256;
    let left = (u128::from(value) * u128::from(factor)) >> 16 >> halves;
    u64::try_from(left).unwrap_or(u64::MAX)
}

/// Returns whether a point in time lies ahead, and no further than it can have been set: one that is further
/// away was set by a wrong clock, and waiting for it would be for ever.
pub(super) const fn is_ahead(point: Millis, now: Millis, furthest: u64) -> bool {
    point > now && point - now <= furthest.saturating_add(SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_left_after_each_half_life() {
        for (age, left) in [(0, 1_000_000), (600, 500_000), (1200, 250_000), (300, 707_107), (900, 353_553)] {
            assert!(faded(1_000_000, age, 600).abs_diff(left) < 300, "{age}: {}", faded(1_000_000, age, 600));
        }
        assert_eq!(faded(u64::MAX, 0, 600), u64::MAX);
        assert_eq!(faded(u64::MAX, u64::MAX, 600), 0);
        assert!((0..5000).all(|age| faded(1 << 40, age, 777) >= faded(1 << 40, age + 1, 777)));
    }

    #[test]
    fn what_is_too_far_ahead_was_set_by_a_wrong_clock() {
        assert!(is_ahead(1001, 1000, 500));
        assert!(is_ahead(1500 + SKEW, 1000, 500));
        assert!(!is_ahead(1501 + SKEW, 1000, 500));
        assert!(!is_ahead(1000, 1000, 500));
        assert!(!is_ahead(u64::MAX, 0, 500));
    }
}
