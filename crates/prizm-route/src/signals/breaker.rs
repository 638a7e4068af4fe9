//! The breaker of a model: who fails too often is left alone for a while, and then tried with one call.

use serde::{Deserialize, Serialize};

use crate::signals::fading::is_ahead;
use crate::signals::window::Window;
use crate::signals::{Admission, LONGEST_CALL, PROBE_LEASE, is_default};
use crate::snapshot::{Gate, GateKind, Millis};

/// How many faults in a row are too many.
const IN_A_ROW: u32 = 5;
/// How many calls of the last 30 seconds it takes for half of them to be too many.
const ENOUGH: u32 = 10;
/// How long it is left alone for the first time, in milliseconds; twice as long each time after.
const FIRST: u64 = 10_000;
/// The longest that it is left alone, in milliseconds.
const LONGEST: u64 = 5 * 60 * 1000;
/// From here on it is left alone no longer.
const LAST_STEP: u32 = 6;
/// For how long it must have no fault for one time to be forgotten, in milliseconds.
const HEALTHY: u64 = 60_000;
/// How many probes must succeed.
const PROOF: u32 = 2;
/// How exactly it is known when a call began, in milliseconds.
const SLACK: u64 = 1000;

/// What a call says of whether it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Works,
    /// It does not.
    Fails,
    /// Nothing.
    Nothing,
}

/// Closed means that calls pass: it is called open, as those of electricity are, while none do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Breaker {
    /// Calls do not pass, or only probes.
    #[serde(skip_serializing_if = "is_default")]
    is_open: bool,
    /// Until when none passes, or passed when it was open last.
    #[serde(skip_serializing_if = "is_default")]
    until: Millis,
    /// How often it has opened, without the times that are forgotten.
    #[serde(skip_serializing_if = "is_default")]
    times: u32,
    /// Since when it is healthy, as far as no time was forgotten for it.
    #[serde(skip_serializing_if = "is_default")]
    healthy: Millis,
    /// Faults in a row.
    #[serde(skip_serializing_if = "is_default")]
    in_a_row: u32,
    /// Probes that have succeeded.
    #[serde(skip_serializing_if = "is_default")]
    proof: u32,
    /// Until when the probe under way is waited for.
    #[serde(skip_serializing_if = "is_default")]
    probe: Millis,
    /// The calls for which it opened, and the faults among them.
    #[serde(skip_serializing_if = "is_default")]
    cause: (u32, u32),
    /// The calls of the last 30 seconds.
    #[serde(skip_serializing_if = "is_default")]
    window: Window,
}

impl Breaker {
    /// Asks for a permit.
    pub(super) fn admit(&mut self, now: Millis) -> Admission {
        if !self.is_open {
            return Admission::Normal;
        }
        if self.gate(now).is_some() {
            return Admission::Refused;
        }
        self.probe = now.saturating_add(PROBE_LEASE);
        Admission::Probe
    }

    /// Gives back the permit of a probe that says nothing.
    pub(super) fn withdraw(&mut self) {
        self.probe = 0;
    }

    /// Returns what it keeps from being called.
    pub(super) fn gate(&self, now: Millis) -> Option<Gate> {
        let (calls, faults) = self.cause;
        let failed = || format!("{faults} of {calls} calls failed");
        let (until, detail) = if !self.is_open {
            return None;
        } else if is_ahead(self.until, now, LONGEST) {
            (self.until, failed())
        } else if is_ahead(self.probe, now, PROBE_LEASE) {
            (self.probe, format!("{}, and another call is trying it", failed()))
        } else {
            return None;
        };
        Some(Gate { kind: GateKind::Breaker, until: Some(until), detail })
    }

    /// Learns from a call.
    pub(super) fn observe(&mut self, began: Millis, at: Millis, verdict: Verdict) {
        // What was sent before it opened says nothing of now, whenever it comes back.
        if is_ahead(self.until, began.saturating_add(SLACK), LONGEST + LONGEST_CALL) {
            return;
        }
        if self.is_open { self.observe_probe(at, verdict) } else { self.observe_call(at, verdict) }
    }

    fn observe_probe(&mut self, at: Millis, verdict: Verdict) {
        self.withdraw();
        match verdict {
            Verdict::Nothing => {}
            Verdict::Works if self.proof + 1 < PROOF => self.proof += 1,
            Verdict::Works => {
                self.is_open = false;
                self.healthy = at;
            }
            Verdict::Fails => {
                let (calls, faults) = self.cause;
                self.open(at, (calls.saturating_add(1), faults.saturating_add(1)));
            }
        }
    }

    fn observe_call(&mut self, at: Millis, verdict: Verdict) {
        match verdict {
            Verdict::Nothing => return,
            Verdict::Works => self.in_a_row = 0,
            Verdict::Fails => {
                let forgotten = at.saturating_sub(self.healthy) / HEALTHY;
                self.times = self.times.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
                self.healthy = at;
                self.in_a_row = self.in_a_row.saturating_add(1);
            }
        }
        self.window.count(at, verdict == Verdict::Fails);
        let (calls, faults) = self.window.sums();
        if self.in_a_row >= IN_A_ROW {
            self.open(at, (self.in_a_row, self.in_a_row));
        } else if calls >= ENOUGH && faults >= calls.div_ceil(2) {
            self.open(at, (calls, faults));
        }
    }

