//! The owner of an instance: the one task on this machine that starts it, watches it and stops it.

mod failures;
mod told;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prizm_install::Lease;
use tokio::time::sleep;

use crate::backend::{Backend, Endpoints, Report};
use crate::error::{Error, ErrorKind, Phase};
use crate::lock::FileLock;
use crate::place::Place;
use crate::state::now_ms;
use crate::{Condition, Result, Spec, State, gpu, probe};

use failures::{Failures, Verdict};
use told::{Told, told};

/// How long nobody may wait for a start before it is given up.
const UNWANTED: Duration = Duration::from_secs(2);
/// How long a service that failed too often is left alone.
const COOL_DOWN: Duration = Duration::from_secs(60);
/// How long a service is stopped after which nobody has used it.
const IDLE_STOP: Duration = Duration::from_secs(300);

/// The owner of one instance.
pub(crate) struct Owner {
    spec: Arc<Spec>,
    place: Place,
    backend: Backend,
    board: Board,
    failures: Failures,
    /// Of its files, whatever becomes of the lock that named them.
    _lease: Option<Lease>,
    _lock: FileLock,
}

/// Why a service is in use no longer.
enum End {
    Told(Told),
    Failed(Error),
}

impl Owner {
    /// Becomes the owner of an instance, unless there is one, or nothing of it is started by us.
    pub(crate) async fn become_one(spec: Spec, place: Place) -> Result<Option<Self>> {
        let spec = Arc::new(spec);
        let Some(backend) = Backend::of(&spec, &place) else { return Ok(None) };
        let Some(lock) = place.own().await? else { return Ok(None) };
        let lease = lease(&spec).await?;
        let before = place.state()?;
        let state = State { owner: std::process::id(), generation: before.generation, ..State::default() };
        let board = Board { place: place.clone(), state: Mutex::new(state) };
        board.put(|state| state.condition = Condition::Starting);
        Ok(Some(Self { spec, place, backend, board, failures: Failures::default(), _lease: lease, _lock: lock }))
    }

    /// Starts the service and stays with it until it is stopped: because it was told to, because nobody
    /// used it for long, because it failed, or because `leave` is ready.
    pub(crate) async fn run(mut self, leave: impl Future<Output = ()>) -> Result<()> {
        tokio::pin!(leave);
        loop {
            let end = tokio::select! {
                end = self.live() => end,
                () = &mut leave => return self.leave().await,
            };
            let error = match end {
                End::Told(Told::Gone) => return self.backend.stop().await,
                // Whoever comes now waits until it has stopped.
                End::Told(Told::Stop | Told::Unused(_)) => return self.finish(None).await,
                End::Failed(error) => error,
            };
            tracing::warn!(instance = self.spec.instance, kind = error.kind().as_str(), "{error}");
            let pause = match self.failures.note(Instant::now()) {
                _ if !self.board.was_ready() => return self.finish(Some((error, None))).await,
                Verdict::GiveUp => return self.finish(Some((error, Some(COOL_DOWN)))).await,
                Verdict::Again(pause) => pause,
            };
            self.board.put(|state| {
                state.condition = Condition::Waiting;
                state.endpoints.clear();
                state.restarts += 1;
                state.failure = Some(error);
            });
            // What is left of it would be in the way; the next start removes it, where this cannot.
            if let Err(error) = self.backend.stop().await {
                tracing::warn!(instance = self.spec.instance, "{error}");
            }
            let told = tokio::select! {
                () = sleep(pause) => continue,
                told = told(&self.place, UNWANTED) => told,
                () = &mut leave => return self.leave().await,
            };
            match told {
                Told::Gone => return Ok(()),
                Told::Stop | Told::Unused(_) => return self.finish(None).await,
            }
        }
    }

