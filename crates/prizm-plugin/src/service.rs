//! The methods: who answers what, and when.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use prizm_protocol::methods::health::{Health, HealthStatus};
use prizm_protocol::methods::initialize::{self, InitializeParams};
use prizm_protocol::methods::models::ModelsResult;
use prizm_protocol::methods::transform::{TransformParams, TransformResult};
use prizm_protocol::methods::{
    Configure, DoTransform, Empty, Estimate, GetHealth, Initialize, ListModels, Method, Ping, Shutdown, configure,
};
use prizm_protocol::{ErrorKind, Model, code};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::job::Job;
use crate::outbox::{Outbox, lock};
use crate::provider::Startup;
use crate::table::Table;
use crate::{Context, Error, Provider, Request, check, note};

/// How long `shutdown` waits for cancelled work, then for the provider; the host waits 5 s in all.
const DRAIN: Duration = Duration::from_secs(4);
const CLEAN_UP: Duration = Duration::from_millis(700);

/// The largest limit on frames that a host may state.
const MOST_FRAME_BYTES: u64 = 64 * 1024 * 1024;

pub(crate) struct Service<P> {
    provider: P,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) table: Table,
    started: Instant,
    opened: OnceLock<Opened>,
    configured: AtomicBool,
    /// Configurations are taken one after the other.
    configuring: tokio::sync::Mutex<()>,
    draining: AtomicBool,
    active: AtomicU32,
    queued: AtomicU32,
    last_error: Mutex<Option<String>>,
}

/// What is known once the provider has been asked for its declaration.
struct Opened {
    models: Mutex<Arc<[Model]>>,
    slots: Semaphore,
}

/// Counts a job for as long as it lives.
struct Count<'a>(&'a AtomicU32);

impl<'a> Count<'a> {
    fn in_(counter: &'a AtomicU32) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<P: Provider> Service<P> {
    pub(crate) fn new(provider: P) -> Self {
        Self {
            provider,
            outbox: Arc::new(Outbox::new()),
            table: Table::default(),
            started: Instant::now(),
            opened: OnceLock::new(),
            configured: AtomicBool::new(false),
            configuring: tokio::sync::Mutex::default(),
            draining: AtomicBool::new(false),
            active: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            last_error: Mutex::default(),
        }
    }

    pub(crate) fn cancel(&self, id: u64) {
        self.table.cancel(id);
    }

    pub(crate) fn abort_all(&self) {
        self.table.abort_all();
    }

    /// Waits until another request can be taken, so that a host that does not read its answers
    /// cannot fill the memory.
    pub(crate) async fn room(&self) {
        self.table.room().await;
        self.outbox.room_for_answers().await;
    }

    pub(crate) fn request(self: &Arc<Self>, id: u64, method: &str, params: Option<&RawValue>, bytes: usize) {
        match method {
            Ping::NAME => return self.answer_now(id, Ok(Empty {})),
            Initialize::NAME => return self.answer_now(id, self.initialize(params)),
            Shutdown::NAME => return self.shutdown(id),
            GetHealth::NAME => {
                let service = self.clone();
                return self.start(self.job(id), bytes, async move { service.health().await });
            }
            _ => {}
        }
        let outcome = match (method, self.opened.get()) {
            (_, None) => Err(not_initialized(method)),
            (DoTransform::NAME, Some(opened)) => self.transform(id, params, bytes, opened),
            (Estimate::NAME, Some(opened)) => self.estimate(id, params, bytes, opened),
            (Configure::NAME, _) => self.configure(id, params, bytes),
            (ListModels::NAME, _) => {
                let service = self.clone();
                self.start(self.job(id), bytes, async move { service.models().await });
                Ok(())
            }
            _ => Err(Error::method_not_found(method)),
        };
        if let Err(error) = outcome {
            self.answer_now::<()>(id, Err(error));
        }
    }

    fn initialize(&self, params: Option<&RawValue>) -> Result<initialize::Declaration, Error> {
        let params: InitializeParams = check::params(params)?;
        check::version(&params)?;
        let declare = AssertUnwindSafe(|| self.provider.declare().into_wire());
        let declaration = catch_unwind(declare).map_err(|payload| Error::panicked(&*payload))?;
        let opened = Opened {
            models: Mutex::new(declaration.models.clone().into()),
            slots: Semaphore::new(declaration.limits.max_in_flight.max(1) as usize),
        };
        if self.opened.set(opened).is_err() {
            return Err(Error::coded(code::INVALID_REQUEST, "`initialize` came twice"));
        }
        let limit = params.limits.max_frame_bytes.min(MOST_FRAME_BYTES);
        self.outbox.set_limit(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(declaration)
    }

    fn configure(self: &Arc<Self>, id: u64, params: Option<&RawValue>, bytes: usize) -> Result<(), Error> {
        let params: configure::ConfigureParams = check::params(params)?;
        let (service, cx) = (self.clone(), self.job(id));
        let startup = Startup::new(cx.clone());
        self.start(cx, bytes, async move {
            let _one_at_a_time = service.configuring.lock().await;
            let outcome = service.provider.configure(params.into(), &startup).await;
            service.configured.store(outcome.is_ok(), Ordering::Relaxed);
            outcome?;
            Ok(configure::ConfigureResult { ready: true })
        });
        Ok(())
    }

    fn transform(
        self: &Arc<Self>,
        id: u64,
        params: Option<&RawValue>,
        bytes: usize,
        opened: &Opened,
    ) -> Result<(), Error> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(Error::coded(code::DRAINING, "the provider is shutting down"));
        }
        let (request, cx) = self.job_of(id, params, opened)?;
        if self.provider.needs_configuration() && !self.configured.load(Ordering::Relaxed) {
            let message = "the provider has not been configured; see its `configSchema`";
            return Err(Error::new(ErrorKind::NotConfigured, message));
        }
        let (service, context) = (self.clone(), cx.clone());
        self.start(cx, bytes, async move { service.work(request, &context).await });
        Ok(())
    }

