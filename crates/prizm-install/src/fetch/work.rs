//! Blocking work of a fetch, which ends soon after its time is over or nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::{Error, ErrorKind, Limits};

/// Tells whether work may go on. Work asks before every file.
pub(super) type MayGoOn<'a> = &'a dyn Fn() -> Result<(), Error>;

/// Does blocking work on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    limits: Limits,
    work: impl FnOnce(MayGoOn<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (dropped, began) = (CancelOnDrop::default(), Instant::now());
    let cancelled = Arc::clone(&dropped.0);
    let may_go_on = move || {
        if cancelled.load(Ordering::Relaxed) {
            return Err(cancelled_error());
        }
        if began.elapsed() < limits.total {
            return Ok(());
        }
        let message = format!("the files were not all there after {:?}", limits.total);
        Err(Error::new(ErrorKind::Fetch, message)
            .with_hint("raise `totalSeconds` under [sources], if it is that large"))
    };
    crate::blocking::blocking(move || work(&may_go_on)).await
}

/// Nobody hears this: whoever would have has gone.
pub(super) fn cancelled_error() -> Error {
    Error::new(ErrorKind::Fetch, "the fetch was cancelled")
}

#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_so() {
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = mpsc::channel();
        let working = tokio::spawn(blocking(Limits::default(), move |may_go_on| {
            began.send(()).unwrap();
            while may_go_on().is_ok() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        }));
        has_begun.await.unwrap();
        working.abort();
        let end = tokio::task::spawn_blocking(move || has_ended.recv_timeout(Duration::from_secs(30))).await.unwrap();
        end.expect("it goes on although nobody waits");
    }

    #[tokio::test]
    async fn work_ends_with_its_time() {
        let limits = Limits { total: Duration::from_millis(20), ..Limits::default() };
        let endless = blocking(limits, |may_go_on| -> Result<(), Error> {
            loop {
                may_go_on()?;
                std::thread::yield_now();
            }
        });
        let error = endless.await.unwrap_err();
        assert!(error.to_string().contains("not all there after 20ms"), "{error}");
    }
}
