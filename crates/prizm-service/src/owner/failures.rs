//! When a service that ended by itself is started again, and when it is given up. Pure: the time comes
//! from outside.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The first pause; each is twice the one before.
const FLOOR: Duration = Duration::from_secs(1);
/// The longest pause.
const CAP: Duration = Duration::from_secs(60);
/// So many failures within [`WINDOW`] are too many.
const TOO_MANY: usize = 5;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(600);

/// The failures that count.
#[derive(Debug, Default)]
pub(super) struct Failures(VecDeque<Instant>);

/// What is to be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Start it again after this pause.
    Again(Duration),
    /// Leave it alone.
    GiveUp,
}

impl Failures {
    pub(super) fn note(&mut self, now: Instant) -> Verdict {
        while self.0.front().is_some_and(|at| now.duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        match u32::try_from(self.0.len()) {
            Ok(count) if self.0.len() < TOO_MANY => Verdict::Again(CAP.min(FLOOR * 2_u32.pow(count - 1))),
            _ => Verdict::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_in_ten_minutes_is_one_too_many() {
        let start = Instant::now();
        let mut failures = Failures::default();
        let verdicts: Vec<_> = (0..5).map(|n| failures.note(start + Duration::from_secs(n * 100))).collect();
        let again = |seconds| Verdict::Again(Duration::from_secs(seconds));
        assert_eq!(verdicts, [again(1), again(2), again(4), again(8), Verdict::GiveUp]);
        let later = start + Duration::from_secs(400) + WINDOW + Duration::from_secs(1);
        assert_eq!(failures.note(later), again(1), "old failures do not count");
    }
}
