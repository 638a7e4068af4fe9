//! Ctrl-C: the first cancels the work and cleans up, the second leaves at once.

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

/// Does `work` until it is done or the user interrupts. Interrupted work is dropped, which cancels it.
pub(crate) async fn or_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| Failure::io(error.to_string()))?;
    tokio::select! {
        result = work => result,
        _ = tokio::signal::ctrl_c() => Err(Failure::cancelled()),
        _ = terminate.recv() => Err(Failure::cancelled()),
    }
}

/// Does the cleaning up; a second interrupt leaves without it. The orphan guard then does the rest.
pub(crate) async fn or_second_interrupt(cleaning: impl Future<Output = ()>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return cleaning.await };
    tokio::select! {
        () = cleaning => {}
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Waits until somebody wants this program to end.
pub(crate) fn terminated() -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::io(error.to_string()));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    // Heard, and not heeded: the terminal of whoever started it may close.
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hangup.recv() => {}
            }
        }
    })
}