    /// Starts it, then watches it until it ends in one way or another.
    async fn live(&mut self) -> End {
        let begun = Instant::now();
        let up = tokio::select! {
            up = bring_up(&self.spec, &mut self.backend, &self.board) => up,
            told = told(&self.place, UNWANTED) => return End::Told(told),
        };
        let (endpoints, adopted) = match up {
            Ok(up) => up,
            Err(error) => return End::Failed(error),
        };
        tracing::info!(instance = self.spec.instance, ?endpoints, adopted, "ready");
        if let Err(error) = self.board.ready(endpoints.clone(), adopted, begun.elapsed()) {
            // Nobody would hear of it.
            return End::Failed(error);
        }
        let idle = self.spec.manifest.service.idle_stop.map_or(IDLE_STOP, prizm_protocol::Span::get);
        tokio::select! {
            told = told(&self.place, idle) => End::Told(told),
            error = self.backend.ended() => End::Failed(error),
            error = alive(&self.spec, &self.board, &endpoints) => End::Failed(error),
        }
    }

    /// Stops it, and says so.
    async fn finish(mut self, failure: Option<(Error, Option<Duration>)>) -> Result<()> {
        self.board.put(|state| state.condition = Condition::Stopping);
        let stopped = self.backend.stop().await;
        let failure = failure.or_else(|| stopped.as_ref().err().map(|error| (error.clone(), None)));
        if !self.place.exists() {
            return stopped;
        }
        self.board.put(|state| {
            state.endpoints.clear();
            state.condition = if failure.is_some() { Condition::Failed } else { Condition::Stopped };
            let cool_down = failure.as_ref().and_then(|(_, cool_down)| *cool_down);
            state.retry_at_ms = cool_down.map(|left| now_ms() + u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            state.failure = failure.map(|(error, _)| error);
        });
        stopped
    }

    /// Ends with its program: stops the service, unless others use it, who will own it next.
    async fn leave(self) -> Result<()> {
        match self.place.close()? {
            Some(_closed) => self.finish(None).await,
            None => Ok(()),
        }
    }
}

/// Keeps the files of a service from being pruned.
async fn lease(spec: &Spec) -> Result<Option<Lease>> {
    let (home, root) = (spec.home.clone(), spec.root.clone());
    let taken = tokio::task::spawn_blocking(move || Lease::of(&home, &root)).await;
    let unusable = |reason: String| Error::new(ErrorKind::State, Phase::Prepare, reason);
    taken.map_err(|error| unusable(error.to_string()))?.map_err(|error| {
        let hint = error.hint().unwrap_or("check that PRIZM_HOME can be written").to_owned();
        unusable(error.to_string()).hinted(hint)
    })
}

/// Takes over what runs already, or starts it, and waits until it is ready.
async fn bring_up(spec: &Arc<Spec>, backend: &mut Backend, board: &Board) -> Result<(Endpoints, bool)> {
    board.put(|state| {
        state.condition = Condition::Starting;
        state.stage = Some("prepare".to_owned());
    });
    if let Some(endpoints) = backend.adopt().await? {
        let answer = probe::ask(spec.manifest.service.readiness.probe(), &endpoints, patience(spec)).await;
        if answer.is_ok() {
            return Ok((endpoints, true));
        }
        backend.stop().await?;
    }
    gpu::admit(spec).await?;
    let endpoints = backend.start(board).await?;
    board.stage("ready", "waiting until it is ready");
    let ready = tokio::select! {
        ready = ready(spec, board, &endpoints) => ready,
        error = backend.ended() => return Err(error.at(Phase::Ready)),
    };
    match ready {
        Ok(()) => Ok((endpoints, false)),
        Err(error) => Err(error.logged(backend.tails().await)),
    }
}

fn patience(spec: &Spec) -> Duration {
    spec.manifest.service.readiness.timeout()
}

/// Asks until the answer is good, or the time is over.
async fn ready(spec: &Spec, board: &Board, endpoints: &Endpoints) -> Result<()> {
    let readiness = &spec.manifest.service.readiness;
    let limit = readiness.start_timeout();
    let until = Instant::now() + limit;
    loop {
        let Err(answer) = probe::ask(readiness.probe(), endpoints, readiness.timeout()).await else { return Ok(()) };
        if Instant::now() + readiness.interval() > until {
            let message = format!("the service was not ready within {} s: {answer}", limit.as_secs_f32());
            return Err(Error::new(ErrorKind::ReadinessTimeout, Phase::Ready, message).hinted(
                "its last lines may say why; if it needs longer, its author must raise `service.readiness.startTimeout`",
            ));
        }
        board.stage("ready", &answer);
        sleep(readiness.interval()).await;
    }
}

/// Asks now and then whether it lives, for ever, or until it has not answered too often.
async fn alive(spec: &Spec, board: &Board, endpoints: &Endpoints) -> Error {
    let Some(liveness) = &spec.manifest.service.liveness else { return std::future::pending().await };
    let mut failures = 0;
    loop {
        sleep(liveness.interval()).await;
        let Err(answer) = probe::ask(liveness.probe(), endpoints, liveness.timeout()).await else {
            if failures > 0 {
                board.put(|state| {
                    state.condition = Condition::Ready;
                    state.failure = None;
                });
            }
            failures = 0;
            continue;
        };
        failures += 1;
        let message = format!("the service does not answer any more ({failures} times): {answer}");
        let error = Error::new(ErrorKind::Liveness, Phase::Run, message).hinted("it is started again by itself");
        if failures >= liveness.failures() {
            return error;
        }
        board.put(|state| {
            state.condition = Condition::Degraded;
            state.failure = Some(error);
        });
    }
}

/// Where the owner writes what is known of the instance.
struct Board {
    place: Place,
    state: Mutex<State>,
}

impl Board {
    /// What cannot be written is lost, and ends no service: a full disk is no reason to.
    fn put(&self, change: impl FnOnce(&mut State)) {
        if let Err(error) = self.write(change) {
            tracing::warn!("{error}");
        }
    }

