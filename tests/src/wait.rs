//! Waits that end: by what they wait for, or by a panic that names it.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Looks until there is a value; panics with `what` after 30 s.
pub async fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    match look_until(PATIENCE, look).await {
        Some(value) => value,
        None => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// Looks until there is a value, at least once and at most so long.
pub(crate) async fn look_until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = look() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Awaits a future; panics with `what` after so many seconds.
pub async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(seconds), future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {seconds} s: {what}"),
    }
}
