//! A provider in one's hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use prizm_host::{PluginStats, ProviderInfo, State};
use prizm_protocol::methods::health::Health;
use prizm_protocol::{Capability, Engine, Permissions, ProviderId};
use serde_json::{Map, Value};

use crate::entry::Entry;
use crate::surroundings::Surroundings;
use crate::{Error, ErrorKind, Isolation, Lack, Model, Result, suggest};

/// A provider. Clones share it; its process starts when it is first needed.
#[derive(Clone)]
pub struct Provider {
    entry: Arc<Entry>,
    around: Arc<Surroundings>,
}

/// Whether a provider can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its declaration is known; its process does not run.
    Available,
    /// Its process runs.
    Running,
    /// It can do nothing before it is given a key.
    NeedsKey,
    /// It can do nothing before a program is installed.
    MissingEngine,
    /// Nobody has asked it yet.
    Unknown,
    /// It could not be loaded, or has failed too often.
    Unavailable,
}

impl Status {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Running => "running",
            Self::NeedsKey => "needs-key",
            Self::MissingEngine => "missing-engine",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Provider {
    pub(crate) fn new(entry: Arc<Entry>, around: Arc<Surroundings>) -> Self {
        Self { entry, around }
    }

    /// Returns its id: the registered one, else the declared one, else its source.
    pub fn id(&self) -> String {
        let id = self.entry.id.clone().or_else(|| self.info().map(|info| info.id.clone()));
        id.as_ref().map_or_else(|| self.source(), ProviderId::to_string)
    }

    /// Returns what it declared, where that is known.
    pub fn info(&self) -> Option<Arc<ProviderInfo>> {
        self.entry.declared()
    }

    /// Returns what it declares, starting it where that is not known.
    ///
    /// # Errors
    /// It cannot be built, started or found valid.
    pub async fn load(&self) -> Result<Arc<ProviderInfo>> {
        self.entry.info(&self.around).await
    }

    /// Returns where it comes from.
    pub fn source(&self) -> String {
        self.entry.origin.shown()
    }

    /// Returns which revision of its source was loaded, where the source has revisions.
    pub fn revision(&self) -> Option<String> {
        self.entry.installed().and_then(|installed| installed.revision.as_ref()).map(ToString::to_string)
    }

    /// Returns how far its code was kept from the network while it was built and tried; none where it
    /// was neither.
    pub fn isolation(&self) -> Option<Isolation> {
        self.entry.installed().and_then(|installed| installed.isolation)
    }

    /// Returns what its manifest asks for, where it has one that has been read.
    pub fn permissions(&self) -> Option<Permissions> {
        self.entry.manifest().map(|manifest| manifest.permissions.clone())
    }

    /// Returns whether it can be used. Starts nothing.
    pub fn status(&self) -> Status {
        match self.entry.plugin_if_made().map(prizm_host::Plugin::state) {
            Some(State::Ready | State::Draining) => Status::Running,
            Some(State::BackingOff | State::BreakerOpen) => Status::Unavailable,
            _ if self.info().is_some() => self.readiness(),
            _ if self.failure().is_some() => Status::Unavailable,
            _ => Status::Unknown,
        }
    }

    /// Returns whether what it lacks lets it do anything.
    fn readiness(&self) -> Status {
        if self.lacks().iter().any(|lack| matches!(lack, Lack::Key { .. })) {
            return Status::NeedsKey;
        }
        match self.entry.usable() {
            Some(_) => Status::Available,
            None => Status::MissingEngine,
        }
    }

    /// Returns what it lacks before it can work, or can do all of its work: keys, and engines on this machine.
    /// It is looked for when its declaration becomes known, and when it is asked for anew.
    pub fn lacks(&self) -> Arc<[Lack]> {
        self.entry.lacks()
    }

    /// Returns what its user does about something that it lacks.
    pub fn remedy(&self, lack: &Lack) -> String {
        match &self.entry.id {
            Some(id) => lack.remedy(id.as_str()),
            // A key is kept for an id, which nobody has given it: another one may have that which it declares.
            None if matches!(lack, Lack::Key { .. }) => {
                format!("give it an id first, by `[providers.ID]` with `source = \"{}\"`", self.source())
            }
            None => lack.remedy(&self.id()),
        }
    }

    /// Returns the programs that its manifest says it needs, by their names there.
    pub fn engines(&self) -> BTreeMap<String, Engine> {
        self.entry.manifest().map(|manifest| manifest.engines.clone()).unwrap_or_default()
    }

    /// Returns whether its next use begins with fetching and building what it depends on: it came with the
    /// program, and nobody has used it yet.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn installs_first(&self) -> Result<bool> {
        self.entry.installs_first(&self.around).await
    }

    /// Returns why it could not be loaded.
    pub fn failure(&self) -> Option<Error> {
        self.entry.failure()
    }

    /// Returns figures about its process.
    pub fn stats(&self) -> PluginStats {
        self.entry.plugin_if_made().map(prizm_host::Plugin::stats).unwrap_or_default()
    }

