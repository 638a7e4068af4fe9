//! How long callers wait.

use std::time::Duration;

use tokio::time::Instant;

/// Returns the instant that lies so far ahead; where that is beyond what a clock can say, one that
/// nobody lives to see.
pub(crate) fn soon(ahead: Duration) -> Instant {
    const AN_AGE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    let now = Instant::now();
    now.checked_add(ahead).unwrap_or_else(|| now + AN_AGE)
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    /// When it is of no use any more.
    pub(crate) deadline: Option<Instant>,
    /// The longest silence.
    pub(crate) idle: Option<Duration>,
}

impl Patience {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), idle: None }
    }

    /// Returns when it ends, for a caller who heard something last at `heard`.
    pub(super) fn ends_at(&self, heard: Instant) -> Option<Instant> {
        let idle = self.idle.and_then(|idle| heard.checked_add(idle));
        [self.deadline, idle].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_of_time_is_too_long() {
        let day = Duration::from_secs(24 * 3600);
        assert!(soon(day) <= Instant::now() + day);
        assert!(soon(Duration::MAX) > Instant::now() + day);
    }
}
