//! What an author implements.

use std::future::Future;
use std::time::{Duration, Instant};

use prizm_protocol::Model;
use prizm_protocol::methods::estimate::EstimateResult;
use prizm_protocol::methods::health::Health;
use prizm_protocol::methods::notifications::{self as wire, STARTUP};

use crate::outbox::lock;
use crate::{Configuration, Context, Declaration, Error, EstimateRequest, Request, Response};

/// A provider: two methods are enough.
///
/// Every method may be written as an `async fn`. Jobs run at the same time, as many as
/// [`Declaration::max_in_flight`] says, so state is shared behind a lock. A job that is cancelled
/// has 3 s to return after [`Context::cancelled`]; then its future is dropped. Start children with
/// `kill_on_drop(true)`, and compute in [`Context::blocking`]: a future that does not yield keeps
/// the provider from hearing anything.
pub trait Provider: Send + Sync + 'static {
    /// Says who the provider is and what it can do. Called before anything else.
    fn declare(&self) -> Declaration;

    /// Does the work.
    fn transform(&self, request: Request, cx: &Context) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Takes a configuration, which replaces the one before; jobs that run keep theirs. The
    /// default ignores it.
    fn configure(
        &self,
        configuration: Configuration,
        startup: &Startup,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let _ = (configuration, startup);
        async { Ok(()) }
    }

    /// Returns whether jobs are refused with `NotConfigured` until [`Provider::configure`] has
    /// succeeded. The default is that they are not.
    fn needs_configuration(&self) -> bool {
        false
    }

    /// Finds the models that there are now. The default is the declared ones.
    fn models(&self) -> impl Future<Output = Result<Vec<Model>, Error>> + Send {
        async { Ok(self.declare().into_wire().models) }
    }

    /// Says what a job would cost, by its options and what is known of its media. It has no files and
    /// no job directory. The default is that nobody knows (−32601).
    fn estimate(
        &self,
        request: EstimateRequest,
        cx: &Context,
    ) -> impl Future<Output = Result<EstimateResult, Error>> + Send {
        let _ = (request, cx);
        async { Err(Error::method_not_found("estimate")) }
    }

    /// Says how the provider feels. The default is what the SDK has `measured`.
    fn health(&self, measured: Health) -> impl Future<Output = Result<Health, Error>> + Send {
        async { Ok(measured) }
    }

    /// Cleans up. No job runs any more; the process ends a few seconds later whatever happens.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Tells the host how far [`Provider::configure`] is, so that it goes on waiting.
pub struct Startup {
    pub(crate) cx: Context,
    last: std::sync::Mutex<Option<(Instant, String)>>,
}

impl Startup {
    pub(crate) fn new(cx: Context) -> Self {
        Self { cx, last: std::sync::Mutex::default() }
    }

    /// Says what is being loaded and, where it is known, how far that is, from 0 to 1. A stage
    /// that goes on is told ten times a second at most.
    pub fn stage(&self, stage: &str, fraction: Option<f64>) {
        let mut last = lock(&self.last);
        let now = Instant::now();
        if last
            .as_ref()
            .is_some_and(|(when, what)| what == stage && now.duration_since(*when) < Duration::from_millis(100))
        {
            return;
        }
        *last = Some((now, stage.to_owned()));
        let fraction = fraction.filter(|f| !f.is_nan()).map(|f| f.clamp(0.0, 1.0));
        let params = wire::Startup { stage: stage.to_owned(), fraction, message: None };
        self.cx.0.notify(STARTUP, params);
    }

    /// Waits until the host has given up on this configuration.
    pub async fn cancelled(&self) {
        self.cx.cancelled().await;
    }
}
