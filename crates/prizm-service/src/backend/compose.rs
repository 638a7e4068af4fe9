//! Containers of a Docker Compose file: started and stopped by Compose's own command, observed through the
//! engine's API.
//!
//! The author's file is never run. Compose says what it comes to, that is judged, rewritten and written down
//! as a whole, and the result is what Compose is given: what was checked is what runs.

mod cli;
mod engine;
mod garbage;
mod mounts;
mod observe;
mod policy;
mod ports;
mod raw;
mod rewrite;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use tokio::time::sleep;

use self::cli::Cli;
use self::engine::Engine;
use self::rewrite::Plan;
use super::{Endpoints, Report};
use crate::error::{Error, ErrorKind, LogTail, Phase};
use crate::{GpuChoice, Result, Spec, gpu};

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
/// How long images may be built or pulled, and containers created.
const UP: Duration = Duration::from_secs(30 * 60);
/// How long everything may take to stop.
const DOWN: Duration = Duration::from_secs(60);
/// How long a container may take to end when it is asked to, in seconds.
const GRACE: &str = "10";
/// How long containers that wait for others may take to begin.
const BEGIN: Duration = Duration::from_secs(10 * 60);
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

    /// Finds what runs already: all that must, made from the very file that would be made now.
    pub(crate) async fn adopt(&mut self) -> Result<Option<Endpoints>> {
        let engine = self.engine().await?;
        let parts = observe::parts(&engine, &self.spec.instance).await?;
        if parts.is_empty() {
            return Ok(None);
        }
        let plan = self.plan(&engine).await?;
        let file = file_hash(&plan.file);
        let is_up = |name: &String| parts.iter().any(|part| part.service == *name && part.is_running());
        let is_same = parts.iter().all(|part| part.file == file && (part.is_running() || part.exit_code == Some(0)));
        let whole = is_same && plan.must_run.iter().all(is_up);
        let endpoints = if whole { self.endpoints(&parts, &plan).ok() } else { None };
        if endpoints.is_some() {
            self.running = Some(Running { engine, plan });
        }
        Ok(endpoints)
    }

    pub(crate) async fn start(&mut self, report: &dyn Report) -> Result<Endpoints> {
        self.running = None;
        let engine = self.engine().await?;
        remove(Some(&engine.host), &self.spec.instance, false).await?;
        let plan = self.plan(&engine).await?;
        let path = self.directory.join(FILE);
        let labelled = with_file_label(&plan.file);
        rewrite::write(&labelled, &path).map_err(|error| crate::lock::unusable(&path, &error))?;
        let cli = Cli::find(&self.spec, &engine.host).await?;
        if !plan.built.is_empty() {
            report.stage("build", &plan.built.join(", "));
            let words: Vec<_> = ["build"].into_iter().chain(plan.built.iter().map(String::as_str)).collect();
            let said = cli.with(&path, &words, UP, |line| report.stage("build", line)).await?;
            if !said.success {
                return Err(said.failure(ErrorKind::ImageUnavailable, Phase::Start, "an image cannot be built"));
            }
        }
        report.stage("create", "containers");
        self.running = Some(Running { engine, plan });
        let said = cli.with(&path, &["up", "-d"], UP, |line| report.stage("create", line)).await?;
        if !said.success {
            return Err(self.explain(&said).await);
        }
        report.stage("start", "waiting for containers");
        self.until_up().await
    }

    /// Says why containers could not be started: by what became of them where that is known.
    async fn explain(&self, said: &cli::Said) -> Error {
        let error = said.failure(ErrorKind::ComposeInvalid, Phase::Start, "the containers cannot be started");
        let Ok(parts) = self.parts().await else { return error };
        let ended = parts.iter().find(|part| part.has_ended() && part.exit_code != Some(0));
        match ended {
            Some(part) if error.kind() == ErrorKind::ComposeInvalid => {
                let tails = self.tails().await;
                ended_error(part, Phase::Start).of_command(&said.command).logged(tails)
            }
            _ => error,
        }
    }

    /// Makes the file: what the author's comes to, judged and rewritten.
    async fn plan(&self, engine: &Engine) -> Result<Plan> {
        let section = self.spec.manifest.service.compose.clone().unwrap_or_default();
        let path = self.spec.root.join(&section.file);
        let invalid = |reason: String| {
            let message = format!("`{}` of service `{}`: {reason}", section.file, self.spec.manifest.service.name);
            Error::new(ErrorKind::ComposeInvalid, Phase::Prepare, message).hinted("its author must correct it")
        };
        let raw = raw::read(&path).map_err(invalid)?;
        let faults = raw::faults(&raw, &self.spec.root);
        if !faults.is_empty() {
            return Err(self.refused(faults.join("; "), None));
        }
        let cli = Cli::find(&self.spec, &engine.host).await?;
        let said = cli.config(&path, &section.profiles).await?;
        if !said.success {
            return Err(said.failure(
                ErrorKind::ComposeInvalid,
                Phase::Prepare,
                &format!("`{}` cannot be read", section.file),
            ));
        }
        let whole = raw::parse(&said.stdout).map_err(invalid)?;
        let chosen = chosen(whole, &section.profiles);
        let refusals = policy::judge(&chosen, &self.spec.root, &self.spec.grants);
        if !refusals.is_empty() {
            let all: Vec<_> =
                refusals.iter().map(|refusal| format!("`{}` is {}", refusal.path, refusal.what)).collect();
            let mut grants: Vec<_> = refusals.iter().filter_map(|refusal| refusal.grant.clone()).collect();
            grants.dedup();
            let all_can_be = refusals.iter().all(|refusal| refusal.grant.is_some());
            return Err(self.refused(all.join("; "), all_can_be.then_some(grants)));
        }
        let gpu = match self.spec.settings.gpu {
            GpuChoice::Off => false,
            choice => match (engine.gpu().await?, choice) {
                (Ok(()), _) => true,
                (Err(reason), GpuChoice::On) => return Err(gpu::none(&reason)),
                (Err(_), _) => false,
            },
        };
        rewrite::rewrite(&chosen, &self.spec, gpu).map_err(invalid)
    }

    fn refused(&self, what: String, grants: Option<Vec<String>>) -> Error {
        let name = &self.spec.identifier;
        let message = format!("service `{}` asks for more than a service may: {what}", self.spec.manifest.service.name);
        Error::new(ErrorKind::Policy, Phase::Prepare, message).hinted(match grants {
            Some(grants) => {
                format!("if you trust it, add `grant = {grants:?}` under `[services.\"{name}\"]` in config.toml")
            }
            None => "this cannot be granted: its author must leave it out".to_owned(),
        })
    }

    /// Waits until all that must run does, and what runs once has ended well.
    async fn until_up(&self) -> Result<Endpoints> {
        let Some(Running { plan, .. }) = &self.running else { return Err(self.gone()) };
        let until = Instant::now() + BEGIN;
        loop {
            let parts = self.parts().await?;
            if let Some(part) = failed(&parts, plan) {
                return Err(ended_error(part, Phase::Start).logged(self.tails().await));
            }
            let is_up = |name: &String| parts.iter().any(|part| part.service == *name && part.is_running());
            if plan.must_run.iter().all(is_up) {
                match self.endpoints(&parts, plan) {
                    Ok(endpoints) => return Ok(endpoints),
                    Err(error) if Instant::now() > until => return Err(error),
                    Err(_) => {}
                }
            } else if Instant::now() > until {
                let message = format!("not all containers run after {} s", BEGIN.as_secs());
                return Err(Error::new(ErrorKind::ReadinessTimeout, Phase::Start, message).logged(self.tails().await));
            }
            sleep(POLL).await;
        }
    }

    /// Finds where the endpoints are, as the engine has published them.
    fn endpoints(&self, parts: &[Part], plan: &Plan) -> Result<Endpoints> {
        let names: Vec<&String> = table(plan.file.get("services")).map(|(name, _)| name).collect();
        let url = |(name, endpoint): (&String, &prizm_protocol::service::Endpoint)| {
            let service = rewrite::service_of(endpoint.service.as_deref(), &names).unwrap_or_default();
            let port = endpoint.port.unwrap_or_default();
            let part = parts.iter().find(|part| part.service == service);
            let host = part.and_then(|part| part.ports.get(&port)).ok_or_else(|| {
                let message = format!("port {port} of `{service}`, which endpoint `{name}` leads to, is not published");
                Error::new(ErrorKind::Port, Phase::Start, message).hinted("start it again")
            })?;
            Ok((name.clone(), format!("{}://127.0.0.1:{host}{}", endpoint.protocol.as_str(), endpoint.path)))
        };
        self.spec.manifest.service.endpoints.iter().map(url).collect()
    }

    pub(crate) async fn ended(&mut self) -> Error {
        let Some(Running { engine, plan }) = &self.running else { return std::future::pending().await };
        loop {
            match observe::parts(engine, &self.spec.instance).await {
                Ok(parts) => {
                    if let Some(part) = failed(&parts, plan) {
                        return ended_error(part, Phase::Run).logged(observe::tails(engine, &parts).await);
                    }
                    let is_there = |name: &String| parts.iter().any(|part| part.service == *name && !part.has_ended());
                    if let Some(name) = plan.must_run.iter().find(|name| !is_there(name)) {
                        let message = format!("the container of `{name}` is gone");
                        return Error::new(ErrorKind::Exit, Phase::Run, message).hinted("somebody has removed it");
                    }
                }
                Err(error) => return error.at(Phase::Run),
            }
            // An event may be missed between two looks, or the stream may end.
            let _event = tokio::time::timeout(LOOK_AGAIN, observe::event(&engine.docker, &self.spec.instance)).await;
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        let path = self.directory.join(FILE);
        let engine = match self.engine().await {
            Ok(engine) => engine,
            // What was never started needs no engine to be stopped.
            Err(_) if !path.exists() => return Ok(()),
            Err(error) => return Err(error.at(Phase::Stop)),
        };
        if path.exists() {
            let cli = Cli::find(&self.spec, &engine.host).await?;
            let down = cli.with(&path, &["down", "--remove-orphans", "-t", GRACE], DOWN, |_| {}).await;
            if let Err(error) = down {
                tracing::warn!(instance = self.spec.instance, "{error}");
            }
        }
        // Whatever Compose has left, or does not know of.
        remove(Some(&engine.host), &self.spec.instance, false).await?;
        let volumes = &self.spec.manifest.service.volumes;
        let passes = |name: &str| volumes.get(name).is_some_and(|volume| !volume.persist);
        garbage::remove_volumes(&engine, &self.spec.instance, passes).await?;
        self.running = None;
        // A file of nothing that is there.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(crate::lock::unusable(&path, &error)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn purge(&mut self) -> Result<()> {
        match self.engine().await {
            Ok(engine) => remove(Some(&engine.host), &self.spec.instance, true).await,
            Err(error) if error.kind() == ErrorKind::EngineMissing => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn has_volumes(&self) -> bool {
        let Ok(engine) = self.engine().await else { return true };
        garbage::has_volumes(&engine, &self.spec.instance).await.unwrap_or(true)
    }

    pub(crate) async fn tails(&self) -> Vec<LogTail> {
        let Ok(engine) = self.engine().await else { return Vec::new() };
        match observe::parts(&engine, &self.spec.instance).await {
            Ok(parts) => observe::tails(&engine, &parts).await,
            Err(_) => Vec::new(),
        }
    }

    pub(crate) async fn logs(
        &mut self,
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

    fn gone(&self) -> Error {
        Error::new(ErrorKind::State, Phase::Start, format!("instance `{}` was not started", self.spec.instance))
    }
}

/// Compose version 1 prints services of profiles that are off.
fn chosen(mut file: Value, profiles: &[String]) -> Value {
    if let Some(services) = file.get_mut("services").and_then(Value::as_object_mut) {
        services.retain(|_, service| {
            let named: Vec<_> = service.get("profiles").and_then(Value::as_array).into_iter().flatten().collect();
            named.is_empty()
                || named.iter().filter_map(|name| name.as_str()).any(|name| profiles.iter().any(|on| on == name))
        });
    }
    file
}

/// Returns the first container that has ended and should not have.
fn failed<'a>(parts: &'a [Part], plan: &Plan) -> Option<&'a Part> {
    let is_bad = |part: &&Part| part.oom || part.exit_code != Some(0) || plan.must_run.contains(&part.service);
    // One that was killed for memory says more than those that ended because of it.
    let ended = || parts.iter().filter(|part| part.has_ended()).filter(is_bad);
    ended().find(|part| part.oom).or_else(|| ended().next())
}

fn ended_error(part: &Part, phase: Phase) -> Error {
    let code = part.exit_code.unwrap_or(-1);
    let error = match part.oom {
        true => {
            let limit = part.memory_limit.and_then(|bytes| u64::try_from(bytes).ok()).map(prizm_protocol::ByteSize);
            let limit = limit.map_or_else(|| "the machine has".to_owned(), |limit| format!("its limit of {limit}"));
            let message = format!("the container of `{}` was killed: it used more memory than {limit}", part.service);
            Error::new(ErrorKind::Oom, phase, message).hinted("raise `memory` in its serviceConfig")
        }
        false => {
            let message = format!("the container of `{}` ended with exit code {code}", part.service);
            Error::new(ErrorKind::Exit, phase, message)
                .hinted("its last lines say why: `prizm service logs` shows more")
        }
    };
    error.exited(code)
}

fn file_hash(file: &Value) -> String {
    blake3::hash(file.to_string().as_bytes()).to_hex()[..32].to_owned()
}

/// Says in each container of which file it is.
fn with_file_label(file: &Value) -> Value {
    let hash = file_hash(file);
    let mut file = file.clone();
    for (_, service) in file.get_mut("services").and_then(Value::as_object_mut).into_iter().flatten() {
        service["labels"][label::FILE] = Value::String(hash.clone());
    }
    file
}
