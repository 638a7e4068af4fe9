//! What the engine has that bears our labels, whoever made it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};
use serde::Serialize;

use super::engine::Engine;
use super::label;
use crate::Result;

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
}

/// Returns everything that bears our labels, by instance.
pub(crate) async fn leftovers(docker_host: Option<&str>) -> Result<Vec<Leftover>> {
    let engine = Engine::find(docker_host).await?;
    let found = Found::of(&engine, label::INSTANCE).await?;
    let mut all: BTreeMap<String, Leftover> = BTreeMap::new();
    let mut count = |labels: &HashMap<String, String>, add: fn(&mut Leftover)| {
        let Some(instance) = labels.get(label::INSTANCE) else { return };
        let left = all.entry(instance.clone()).or_default();
        left.instance.clone_from(instance);
        left.home = labels.get(label::HOME).map(PathBuf::from).unwrap_or_default();
        add(left);
    };
    found.containers.iter().for_each(|(_, labels)| count(labels, |left| left.containers += 1));
    found.networks.iter().for_each(|(_, labels)| count(labels, |left| left.networks += 1));
    found.volumes.iter().for_each(|(_, labels)| count(labels, |left| left.volumes += 1));
    Ok(all.into_values().collect())
}

/// Removes the containers and networks of an instance, and with `purge` its volumes.
pub(crate) async fn remove(docker_host: Option<&str>, instance: &str, purge: bool) -> Result<()> {
    let engine = Engine::find(docker_host).await?;
    let found = Found::of(&engine, &format!("{}={instance}", label::INSTANCE)).await?;
    let failed = |error| engine.failed(&error);
    for (id, _) in &found.containers {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        gone(engine.docker.remove_container(id, Some(options)).await).map_err(failed)?;
    }
    for (id, _) in &found.networks {
        gone(engine.docker.remove_network(id).await).map_err(failed)?;
    }
    for (name, _) in found.volumes.iter().filter(|_| purge) {
        gone(engine.docker.remove_volume(name, Some(RemoveVolumeOptionsBuilder::new().build())).await)
            .map_err(failed)?;
    }
    Ok(())
}

/// Whether an instance has volumes.
pub(super) async fn has_volumes(engine: &Engine, instance: &str) -> Result<bool> {
    let found = Found::of(engine, &format!("{}={instance}", label::INSTANCE)).await?;
    Ok(!found.volumes.is_empty())
}

/// Removes the volumes of an instance that have these names in its file.
pub(super) async fn remove_volumes(engine: &Engine, instance: &str, chosen: impl Fn(&str) -> bool) -> Result<()> {
    let found = Found::of(engine, &format!("{}={instance}", label::INSTANCE)).await?;
    for (name, labels) in found.volumes {
        if labels.get("com.docker.compose.volume").is_some_and(|volume| chosen(volume)) {
            let removed = engine.docker.remove_volume(&name, Some(RemoveVolumeOptionsBuilder::new().build())).await;
            gone(removed).map_err(|error| engine.failed(&error))?;
        }
    }
    Ok(())
}

type Labelled = Vec<(String, HashMap<String, String>)>;

struct Found {
    containers: Labelled,
    networks: Labelled,
    volumes: Labelled,
}

impl Found {
    async fn of(engine: &Engine, wanted: &str) -> Result<Self> {
        let filters = HashMap::from([("label".to_owned(), vec![wanted.to_owned()])]);
        let failed = |error| engine.failed(&error);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = engine.docker.list_containers(Some(options)).await.map_err(failed)?;
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let networks = engine.docker.list_networks(Some(options)).await.map_err(failed)?;
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = engine.docker.list_volumes(Some(options)).await.map_err(failed)?.volumes.unwrap_or_default();
        Ok(Self {
            containers: containers.into_iter().filter_map(|it| Some((it.id?, it.labels.unwrap_or_default()))).collect(),
            networks: networks.into_iter().filter_map(|it| Some((it.id?, it.labels.unwrap_or_default()))).collect(),
            volumes: volumes.into_iter().map(|it| (it.name, it.labels)).collect(),
        })
    }
}

/// What somebody else has removed is removed.
fn gone(result: std::result::Result<(), bollard::errors::Error>) -> std::result::Result<(), bollard::errors::Error> {
    match result {
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        result => result,
    }
}
