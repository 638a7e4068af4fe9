//! The gate of the rate: who asks to be left alone is, for as long as it says.

use serde::{Deserialize, Serialize};

use crate::signals::fading::is_ahead;
use crate::signals::{LONGEST_CALL, is_default};
use crate::snapshot::{Gate, GateKind, Millis};

/// The longest that is believed, in milliseconds: an hour.
const LONGEST: u64 = 60 * 60 * 1000;
/// How long it is left alone where it does not say, in milliseconds; twice as long each time after.
const FIRST: u64 = 1000;
/// The longest that it is left alone where it does not say, in milliseconds.
const LONGEST_UNASKED: u64 = 60_000;
/// From here on it is left alone no longer.
const LAST_STEP: u32 = 7;
/// Without a refusal for so long, in milliseconds, one time is forgotten.
const CALM: u64 = 30_000;

/// Until when it is left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RateGate {
    until: Millis,
    /// How often it refused without saying for how long, without the times that are forgotten.
    #[serde(skip_serializing_if = "is_default")]
    times: u32,
    /// It said for how long.
    #[serde(skip_serializing_if = "is_default")]
    was_asked: bool,
}

impl RateGate {
    /// Returns what it keeps from being called.
    pub(super) fn gate(&self, now: Millis) -> Option<Gate> {
        let detail = if self.was_asked { "it asked to be left alone" } else { "it had too many calls" };
        let gate = Gate { kind: GateKind::Rate, until: Some(self.until), detail: detail.to_owned() };
        is_ahead(self.until, now, LONGEST).then_some(gate)
    }

    /// Learns that a call was refused, and for how long the provider asked to be left alone.
    pub(super) fn refuse(&mut self, began: Millis, at: Millis, asked: Option<u64>) {
        match asked.filter(|wait| *wait > 0) {
            Some(wait) => self.close(at, wait.min(LONGEST), true),
            // Calls that were under way when it closed are refused too: that is the same time.
            None if is_ahead(self.until, began, LONGEST + LONGEST_CALL) => {}
            None => {
                let calm = at.saturating_sub(self.until) / CALM;
                self.times = self.times.saturating_sub(u32::try_from(calm).unwrap_or(u32::MAX));
                self.times = self.times.saturating_add(1).min(LAST_STEP);
                self.close(at, (FIRST << (self.times - 1)).min(LONGEST_UNASKED), false);
            }
        }
    }

    /// Closes it for so long, and no shorter than it is.
    fn close(&mut self, at: Millis, wait: u64, was_asked: bool) {
        let until = at.saturating_add(wait);
        if !is_ahead(self.until, at, LONGEST) || until > self.until {
            (self.until, self.was_asked) = (until, was_asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000_000;

    fn until(gate: &RateGate, now: Millis) -> Option<Millis> {
        gate.gate(now).and_then(|gate| gate.until)
    }

    #[test]
    fn it_is_left_alone_for_as_long_as_it_says() {
        let mut gate = RateGate::default();
        gate.refuse(NOW - 10, NOW, Some(20_000));
        assert_eq!(until(&gate, NOW + 19_999), Some(NOW + 20_000));
        assert_eq!(until(&gate, NOW + 20_000), None);
        gate.refuse(NOW - 10, NOW + 5, Some(1000));
        gate.refuse(NOW - 10, NOW + 5, None);
        assert_eq!(until(&gate, NOW + 5), Some(NOW + 20_000), "no shorter than it said first");
        gate.refuse(NOW, NOW + 20_000, Some(u64::MAX));
        assert_eq!(until(&gate, NOW + 20_000), Some(NOW + 20_000 + LONGEST));
    }

    #[test]
    fn where_it_does_not_say_the_wait_grows_and_shrinks() {
        let mut gate = RateGate::default();
        let mut wait_at = |at| {
            gate.refuse(at, at + 1, Some(0));
            gate.refuse(at, at + 2, None);
            gate.until - at - 1
        };
        let mut at = NOW;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = wait_at(at);
            assert_eq!(wait, seconds * 1000);
            at += 1 + wait;
        }
        assert_eq!(wait_at(at + 5 * CALM), 4000, "five of seven times are forgotten");
    }

    #[test]
    fn a_wrong_clock_does_not_close_it_for_ever() {
        let mut gate = RateGate::default();
        gate.refuse(u64::MAX, u64::MAX, Some(1000));
        assert_eq!(until(&gate, NOW), None);
        gate.refuse(NOW, NOW, None);
        assert_eq!(until(&gate, NOW), Some(NOW + FIRST));
    }
}
