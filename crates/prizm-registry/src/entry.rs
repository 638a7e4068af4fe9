//! One provider that the registry knows: where it comes from, what it declared, its plugin.

mod declarations;
mod keys;
mod models;
mod offering;
mod source;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use futures_util::future::BoxFuture;
use prizm_host::{Expected, Plugin, PluginCommand, PluginSpec, ProviderInfo, State, Tap, validate};
use prizm_install::{Identifier, Installed};
use prizm_protocol::methods::health::Health;
use prizm_protocol::{Manifest, PROTOCOL_VERSION, ProviderId};
use serde_json::{Map, Value};

use crate::blocking::blocking;
use crate::bundled::BundledOrigin;
use crate::config::ProviderConfig;
use crate::needs::Wanted;
use crate::route::Offers;
use crate::surroundings::Surroundings;
use crate::wiring::{Served, Wiring};
use crate::{Error, ErrorKind, Lack, Result};
use keys::{Found, with_keys};
use source::Source;

/// Where a provider comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// `register(id, command)`.
    Registered(PluginCommand),
    /// It came with the program.
    Bundled(Box<Manifest>, BundledOrigin),
    /// An identifier, from the configuration, a lock or `get_provider`.
    Identifier(Located),
}

/// Where an identifier was read, and how it is to be loaded.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) identifier: Identifier,
    /// Run a directory in place.
    pub(crate) link: bool,
    /// The user named it; else a project did.
    pub(crate) own: bool,
    /// Somebody else than the user gave it its id: it itself, in a lock, or a project.
    pub(crate) claimed: bool,
}

impl Origin {
    /// Returns how people write it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Registered(command) => format!("command: {command}"),
            Self::Bundled(..) => "bundled".to_owned(),
            Self::Identifier(located) => located.identifier.to_string(),
        }
    }
}

/// A provider that the registry knows.
pub(crate) struct Entry {
    pub(crate) id: Option<ProviderId>,
    pub(crate) origin: Origin,
    config: RwLock<ProviderConfig>,
    /// Who hears all that passes: its author, for whom it is built then.
    tap: Option<Tap>,
    plugin: OnceLock<Plugin>,
    /// Held while the plugin is made or configured, so that neither misses the other.
    turn: tokio::sync::Mutex<()>,
    declared: RwLock<Option<Arc<ProviderInfo>>>,
    /// Why it could not be loaded, and when that was found.
    failure: RwLock<Option<(Instant, Error)>>,
    /// What an identifier led to.
    installed: tokio::sync::OnceCell<Installed>,
    /// What is kept of what it declared, once that has been looked for.
    kept: OnceLock<Option<Arc<ProviderInfo>>>,
    /// What its settings and its manifest say of services, once both are known.
    wiring: RwLock<Option<Arc<Wiring>>>,
    /// What its models offer, as it was declared last.
    offers: RwLock<Option<Arc<Offers>>>,
    /// What it lacks, as far as that has been looked for.
    lacks: RwLock<Arc<[Lack]>>,
    /// What the keyring has for it, once that has been looked into.
    keys: RwLock<Option<Arc<Found>>>,
}

impl Entry {
    pub(crate) fn new(id: Option<ProviderId>, origin: Origin, config: ProviderConfig) -> Self {
        Self {
            id,
            origin,
            config: RwLock::new(config),
            tap: None,
            plugin: OnceLock::new(),
            turn: tokio::sync::Mutex::default(),
            declared: RwLock::default(),
            failure: RwLock::default(),
            installed: tokio::sync::OnceCell::new(),
            kept: OnceLock::new(),
            wiring: RwLock::default(),
            offers: RwLock::default(),
            lacks: RwLock::default(),
            keys: RwLock::default(),
        }
    }

