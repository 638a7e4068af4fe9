//! One fetch: where to, how long, how much; and what went wrong outside of libgit2.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::{Origin, Url};

use super::memory;
use crate::fetch::{web, work};
use crate::{Error, ErrorKind, FetchOptions, Limits, Reporter};

/// The most characters of an error that libgit2 tells.
const MAX_WORDS: usize = 500;
const RAISE_SIZE: &str = "raise `maxSize` under [policy] if you trust it";
/// How often whoever waits is told how far it is.
const TICK: Duration = Duration::from_millis(100);

/// What one fetch may do, and what it has done.
pub(super) struct Session {
    address: Url,
    options: FetchOptions,
    began: Instant,
    received: AtomicU64,
    cancelled: AtomicBool,
    /// libgit2 tells errors of ours as texts; this is the error itself.
    failure: Mutex<Option<Error>>,
    /// Credentials, and where they were found for: nobody else gets them.
    authorization: Mutex<Option<(Origin, String)>>,
}

thread_local! {
    /// libgit2 makes transports by itself, on the thread that asked for one.
    static CURRENT: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

impl Session {
    pub(super) fn new(address: Url, options: &FetchOptions) -> Self {
        Self {
            address,
            options: options.clone(),
            began: Instant::now(),
            received: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            failure: Mutex::default(),
            authorization: Mutex::default(),
        }
    }

    /// Returns the session of this thread.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    pub(super) fn address(&self) -> &Url {
        &self.address
    }

    pub(super) fn limits(&self) -> Limits {
        self.options.limits
    }

    /// Keeps what to send as `Authorization` to where `url` is, and nowhere else.
    pub(super) fn authorize(&self, url: &Url, authorization: String) {
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some((url.origin(), authorization));
    }

    /// Returns what to send as `Authorization` to where `url` is.
    pub(super) fn authorization(&self, url: &Url) -> Option<String> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(origin, _)| *origin == url.origin()).map(|(_, authorization)| authorization.clone())
    }

    /// Does blocking work on a thread for it. The work is told to end when the returned future is dropped.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        super::transport::register()?;
        let _cancel = CancelOnDrop(Arc::clone(self));
        let session = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            CURRENT.set(Some(Arc::clone(&session)));
            let bound = memory::Bound::new(session.limits().bytes);
            let done = work(&session);
            CURRENT.set(None);
            done.map_err(|error| match session.take_failure() {
                Some(failure) => failure,
                None if bound.was_reached() => session.too_large(),
                None => error,
            })
        });
        // Whatever made libgit2's bindings panic came from the server.
        done.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Fetch, format!("`{}` sent what git cannot read", self.address))
                .with_hint("ask whoever runs that server"))
        })
    }

    /// Tells the reporter how far the work is.
    pub(super) async fn watched<T>(&self, work: impl Future<Output = T>, reporter: &dyn Reporter) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(TICK) => reporter.progress(self.received.load(Ordering::Relaxed), None),
            }
        }
    }

    /// Returns how long the fetch may still take.
    pub(super) fn left(&self) -> Result<Duration, Error> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(work::cancelled_error());
        }
        let left = self.limits().total.saturating_sub(self.began.elapsed());
        if left.is_zero() { Err(self.too_slow()) } else { Ok(left) }
    }

    /// Counts what has come.
    pub(super) fn count(&self, bytes: usize) -> Result<(), Error> {
        self.left()?;
        let received = self.received.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if received <= self.limits().bytes {
            return Ok(());
        }
        let message = format!("`{}` sent more than {} bytes", self.address, self.limits().bytes);
        Err(Error::new(ErrorKind::Fetch, message).with_hint(RAISE_SIZE))
    }

    fn too_large(&self) -> Error {
        let message = format!("`{}` sent what unpacks to more than {} bytes", self.address, self.limits().bytes);
        Error::new(ErrorKind::Fetch, message).with_hint(RAISE_SIZE)
    }

    pub(super) fn too_slow(&self) -> Error {
        let message = format!("`{}` was not done after {:?}", self.address, self.limits().total);
        Error::new(ErrorKind::Fetch, message).with_hint("try again, or look into the network")
    }

    /// Keeps an error for after libgit2, and returns what to tell libgit2.
    pub(super) fn fail(&self, error: Error) -> String {
        let text = error.to_string();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        text
    }

    fn take_failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Makes an error of libgit2's one of ours.
    pub(super) fn git_error(&self, doing: &str, error: &git2::Error) -> Error {
        // A server may put its own words into it.
        let words: String = error.message().trim().chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
        Error::new(ErrorKind::Fetch, format!("{doing} `{}` failed: {}", self.address, super::redact(&words)))
            .with_hint("try again; if it stays, the repository or its server is broken")
    }

    /// Checks that a URL is one that may be spoken to.
    pub(super) fn admit(&self, url: &Url) -> Result<(), Error> {
        web::admit(url, &self.options.sources, "look for `insteadOf` in your git configuration")
    }
}

struct CancelOnDrop(Arc<Session>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}
