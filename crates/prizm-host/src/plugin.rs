//! A supervised plugin: the handle that everybody above holds.

mod figures;
mod monitor;
mod transform;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_protocol::methods::health::Health;
use prizm_protocol::methods::{Empty, GetHealth, Ping};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use crate::instance::{Instance, Lease, Signals};
use crate::supervise::{Permission, Supervisor};
use crate::wire::soon;
use crate::{Error, ErrorKind, Expected, PluginCommand, ProviderInfo, Stage, Tap};

/// How a plugin is started and kept.
#[derive(Clone, Debug)]
pub struct PluginSpec {
    /// How it is started.
    pub command: PluginCommand,
    /// What its manifest says of it.
    pub expected: Expected,
    /// Where job directories are made, and what the plugin is told as its own: `PRIZM_WORK_DIR`.
    pub work_dir: PathBuf,
    /// How long things may take.
    pub timing: Timing,
    /// Who hears all that passes.
    pub tap: Option<Tap>,
    /// Settings that its list of models depends on: where one is given, it is asked for its models before it is used.
    pub models_follow: Vec<String>,
    /// Settings whose values are hidden in all that is told of it, beside those that it declares as secrets.
    pub secrets: Vec<String>,
}

impl PluginSpec {
    /// Starts a specification; jobs live in the system's temporary directory.
    pub fn new(command: PluginCommand) -> Self {
        Self {
            command,
            expected: Expected::default(),
            work_dir: std::env::temp_dir(),
            timing: Timing::default(),
            tap: None,
            models_follow: Vec::new(),
            secrets: Vec::new(),
        }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From spawn to the answer to `initialize`; 10 s by default.
    pub initialize: Duration,
    /// `configure`, counted anew from each `$/startup`; 60 s by default.
    pub configure: Duration,
    /// The longest that `configure` may take, however often the plugin says `$/startup`; 15 min by default.
    pub configure_max: Duration,
    /// How long a cancelled call may go unanswered before the plugin is restarted; 5 s by default.
    pub cancel_grace: Duration,
    /// `health`, `ping` and `models`; 30 s by default.
    pub query: Duration,
    /// How long nobody may use it before it is stopped; 5 min by default.
    pub idle_stop: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            initialize: Duration::from_secs(10),
            configure: Duration::from_secs(60),
            configure_max: Duration::from_secs(15 * 60),
            cancel_grace: Duration::from_secs(5),
            query: Duration::from_secs(30),
            idle_stop: Duration::from_secs(300),
        }
    }
}

/// What a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It does not run; the next call starts it.
    Idle,
    /// It runs and takes work.
    Ready,
    /// It runs, takes no work, and will be stopped.
    Draining,
    /// It failed, and is not started before a while has passed.
    BackingOff,
    /// It failed too often.
    BreakerOpen,
    /// It was shut down for good.
    Closed,
}

/// Figures about a plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// How often it was started with success.
    pub starts: u64,
    /// How often it failed to start, or died.
    pub failures: u64,
    /// Calls that it has not answered, cancelled ones included.
    pub pending: usize,
    /// The process, where it runs; for people, not for signals.
    pub pid: Option<u32>,
}

/// A handle to a supervised plugin. Clones share it; it runs only while it is needed.
#[derive(Clone)]
pub struct Plugin(Arc<Shared>);

struct Shared {
    spec: PluginSpec,
    label: String,
    /// Held while the plugin is started, so that it is started once.
    starting: tokio::sync::Mutex<()>,
    /// Rung when the plugin is shut down for good, for those who wait for a start.
    closing: Notify,
    slot: Mutex<Slot>,
    starts: AtomicU64,
    failures: AtomicU64,
}

#[derive(Default)]
struct Slot {
    current: Option<Arc<Instance>>,
    config: ConfigureParams,
    supervisor: Supervisor,
    last_failure: Option<Error>,
    closed: bool,
}

