//! Where the Docker engine is, and what is asked of it through its API.

use std::path::Path;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use prizm_install::process::Invocation;

use crate::Result;
use crate::error::{Error, ErrorKind, Phase};

/// How long the engine may take to answer, in seconds.
const SECONDS: u64 = 60;
/// How long Docker's own client may take to say where it is.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where it listens by default.
const SOCKET: &str = "/var/run/docker.sock";

/// How to get an engine.
const INSTALL: &str =
    "install Docker and start it (Debian: apt install docker.io docker-compose; systemctl start docker)";

/// An engine that answers.
#[derive(Clone)]
pub(super) struct Engine {
    /// Where it listens, as `DOCKER_HOST` says it.
    pub(super) host: String,
    pub(super) docker: Docker,
}

impl Engine {
    /// Finds it: where the user says, as `DOCKER_HOST` says, at its usual place, or as Docker's own client
    /// finds it.
    pub(super) async fn find(declared: Option<&str>) -> Result<Self> {
        let environment = || std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        let host = match declared.map(str::to_owned).or_else(environment) {
            Some(host) => host,
            None if Path::new(SOCKET).exists() => format!("unix://{SOCKET}"),
            None => of_context().await.ok_or_else(|| {
                Error::new(ErrorKind::EngineMissing, Phase::Prepare, format!("there is no Docker engine at `{SOCKET}`"))
                    .hinted(INSTALL)
            })?,
        };
        let failed = |error: bollard::errors::Error| unreachable_engine(&host, &error);
        let docker = match host.strip_prefix("unix://") {
            Some(path) => Docker::connect_with_unix(path, SECONDS, API_DEFAULT_VERSION),
            None if host.starts_with("tcp://") || host.starts_with("http://") => {
                Docker::connect_with_http(&host, SECONDS, API_DEFAULT_VERSION)
            }
            None => {
                let message =
                    format!("the Docker engine at `{host}` cannot be asked: its address is neither unix:// nor tcp://");
                return Err(Error::new(ErrorKind::EngineMissing, Phase::Prepare, message)
                    .hinted("say where it listens: `docker = \"unix:///…\"` under `[host]` in config.toml"));
            }
        };
        let docker = docker.map_err(failed)?.negotiate_version().await.map_err(failed)?;
        Ok(Self { host, docker })
    }

    /// Says that the engine did not do what it was asked.
    pub(super) fn failed(&self, error: &bollard::errors::Error) -> Error {
        unreachable_engine(&self.host, error)
    }

    /// Whether it has an image.
    pub(super) async fn has_image(&self, image: &str) -> Result<bool> {
        match self.docker.inspect_image(image).await {
            Ok(_) => Ok(true),
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 400, .. }) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Tells whether containers can be given a GPU, or what the engine has instead.
    pub(super) async fn gpu(&self) -> Result<std::result::Result<(), String>> {
        let info = self.docker.info().await.map_err(|error| self.failed(&error))?;
        let runtimes = info.runtimes.unwrap_or_default();
        if runtimes.contains_key("nvidia") {
            return Ok(Ok(()));
        }
        let mut names: Vec<_> = runtimes.into_keys().collect();
        names.sort();
        Ok(Err(format!("the engine at `{}` has the runtimes {} and not `nvidia`", self.host, names.join(", "))))
    }
}

fn unreachable_engine(host: &str, error: &bollard::errors::Error) -> Error {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    let mut denied = false;
    while let Some(cause) = source {
        denied |=
            cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::PermissionDenied);
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    let message = format!("the Docker engine at `{host}` cannot be used: {words}");
    match denied || words.to_lowercase().contains("permission denied") {
        true => Error::new(ErrorKind::Denied, Phase::Prepare, message)
            .hinted("you may not use it: ask for membership in the group `docker`, or start an engine of your own"),
        false => Error::new(ErrorKind::EngineMissing, Phase::Prepare, message).hinted(INSTALL),
    }
}

/// Asks Docker's own client where the engine of the user's context is.
async fn of_context() -> Option<String> {
    let words = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
    let running = Invocation::new(words, Path::new("/")).start().ok()?.ok()?;
    let mut host = None;
    let listen = |line: prizm_install::process::Line<'_>| host = Some(line.shown());
    let status = tokio::time::timeout(PATIENCE, running.wait(listen, |_| {})).await.ok()?.ok()?;
    let path = host.filter(|_| status.success())?;
    path.strip_prefix("unix://").is_none_or(|path| Path::new(path).exists()).then_some(path)
}
