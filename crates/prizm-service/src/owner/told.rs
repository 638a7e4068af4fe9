//! What others want of an instance: its owner looks now and then.

use std::time::Duration;

use tokio::time::sleep;

use crate::lock::FileLock;
use crate::place::Place;

/// How soon the owner looks again.
const POLL: Duration = Duration::from_millis(100);

/// What somebody wants.
pub(super) enum Told {
    /// Its directory is gone, and with it everybody who could use it.
    Gone,
    /// It is to be stopped.
    Stop,
    /// Nobody has used it for long. As long as this is held, nobody begins to.
    Unused(#[expect(dead_code, reason = "it is held, not read")] FileLock),
}

/// Waits until somebody wants something, or nobody has wanted anything for so long.
pub(super) async fn told(place: &Place, unused: Duration) -> Told {
    loop {
        if !place.exists() {
            return Told::Gone;
        }
        if place.is_told_to_stop() {
            return Told::Stop;
        }
        if !place.is_pinned() && place.unused_for() >= unused {
            match place.close() {
                // Somebody may have used it, and left, in between.
                Ok(Some(closed)) if place.unused_for() >= unused => return Told::Unused(closed),
                Ok(_) => {}
                Err(error) => tracing::debug!("whether it is used cannot be told: {error}"),
            }
        }
        sleep(POLL).await;
    }
}