    fn open(&mut self, at: Millis, cause: (u32, u32)) {
        self.times = self.times.saturating_add(1).min(LAST_STEP);
        self.until = at.saturating_add((FIRST << (self.times - 1)).min(LONGEST));
        (self.is_open, self.cause) = (true, cause);
        (self.in_a_row, self.proof, self.probe) = (0, 0, 0);
        self.window = Window::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000_000;

    fn fail(breaker: &mut Breaker, at: Millis) {
        breaker.observe(at - 1, at, Verdict::Fails);
    }

    fn work(breaker: &mut Breaker, at: Millis) {
        breaker.observe(at - 1, at, Verdict::Works);
    }

    fn until(breaker: &Breaker, now: Millis) -> Option<Millis> {
        breaker.gate(now).and_then(|gate| gate.until)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| fail(&mut breaker, NOW));
        breaker
    }

    /// Lets the probe that is due fail, and returns for how long it opens again.
    fn fails_again(breaker: &mut Breaker) -> (Millis, u64) {
        let at = breaker.until + 2000;
        assert_eq!(breaker.admit(at), Admission::Probe);
        fail(breaker, at);
        (at, breaker.until - at)
    }

    #[test]
    fn five_faults_in_a_row_open_it() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|_| fail(&mut breaker, NOW));
        work(&mut breaker, NOW);
        breaker.observe(NOW, NOW, Verdict::Nothing);
        (0..4).for_each(|i| fail(&mut breaker, NOW + 60_000 + i));
        assert_eq!(breaker.admit(NOW + 60_003), Admission::Normal);
        fail(&mut breaker, NOW + 60_004);
        assert_eq!(breaker.admit(NOW + 60_004), Admission::Refused);
        assert_eq!(until(&breaker, NOW + 60_004), Some(NOW + 70_004));
        assert_eq!(breaker.gate(NOW + 60_004).unwrap().detail, "5 of 5 calls failed");
    }

    #[test]
    fn half_of_ten_calls_open_it() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|_| [work, fail].iter().for_each(|end| end(&mut breaker, NOW)));
        work(&mut breaker, NOW);
        assert!(breaker.gate(NOW).is_none(), "four of nine");
        fail(&mut breaker, NOW + 30_000);
        assert!(breaker.gate(NOW + 30_000).is_none(), "the others are too long ago");
        (0..4).for_each(|_| [work, fail].iter().for_each(|end| end(&mut breaker, NOW + 30_000)));
        work(&mut breaker, NOW + 30_000);
        assert_eq!(breaker.gate(NOW + 30_000).unwrap().detail, "5 of 10 calls failed");
    }

    #[test]
    fn two_probes_one_after_the_other_close_it() {
        let mut breaker = opened();
        for at in [NOW + 10_000, NOW + 20_000] {
            assert_eq!(breaker.admit(at), Admission::Probe);
            assert_eq!(breaker.admit(at + 1), Admission::Refused);
            assert_eq!(until(&breaker, at), Some(at + PROBE_LEASE));
            work(&mut breaker, at + 2);
        }
        assert_eq!(breaker.admit(NOW + 20_003), Admission::Normal);
    }

    #[test]
    fn a_probe_that_is_lost_or_says_nothing_makes_room_for_another() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(NOW + 10_000), Admission::Probe);
        breaker.withdraw();
        assert_eq!(breaker.admit(NOW + 10_001), Admission::Probe);
        breaker.observe(NOW + 10_001, NOW + 10_002, Verdict::Nothing);
        assert_eq!(breaker.admit(NOW + 10_003), Admission::Probe);
        assert_eq!(breaker.admit(NOW + 10_002 + PROBE_LEASE), Admission::Refused);
        assert_eq!(breaker.admit(NOW + 10_003 + PROBE_LEASE), Admission::Probe);
    }

    #[test]
    fn it_is_left_alone_longer_each_time_and_forgets_a_time_each_healthy_minute() {
        let mut breaker = opened();
        let waits: Vec<u64> = (0..7).map(|_| fails_again(&mut breaker).1 / 1000).collect();
        assert_eq!(waits, [20, 40, 80, 160, 300, 300, 300]);
        let closed = breaker.until + 2000;
        (0..2).for_each(|_| work(&mut breaker, closed));
        (0..5).for_each(|i| fail(&mut breaker, closed + 4 * HEALTHY + i));
        assert_eq!(breaker.until, closed + 4 * HEALTHY + 4 + 40_000, "the third time: six, less four, and this");
    }

    #[test]
    fn what_was_sent_before_it_opened_says_nothing() {
        let mut breaker = opened();
        let before = breaker.clone();
        breaker.observe(NOW - 5000, NOW + 15_000, Verdict::Fails);
        breaker.observe(NOW - 5000, NOW + 15_000, Verdict::Works);
        assert_eq!(breaker, before);
        (0..2).for_each(|_| work(&mut breaker, NOW + 16_000));
        (0..9).for_each(|_| breaker.observe(NOW - 5000, NOW + 55_000, Verdict::Fails));
        assert!(breaker.gate(NOW + 55_000).is_none());
    }

    #[test]
    fn a_wrong_clock_does_not_close_the_way_for_ever() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| breaker.observe(u64::MAX, u64::MAX, Verdict::Fails));
        assert_eq!(breaker.admit(NOW), Admission::Probe);
        (0..2).for_each(|_| work(&mut breaker, NOW));
        assert_eq!(breaker.admit(NOW), Admission::Normal);
    }
}
