//! The services that a registry knows, and the instances of them that its providers share.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use prizm_install::{Identifier, InstalledService};
use prizm_service::{Host, Instance, Keeper, Source, Spec};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::config::ServiceConfig;
use crate::surroundings::Surroundings;
use crate::{BundledService, Config, Error, ErrorKind, Result, suggest};

/// What a registry knows of services.
pub(crate) struct Services {
    bundled: BTreeMap<String, BundledService>,
    /// By id, or by URL.
    config: BTreeMap<String, ServiceConfig>,
    host: Host,
    pub(crate) keeper: Keeper,
    /// What was installed, by the canonical name.
    installed: Mutex<HashMap<String, Arc<OnceCell<Arc<InstalledService>>>>>,
    /// By their names: who asks for the same gets the same, with one count of calls.
    instances: Mutex<HashMap<String, Instance>>,
}

/// A service that is known by a name.
enum Known<'a> {
    Bundled(&'a BundledService),
    Source(Identifier),
}

impl Services {
    pub(crate) fn new(bundled: Vec<BundledService>, config: &Config, keeper: Keeper) -> Result<Self> {
        let bundled: BTreeMap<_, _> = bundled.into_iter().map(|service| (service.id().to_string(), service)).collect();
        for (id, service) in &config.services {
            let wrong = |reason: String| Error::new(ErrorKind::Config, format!("[services.\"{id}\"]: {reason}"));
            let identifier: Identifier = id.parse().map_err(|error| wrong(format!("{error}")))?;
            match (&service.source, &identifier, bundled.contains_key(id)) {
                (Some(_), Identifier::Id(_), true) => {
                    return Err(wrong("it has a `source`, but this service is bundled".to_owned())
                        .hinted("give the other service an id of its own"));
                }
                (Some(_), _, false) if !matches!(identifier, Identifier::Id(_)) => {
                    return Err(
                        wrong("it is a URL, and has a `source` as well".to_owned()).hinted("leave out `source`")
                    );
                }
                (Some(source), ..) => {
                    if let Identifier::Id(_) = source.parse().map_err(|error| wrong(format!("source: {error}")))? {
                        return Err(wrong(format!("source: `{source}` is an id"))
                            .hinted("write a source such as `github:OWNER/REPO@TAG`"));
                    }
                }
                (None, Identifier::Id(_), false) => {
                    return Err(wrong("there is no such service".to_owned())
                        .hinted("say where it comes from: `source = \"github:OWNER/REPO@TAG\"`"));
                }
                (None, ..) => {}
            }
        }
        let host = Host { docker: config.host.docker.clone(), gpu_memory: config.host.gpu_memory.map(|size| size.0) };
        let config = config.services.clone();
        Ok(Self { bundled, config, host, keeper, installed: Mutex::default(), instances: Mutex::default() })
    }

    /// Returns the names and the sources of those that need no URL.
    pub(crate) fn known(&self) -> Vec<(String, String)> {
        let bundled = self.bundled.keys().map(|id| (id.clone(), "bundled".to_owned()));
        let configured = self.config.iter().filter_map(|(id, config)| Some((id.clone(), config.source.clone()?)));
        bundled.chain(configured).collect()
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    fn find(&self, name: &str) -> Result<Known<'_>> {
        match name.parse::<Identifier>()? {
            Identifier::Id(id) => {
                if let Some(bundled) = self.bundled.get(id.as_str()) {
                    return Ok(Known::Bundled(bundled));
                }
                let source = self.config.get(id.as_str()).and_then(|config| config.source.as_deref());
                let source = source.ok_or_else(|| {
                    let known = self.known();
                    let ids: Vec<_> = known.iter().map(|(id, _)| id.as_str()).collect();
                    Error::new(ErrorKind::NotFound, format!("there is no service `{id}`")).hinted(suggest::hint(
                        id.as_str(),
                        "services",
                        &ids,
                    ))
                })?;
                Ok(Known::Source(source.parse()?))
            }
            identifier => Ok(Known::Source(identifier)),
        }
    }

    /// Returns what the configuration says of a service, whichever of its names is used. What a service calls
    /// itself is its own word and counts for nothing.
    fn config_of(&self, name: &str, installed: &InstalledService) -> ServiceConfig {
        let is_it = |(key, config): &(&String, &ServiceConfig)| {
            let source = config.source.as_ref();
            key.as_str() == name || **key == installed.identifier || source == Some(&installed.identifier)
        };
        self.config.iter().find(is_it).map(|(_, config)| config.clone()).unwrap_or_default()
    }

    /// Installs a service, once.
    pub(crate) async fn install(&self, around: &Surroundings, name: &str) -> Result<Arc<InstalledService>> {
        let known = self.find(name)?;
        let key = match &known {
            Known::Bundled(bundled) => bundled.id().to_string(),
            Known::Source(identifier) => identifier.to_string(),
        };
        let cell = Arc::clone(self.installed.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let install = async {
            let installed = match &known {
                Known::Bundled(bundled) => bundled.install(around).await?,
                Known::Source(identifier) => {
                    let request = around.request(identifier, &around.pins());
                    around.installer().await?.install_service(&request).await?
                }
            };
            Ok::<_, Error>(Arc::new(installed))
        };
        cell.get_or_try_init(|| install).await.cloned()
    }

    /// Returns an instance of a service: the same for the same configuration.
    pub(crate) async fn instance(
        &self,
        around: &Surroundings,
        name: &str,
        asked: &Map<String, Value>,
    ) -> Result<(Arc<InstalledService>, Instance)> {
        let installed = self.install(around, name).await?;
        let ServiceConfig { grant, config: mut whole, .. } = self.config_of(name, &installed);
        whole.extend(asked.clone());
        let source = Source {
            identifier: name.to_owned(),
            revision: installed.revision.as_ref().map(ToString::to_string),
            digest: installed.digest.clone(),
            root: installed.root.clone(),
            manifest: installed.manifest.clone(),
            argv: installed.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        };
        let spec = Spec::new(source, around.home.clone(), whole, grant, self.host.clone())?;
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        let instance =
            instances.entry(spec.instance.clone()).or_insert_with(|| Instance::new(spec, self.keeper.clone()));
        Ok((installed, instance.clone()))
    }
}
