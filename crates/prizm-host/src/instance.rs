//! One run of a plugin: spawn → handshake → validate → configure, and the tasks that keep it.

mod life;
mod models;
mod stop;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use prizm_protocol::methods::configure::{Configure, ConfigureParams};
use prizm_protocol::methods::initialize::{HostIdentity, HostLimits, Initialize, InitializeParams};
use prizm_protocol::{MAX_FRAME_BYTES, PROTOCOL_VERSION, code};
use rustix::process::Signal;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::process::{LogSink, Process, Redactor, drain, spawn};
use crate::report::Ended;
use crate::tap::Wiretap;
use crate::validate::{MAX_IN_FLIGHT, validate};
use crate::wire::{Abandoned, Calls, Demux, Notice, Outbox, Patience, soon};
use crate::{Error, ErrorKind, PluginSpec, ProviderInfo, Stage, Timing};

/// Violations that an error lists.
const SHOWN_VIOLATIONS: usize = 20;

/// A plugin that runs, has been found valid, and is configured.
pub(crate) struct Instance {
    pub(crate) connection: Connection,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) born: std::time::Instant,
    info: RwLock<Arc<ProviderInfo>>,
    run: Run,
    redactor: Redactor,
    secrets: Vec<String>,
    stopping: Arc<AtomicBool>,
    tainted: AtomicBool,
    /// Calls that hold the instance, waiting for a slot or for an answer.
    users: AtomicUsize,
    last_used: Mutex<Instant>,
    /// Rung when the last user leaves a tainted instance.
    drained: Arc<Notify>,
}

/// What the monitor of an instance listens to.
pub(crate) struct Signals {
    pub(crate) abandoned: mpsc::UnboundedReceiver<Abandoned>,
    pub(crate) ended: watch::Receiver<Option<Arc<Ended>>>,
}

