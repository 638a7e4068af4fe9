//! The registry: what it knows, and how one asks.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt as _};
use prizm_host::{PluginCommand, Tap};
use prizm_install::{FileSource, Identifier};
use prizm_protocol::{Capability, ProviderId};
use serde_json::{Map, Value};

use crate::config::ProviderConfig;
use crate::entry::{Entry, Located, Origin};
use crate::surroundings::Surroundings;
use crate::{Error, ErrorKind, Provider, RegistryBuilder, Result, suggest};

/// How many providers are asked at once what they declare. Those that are known already need a thread each for their files.
const AT_ONCE: usize = 16;

/// The hub of all providers. Clones share it; processes start when they are first needed.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    around: Arc<Surroundings>,
    /// In the order of preference: that in which they became known, and bundled ones last.
    entries: RwLock<Arc<Vec<Arc<Entry>>>>,
    /// What was loaded by identifier, by its canonical spelling, and whether it runs in place.
    loaded: Mutex<HashMap<(String, bool), Arc<Entry>>>,
    /// What was overwritten or is its author's, and may still be in somebody's hand.
    unlisted: Mutex<Vec<Weak<Entry>>>,
    /// What the configuration says of each provider, known already or not.
    settings: Mutex<BTreeMap<ProviderId, ProviderConfig>>,
}

/// Figures about a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryStats {
    /// Providers that are known.
    pub total_providers: usize,
    /// Those whose declaration is known and valid, and that lack nothing without which they can do nothing.
    pub available_providers: usize,
    /// Those whose process runs.
    pub running_providers: usize,
    /// Models of the available ones.
    pub models: usize,
    /// How many available providers can do something of a capability.
    pub by_capability: BTreeMap<Capability, usize>,
}

impl Registry {
    /// Makes a registry from the environment: state in `PRIZM_HOME`, settings from its `config.toml`.
    ///
    /// # Errors
    /// There is no home, or the configuration cannot be used.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Starts making a registry.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Returns the registry of the whole process, made by [`Registry::new`] when it is first asked for.
    ///
    /// # Errors
    /// As [`Registry::new`]; the next call tries again.
    pub fn global() -> Result<Self> {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        match GLOBAL.get() {
            Some(registry) => Ok(registry.clone()),
            None => {
                let made = Self::new()?;
                Ok(GLOBAL.get_or_init(|| made).clone())
            }
        }
    }

    pub(crate) fn with(around: Surroundings) -> Self {
        Self(Arc::new(Inner {
            around: Arc::new(around),
            entries: RwLock::default(),
            loaded: Mutex::default(),
            unlisted: Mutex::default(),
            settings: Mutex::default(),
        }))
    }

    /// Returns the directory of all state.
    pub fn home(&self) -> &std::path::Path {
        &self.0.around.home
    }

    /// Makes a provider known by the command that starts it. One that is known already is replaced,
    /// with a warning. Nothing is started.
    ///
    /// # Errors
    /// The id is malformed.
    pub fn register(&self, id: &str, command: impl Into<PluginCommand>) -> Result<()> {
        let id: ProviderId = id.parse().map_err(|error| Error::new(ErrorKind::Identifier, format!("{error}")))?;
        let settings = self.0.settings.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        self.insert(id, Origin::Registered(command.into()), settings.unwrap_or_default());
        Ok(())
    }

    pub(crate) fn insert(&self, id: ProviderId, origin: Origin, settings: ProviderConfig) {
        tracing::debug!(%id, origin = origin.shown(), "registered");
        let entry = Arc::new(Entry::new(Some(id.clone()), origin, settings));
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entries = Arc::make_mut(&mut entries);
        match entries.iter_mut().find(|known| known.id.as_ref() == Some(&id)) {
            Some(known) => {
                tracing::warn!(%id, "a provider with this id is already registered; overwriting");
                self.0.unlisted(known);
                *known = entry;
            }
            None => enlist(entries, entry),
        }
    }

