//! What the engine has that bears our labels, whoever made it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::errors::Error as EngineError;
use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions,
};
use serde::Serialize;
use tokio::time::sleep;

use super::engine::Engine;
use super::{POLL, label};
use crate::Result;

/// The label by which Compose tells the volumes of a file apart.
const VOLUME: &str = "com.docker.compose.volume";

/// How long what cannot be removed yet is tried again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// The instance.
    pub instance: String,
    /// The PRIZM_HOME that it belongs to.
    pub home: PathBuf,
    /// How many containers.
    pub containers: usize,
    /// How many networks.
    pub networks: usize,
    /// How many volumes.
    pub volumes: usize,
    /// Whether one of its containers runs.
    pub running: bool,
}

/// Returns everything that bears our labels, by instance.
pub(crate) async fn leftovers(docker_host: Option<&str>) -> Result<Vec<Leftover>> {
    let engine = Engine::find(docker_host).await?;
    let mut all: BTreeMap<String, Leftover> = BTreeMap::new();
    for thing in things(&engine, label::INSTANCE).await? {
        let Some(instance) = thing.labels.get(label::INSTANCE) else { continue };
        let left = all.entry(instance.clone()).or_default();
        left.instance.clone_from(instance);
        left.home = thing.labels.get(label::HOME).map(PathBuf::from).unwrap_or_default();
        match thing.kind {
            Kind::Container { runs } => {
                left.containers += 1;
                left.running |= runs;
            }
            Kind::Network => left.networks += 1,
            Kind::Volume => left.volumes += 1,
        }
    }
    Ok(all.into_values().collect())
}

/// Removes the containers and networks of an instance, and with `purge` its volumes.
pub(crate) async fn remove(docker_host: Option<&str>, instance: &str, purge: bool) -> Result<()> {
    remove_from(&Engine::find(docker_host).await?, instance, |_| purge).await
}

/// Removes the containers and networks of an instance, with the volumes that have no name; and those volumes
/// that are chosen by their names in its file. It looks again until nothing is left: what was begun before may
/// still come into being, and a network is in use until its containers are gone.
pub(super) async fn remove_from(engine: &Engine, instance: &str, chosen: impl Fn(&str) -> bool) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let label = format!("{}={instance}", label::INSTANCE);
    let goes = |thing: &Thing| match thing.kind {
        Kind::Volume => chosen(thing.volume()),
        _ => true,
    };
    loop {
        let mut all: Vec<_> = things(engine, &label).await?;
        all.retain(goes);
        if all.is_empty() {
            return Ok(());
        }
        let mut failure = None;
        for thing in &all {
            failure = thing.remove(engine).await.err().or(failure);
        }
        match failure {
            Some(error) if Instant::now() > until => return Err(engine.failed(&error)),
            Some(_) => sleep(POLL).await,
            None => {}
        }
    }
}

/// Whether an instance has volumes that are chosen by their names in its file.
pub(super) async fn has_volumes(engine: &Engine, instance: &str, chosen: impl Fn(&str) -> bool) -> Result<bool> {
    let things = things(engine, &format!("{}={instance}", label::INSTANCE)).await?;
    Ok(things.iter().any(|thing| matches!(thing.kind, Kind::Volume) && chosen(thing.volume())))
}

/// Something on the engine.
struct Thing {
    id: String,
    labels: HashMap<String, String>,
    kind: Kind,
}

impl Thing {
    /// Returns the name of a volume in its file.
    fn volume(&self) -> &str {
        self.labels.get(VOLUME).map_or("", |name| name)
    }

    async fn remove(&self, engine: &Engine) -> std::result::Result<(), EngineError> {
        let removed = match self.kind {
            Kind::Container { .. } => {
                let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                engine.docker.remove_container(&self.id, Some(options)).await
            }
            Kind::Network => engine.docker.remove_network(&self.id).await,
            Kind::Volume => engine.docker.remove_volume(&self.id, None::<RemoveVolumeOptions>).await,
        };
        match removed {
            // Somebody else was faster.
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            removed => removed,
        }
    }
}

enum Kind {
    Container { runs: bool },
    Network,
    Volume,
}

/// Returns what bears a label, in the order in which it can be removed.
async fn things(engine: &Engine, label: &str) -> Result<Vec<Thing>> {
    let filters = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
    let failed = |error| engine.failed(&error);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers = engine.docker.list_containers(Some(options)).await.map_err(failed)?;
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let networks = engine.docker.list_networks(Some(options)).await.map_err(failed)?;
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = engine.docker.list_volumes(Some(options)).await.map_err(failed)?.volumes.unwrap_or_default();
    let containers = containers.into_iter().filter_map(|it| {
        let runs = it.state == Some(ContainerSummaryStateEnum::RUNNING);
        Some(Thing { id: it.id?, labels: it.labels.unwrap_or_default(), kind: Kind::Container { runs } })
    });
    let networks = networks
        .into_iter()
        .filter_map(|it| Some(Thing { id: it.id?, labels: it.labels.unwrap_or_default(), kind: Kind::Network }));
    let volumes = volumes.into_iter().map(|it| Thing { id: it.name, labels: it.labels, kind: Kind::Volume });
    Ok(containers.chain(networks).chain(volumes).collect())
}
