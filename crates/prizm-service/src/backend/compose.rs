//! Containers of a Docker Compose file: started and stopped by Compose's own command, observed through the
//! engine's API.
//!
//! The author's file is never run. Compose says what it comes to, that is judged, rewritten and written down
//! as a whole, and the result is what Compose is given: what was checked is what runs.

mod cli;
mod engine;
mod fate;
mod garbage;
mod images;
mod mounts;
mod observe;
mod paths;
mod policy;
mod ports;
mod prepare;
mod raw;
mod rewrite;
mod said;
mod variables;
mod yaml;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use prizm_protocol::service::Endpoint;
use serde_json::Value;
use tokio::time::sleep;

use self::cli::Cli;
use self::engine::Engine;
use self::rewrite::Plan;
use super::{Endpoints, Report};
use crate::error::{Error, ErrorKind, LogTail, Phase};
use crate::{Result, Spec};

pub use garbage::Leftover;
pub(crate) use garbage::{leftovers, remove};
pub use observe::Part;

/// The labels of everything that we make.
mod label {
    pub(super) const INSTANCE: &str = "dev.prizm.instance";
    pub(super) const SERVICE: &str = "dev.prizm.service";
    pub(super) const DIGEST: &str = "dev.prizm.digest";
    pub(super) const HOME: &str = "dev.prizm.home";
    /// The hash of the generated file.
    pub(super) const FILE: &str = "dev.prizm.file";
}

/// The generated file.
const FILE: &str = "compose.json";
/// How long it may take until all containers are made and run, where some wait for others.
const UP: Duration = Duration::from_secs(30 * 60);
/// How long everything may take to stop.
const DOWN: Duration = Duration::from_secs(60);
/// How long a container may take to end when it is asked to, in seconds.
const GRACE: &str = "10";
/// How long containers may take to run once they are started.
const BEGIN: Duration = Duration::from_secs(60);
/// How long an engine may not answer before its containers count as gone.
const SILENCE: Duration = Duration::from_secs(30);
/// How soon the engine is asked again.
const POLL: Duration = Duration::from_millis(200);
/// How long an event is waited for before the engine is asked all the same.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The containers of one instance.
pub(crate) struct Compose {
    spec: Arc<Spec>,
    directory: PathBuf,
    running: Option<Running>,
}

/// What is known once it was started, or found.
struct Running {
    engine: Engine,
    plan: Plan,
}

