//! Runs an author's code so that it always ends, in exactly one answer.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use prizm_protocol::ErrorKind;
use tokio::time::{sleep, sleep_until};

use crate::Error;
use crate::job::Job;

/// How long cancelled work may take to return before it is dropped.
const CANCEL_GRACE: Duration = Duration::from_secs(3);

/// Runs `work` to its end, its deadline, or the end of its patience after a cancellation; then it
/// is dropped, if it still runs, before this returns.
pub(crate) async fn supervise<T>(job: &Job, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let work = async {
        // What fails after a cancellation most likely fails because of it.
        let in_its_wake = |error| if job.token.is_cancelled() { Error::cancelled() } else { error };
        work.await.map_err(in_its_wake)
    };
    tokio::select! {
        biased;
        outcome = catching(work) => outcome,
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
async fn catching<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .unwrap_or_else(|payload| Err(Error::panicked(&*payload)).into())
    })
    .await
}
