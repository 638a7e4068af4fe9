//! An instance of a service, as its users see it.

mod command;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use prizm_protocol::service::Backend;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::backend::{self, Endpoints, Part};
use crate::error::{Error, ErrorKind, Phase};
use crate::keeper::{Begun, Keeper};
use crate::lock::FileLock;
use crate::place::Place;
use crate::state::now_ms;
use crate::{Condition, Result, Spec, State, external, owner};

/// How soon a waiter looks again.
const POLL: Duration = Duration::from_millis(20);
/// How often a start is begun for one user: an owner may be killed.
const ATTEMPTS: u32 = 3;
/// How long an owner that has just begun may leave the state of one that has died. One whose pid is not seen
/// for longer is in another namespace.
const STRANGE: Duration = Duration::from_secs(2);
/// How long a keeper may take until it owns its instance.
const KEEPER_START: Duration = Duration::from_secs(10);
/// How long a service may take to stop before that is an error.
const STOP: Duration = Duration::from_secs(90);

/// Who hears what a start is doing: a stage, such as `build` or `ready`, and what is being done in it.
pub type Listener<'a> = &'a (dyn Fn(&str, &str) + Send + Sync);

/// An instance of a service: one specification, on one machine, under one PRIZM_HOME. Clones share it; so
/// do all programs that use the same specification.
#[derive(Clone, Debug)]
pub struct Instance {
    spec: Arc<Spec>,
    place: Place,
    keeper: Keeper,
    calls: Option<Arc<Semaphore>>,
}

/// What a service that can be used is known by. As long as it is held, the service is not stopped for
/// idleness.
#[derive(Debug)]
pub struct InUse {
    /// The URLs of its endpoints, by name.
    pub endpoints: Endpoints,
    /// Changes with the endpoints.
    pub generation: u64,
    share: Option<FileLock>,
}

/// A place among the calls that a service takes at the same time. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Admitted(#[expect(dead_code, reason = "it is held, not read")] Option<OwnedSemaphorePermit>);

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(share) = &self.share {
            share.touch();
        }
    }
}

impl Instance {
    /// Makes a handle. Nothing is started or written.
    pub fn new(spec: Spec, keeper: Keeper) -> Self {
        let place = Place::of(&spec.home, &spec.instance);
        let calls = spec.settings.max_concurrent.map(|calls| Arc::new(Semaphore::new(calls as usize)));
        Self { spec: Arc::new(spec), place, keeper, calls }
    }