    /// Makes a provider known that was added to the project; it keeps its process where it has one.
    pub(crate) fn adopt(&self, id: &ProviderId, entry: Arc<Entry>) {
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        let entries = Arc::make_mut(&mut entries);
        match entries.iter_mut().find(|known| known.id.as_ref() == Some(id)) {
            Some(known) => *known = entry,
            None => enlist(entries, entry),
        }
    }

    /// Forgets the providers that have these ids and come from these identifiers.
    pub(crate) fn forget(&self, gone: &[(String, String)]) {
        let is_gone = |entry: &Arc<Entry>| {
            let Origin::Identifier(located) = &entry.origin else { return false };
            let request = located.identifier.to_string();
            gone.iter().any(|(id, of)| *of == request && entry.id.as_ref().is_some_and(|known| *known == id.as_str()))
        };
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut entries).retain(|entry| !is_gone(entry));
    }

    pub(crate) fn around(&self) -> &Arc<Surroundings> {
        &self.0.around
    }

    /// Returns what the configuration says of a provider.
    pub(crate) fn settings_of(&self, id: &ProviderId) -> ProviderConfig {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    /// Returns where the provider comes from that has an id by the user, or came with the program.
    pub(crate) fn taken(&self, id: &str) -> Option<String> {
        let is_taken = |entry: &&Arc<Entry>| {
            let claimed = matches!(&entry.origin, Origin::Identifier(located) if located.claimed);
            !claimed && entry.id.as_ref().is_some_and(|known| *known == id)
        };
        self.entries().iter().find(is_taken).map(|entry| entry.origin.shown())
    }

    pub(crate) fn is_known(&self, id: &ProviderId) -> bool {
        self.entries().iter().any(|entry| entry.id.as_ref() == Some(id))
    }

    pub(crate) fn keep_settings(&self, id: ProviderId, settings: ProviderConfig) {
        self.0.settings.lock().unwrap_or_else(PoisonError::into_inner).insert(id, settings);
    }

    /// Returns a provider by its id or by the identifier of its source, such as
    /// `file:///srv/providers/echo`. The same identifier is loaded once, however many ask.
    ///
    /// # Errors
    /// The identifier is malformed, no such provider is known, or it cannot be built, started or
    /// found valid.
    pub async fn get_provider(&self, id_or_url: &str) -> Result<Provider> {
        let entry = match id_or_url.parse::<Identifier>()? {
            Identifier::Id(id) => self.known(id.as_str())?,
            identifier => self.loaded(identifier, false),
        };
        entry.info(&self.0.around).await?;
        Ok(self.provider(entry))
    }

    /// Returns the provider in a directory of this machine, run where it is: for its author, who
    /// changes it. Nothing is copied, pinned or tried beforehand.
    ///
    /// # Errors
    /// As [`Registry::get_provider`]; the identifier is not that of a directory.
    pub async fn link_provider(&self, url: &str) -> Result<Provider> {
        let identifier = url.parse::<Identifier>()?;
        if !matches!(&identifier, Identifier::File(source) if source.reference().is_none()) {
            return Err(Error::new(ErrorKind::Usage, format!("`{identifier}` cannot be linked: it is no directory"))
                .hinted("name the provider's directory as `file:///ABSOLUTE/DIRECTORY`"));
        }
        let entry = self.loaded(identifier, true);
        entry.info(&self.0.around).await?;
        Ok(self.provider(entry))
    }

    /// Builds the provider in a directory for its author, who changes it and listens to all that passes
    /// between the host and its process. Each call builds anew, and returns a provider with a process of
    /// its own, which is not started yet: the one before can serve until [`Provider::start`] has succeeded.
    ///
    /// It has the settings that the configuration has for this source, and these.
    ///
    /// # Errors
    /// There is no such directory, or it cannot be built.
    pub async fn develop(&self, directory: &Path, settings: Map<String, Value>, tap: Tap) -> Result<Provider> {
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let identifier = Identifier::File(FileSource::new(directory)?);
        let same =
            |entry: &Arc<Entry>| matches!(&entry.origin, Origin::Identifier(known) if known.identifier == identifier);
        let entries = self.entries();
        let known = entries.iter().find(|entry| same(entry));
        let mut config = known.map(|entry| entry.config()).unwrap_or_default();
        config.settings.extend(settings);
        let located = Located { identifier, link: true, own: true, claimed: false };
        let entry = Arc::new(Entry::new(None, Origin::Identifier(located), config).tapped(tap));
        self.0.unlisted(&entry);
        entry.plugin(&self.0.around).await?;
        Ok(self.provider(entry))
    }

    pub(crate) fn known(&self, id: &str) -> Result<Arc<Entry>> {
        let entries = self.entries();
        let found = entries.iter().find(|entry| entry.id.as_ref().is_some_and(|known| *known == id));
        let by_declaration = || entries.iter().find(|entry| entry.declared().is_some_and(|declared| declared.id == id));
        found.or_else(by_declaration).cloned().ok_or_else(|| {
            let ids = self.known_ids();
            let ids: Vec<_> = ids.iter().map(ProviderId::as_str).collect();
            Error::new(ErrorKind::NotFound, format!("there is no provider `{id}`")).hinted(suggest::hint(
                id,
                "providers",
                &ids,
            ))
        })
    }

    pub(crate) fn loaded(&self, identifier: Identifier, link: bool) -> Arc<Entry> {
        let key = (identifier.to_string(), link);
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = loaded.entry(key).or_insert_with(|| {
            // A provider of the configuration that has this source is the same provider.
            let same = |entry: &&Arc<Entry>| {
                matches!(&entry.origin, Origin::Identifier(known) if known.identifier == identifier && (known.link || !link))
            };
            let configured = self.entries().iter().find(same).cloned();
            configured.unwrap_or_else(|| {
                let located = Located { identifier, link, own: true, claimed: false };
                Arc::new(Entry::new(None, Origin::Identifier(located), ProviderConfig::default()))
            })
        });
        Arc::clone(entry)
    }

    pub(crate) fn provider(&self, entry: Arc<Entry>) -> Provider {
        Provider::new(entry, Arc::clone(&self.0.around))
    }

    /// Returns every entry, as it is now.
    pub(crate) fn entries(&self) -> Arc<Vec<Arc<Entry>>> {
        Arc::clone(&self.0.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn known_ids(&self) -> Vec<ProviderId> {
        self.entries().iter().filter_map(|entry| entry.id.clone()).collect()
    }

    /// Learns what every known provider declares: from the cache where that is sound, by starting
    /// it where not. One that cannot be loaded is logged, and is not available; the others are.
    ///
    /// # Errors
    /// The state directory cannot be used.
    pub async fn initialize(&self) -> Result<RegistryStats> {
        let entries = self.entries();
        self.find_installed(&entries).await;
        let ask = async |entry: &Arc<Entry>| {
            if let Err(error) = entry.info(&self.0.around).await {
                let id = entry.id.as_ref().map_or("?", ProviderId::as_str);
                tracing::warn!(id, stage = error.stage(), "the provider is not available: {error}");
            }
        };
        stream::iter(entries.iter()).for_each_concurrent(AT_ONCE, ask).await;
        let stats = self.stats();
        let available: Vec<_> = self.available_providers().iter().map(ToString::to_string).collect();
        tracing::info!(
            registered = stats.total_providers,
            available = stats.available_providers,
            models = stats.models,
            "registry initialized: {}",
            available.join(", ")
        );
        Ok(stats)
    }

    /// Finds those that are in the store already, all at once: it is most of what learning of many takes.
    async fn find_installed(&self, entries: &[Arc<Entry>]) {
        let around = &self.0.around;
        let wanted: Vec<_> =
            entries.iter().filter_map(|entry| Some((entry, entry.may_be_installed(around)?))).collect();
        if wanted.len() < 2 {
            return;
        }
        // A store that cannot be used is told of by each that needs it.
        let Ok(installer) = around.installer().await else { return };
        let (entries, requests): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        let found = installer.find(&requests).await;
        for (entry, installed) in entries.into_iter().zip(found) {
            installed.into_iter().for_each(|installed| entry.found(installed));
        }
    }

    /// Asks those that nobody has asked yet.
    pub(crate) async fn know_all(&self) -> Result<()> {
        let is_unknown = |entry: &Arc<Entry>| entry.declared().is_none() && entry.failure().is_none();
        let entries = self.entries();
        entries.iter().for_each(|entry| entry.look_again());
        if entries.iter().any(is_unknown) {
            self.initialize().await?;
        }
        Ok(())
    }

    /// Returns every known provider, in order of registration. Starts nothing, does no I/O.
    pub fn providers(&self) -> Vec<Provider> {
        self.entries().iter().map(|entry| self.provider(Arc::clone(entry))).collect()
    }

    /// Returns the providers that can do something of a capability: it is declared, and neither a key nor an
    /// engine is lacking for it. Starts nothing, does no I/O.
    pub fn providers_by_capability(&self, capability: &Capability) -> Vec<Provider> {
        let can = |entry: &&Arc<Entry>| entry.can(capability);
        self.entries().iter().filter(can).map(|entry| self.provider(Arc::clone(entry))).collect()
    }

    /// Returns the ids of the providers whose declaration is known and valid, and that can do something.
    pub fn available_providers(&self) -> Vec<ProviderId> {
        self.entries().iter().filter_map(|entry| entry.usable().map(|info| info.id.clone())).collect()
    }

    /// Returns figures. Starts nothing, does no I/O.
    pub fn stats(&self) -> RegistryStats {
        let entries = self.entries();
        let mut stats = RegistryStats { total_providers: entries.len(), ..RegistryStats::default() };
        for entry in &*entries {
            let running = entry.plugin_if_made().is_some_and(|plugin| plugin.stats().pid.is_some());
            stats.running_providers += usize::from(running);
            let Some(info) = entry.usable() else { continue };
            stats.available_providers += 1;
            stats.models += info.models.len();
            for capability in info.capabilities.iter().filter(|capability| entry.can(capability)) {
                *stats.by_capability.entry(capability.clone()).or_default() += 1;
            }
        }
        stats
    }

    /// Stops every provider's process, gracefully where it listens, and the services that this program owns,
    /// unless others use them. The registry can be used again.
    pub async fn shutdown(&self) {
        let mut all = self.entries().to_vec();
        all.extend(self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner).values().cloned());
        all.extend(self.0.unlisted.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade));
        // To stop what is stopped already does nothing.
        let stops = join_all(all.iter().filter_map(|entry| entry.plugin_if_made()).map(|plugin| plugin.stop()));
        let memory = &self.0.around.routing.memory;
        // Most of what is to be written is known by now, and the disk takes as long as the plugins do.
        join(stops, memory.flush()).await;
        memory.flush().await;
        self.0.around.services.keeper.shutdown().await;
    }
}

impl Inner {
    /// Remembers what is not among the providers, as long as somebody holds it.
    fn unlisted(&self, entry: &Arc<Entry>) {
        let mut unlisted = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        unlisted.retain(|entry| entry.strong_count() > 0);
        unlisted.push(Arc::downgrade(entry));
    }
}

/// Adds an entry: the user's own come before what came with the program.
fn enlist(entries: &mut Vec<Arc<Entry>>, entry: Arc<Entry>) {
    let is_bundled = |entry: &Arc<Entry>| matches!(entry.origin, Origin::Bundled(..));
    let bundled = if is_bundled(&entry) { None } else { entries.iter().position(is_bundled) };
    entries.insert(bundled.unwrap_or(entries.len()), entry);
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Registry").field(&self.known_ids()).finish()
    }
}