    /// Builds it for its author, who listens.
    pub(crate) fn tapped(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// Returns what it declared, where that is known.
    pub(crate) fn declared(&self) -> Option<Arc<ProviderInfo>> {
        self.declared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns why it could not be loaded the last time that was tried.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, error)| error.clone())
    }

    /// Returns why it could not be loaded, where that was found after `asked`.
    fn failure_since(&self, asked: Instant) -> Option<Error> {
        let failure = self.failure.read().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().filter(|(at, _)| *at >= asked).map(|(_, error)| error.clone())
    }

    fn failed(&self, error: &Error) {
        *self.failure.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error.clone()));
    }

    /// Returns its plugin, where it has been needed.
    pub(crate) fn plugin_if_made(&self) -> Option<&Plugin> {
        self.plugin.get()
    }

    /// Returns what its identifier led to, where it has been loaded.
    pub(crate) fn installed(&self) -> Option<&Installed> {
        self.installed.get()
    }

    /// Keeps what its identifier led to.
    pub(crate) fn found(&self, installed: Installed) {
        // What is there already is the same.
        let _ = self.installed.set(installed);
    }

    /// Returns its manifest, where it has one that has been read.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match &self.origin {
            Origin::Bundled(manifest, _) => Some(manifest),
            Origin::Registered(_) => None,
            Origin::Identifier(_) => self.installed()?.manifest.as_ref(),
        }
    }

    /// Makes its plugin, once, without starting it. Those who ask meanwhile share what comes of it,
    /// a failure too: a build that fails is not repeated for each of them.
    pub(crate) async fn plugin<'a>(&'a self, around: &'a Surroundings) -> Result<&'a Plugin> {
        match self.plugin.get() {
            Some(plugin) => Ok(plugin),
            None => self.made(around).await,
        }
    }

    /// Boxed: it is large, and done once.
    fn made<'a>(&'a self, around: &'a Surroundings) -> BoxFuture<'a, Result<&'a Plugin>> {
        let asked = Instant::now();
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            if let Some(plugin) = self.plugin.get() {
                return Ok(plugin);
            }
            if let Some(error) = self.failure_since(asked) {
                return Err(error);
            }
            let made = self.make_plugin(around).await.inspect_err(|error| self.failed(error))?;
            Ok(self.plugin.get_or_init(|| made))
        })
    }

    /// Returns what it declares: from memory, from the cache, or by starting it.
    pub(crate) async fn info(&self, around: &Surroundings) -> Result<Arc<ProviderInfo>> {
        if let Some(info) = self.declared() {
            self.look_again();
            return Ok(info);
        }
        self.find_keys(around).await;
        let kept = self.kept.get_or_init(|| self.read_kept(around)).clone();
        let learned = async {
            let info = match kept {
                Some(info) => Some(info),
                None => self.frozen(around).await?,
            };
            match info {
                Some(info) if self.models_follow() => self.models_for(around, info).await,
                Some(info) => Ok(info),
                None => {
                    let info = self.plugin(around).await?.start().await?;
                    self.keep(around, &info);
                    Ok(info)
                }
            }
        };
        let info = learned.await.inspect_err(|error| self.failed(error))?;
        // Whoever chooses must know what it has, and does not wait.
        self.find_keys(around).await;
        Ok(self.remember(info))
    }

    /// Returns what it declared when it was installed: no process is started for it.
    async fn frozen(&self, around: &Surroundings) -> Result<Option<Arc<ProviderInfo>>> {
        let Some(source) = self.origin.source() else { return Ok(None) };
        let asked = Instant::now();
        let _turn = self.turn.lock().await;
        if let Some(error) = self.failure_since(asked) {
            return Err(error);
        }
        let installed = self.install(source, around).await.inspect_err(|error| self.failed(error))?;
        let Some(declaration) = &installed.declaration else { return Ok(None) };
        let expected = self.expected(installed.manifest.clone());
        let valid = validate::validate_kept(declaration, &[PROTOCOL_VERSION], &expected);
        valid.map(|info| Some(Arc::new(info))).map_err(|violations| {
            let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
            Error::new(ErrorKind::Plugin, format!("the provider is not valid: {}", violations.join("; ")))
                .at("validate")
                .hinted("its author, or the configuration that names it, must be corrected")
        })
    }

    /// Replaces what is known of it.
    pub(crate) fn remember(&self, info: Arc<ProviderInfo>) -> Arc<ProviderInfo> {
        *self.failure.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.declared.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&info));
        self.look();
        info
    }

    /// Replaces its settings; those that its running process refuses are not kept. A process whose provider
    /// needs services is told at the next use, with where they are.
    pub(crate) async fn configure(&self, around: &Surroundings, settings: Map<String, Value>) -> Result<()> {
        let _turn = self.turn.lock().await;
        let found = Arc::new(self.look_up_keys(around, &settings).await.unwrap_or_else(|found| found));
        if self.plugin.get().is_some() {
            self.check_given(around, found.keys().cloned().collect()).await?;
        }
        let given = with_keys(settings.clone(), &found);
        let wiring = Arc::new(Wiring::new(Wanted::of(&given, self.manifest())?));
        if let Some(plugin) = self.plugin.get()
            && !wiring.needs_services()
            && let Err(error) = plugin.configure(wiring.params()).await
        {
            // The plugin holds on to what it was given last, for its next start.
            if let Ok(before) = self.wiring() {
                let _ = plugin.configure(before.params()).await;
            }
            return Err(error.into());
        }
        let followed = self.followed();
        self.config.write().unwrap_or_else(PoisonError::into_inner).settings = settings;
        self.keep_keys(found);
        *self.failure.write().unwrap_or_else(PoisonError::into_inner) = None;
        if followed != self.followed() {
            *self.declared.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        *self.wiring.write().unwrap_or_else(PoisonError::into_inner) = self.plugin.get().map(|_| wiring);
        Ok(())
    }

    /// Returns what it is given, and which services that takes. Until it has a plugin, its manifest may not
    /// be known.
    fn wiring(&self) -> Result<Arc<Wiring>> {
        if let Some(wiring) = &*self.wiring.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(wiring));
        }
        let wiring = Arc::new(Wiring::new(self.wanted()?));
        if self.plugin.get().is_some() {
            *self.wiring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&wiring));
        }
        Ok(wiring)
    }

    /// Returns its plugin where that runs and needs no service: a call can begin.
    pub(crate) fn at_hand(&self) -> Option<&Plugin> {
        let plugin = self.plugin.get().filter(|plugin| plugin.state() == State::Ready)?;
        let wiring = self.wiring.read().unwrap_or_else(PoisonError::into_inner);
        wiring.as_ref().is_some_and(|wiring| !wiring.needs_services()).then_some(plugin)
    }

    /// Makes its plugin, waits until the services that it needs are ready, and tells it where they are. They
    /// run at least as long as what is returned is held.
    pub(crate) async fn serve<'a>(&'a self, around: &'a Surroundings) -> Result<(&'a Plugin, Served)> {
        let plugin = self.plugin(around).await?;
        let served = self.wiring()?.serve(plugin, around).await?;
        Ok((plugin, served))
    }

    /// Makes the health of its plugin that of its services, too.
    pub(crate) fn weigh(&self, health: Health) -> Result<Health> {
        self.wiring()?.weigh(health)
    }

    /// Returns what the configuration says of it.
    pub(crate) fn config(&self) -> ProviderConfig {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns its settings.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).settings.clone()
    }

    async fn make_plugin(&self, around: &Surroundings) -> Result<Plugin> {
        let (command, manifest) = self.command(around).await?;
        let found = self.find_keys(around).await;
        let config = self.config();
        let names = config.settings.keys().chain(&config.grant_env).chain(found.keys());
        self.check_given(around, names.cloned().collect()).await?;
        let command = match &manifest {
            Some(manifest) => self.grant(command, manifest),
            None => command,
        };
        let work_dir = around.work().await?.path().to_owned();
        // Read while the process starts: the first call looks into it. Its directory is there by now.
        let memory = Arc::clone(&around.routing.memory);
        tokio::task::spawn_blocking(move || memory.read());
        let secrets = manifest.iter().flat_map(|manifest| manifest.keys.keys().cloned()).collect();
        let spec = PluginSpec {
            secrets,
            work_dir,
            models_follow: manifest.as_ref().map(|all| all.provider.models_follow.clone()).unwrap_or_default(),
            timing: around.timing,
            tap: self.tap.clone(),
            expected: self.expected(manifest),
            ..PluginSpec::new(command)
        };
        let plugin = Plugin::new(spec);
        plugin.configure(self.wiring()?.params()).await?;
        Ok(plugin)
    }

    fn expected(&self, manifest: Option<Manifest>) -> Expected {
        match manifest {
            Some(manifest) => Expected {
                id: Some(self.id.clone().unwrap_or(manifest.provider.id)),
                capabilities: Some(manifest.provider.capabilities),
            },
            None => Expected { id: self.id.clone(), capabilities: None },
        }
    }

    /// Returns the command that starts it, and its manifest, installing it if need be.
    pub(crate) async fn command(&self, around: &Surroundings) -> Result<(PluginCommand, Option<Manifest>)> {
        match &self.origin {
            Origin::Registered(command) => Ok((command.clone(), None)),
            Origin::Bundled(manifest, BundledOrigin::Command { command, .. }) => {
                Ok((command.clone(), Some((**manifest).clone())))
            }
            Origin::Bundled(manifest, BundledOrigin::Files(files)) => {
                let (store, files) = (around.installer().await?.store().clone(), *files);
                let (id, version) = (manifest.provider.id.clone(), manifest.provider.version.to_string());
                let root = blocking(move || store.unpack(&id, &version, files.0)).await?;
                let argv = manifest.run.as_ref().map(|run| run.command.clone()).unwrap_or_default();
                let mut argv = argv.into_iter();
                let program = argv.next().ok_or_else(|| {
                    Error::new(
                        ErrorKind::Config,
                        format!("the bundled provider `{}` has no [run] command", manifest.provider.id),
                    )
                })?;
                Ok((PluginCommand::new(program).args(argv).root(root), Some((**manifest).clone())))
            }
            Origin::Bundled(manifest, BundledOrigin::Project(files)) => {
                self.installed_command(Source::Project(manifest, files), around).await
            }
            Origin::Identifier(located) => self.installed_command(Source::Located(located), around).await,
        }
    }

    /// Grants the environment variables that the manifest asks for and the user allows.
    fn grant(&self, command: PluginCommand, manifest: &Manifest) -> PluginCommand {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        let granted = manifest.permissions.env.iter().filter(|name| config.grant_env.contains(name));
        granted.fold(command, |command, name| match std::env::var_os(name) {
            Some(value) => command.grant_env(name, value),
            None => command,
        })
    }
}