    /// Returns the instances under a PRIZM_HOME that were started once and not removed.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn all(home: &std::path::Path, keeper: &Keeper) -> Result<Vec<Self>> {
        let directory = Place::all(home);
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(crate::lock::unusable(&directory, &error)),
        };
        let mut all = Vec::new();
        for entry in entries.flatten().filter(|entry| entry.path().join("spec.json").is_file()) {
            match Place::at(&entry.path()).spec() {
                Ok(spec) => all.push(Self::new(spec, keeper.clone())),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        all.sort_by(|a, b| a.spec.instance.cmp(&b.spec.instance));
        Ok(all)
    }

    /// Returns what it is.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the directory of its state.
    pub fn directory(&self) -> PathBuf {
        self.place.directory().to_owned()
    }

    /// Returns what it is doing. Of one that nobody owns it is known only how it was left.
    ///
    /// # Errors
    /// Its state cannot be read.
    pub fn state(&self) -> Result<State> {
        if self.is_external() {
            return Ok(State {
                condition: Condition::Ready,
                endpoints: external::endpoints(&self.spec)?,
                ..State::default()
            });
        }
        let state = if self.place.exists() { self.place.state()? } else { State::default() };
        let alive = matches!(state.condition, Condition::Stopped | Condition::Failed) || self.place.is_owned()?;
        // Its owner was killed: a process has ended with it, and nobody looks after containers.
        Ok(if alive { state } else { State { condition: Condition::Stopped, endpoints: Endpoints::new(), ..state } })
    }

    /// Whether it runs until it is told to stop.
    pub fn is_pinned(&self) -> bool {
        self.place.is_pinned()
    }

    fn is_external(&self) -> bool {
        self.spec.manifest.service.backend == Backend::External
    }

    /// Waits for a place among the calls that it takes at the same time: `maxConcurrent`. Who needs several
    /// instances waits for them in the order of their names, so that nobody waits for each other.
    pub async fn admit(&self) -> Admitted {
        match &self.calls {
            // It is never closed.
            Some(calls) => Admitted(Arc::clone(calls).acquire_owned().await.ok()),
            None => Admitted(None),
        }
    }

    /// Waits until it can be used, starting it where that is allowed and needed, and keeps it from being
    /// stopped for idleness.
    ///
    /// # Errors
    /// It cannot be started, has failed too often of late, or does not run and may not be started.
    pub async fn enter(&self, may_start: bool, listener: Listener<'_>) -> Result<InUse> {
        if self.is_external() {
            let endpoints = external::check(&self.spec).await?;
            return Ok(InUse { endpoints, generation: 0, share: None });
        }
        if !may_start && !self.place.exists() {
            return Err(self.not_running());
        }
        self.place.prepare(&self.spec)?;
        let share = self.share().await?;
        share.touch();
        let state = self.until_ready(may_start, listener).await?;
        Ok(InUse { endpoints: state.endpoints, generation: state.generation, share: Some(share) })
    }

    /// Becomes a user. While it is being stopped, nobody can.
    async fn share(&self) -> Result<FileLock> {
        let until = Instant::now() + STOP;
        loop {
            if let Some(share) = self.place.share()? {
                return Ok(share);
            }
            if Instant::now() > until {
                return Err(self.does_not_stop());
            }
            sleep(POLL).await;
        }
    }

    /// Boxed, so that it is compiled here and nowhere else.
    fn until_ready<'a>(&'a self, may_start: bool, listener: Listener<'a>) -> BoxFuture<'a, Result<State>> {
        Box::pin(self.wait_until_ready(may_start, listener))
    }

    async fn wait_until_ready(&self, may_start: bool, listener: Listener<'_>) -> Result<State> {
        let mut begun = 0;
        let mut told = (None, None);
        // What its last owner wrote is not what the next one has to say.
        let mut old = None;
        let mut strange = Instant::now() + STRANGE;
        loop {
            let is_owned = self.place.is_owned()?;
            let state = self.place.state()?;
            match state.condition {
                condition
                    if is_owned && condition.is_usable() && (is_alive(state.owner) || Instant::now() > strange) =>
                {
                    return Ok(state);
                }
                condition if is_owned && condition.is_usable() => {}
                Condition::Failed if state.blocked_for().is_some() => return Err(self.failure(state)),
                Condition::Failed if begun > 0 && old.as_ref() != Some(&state) => return Err(self.failure(state)),
                Condition::Stopped if begun > 0 && !is_owned && old.as_ref() != Some(&state) => {
                    return Err(self.stopped());
                }
                _ if is_owned => {
                    let now = (state.stage, state.detail);
                    if now != told {
                        let stage = now.0.as_deref().unwrap_or(state.condition.as_str());
                        listener(stage, now.1.as_deref().unwrap_or(self.name()));
                        told = now;
                    }
                    begun = begun.max(1);
                }
                _ if !may_start => return Err(self.not_running()),
                _ if begun >= ATTEMPTS => return Err(self.no_keeper("it ended again and again")),
                _ => {
                    begun += 1;
                    strange = Instant::now() + STRANGE;
                    old = Some(state);
                    self.begin().await?;
                }
            }
            sleep(POLL).await;
        }
    }

    /// Begins an owner, and waits until it owns.
    async fn begin(&self) -> Result<()> {
        let Begun::Program(mut child) = self.keeper.begin(&self.spec, &self.place).await? else { return Ok(()) };
        let before = self.place.state()?;
        let until = Instant::now() + KEEPER_START;
        while !self.place.is_owned()? && self.place.state()? == before {
            if let Ok(Some(status)) = child.try_wait() {
                // It may have done everything already, or left it to another.
                return match status.success() || self.place.state()? != before {
                    true => Ok(()),
                    false => Err(self.no_keeper(&status.to_string())),
                };
            }
            if Instant::now() > until {
                return Err(self.no_keeper("it takes too long"));
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Starts it, whatever it has done before, and lets it run until it is told to stop.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(&self, listener: Listener<'_>) -> Result<State> {
        if self.is_external() {
            external::check(&self.spec).await?;
            return self.state();
        }
        self.place.prepare(&self.spec)?;
        if let Some(_own) = self.place.own().await? {
            // What it failed with before does not count any more.
            let before = self.place.state()?;
            self.place.write_state(&State { generation: before.generation, since_ms: now_ms(), ..State::default() })?;
        }
        // Not before it runs: a start that is given up leaves nothing that would keep it.
        let _in_use = self.enter(true, listener).await?;
        self.place.pin(true)?;
        self.state()
    }

    /// Stops it, whoever uses it, and removes what it made; volumes that persist stay, unless they are
    /// purged. Tells whether it ran.
    ///
    /// # Errors
    /// It could not be stopped.
    pub async fn stop(&self, purge: bool) -> Result<bool> {
        if self.is_external() || !self.place.exists() {
            return Ok(false);
        }
        self.place.pin(false)?;
        let ran = self.place.is_owned()?;
        let _told = self.place.tell_to_stop().await?;
        let until = Instant::now() + STOP;
        let own = loop {
            if let Some(own) = self.place.own().await? {
                break own;
            }
            if Instant::now() > until {
                return Err(self.does_not_stop());
            }
            sleep(POLL).await;
        };
        // What a killed owner has left goes, too.
        owner::clean((*self.spec).clone(), &self.place, purge).await?;
        let before = self.place.state()?;
        let left_over = !matches!(before.condition, Condition::Stopped | Condition::Failed);
        self.place.write_state(&State { generation: before.generation, since_ms: now_ms(), ..State::default() })?;
        drop(own);
        Ok(ran || left_over)
    }

    /// Removes what is left of it, where nobody owns it. Volumes that persist stay, and what is known of it
    /// with them. Returns how it was left, where anything was removed; with `dry_run`, where anything would be.
    pub(crate) async fn collect(&self, dry_run: bool) -> Result<Option<Condition>> {
        // Whoever begins to use it has not begun an owner yet.
        let Some(_closed) = self.place.close()? else { return Ok(None) };
        let Some(_own) = self.place.own().await? else { return Ok(None) };
        let before = self.place.state()?;
        let has_volumes = match dry_run {
            true => owner::keeps_volumes((*self.spec).clone(), &self.place).await?,
            false => owner::clean((*self.spec).clone(), &self.place, false).await?,
        };
        let is_over = matches!(before.condition, Condition::Stopped | Condition::Failed);
        if !dry_run {
            self.place.pin(false)?;
            self.place.write_state(&State { generation: before.generation, since_ms: now_ms(), ..State::default() })?;
            if !has_volumes {
                self.place.remove()?;
            }
        }
        Ok(Some(before.condition).filter(|_| !has_volumes || !is_over))
    }

    /// Prints the last lines of what it writes; with `follow` it goes on until it is dropped. `line` is
    /// given whose line it is, and the line.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn logs(&self, lines: usize, follow: bool, line: &mut (dyn FnMut(&str, &str) + Send)) -> Result<()> {
        match backend::Backend::of(&self.spec, &self.place) {
            Some(mut backend) => backend.logs(&self.place, lines, follow, line).await,
            None => Err(Error::new(ErrorKind::State, Phase::Run, "the service runs elsewhere, and so are its logs")),
        }
    }

    /// Returns its containers, as the engine tells of them; none of a process.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn parts(&self) -> Result<Vec<Part>> {
        match backend::Backend::of(&self.spec, &self.place) {
            Some(backend) => backend.parts().await,
            None => Ok(Vec::new()),
        }
    }

    fn name(&self) -> &str {
        self.spec.manifest.service.name.as_str()
    }

    fn not_running(&self) -> Error {
        let message = format!("service `{}` does not run, and `autoStartService` is false", self.name());
        Error::new(ErrorKind::NotRunning, Phase::Start, message).hinted(format!("start it: {}", self.start_command()))
    }

    fn stopped(&self) -> Error {
        let message = format!("service `{}` was stopped while somebody waited for it", self.name());
        Error::new(ErrorKind::Stopped, Phase::Start, message).hinted(format!("start it: {}", self.start_command()))
    }

    fn failure(&self, state: State) -> Error {
        let left = state.blocked_for();
        let message = format!("service `{}` failed, and nobody wrote down why", self.name());
        let error = state.failure.unwrap_or_else(|| Error::new(ErrorKind::State, Phase::Start, message));
        match left {
            Some(left) => error.prefixed(&format!(
                "service `{}` failed too often and is left alone for another {} s; the last time: ",
                self.name(),
                left.as_secs() + 1
            )),
            None => error,
        }
    }

    fn no_keeper(&self, reason: &str) -> Error {
        let message = format!("the program that keeps service `{}` does not do so: {reason}", self.name());
        Error::new(ErrorKind::State, Phase::Start, message)
            .hinted(format!("`{}` may say why", self.place.keeper_log().display()))
    }

    fn does_not_stop(&self) -> Error {
        let message = format!("service `{}` was told to stop {} s ago, and has not", self.name(), STOP.as_secs());
        Error::new(ErrorKind::State, Phase::Stop, message)
            .hinted(format!("`{}` may say why", self.place.keeper_log().display()))
    }
}

/// Whether a process is there.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // One of another user is there, too.
    pid.is_some_and(|pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}
