//! The gate of the configuration: whose key or account was refused is left alone until that changes.

use serde::{Deserialize, Serialize};

use crate::signals::fading::is_ahead;
use crate::signals::{Admission, LONGEST_CALL, PROBE_LEASE, is_default};
use crate::snapshot::{Gate, GateKind, Millis};

/// How often one call is let through to see whether it is still refused, in milliseconds: the account may
/// have been filled elsewhere. It is as long as a probe is waited for.
const INTERVAL: u64 = PROBE_LEASE;

/// Whether calls are refused for the key or the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ConfigGate {
    #[serde(skip_serializing_if = "is_default")]
    is_closed: bool,
    /// When it was refused, or configured anew: what was sent before says nothing.
    #[serde(skip_serializing_if = "is_default")]
    since: Millis,
    /// When the next probe may pass.
    #[serde(skip_serializing_if = "is_default")]
    next: Millis,
}

impl ConfigGate {
    /// Asks for a permit.
    pub(super) fn admit(&mut self, now: Millis) -> Admission {
        if !self.is_closed {
            return Admission::Normal;
        }
        if self.gate(now).is_some() {
            return Admission::Refused;
        }
        self.next = now.saturating_add(INTERVAL);
        Admission::Probe
    }

    /// Gives back the permit of a probe that says nothing.
    pub(super) fn withdraw(&mut self, now: Millis) {
        if self.is_closed {
            self.next = now;
        }
    }

    /// Returns what it keeps from being called.
    pub(super) fn gate(&self, now: Millis) -> Option<Gate> {
        let is_closed = self.is_closed && is_ahead(self.next, now, INTERVAL);
        let detail = "its key or its account was refused".to_owned();
        is_closed.then_some(Gate { kind: GateKind::Config, until: Some(self.next), detail })
    }

    /// Learns that a call was refused.
    pub(super) fn refuse(&mut self, began: Millis, at: Millis) {
        if self.is_of_before(began) {
            return;
        }
        *self = Self { is_closed: true, since: at, next: at.saturating_add(INTERVAL) };
    }

    /// Learns that a call succeeded.
    pub(super) fn succeed(&mut self, began: Millis) {
        if !self.is_of_before(began) {
            self.is_closed = false;
        }
    }

    /// Learns that the configuration is another.
    pub(super) fn configured(&mut self, now: Millis) {
        *self = Self { is_closed: false, since: now, next: 0 };
    }

    /// Returns whether a call was sent before what is known.
    pub(super) fn is_of_before(&self, began: Millis) -> bool {
        is_ahead(self.since, began, LONGEST_CALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000_000;

    fn refused() -> ConfigGate {
        let mut gate = ConfigGate::default();
        gate.refuse(NOW - 10, NOW);
        gate
    }

    #[test]
    fn a_refusal_closes_it_until_the_configuration_changes() {
        let mut gate = refused();
        assert_eq!(gate.admit(NOW), Admission::Refused);
        assert_eq!(gate.gate(NOW).unwrap().until, Some(NOW + INTERVAL));
        gate.configured(NOW + 5);
        assert_eq!(gate.admit(NOW + 5), Admission::Normal);
        gate.refuse(NOW + 4, NOW + 9);
        assert_eq!(gate.admit(NOW + 9), Admission::Normal, "it was sent with the old configuration");
        gate.refuse(NOW + 5, NOW + 9);
        assert_eq!(gate.admit(NOW + 9), Admission::Refused);
    }

    #[test]
    fn one_probe_passes_every_five_minutes() {
        let mut gate = refused();
        for probe in 1..4 {
            assert_eq!(gate.admit(NOW + probe * INTERVAL - 1), Admission::Refused);
            assert_eq!(gate.admit(NOW + probe * INTERVAL), Admission::Probe);
        }
        gate.withdraw(NOW + 3 * INTERVAL + 1);
        assert_eq!(gate.admit(NOW + 3 * INTERVAL + 2), Admission::Probe);
        gate.succeed(NOW + 3 * INTERVAL + 3);
        assert_eq!(gate.admit(NOW + 3 * INTERVAL + 4), Admission::Normal);
    }

    #[test]
    fn a_call_that_was_sent_before_the_refusal_does_not_open_it() {
        let mut gate = refused();
        gate.succeed(NOW - 1);
        assert_eq!(gate.admit(NOW), Admission::Refused);
    }

    #[test]
    fn a_wrong_clock_does_not_close_it_for_ever() {
        let mut gate = ConfigGate::default();
        gate.refuse(u64::MAX, u64::MAX);
        assert_eq!(gate.admit(NOW), Admission::Probe);
        gate.succeed(NOW);
        assert_eq!(gate.admit(NOW), Admission::Normal);
    }
}