/// The entries of a table.
fn table(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

impl Compose {
    pub(crate) fn new(spec: Arc<Spec>, directory: PathBuf) -> Self {
        Self { spec, directory, running: None }
    }

    async fn engine(&self) -> Result<Engine> {
        match &self.running {
            Some(running) => Ok(running.engine.clone()),
            None => Engine::find(self.spec.host.docker.as_deref()).await,
        }
    }

    async fn cli(&self, engine: &Engine) -> Result<Cli> {
        Cli::find(&self.spec, &self.directory, &engine.host).await
    }

    /// Finds what runs already: all that must, made from the very file that would be made now.
    pub(crate) async fn adopt(&mut self) -> Result<Option<Endpoints>> {
        let engine = self.engine().await?;
        let parts = observe::parts(&engine, &self.spec.instance).await?;
        if parts.is_empty() {
            return Ok(None);
        }
        let plan = prepare::plan(&self.spec, &self.directory, &engine, &self.cli(&engine).await?).await?;
        let hash = plan.hash();
        let is_good = |part: &observe::Part| part.file == hash && (part.is_running() || part.exit_code == Some(0));
        let is_whole = parts.iter().all(is_good) && fate::absent(&parts, &plan).is_none();
        let endpoints = if is_whole { self.endpoints(&parts, &plan).ok() } else { None };
        if endpoints.is_some() {
            self.running = Some(Running { engine, plan });
        }
        Ok(endpoints)
    }

    pub(crate) async fn start(&mut self, report: &dyn Report) -> Result<Endpoints> {
        self.running = None;
        let engine = self.engine().await?;
        garbage::remove_from(&engine, &self.spec.instance, |_| false).await?;
        let cli = self.cli(&engine).await?;
        let plan = prepare::plan(&self.spec, &self.directory, &engine, &cli).await?;
        let path = self.directory.join(FILE);
        plan.write(&path).map_err(|error| crate::lock::unusable(&path, &error))?;
        images::provide(&engine, &cli, &path, &plan, report).await?;
        report.stage("create", "containers");
        let said = cli.with(&path, &["up", "-d", "--no-build"], UP, |line| report.stage("create", line)).await?;
        if !said.success {
            return Err(self.explain(&engine, &plan, &said).await);
        }
        report.stage("start", "waiting until all containers run");
        let endpoints = self.until_up(&engine, &plan).await?;
        self.running = Some(Running { engine, plan });
        Ok(endpoints)
    }

    /// Says why containers could not be started: by what became of one, where that is known.
    async fn explain(&self, engine: &Engine, plan: &Plan, said: &said::Said) -> Error {
        let error = said.failure(ErrorKind::Exit, Phase::Start, "the containers cannot be started");
        let Ok(parts) = observe::parts(engine, &self.spec.instance).await else { return error };
        match fate::failed(&parts, plan) {
            Some(part) if error.kind() == ErrorKind::Exit => {
                fate::error(engine, part, &parts, Phase::Start).await.of_command(&said.command)
            }
            _ => error,
        }
    }

    /// Waits until all that must run does, and what runs once has ended well.
    async fn until_up(&self, engine: &Engine, plan: &Plan) -> Result<Endpoints> {
        let until = Instant::now() + BEGIN;
        loop {
            let parts = observe::parts(engine, &self.spec.instance).await?;
            if let Some(part) = fate::failed(&parts, plan) {
                return Err(fate::error(engine, part, &parts, Phase::Start).await);
            }
            let endpoints = match fate::absent(&parts, plan) {
                None => self.endpoints(&parts, plan),
                Some(name) => {
                    let message = format!("the container of `{name}` does not run after {} s", BEGIN.as_secs());
                    Err(Error::new(ErrorKind::ReadinessTimeout, Phase::Start, message).hinted("its last lines say why"))
                }
            };
            match endpoints {
                Err(error) if Instant::now() > until => {
                    return Err(error.logged(observe::tails(engine, &parts).await));
                }
                Err(_) => sleep(POLL).await,
                Ok(endpoints) => return Ok(endpoints),
            }
        }
    }

    /// Finds where the endpoints are, as the engine has published them.
    fn endpoints(&self, parts: &[Part], plan: &Plan) -> Result<Endpoints> {
        let url = |(name, endpoint): (&String, &Endpoint)| {
            let service = plan.service_of(endpoint.service.as_deref()).unwrap_or_default();
            let port = endpoint.port.unwrap_or_default();
            let part = parts.iter().find(|part| part.service == service);
            let published = part.and_then(|part| part.ports.get(&port)).copied();
            let published = published.or_else(|| plan.direct.contains(&service).then_some(port));
            let published = published.ok_or_else(|| {
                let message = format!("port {port} of `{service}`, which endpoint `{name}` leads to, is not published");
                Error::new(ErrorKind::Port, Phase::Start, message)
                    .hinted("the container must be in a network that is not `internal`")
            })?;
            Ok((name.clone(), format!("{}://127.0.0.1:{published}{}", endpoint.protocol.as_str(), endpoint.path)))
        };
        self.spec.manifest.service.endpoints.iter().map(url).collect()
    }

    pub(crate) async fn ended(&mut self) -> Error {
        let Some(Running { engine, plan }) = &self.running else { return std::future::pending().await };
        let mut answered = Instant::now();
        loop {
            // What happens while it is looked counts as well.
            let since = observe::now();
            let parts = match observe::parts(engine, &self.spec.instance).await {
                Ok(parts) => parts,
                // An engine may be busy, or be started again.
                Err(_) if answered.elapsed() < SILENCE => {
                    sleep(POLL).await;
                    continue;
                }
                Err(error) => return error.at(Phase::Run),
            };
            answered = Instant::now();
            if let Some(part) = fate::failed(&parts, plan) {
                return fate::error(engine, part, &parts, Phase::Run).await;
            }
            if let Some(name) = fate::absent(&parts, plan) {
                let message = format!("the container of `{name}` does not run any more");
                return Error::new(ErrorKind::Exit, Phase::Run, message)
                    .hinted("somebody has removed or paused it")
                    .logged(observe::tails(engine, &parts).await);
            }
            // An engine may tell nothing; then it is looked all the same.
            let event = tokio::time::timeout(LOOK_AGAIN, observe::event(engine, &self.spec.instance, &since));
            if event.await == Ok(false) {
                sleep(POLL).await;
            }
        }
    }

    /// Stops the containers gently, as Compose does in the order of what needs what; then all that is left of
    /// them is removed by its labels.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let path = self.directory.join(FILE);
        let engine = match self.engine().await {
            Ok(engine) => engine,
            // What was never started needs no engine to be stopped.
            Err(_) if !path.exists() => return Ok(()),
            Err(error) => return Err(error.at(Phase::Stop)),
        };
        if path.exists() && observe::parts(&engine, &self.spec.instance).await?.iter().any(Part::is_running) {
            let stopped = match self.cli(&engine).await {
                Ok(cli) => cli.with(&path, &["stop", "-t", GRACE], DOWN, |_| {}).await.map(|_| ()),
                Err(error) => Err(error),
            };
            if let Err(error) = stopped {
                tracing::warn!(instance = self.spec.instance, "containers are killed: {error}");
            }
        }
        let passes = |name: &str| self.passes(name);
        garbage::remove_from(&engine, &self.spec.instance, passes).await.map_err(|error| error.at(Phase::Stop))?;
        self.running = None;
        for file in [FILE, prepare::SOURCE, cli::NO_ENV].map(|name| self.directory.join(name)) {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(crate::lock::unusable(&file, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) async fn purge(&mut self) -> Result<()> {
        match self.engine().await {
            Ok(engine) => remove(Some(&engine.host), &self.spec.instance, true).await,
            Err(error) if error.kind() == ErrorKind::EngineMissing => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Fails where a stop would.
    pub(crate) async fn keeps_volumes(&self) -> Result<bool> {
        let engine = match self.engine().await {
            Ok(engine) => engine,
            Err(_) if !self.directory.join(FILE).exists() => return Ok(true),
            Err(error) => return Err(error.at(Phase::Stop)),
        };
        let keeps = |name: &str| !self.passes(name);
        Ok(garbage::has_volumes(&engine, &self.spec.instance, keeps).await.unwrap_or(true))
    }

    /// Whether a volume goes with a stop.
    fn passes(&self, name: &str) -> bool {
        self.spec.manifest.service.volumes.get(name).is_some_and(|volume| !volume.persist)
    }

    pub(crate) async fn tails(&self) -> Vec<LogTail> {
        let Ok(engine) = self.engine().await else { return Vec::new() };
        match observe::parts(&engine, &self.spec.instance).await {
            Ok(parts) => observe::tails(&engine, &parts).await,
            Err(_) => Vec::new(),
        }
    }

    pub(crate) async fn logs(
        &self,
        lines: usize,
        follow: bool,
        line: &mut (dyn FnMut(&str, &str) + Send),
    ) -> Result<()> {
        let engine = self.engine().await?;
        let parts = observe::parts(&engine, &self.spec.instance).await?;
        let of_part = |part: &Part| {
            let source = part.service.clone();
            observe::lines(&engine.docker, part, lines, follow).map(move |text| (source.clone(), text)).boxed()
        };
        let each: Vec<_> = parts.iter().map(of_part).collect();
        // What is there already is told one after the other, what comes as it comes.
        let mut all = match follow {
            true => stream::select_all(each).boxed(),
            false => stream::iter(each).flatten().boxed(),
        };
        while let Some((source, text)) = all.next().await {
            line(&source, &text);
        }
        Ok(())
    }

    pub(crate) async fn parts(&self) -> Result<Vec<Part>> {
        observe::parts(&self.engine().await?, &self.spec.instance).await
    }
}