impl Slot {
    /// Returns a lease on an instance that takes work. Made under the slot's lock, so that nobody
    /// finds the instance idle in between.
    fn lease(&self) -> Option<Lease> {
        self.current.as_ref().filter(|instance| instance.is_usable()).map(|instance| Lease::new(Arc::clone(instance)))
    }
}

impl Plugin {
    /// Makes a handle. Nothing is started.
    pub fn new(spec: PluginSpec) -> Self {
        let label = spec.expected.id.as_ref().map_or_else(
            || spec.command.argv().next().unwrap_or_default().to_string_lossy().into_owned(),
            ToString::to_string,
        );
        Self(Arc::new(Shared {
            spec,
            label,
            starting: tokio::sync::Mutex::default(),
            closing: Notify::new(),
            slot: Mutex::default(),
            starts: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// Starts the plugin unless it runs, and returns what it declared.
    ///
    /// # Errors
    /// It cannot be started, breaks the protocol, or has failed too often of late.
    pub async fn start(&self) -> Result<Arc<ProviderInfo>, Error> {
        Ok(self.0.lease().await?.info())
    }

    /// Replaces the configuration: at once where the plugin runs, and at every later start.
    ///
    /// # Errors
    /// The running plugin refuses it; it is kept for the next start all the same.
    pub async fn configure(&self, config: ConfigureParams) -> Result<(), Error> {
        let running = {
            let mut slot = self.0.slot();
            slot.config = config.clone();
            slot.lease()
        };
        match running {
            Some(lease) => {
                lease.configure(&config, self.0.spec.timing).await?;
                // Those that followed what was given before are not those that it declared.
                match self.0.spec.models_follow.is_empty() {
                    true => Ok(()),
                    false => lease.refresh_models(self.0.spec.timing).await.map(drop),
                }
            }
            None => Ok(()),
        }
    }

    /// Asks the plugin how it feels, starting it if need be.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub async fn health(&self) -> Result<Health, Error> {
        let lease = self.0.lease().await?;
        let deadline = soon(self.0.spec.timing.query);
        lease.connection.request::<GetHealth>(&Empty {}, Stage::Call, deadline).await
    }

    /// Asks whether the plugin is there, starting it if need be.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        let lease = self.0.lease().await?;
        let deadline = soon(self.0.spec.timing.query);
        lease.connection.request::<Ping>(&Empty {}, Stage::Call, deadline).await.map(drop)
    }

    /// Asks the plugin for its models anew and returns the provider with them.
    ///
    /// # Errors
    /// It cannot be started, does not answer, or lists what is not valid.
    pub async fn refresh_models(&self) -> Result<Arc<ProviderInfo>, Error> {
        self.0.lease().await?.refresh_models(self.0.spec.timing).await
    }

    /// Stops the plugin, if it runs, by the four rungs; the next call starts it again, whatever it has done.
    pub async fn stop(&self) {
        // A start that is under way is given up first, so that nothing slips through.
        self.0.closing.notify_waiters();
        let _starting = self.0.starting.lock().await;
        let current = {
            let mut slot = self.0.slot();
            slot.supervisor = Supervisor::default();
            slot.current.take()
        };
        if let Some(instance) = current {
            instance.stop().await;
        }
    }

    /// Stops the plugin for good: later calls fail.
    pub async fn shutdown(&self) {
        self.0.slot().closed = true;
        self.stop().await;
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plugin({}, {:?})", self.0.label, self.state())
    }
}

impl Shared {
    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a lease on an instance that takes work.
    fn running(&self) -> Result<Option<Lease>, Error> {
        let slot = self.slot();
        if slot.closed { Err(self.closed()) } else { Ok(slot.lease()) }
    }

    fn closed(&self) -> Error {
        Error::new(ErrorKind::Closed, Stage::Call, format!("the plugin `{}` was shut down", self.label))
            .with_hint("it is closed for good: make another handle")
    }

    async fn lease(self: &Arc<Self>) -> Result<Lease, Error> {
        match self.running()? {
            Some(lease) => Ok(lease),
            None => self.started().await,
        }
    }

    /// Returns a lease on an instance, starting one where none takes work. Boxed: it is large, and seldom done.
    fn started(self: &Arc<Self>) -> BoxFuture<'_, Result<Lease, Error>> {
        Box::pin(self.start_unless_closed())
    }

    async fn start_unless_closed(self: &Arc<Self>) -> Result<Lease, Error> {
        let closing = self.closing.notified();
        if let Some(lease) = self.running()? {
            return Ok(lease);
        }
        tokio::select! {
            biased;
            lease = self.start_once() => lease,
            // Whoever stops it does not wait for a start that nobody wants any more.
            () = closing => Err(match self.running() {
                Err(closed) => closed,
                Ok(_) => Error::new(ErrorKind::Closed, Stage::Spawn, format!("the plugin `{}` was stopped", self.label))
                    .with_hint("call it again: it is started anew"),
            }),
        }
    }

    async fn start_once(self: &Arc<Self>) -> Result<Lease, Error> {
        let _starting = self.starting.lock().await;
        loop {
            if let Some(lease) = self.running()? {
                return Ok(lease);
            }
            let permission = self.slot().supervisor.may_start(std::time::Instant::now());
            match permission {
                Permission::Now => return self.start_instance().await,
                Permission::At(at) => sleep_until(at.into()).await,
                Permission::Open(until) => return Err(self.breaker_open(until)),
            }
        }
    }

    async fn start_instance(self: &Arc<Self>) -> Result<Lease, Error> {
        match self.bring_up().await {
            Ok((lease, signals)) => {
                self.starts.fetch_add(1, Ordering::Relaxed);
                let instance = Arc::clone(&lease);
                tracing::debug!(plugin = self.label, pid = instance.pid(), "ready");
                tokio::spawn(monitor::run(Arc::downgrade(self), Arc::downgrade(&instance), signals, self.spec.timing));
                Ok(lease)
            }
            Err(error) => {
                // What the user configured wrong, or what the plugin itself answers, is no crash.
                if !matches!(error.kind(), ErrorKind::Input | ErrorKind::Provider) {
                    self.note_failure(&error);
                }
                Err(error)
            }
        }
    }

    /// Starts an instance and puts it in the slot, with the latest configuration.
    async fn bring_up(&self) -> Result<(Lease, Signals), Error> {
        let mut config = self.slot().config.clone();
        let (instance, signals) = Instance::start(&self.spec, &self.label, Some(&config)).await?;
        loop {
            if self.spec.models_follow.iter().any(|setting| config.config.contains_key(setting)) {
                instance.refresh_models(self.spec.timing).await?;
            }
            {
                let mut slot = self.slot();
                if slot.config == config {
                    slot.supervisor.started();
                    slot.current = Some(Arc::clone(&instance));
                    return Ok((Lease::new(instance), signals));
                }
                // It was replaced while the plugin started.
                config = slot.config.clone();
            }
            instance.configure(&config, self.spec.timing).await?;
        }
    }

    fn note_failure(&self, error: &Error) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(plugin = self.label, stage = %error.stage(), "{error}");
        let mut slot = self.slot();
        slot.supervisor.failed(std::time::Instant::now(), fastrand::f64());
        slot.last_failure = Some(error.clone());
    }

    fn breaker_open(&self, until: std::time::Instant) -> Error {
        let slot = self.slot();
        let wait = until.saturating_duration_since(std::time::Instant::now()).as_secs() + 1;
        let count = slot.supervisor.recent_failures(std::time::Instant::now());
        let mut message = format!(
            "the plugin `{}` failed {count} times in 3 minutes and is not started for another {wait} s",
            self.label
        );
        let mut error = Error::new(ErrorKind::BreakerOpen, Stage::Spawn, "");
        if let Some(last) = &slot.last_failure {
            message.push_str(&format!("; the last failure: {last}"));
            error = Error::new(ErrorKind::BreakerOpen, last.stage(), message).with_stderr(last.stderr().to_vec());
            if let Some(hint) = last.hint() {
                error = error.with_hint(hint);
            }
            return error;
        }
        Error::new(ErrorKind::BreakerOpen, error.stage(), message)
    }
}
