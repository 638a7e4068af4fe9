//! A service in one's hand, and the hub of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use prizm_install::InstalledService;
use prizm_protocol::ServiceManifest;
use prizm_service::{Collected, InUse, Instance, Part, State};
use serde_json::{Map, Value};

use crate::surroundings::Surroundings;
use crate::{Registry, Result};

/// The hub of all services. Clones share it, and it shares everything with the registry of providers that
/// it is of: sources, store, locks, policy.
///
/// ```no_run
/// # async fn run() -> prizm_registry::Result<()> {
/// let services = prizm_registry::ServiceRegistry::global()?;
/// let service = services.get_service("github:acme/whisper-service@v1.2.0").await?;
/// let state = service.start().await?;
/// println!("{:?}", state.endpoints);
/// service.stop(false).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServiceRegistry(Arc<Surroundings>);

/// A service that is known by an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownService {
    /// Its id.
    pub id: String,
    /// Where it comes from: `bundled`, or a URL.
    pub source: String,
}

/// Figures about services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceStats {
    /// Services that are known by an id.
    pub known: usize,
    /// Instances that were started once and not removed.
    pub instances: usize,
    /// How many of them are in which condition.
    pub by_condition: BTreeMap<&'static str, usize>,
    /// How often those that run ended by themselves.
    pub restarts: u64,
}

/// One instance, and what it is doing.
#[derive(Clone, Debug)]
pub struct ServiceStatus {
    /// The instance.
    pub instance: Instance,
    /// What it is doing.
    pub state: State,
}

impl ServiceRegistry {
    /// Makes a registry of services from the environment, as [`Registry::new`] does.
    ///
    /// # Errors
    /// As [`Registry::new`].
    pub fn new() -> Result<Self> {
        Ok(Registry::new()?.services())
    }

    /// Returns the services of [`Registry::global`].
    ///
    /// # Errors
    /// As [`Registry::global`].
    pub fn global() -> Result<Self> {
        Ok(Registry::global()?.services())
    }

    /// Returns a service by its id or by the URL of its source, as the configuration has it. It is
    /// installed where it is not, and not started.
    ///
    /// # Errors
    /// The identifier is malformed, no such service is known, it cannot be installed, or its configuration
    /// is wrong.
    pub async fn get_service(&self, id_or_url: &str) -> Result<Service> {
        self.get_service_with(id_or_url, Map::new()).await
    }

    /// As [`ServiceRegistry::get_service`], with a `serviceConfig`, which goes over that of the
    /// configuration. The same service with the same configuration is one instance, with another it is
    /// another.
    ///
    /// # Errors
    /// As [`ServiceRegistry::get_service`].
    pub async fn get_service_with(&self, id_or_url: &str, config: Map<String, Value>) -> Result<Service> {
        let (installed, instance) = self.0.services.instance(&self.0, id_or_url, &config).await?;
        Ok(Service { around: Arc::clone(&self.0), installed, instance })
    }

    /// Returns the services that are known by an id: bundled ones, and those of the configuration.
    pub fn services(&self) -> Vec<KnownService> {
        self.0.services.known().into_iter().map(|(id, source)| KnownService { id, source }).collect()
    }

    /// Returns every instance that was started once and not removed, with what it is doing.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn status(&self) -> Result<Vec<ServiceStatus>> {
        let all = Instance::all(&self.0.home, &self.0.services.keeper)?;
        let status = |instance: Instance| Ok(ServiceStatus { state: instance.state()?, instance });
        all.into_iter().map(status).collect()
    }

    /// Returns figures.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn stats(&self) -> Result<ServiceStats> {
        let mut stats = ServiceStats { known: self.services().len(), ..ServiceStats::default() };
        for ServiceStatus { state, .. } in self.status()? {
            stats.instances += 1;
            stats.restarts += u64::from(state.restarts);
            *stats.by_condition.entry(state.condition.as_str()).or_default() += 1;
        }
        Ok(stats)
    }

    /// Starts every service that is known by an id. Each runs until it is stopped.
    ///
    /// # Errors
    /// The first that cannot be started; the others were begun all the same.
    pub async fn start_all(&self) -> Result<Vec<Service>> {
        let start = |known: KnownService| async move {
            let service = self.get_service(&known.id).await?;
            service.start().await?;
            Ok::<_, crate::Error>(service)
        };
        let all = futures_util::future::join_all(self.services().into_iter().map(start)).await;
        all.into_iter().collect()
    }

    /// Removes what nobody owns any more, after a crash or with a PRIZM_HOME that is gone; with `dry_run` it
    /// only tells what that would be.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub async fn collect_garbage(&self, dry_run: bool) -> Result<Vec<Collected>> {
        let docker = self.0.services.host().docker.as_deref();
        Ok(prizm_service::collect_garbage(&self.0.home, docker, dry_run).await?)
    }

    /// Stops every instance that runs, whoever uses it. Returns how many ran.
    ///
    /// # Errors
    /// One cannot be stopped.
    pub async fn stop_all(&self) -> Result<usize> {
        let all = self.status()?;
        let stop = |status: &ServiceStatus| {
            let instance = status.instance.clone();
            async move { instance.stop(false).await }
        };
        // One that cannot be stopped keeps no other from it.
        let stopped: Vec<_> = futures_util::future::join_all(all.iter().map(stop)).await;
        let stopped: Result<Vec<bool>, _> = stopped.into_iter().collect();
        Ok(stopped?.into_iter().filter(|ran| *ran).count())
    }
}

impl Registry {
    /// Returns the hub of the services that its providers use.
    pub fn services(&self) -> ServiceRegistry {
        ServiceRegistry(Arc::clone(self.around()))
    }
}

/// A service with a configuration: one instance, shared by everybody on this machine who asks for the same.
#[derive(Clone)]
pub struct Service {
    around: Arc<Surroundings>,
    installed: Arc<InstalledService>,
    instance: Instance,
}

impl Service {
    /// Returns its id.
    pub fn id(&self) -> &str {
        self.manifest().service.name.as_str()
    }

    /// Returns what its author says of it.
    pub fn manifest(&self) -> &ServiceManifest {
        &self.installed.manifest
    }

    /// Returns the instance.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Starts it, waits until it is ready, and lets it run until it is stopped.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(&self) -> Result<State> {
        Ok(self.instance.start(&|stage, detail| self.around.reporter.stage(stage, detail)).await?)
    }

    /// Waits until it can be used, starting it where it does not run. It runs at least as long as what is
    /// returned is held.
    ///
    /// # Errors
    /// It cannot be started, or has failed too often of late.
    pub async fn enter(&self) -> Result<InUse> {
        Ok(self.instance.enter(true, &|stage, detail| self.around.reporter.stage(stage, detail)).await?)
    }

    /// Stops it, whoever uses it. Volumes that persist stay, unless they are purged. Tells whether it ran.
    ///
    /// # Errors
    /// It could not be stopped.
    pub async fn stop(&self, purge: bool) -> Result<bool> {
        Ok(self.instance.stop(purge).await?)
    }

    /// Returns what it is doing.
    ///
    /// # Errors
    /// Its state cannot be read.
    pub fn state(&self) -> Result<State> {
        Ok(self.instance.state()?)
    }

    /// Returns its containers, as the engine tells of them; none of a process.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn parts(&self) -> Result<Vec<Part>> {
        Ok(self.instance.parts().await?)
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Service({})", self.instance.spec().instance)
    }
}
