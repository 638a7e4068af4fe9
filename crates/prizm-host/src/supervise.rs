//! When a plugin may be started again: backoff with full jitter, and a breaker. Pure: time and
//! chance come from outside.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// First ceiling of the backoff.
const BACKOFF_FLOOR: Duration = Duration::from_millis(250);
/// Last ceiling of the backoff.
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// Failures within [`WINDOW`] that open the breaker.
const BREAKER_FAILURES: usize = 5;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(180);
/// How long the breaker stays open before one start may try.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// A plugin that lived so long has paid for its failures.
const HEALTHY: Duration = Duration::from_secs(60);

/// The memory of a plugin's failures.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    failures: VecDeque<Instant>,
    consecutive: u32,
    not_before: Option<Instant>,
    open_until: Option<Instant>,
}

/// Whether a plugin may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// At once.
    Now,
    /// Not before this instant.
    At(Instant),
    /// The breaker is open until this instant.
    Open(Instant),
}

impl Supervisor {
    /// Asks whether a start may happen. With the breaker's time over, one may: it is the probe,
    /// because its failure opens the breaker again.
    pub(crate) fn may_start(&self, now: Instant) -> Permission {
        match (self.open_until, self.not_before) {
            (Some(until), _) if until > now => Permission::Open(until),
            (_, Some(at)) if at > now => Permission::At(at),
            _ => Permission::Now,
        }
    }

    /// Notes a failure: a start that failed, or a plugin that died. `chance` is from 0 to 1.
    pub(crate) fn failed(&mut self, now: Instant, chance: f64) {
        while self.failures.front().is_some_and(|at| now.duration_since(*at) > WINDOW) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        let ceiling = BACKOFF_CAP.min(BACKOFF_FLOOR * 2_u32.saturating_pow(self.consecutive.min(16)));
        self.consecutive = self.consecutive.saturating_add(1);
        self.not_before = Some(now + ceiling.mul_f64(chance.clamp(0.0, 1.0)));
        let was_probe = self.open_until.is_some();
        if was_probe || self.failures.len() >= BREAKER_FAILURES {
            self.open_until = Some(now + COOL_DOWN);
        }
    }

    /// Notes a start that succeeded: it closes the breaker.
    pub(crate) fn started(&mut self) {
        self.not_before = None;
        if self.open_until.take().is_some() {
            self.failures.clear();
        }
    }

    /// Notes how long a plugin lived before it ended.
    pub(crate) fn lived(&mut self, lifetime: Duration) {
        if lifetime >= HEALTHY {
            self.consecutive = 0;
        }
    }

    /// Returns how many failures count now.
    pub(crate) fn recent_failures(&self, now: Instant) -> usize {
        self.failures.iter().filter(|at| now.duration_since(**at) <= WINDOW).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_to_its_cap_with_full_jitter() {
        let start = Instant::now();
        let mut supervisor = Supervisor::default();
        assert_eq!(supervisor.may_start(start), Permission::Now);
        let mut now = start;
        let mut delays = Vec::new();
        for _ in 0..12 {
            // Far apart, so that the breaker stays closed.
            now += Duration::from_secs(100);
            supervisor.failed(now, 1.0);
            let Permission::At(at) = supervisor.may_start(now) else { panic!() };
            delays.push(at.duration_since(now).as_millis());
        }
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000]);
        supervisor.failed(now, 0.0);
        assert_eq!(supervisor.may_start(now), Permission::Now, "jitter reaches down to zero");
        supervisor.lived(Duration::from_secs(61));
        supervisor.failed(now + Duration::from_secs(200), 1.0);
        let Permission::At(at) = supervisor.may_start(now + Duration::from_secs(200)) else { panic!() };
        assert_eq!(at, now + Duration::from_millis(200_250), "a long life resets the backoff");
    }

    #[test]
    fn five_failures_in_three_minutes_open_the_breaker_and_a_probe_decides() {
        let start = Instant::now();
        let mut supervisor = Supervisor::default();
        for second in 0..4 {
            supervisor.failed(start + Duration::from_secs(second), 0.0);
        }
        let fifth = start + Duration::from_secs(10);
        assert_eq!(supervisor.may_start(fifth), Permission::Now);
        supervisor.failed(fifth, 0.0);
        assert_eq!(supervisor.may_start(fifth), Permission::Open(fifth + COOL_DOWN));
        assert_eq!(supervisor.recent_failures(fifth), 5);

        let probe = fifth + COOL_DOWN;
        assert_eq!(supervisor.may_start(probe), Permission::Now);
        supervisor.failed(probe, 0.0);
        assert_eq!(supervisor.may_start(probe), Permission::Open(probe + COOL_DOWN), "the probe failed");

        supervisor.started();
        assert_eq!(supervisor.may_start(probe), Permission::Now);
        supervisor.failed(probe, 0.0);
        assert_eq!(supervisor.may_start(probe), Permission::Now, "the count starts afresh");
    }

    #[test]
    fn old_failures_do_not_count() {
        let start = Instant::now();
        let mut supervisor = Supervisor::default();
        for minute in 0..20 {
            let now = start + Duration::from_secs(60 * minute);
            supervisor.failed(now, 0.0);
            assert_eq!(supervisor.may_start(now), Permission::Now, "minute {minute}");
        }
    }
}
