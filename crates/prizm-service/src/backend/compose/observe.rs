//! What the engine tells of the containers of an instance.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum};
use bollard::query_parameters::{EventsOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;

use super::engine::Engine;
use super::label;
use crate::Result;
use crate::error::LogTail;

/// The label by which Compose tells the services of a file apart.
const SERVICE: &str = "com.docker.compose.service";
/// How long the engine may take to tell what has happened.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest line of a log that is kept whole.
const MAX_LINE: usize = 64 * 1024;

/// A container of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The service of the Compose file.
    pub service: String,
    /// Its container's name.
    pub container: String,
    /// Its image.
    pub image: String,
    /// What the engine says: `running`, `exited`, …
    pub state: String,
    /// What the engine's own health check says, which is a hint only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How it ended, where it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Whether it was killed because it used too much memory.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oom: bool,
    /// The most memory that it may use, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<i64>,
    #[serde(skip)]
    pub(super) id: String,
    /// Which of our files it was made from.
    #[serde(skip)]
    pub(super) file: String,
    /// The ports of the loopback, by those of the container.
    #[serde(skip)]
    pub(super) ports: HashMap<u16, u16>,
}

impl Part {
    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "exited" | "dead")
    }
}

/// Returns the containers of an instance, sorted by their services.
pub(super) async fn parts(engine: &Engine, instance: &str) -> Result<Vec<Part>> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("{}={instance}", label::INSTANCE)])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let list = engine.docker.list_containers(Some(options)).await.map_err(|error| engine.failed(&error))?;
    let mut parts = Vec::new();
    for id in list.into_iter().filter_map(|container| container.id) {
        match engine.docker.inspect_container(&id, None).await {
            Ok(container) => parts.push(part(id, container)),
            // It was removed in between.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(engine.failed(&error)),
        }
    }
    parts.sort_by(|a, b| (&a.service, &a.container).cmp(&(&b.service, &b.container)));
    Ok(parts)
}

fn part(id: String, container: ContainerInspectResponse) -> Part {
    let state = container.state.unwrap_or_default();
    let config = container.config.unwrap_or_default();
    let labels = config.labels.unwrap_or_default();
    let status = state.status.unwrap_or(ContainerStateStatusEnum::EMPTY);
    let has_ended = matches!(status, ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD);
    let ports = container.network_settings.and_then(|settings| settings.ports).unwrap_or_default();
    let published = |(port, bindings): (String, Option<Vec<bollard::models::PortBinding>>)| {
        let port = port.split('/').next()?.parse().ok()?;
        let on_loopback = |binding: &bollard::models::PortBinding| binding.host_ip.as_deref() == Some("127.0.0.1");
        let host = bindings?.into_iter().find(on_loopback)?.host_port?.parse().ok()?;
        Some((port, host))
    };
    Part {
        service: labels.get(SERVICE).cloned().unwrap_or_default(),
        container: container.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: config.image.unwrap_or_default(),
        state: status.to_string(),
        health: state
            .health
            .and_then(|health| health.status)
            .map(|status| status.to_string())
            .filter(|status| status != "none"),
        exit_code: state.exit_code.filter(|_| has_ended),
        oom: state.oom_killed.unwrap_or_default(),
        memory_limit: container.host_config.and_then(|host| host.memory).filter(|bytes| *bytes > 0),
        id,
        file: labels.get(label::FILE).cloned().unwrap_or_default(),
        ports: ports.into_iter().filter_map(published).collect(),
    }
}

/// Waits until something has happened to a container of an instance since then. Returns whether; where the
/// engine tells nothing any more, it is not known.
pub(super) async fn event(engine: &Engine, instance: &str, since: &str) -> bool {
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("label".to_owned(), vec![format!("{}={instance}", label::INSTANCE)]),
        ("event".to_owned(), ["die", "oom", "destroy"].map(str::to_owned).to_vec()),
    ]);
    let options = EventsOptionsBuilder::new().since(since).filters(&filters).build();
    let mut events = std::pin::pin!(engine.docker.events(Some(options)));
    matches!(events.next().await, Some(Ok(_)))
}

/// Returns the time as the engine takes it.
pub(super) fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}

/// Whether the kernel has killed a process of a container for its memory.
pub(super) async fn ran_out_of_memory(engine: &Engine, part: &Part) -> bool {
    let filters =
        HashMap::from([("container".to_owned(), vec![part.id.clone()]), ("event".to_owned(), vec!["oom".to_owned()])]);
    let options = EventsOptionsBuilder::new().since("0").until(&now()).filters(&filters).build();
    let mut events = std::pin::pin!(engine.docker.events(Some(options)));
    matches!(tokio::time::timeout(PATIENCE, events.next()).await, Ok(Some(Ok(_))))
}

/// Returns the last lines of a container, and with `follow` all that come.
pub(super) fn lines(docker: &Docker, part: &Part, last: usize, follow: bool) -> impl Stream<Item = String> + use<> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).follow(follow).tail(&last.to_string()).build();
    let logs = docker.logs(&part.id, Some(options)).boxed();
    stream::unfold((logs, String::new(), false), |(mut logs, mut rest, mut over)| async move {
        loop {
            // A line without an end must not fill memory.
            let cut =
                rest.find('\n').or_else(|| (rest.len() > MAX_LINE || (over && !rest.is_empty())).then_some(rest.len()));
            if let Some(cut) = cut {
                let line = clean(&rest[..cut]);
                rest = rest.get(cut + 1..).unwrap_or_default().to_owned();
                return Some((line, (logs, rest, over)));
            }
            if over {
                return None;
            }
            match logs.next().await {
                Some(Ok(
                    LogOutput::StdErr { message } | LogOutput::StdOut { message } | LogOutput::Console { message },
                )) => rest.push_str(&String::from_utf8_lossy(&message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => over = true,
            }
        }
    })
}

fn clean(line: &str) -> String {
    line.chars().filter(|c| *c == '\t' || !c.is_control()).take(2000).collect()
}

/// Returns the last lines of each container.
pub(super) async fn tails(engine: &Engine, parts: &[Part]) -> Vec<LogTail> {
    let mut tails = Vec::new();
    for part in parts {
        let lines = lines(&engine.docker, part, LogTail::LINES, false).collect().await;
        tails.push(LogTail { source: part.service.clone(), lines });
    }
    tails
}