impl Instance {
    /// Starts a plugin and brings it to `Ready`; without a configuration it is only asked what it declares. Boxed: it is
    /// large, and seldom done.
    pub(crate) fn start<'a>(
        spec: &'a PluginSpec,
        label: &'a str,
        config: Option<&'a ConfigureParams>,
    ) -> BoxFuture<'a, Result<(Arc<Self>, Signals), Error>> {
        Box::pin(Self::started(spec, label, config))
    }

    async fn started(
        spec: &PluginSpec,
        label: &str,
        config: Option<&ConfigureParams>,
    ) -> Result<(Arc<Self>, Signals), Error> {
        let (process, pipes) = spawn(&spec.command, &spec.work_dir)?;
        let process = Arc::new(process);
        let redactor = Redactor::default();
        // What was granted from the environment is as likely a secret as what is configured.
        redactor.add(spec.command.granted().map(str::to_owned));
        let tap = spec.tap.clone().map(|tap| Wiretap::new(tap, process.pid(), redactor.clone()));
        tap.iter().for_each(|tap| tap.started(&spec.command.to_string()));
        let log = LogSink::new(label.to_owned(), redactor.clone(), tap.clone());
        let (abandoned_sender, abandoned) = mpsc::unbounded_channel();
        let calls = Calls::new(abandoned_sender);
        let outbox = Outbox::new(tap.clone());
        let (ended_sender, ended) = watch::channel(None);
        let demux = Demux {
            calls: calls.clone(),
            outbox: outbox.clone(),
            log: log.clone(),
            tap: tap.clone(),
            max_frame: MAX_FRAME_BYTES,
        };
        let stopping = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn(demux.run(pipes.stdout));
        let stderr = tokio::spawn(drain(pipes.stderr, log.clone()));
        let readers = [reader.abort_handle(), stderr.abort_handle()];
        let life = life::Life {
            process: Arc::clone(&process),
            reader,
            stderr,
            log: log.clone(),
            stopping: Arc::clone(&stopping),
            calls: calls.clone(),
            outbox: outbox.clone(),
            tap,
        };
        let writer = tokio::spawn(outbox.clone().write_to(pipes.stdin)).abort_handle();
        let life = tokio::spawn(life.run(ended_sender)).abort_handle();
        // From here on, giving up kills the process and ends the tasks.
        let run = Run { process, tasks: readers.into_iter().chain([writer, life]).collect() };
        let connection = Connection { calls, outbox, log, ended: ended.clone(), max_frame: MAX_FRAME_BYTES };
        let instance_id = format!("{label}-{}", run.process.pid());
        let info = handshake(&connection, spec, instance_id).await?;
        if let Some(config) = config {
            redactor.add(secrets(&info, &spec.secrets, config));
            configure(&connection, &info, config, spec.timing).await?;
        }
        let instance = Self {
            connection,
            slots: Arc::new(Semaphore::new(info.max_in_flight as usize)),
            born: std::time::Instant::now(),
            info: RwLock::new(Arc::new(info)),
            run,
            redactor,
            secrets: spec.secrets.clone(),
            stopping,
            tainted: AtomicBool::new(false),
            users: AtomicUsize::new(0),
            last_used: Mutex::new(Instant::now()),
            drained: Arc::default(),
        };
        Ok((Arc::new(instance), Signals { abandoned, ended }))
    }

    /// Returns what the plugin is, with its latest list of models.
    pub(crate) fn info(&self) -> Arc<ProviderInfo> {
        Arc::clone(&self.info.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_info(&self, info: Arc<ProviderInfo>) {
        *self.info.write().unwrap_or_else(PoisonError::into_inner) = info;
    }

    /// Sends a new configuration.
    pub(crate) async fn configure(&self, config: &ConfigureParams, timing: Timing) -> Result<(), Error> {
        self.redactor.add(secrets(&self.info(), &self.secrets, config));
        configure(&self.connection, &self.info(), config, timing).await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.run.process.pid()
    }

    /// Returns whether new work may be given to it.
    pub(crate) fn is_usable(&self) -> bool {
        !self.tainted.load(Ordering::Acquire) && !self.stopping.load(Ordering::Acquire) && self.connection.is_open()
    }

    /// Takes no new work; the monitor stops it when the last user has left.
    pub(crate) fn taint(&self) {
        self.tainted.store(true, Ordering::Release);
        // Who waits for a slot would wait for the call that is never answered: it waits for one of the next.
        self.slots.close();
        if self.is_drained() {
            self.drained.notify_one();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn is_drained(&self) -> bool {
        self.tainted.load(Ordering::Acquire) && self.users.load(Ordering::Acquire) == 0
    }

    /// Returns a wait for the moment when a tainted instance has lost its last user. It does not
    /// hold the instance.
    pub(crate) fn drained(&self) -> impl Future<Output = ()> + use<> {
        let drained = Arc::clone(&self.drained);
        async move { drained.notified().await }
    }

    /// Returns since when nobody has used it; `None` while somebody does.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let idle = self.users.load(Ordering::Acquire) == 0 && self.connection.calls.len() == 0;
        idle.then(|| *self.last_used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn users(&self) -> usize {
        self.users.load(Ordering::Acquire)
    }

    fn touch(&self) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A use of an instance; while one lives, the instance is neither idle nor drained.
pub(crate) struct Lease(Arc<Instance>);

impl Lease {
    pub(crate) fn new(instance: Arc<Instance>) -> Self {
        instance.users.fetch_add(1, Ordering::AcqRel);
        Self(instance)
    }
}

impl std::ops::Deref for Lease {
    type Target = Arc<Instance>;

    fn deref(&self) -> &Arc<Instance> {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.touch();
        self.0.users.fetch_sub(1, Ordering::AcqRel);
        if self.0.is_drained() {
            self.0.drained.notify_one();
        }
    }
}

/// The process and the tasks around it. Dropping it kills the one and ends the others.
struct Run {
    process: Arc<Process>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

async fn handshake(connection: &Connection, spec: &PluginSpec, instance_id: String) -> Result<ProviderInfo, Error> {
    let params = InitializeParams {
        protocol_versions: vec![PROTOCOL_VERSION.to_string()],
        host: HostIdentity { name: "prizm".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        limits: HostLimits { max_frame_bytes: MAX_FRAME_BYTES as u64, max_in_flight: MAX_IN_FLIGHT },
        instance_id,
    };
    let patience = spec.timing.initialize;
    let answer = connection.request::<Initialize>(&params, Stage::Handshake, soon(patience)).await;
    let declaration = answer.map_err(|error| match error.kind() {
        ErrorKind::Deadline => Error::new(
            ErrorKind::Deadline,
            Stage::Handshake,
            format!("the plugin did not answer `initialize` within {patience:?}"),
        )
        .with_hint("a plugin answers `initialize` at once and loads what is slow in `configure`; is the command a Prizm plugin?")
        .with_stderr(connection.log.tail()),
        _ => error,
    })?;
    validate(&declaration, &[PROTOCOL_VERSION], &spec.expected).map_err(|violations| {
        let mut message = "the plugin's declaration is not valid:".to_owned();
        for violation in violations.iter().take(SHOWN_VIOLATIONS) {
            message.push_str(&format!("\n  - {violation}"));
        }
        if let Some(more) = violations.len().checked_sub(SHOWN_VIOLATIONS + 1) {
            message.push_str(&format!("\n  - and {} more", more + 1));
        }
        Error::new(ErrorKind::Invalid, Stage::Validate, message)
            .with_hint("the plugin's author must mend its declaration or its manifest")
            .with_stderr(connection.log.tail())
    })
}

async fn configure(
    connection: &Connection,
    info: &ProviderInfo,
    config: &ConfigureParams,
    timing: Timing,
) -> Result<(), Error> {
    check_settings(info, config)?;
    let latest = soon(timing.configure_max);
    let on_notice = |notice| match notice {
        Notice::Startup(startup) => {
            tracing::info!(plugin = %info.id, stage = startup.stage, fraction = startup.fraction, "starting");
            Ok(Some(latest.min(soon(timing.configure))))
        }
        _ => Ok(None),
    };
    let first = Patience::until(latest.min(soon(timing.configure)));
    match connection.call::<Configure, _>(config, Stage::Configure, first, None, on_notice).await {
        Ok(answer) if answer.ready => Ok(()),
        Ok(_) => {
            Err(Error::new(ErrorKind::Protocol, Stage::Configure, "the plugin answered `configure` but is not ready")
                .with_hint("a plugin answers `ready: true`, or says with an error what it lacks")
                .with_stderr(connection.log.tail()))
        }
        // Without settings there is nothing to configure.
        Err(error)
            if error.rpc().is_some_and(|rpc| rpc.code == code::METHOD_NOT_FOUND)
                && *config == ConfigureParams::default() =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn check_settings(info: &ProviderInfo, config: &ConfigureParams) -> Result<(), Error> {
    let Some(schema) = &info.config_schema else { return Ok(()) };
    let faults = schema.check_secrets(&config.config);
    let Some(fault) = faults.first() else { return Ok(()) };
    let setting = if fault.name.is_empty() { String::new() } else { format!(" `{}`", fault.name) };
    let names: Vec<_> = schema.names().collect();
    let message = format!("the configuration of `{}` is wrong: setting{setting}: {}", info.id, fault.message);
    Err(Error::new(ErrorKind::Input, Stage::Configure, message).with_hint(format!(
        "`{}` has the settings {}",
        info.id,
        names.join(", ")
    )))
}

/// Returns the values to hide: of what the plugin declares as secrets, and of `more` settings.
fn secrets(info: &ProviderInfo, more: &[String], config: &ConfigureParams) -> Vec<String> {
    let names = info.secret_settings().chain(more.iter().map(String::as_str));
    let values = names.filter_map(|name| config.config.get(name));
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