    fn write(&self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.condition;
        change(&mut state);
        if state.condition != Condition::Starting {
            state.stage = None;
            state.detail = None;
        }
        if state.condition != before || state.since_ms == 0 {
            state.since_ms = now_ms();
        }
        match self.place.write_state(&state) {
            // Without its directory nobody reads it.
            Err(_) if !self.place.exists() => Ok(()),
            written => written,
        }
    }

    fn ready(&self, endpoints: Endpoints, adopted: bool, took: Duration) -> Result<()> {
        self.write(|state| {
            state.condition = Condition::Ready;
            state.endpoints = endpoints;
            state.generation += 1;
            state.adopted = adopted;
            state.failure = None;
            state.start_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        })
    }

    /// Whether the service was ready since there is this owner.
    fn was_ready(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).start_ms.is_some()
    }
}

impl Report for Board {
    fn stage(&self, stage: &str, detail: &str) {
        let detail: String = detail.chars().filter(|c| !c.is_control()).take(200).collect();
        self.put(|state| {
            state.stage = Some(stage.to_owned());
            state.detail = Some(detail).filter(|detail| !detail.is_empty());
        });
    }
}

/// Makes what is left of an instance that nobody owns go away; whoever calls owns it. Tells whether volumes
/// are left.
pub(crate) async fn clean(spec: Spec, place: &Place, purge: bool) -> Result<bool> {
    let Some(mut backend) = Backend::of(&Arc::new(spec), place) else { return Ok(false) };
    backend.stop().await?;
    if purge {
        backend.purge().await?;
    }
    backend.keeps_volumes().await
}

/// Tells whether volumes would be left of an instance that nobody owns; whoever calls owns it.
pub(crate) async fn keeps_volumes(spec: Spec, place: &Place) -> Result<bool> {
    match Backend::of(&Arc::new(spec), place) {
        Some(backend) => backend.keeps_volumes().await,
        None => Ok(false),
    }
}