    /// Returns its models, as far as they are known.
    pub fn models(&self) -> Vec<Model> {
        let Some(info) = self.info() else { return Vec::new() };
        (0..info.models.len()).map(|index| self.at(&info, index)).collect()
    }

    fn at(&self, info: &Arc<ProviderInfo>, index: usize) -> Model {
        Model::new(Arc::clone(&self.entry), Arc::clone(&self.around), Arc::clone(info), index)
    }

    /// Returns a model by its id.
    ///
    /// # Errors
    /// It has no such model; the hint names the nearest ones.
    pub fn model(&self, id: &str) -> Result<Model> {
        let info = self.known()?;
        match info.models.iter().position(|model| model.id == id) {
            Some(index) => Ok(self.at(&info, index)),
            None => {
                let ids: Vec<_> = info.models.iter().map(|model| model.id.as_str()).collect();
                Err(Error::new(ErrorKind::NotFound, format!("provider `{}` has no model `{id}`", self.id()))
                    .hinted(suggest::hint(id, "models", &ids)))
            }
        }
    }

    /// Returns a model by its id. Where it is not known, and the settings decide which models there are, the provider is
    /// asked, which installs and starts it.
    ///
    /// # Errors
    /// As [`Provider::model`] and [`Provider::refresh_models`].
    pub async fn find_model(&self, id: &str) -> Result<Model> {
        match self.model(id) {
            Err(error) if error.kind() == ErrorKind::NotFound && self.entry.models_follow() => {
                self.refresh_models().await?;
                self.model(id)
            }
            known => known,
        }
    }

    /// Returns the first declared model that has a capability.
    ///
    /// # Errors
    /// It has none; the hint names its capabilities.
    pub fn model_for(&self, capability: &Capability) -> Result<Model> {
        let info = self.known()?;
        match info.models.iter().position(|model| model.capabilities.contains(capability)) {
            Some(index) => Ok(self.at(&info, index)),
            None => {
                let names: Vec<_> = info.capabilities.iter().map(|capability| format!("`{capability}`")).collect();
                let message = format!("provider `{}` has no model for `{capability}`", self.id());
                Err(Error::new(ErrorKind::NotFound, message).hinted(format!("it has {}", names.join(", "))))
            }
        }
    }

    fn known(&self) -> Result<Arc<ProviderInfo>> {
        self.info().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("nobody has asked provider `{}` for its models yet", self.id()))
                .hinted("load it first: `provider.load().await`, or `registry.initialize().await`")
        })
    }

    /// Replaces its settings: at once where its process runs, and at every later start.
    ///
    /// `serviceUrl`, `serviceConfig` and `autoStartService` are not the plugin's: they name the service that
    /// it needs, which is started at its next use, and whose address it is given then. `services` says the
    /// same of several, each a table with `url`, `config` and `autoStart`. The keyring is asked for the keys that
    /// are not among them.
    ///
    /// # Errors
    /// A setting does not fit the provider's schema, or the running process refuses it.
    pub async fn configure(&self, settings: Map<String, Value>) -> Result<()> {
        self.entry.configure(&self.around, settings).await?;
        self.around.routing.memory.configured(&self.id());
        Ok(())
    }

    /// Changes some of its settings and leaves the others.
    ///
    /// # Errors
    /// As [`Provider::configure`].
    pub async fn add_settings(&self, settings: Map<String, Value>) -> Result<()> {
        let mut all = self.entry.settings();
        all.extend(settings);
        self.configure(all).await
    }

    /// Asks how it feels, starting its process if need be, but no service. Where a service that it uses does
    /// not feel well, neither does it.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub async fn health(&self) -> Result<Health> {
        let health = self.entry.plugin(&self.around).await?.health().await?;
        self.entry.weigh(health)
    }

    /// Starts its process unless it runs, and returns what it declares now.
    ///
    /// # Errors
    /// It cannot be built, started or found valid.
    pub async fn start(&self) -> Result<Arc<ProviderInfo>> {
        let info = self.entry.plugin(&self.around).await?.start().await?;
        Ok(self.entry.remember(info))
    }

    /// Asks whether it is there, starting its process if need be.
    ///
    /// # Errors
    /// It cannot be started, or does not answer.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.entry.plugin(&self.around).await?.ping().await?)
    }

    /// Asks for its models anew, starting its process and its services if need be.
    ///
    /// # Errors
    /// It cannot be started, does not answer, or lists what is not valid.
    pub async fn refresh_models(&self) -> Result<Vec<Model>> {
        let (plugin, _served) = self.entry.serve(&self.around).await?;
        let info = plugin.refresh_models().await?;
        self.entry.learn(&self.around, info);
        Ok(self.models())
    }

    /// Stops its process, if it runs; the next use starts it again.
    pub async fn stop(&self) {
        if let Some(plugin) = self.entry.plugin_if_made() {
            plugin.stop().await;
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({}, {})", self.id(), self.status().as_str())
    }
}
