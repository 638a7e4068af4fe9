//! How many calls failed in the last 30 seconds.

use serde::{Deserialize, Serialize};

use crate::snapshot::Millis;

/// How long a slot is, in milliseconds.
const SLOT: u64 = 3000;
/// How many slots are looked at.
const SLOTS: u64 = 10;

/// Calls by when they ended: the number of the slot, calls, faults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window(Vec<(u64, u32, u32)>);

impl Window {
    /// Counts a call.
    pub(super) fn count(&mut self, at: Millis, is_fault: bool) {
        let now = at / SLOT;
        self.0.retain(|(slot, ..)| *slot <= now && now - slot < SLOTS);
        let place = self.0.iter().position(|(slot, ..)| *slot == now).unwrap_or_else(|| {
            self.0.push((now, 0, 0));
            self.0.len() - 1
        });
        let (_, calls, faults) = &mut self.0[place];
        *calls = calls.saturating_add(1);
        *faults = faults.saturating_add(u32::from(is_fault));
    }

    /// Returns how many calls were counted, and how many of them were faults.
    pub(super) fn sums(&self) -> (u32, u32) {
        let add = |(calls, faults): (u32, u32), slot: &(u64, u32, u32)| {
            (calls.saturating_add(slot.1), faults.saturating_add(slot.2))
        };
        self.0.iter().fold((0, 0), add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_half_a_minute_is_gone() {
        let mut window = Window::default();
        (0..20).for_each(|i| window.count(i * 1000, i % 2 == 0));
        assert_eq!(window.sums(), (20, 10));
        window.count(30_000, false);
        assert_eq!(window.sums(), (18, 8));
        window.count(u64::MAX, true);
        assert_eq!(window.sums(), (1, 1));
        window.count(0, true);
        assert_eq!(window.sums(), (1, 1), "a wrong clock leaves nothing behind");
    }

    #[test]
    fn it_stays_small() {
        let mut window = Window::default();
        (0..100_000).for_each(|i| window.count(i * 100, true));
        assert_eq!(window.0.len(), 10);
    }
}