    async fn work(&self, request: Request, cx: &Context) -> Result<TransformResult, Error> {
        let _slot = self.slot(cx).await?;
        let _active = Count::in_(&self.active);
        let response = self.provider.transform(request, cx).await?;
        Ok(response.into_wire())
    }

    /// Waits for the job's turn; a job that is cancelled meanwhile never has one.
    async fn slot(&self, cx: &Context) -> Result<Option<SemaphorePermit<'_>>, Error> {
        let Some(opened) = self.opened.get() else { return Ok(None) };
        if let Ok(slot) = opened.slots.try_acquire() {
            return cx.checkpoint().map(|()| Some(slot));
        }
        let _queued = Count::in_(&self.queued);
        tokio::select! {
            biased;
            () = cx.cancelled() => Err(Error::cancelled()),
            slot = opened.slots.acquire() => Ok(slot.ok()),
        }
    }

    fn estimate(
        self: &Arc<Self>,
        id: u64,
        params: Option<&RawValue>,
        bytes: usize,
        opened: &Opened,
    ) -> Result<(), Error> {
        let models = lock(&opened.models).clone();
        let request = check::estimate(check::params(params)?, &models)?;
        let (service, cx) = (self.clone(), self.job(id));
        let context = cx.clone();
        self.start(cx, bytes, async move { service.provider.estimate(request, &context).await });
        Ok(())
    }

    async fn models(&self) -> Result<ModelsResult, Error> {
        let models = self.provider.models().await?;
        if let Some(opened) = self.opened.get() {
            *lock(&opened.models) = models.clone().into();
        }
        Ok(ModelsResult { models })
    }

    async fn health(&self) -> Result<Health, Error> {
        let unconfigured = self.provider.needs_configuration() && !self.configured.load(Ordering::Relaxed);
        let measured = Health {
            status: if unconfigured { HealthStatus::Degraded } else { HealthStatus::Healthy },
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            active_jobs: self.active.load(Ordering::Relaxed),
            queued_jobs: self.queued.load(Ordering::Relaxed),
            last_error: lock(&self.last_error).clone(),
        };
        self.provider.health(measured).await
    }

    fn shutdown(self: &Arc<Self>, id: u64) {
        self.draining.store(true, Ordering::Relaxed);
        self.table.cancel_all();
        let service = self.clone();
        self.start_as(self.job(id), 0, true, async move {
            if timeout(DRAIN, service.table.idle()).await.is_err() {
                note("shutting down with work that ignored its cancellation");
            }
            if timeout(CLEAN_UP, service.provider.shutdown()).await.is_err() {
                note("the provider's own shutdown took too long and was dropped");
            }
            Ok(Empty {})
        });
    }

    fn job_of(&self, id: u64, params: Option<&RawValue>, opened: &Opened) -> Result<(Request, Context), Error> {
        let mut params: TransformParams = check::params(params)?;
        let models = lock(&opened.models).clone();
        check::job_dir(params.job_dir.as_deref())?;
        let job = Job::new(id, self.outbox.clone()).for_transform(&mut params);
        Ok((check::request(params, &models)?, Context(Arc::new(job))))
    }

    fn job(&self, id: u64) -> Context {
        Context(Arc::new(Job::new(id, self.outbox.clone())))
    }

    pub(crate) fn remember(&self, error: &Error) {
        if !matches!(error.code(), code::CANCELLED | code::INVALID_PARAMS | code::METHOD_NOT_FOUND) {
            *lock(&self.last_error) = Some(error.to_string());
        }
    }

    /// Answers a request that needs no work.
    pub(crate) fn answer_now<T: Serialize>(&self, id: u64, outcome: Result<T, Error>) {
        self.outbox.push(&self.outbox.encode_answer(id, outcome));
    }
}

fn not_initialized(method: &str) -> Error {
    let method: String = method.chars().take(80).collect();
    Error::new(ErrorKind::NotInitialized, format!("`{method}` came before `initialize`"))
}
