//! Runs an author's code so that it always ends in exactly one outcome.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use prizm_protocol::{ErrorKind, code};
use tokio::time::{sleep, sleep_until};

use crate::Error;
use crate::job::Job;

/// How long cancelled work may take to return before it is dropped.
pub(crate) const CANCEL_GRACE: Duration = Duration::from_secs(3);

/// Runs `work` to its end, its deadline, or the end of its patience after a cancellation; then it
/// is dropped, if it still runs, before this returns.
pub(crate) async fn supervise<T>(
    job: &Job,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        outcome = catching(work) => match outcome {
            // What fails after a cancellation most likely fails because of it.
            Err(error) if job.token.is_cancelled() && error.code() != code::INTERNAL_ERROR => {
                Err(Error::cancelled())
            }
            outcome => outcome,
        },
        () = overdue(job) => {
            Err(Error::new(ErrorKind::DeadlineExceeded, "the job's deadline has passed"))
        }
        () = out_of_patience(job) => Err(Error::cancelled()),
        never = job.send_held_back() => match never {},
    }
}

async fn overdue(job: &Job) {
    match job.deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn out_of_patience(job: &Job) {
    job.token.cancelled().await;
    sleep(CANCEL_GRACE).await;
}

/// Turns a panic into an error.
pub(crate) async fn catching<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .unwrap_or_else(|payload| Err(Error::panicked(&*payload)).into())
    })
    .await
}
