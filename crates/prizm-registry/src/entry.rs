//! One provider that the registry knows: where it comes from, what it declared, its plugin.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use prizm_host::{Expected, Plugin, PluginCommand, PluginSpec, ProviderInfo, Tap, validate};
use prizm_install::{Identifier, Installed, Request};
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{Manifest, PROTOCOL_VERSION, ProviderId};
use serde_json::{Map, Value};

use crate::blocking::blocking;
use crate::bundled::BundledOrigin;
use crate::config::ProviderConfig;
use crate::surroundings::Surroundings;
use crate::validator::from_store;
use crate::{Error, ErrorKind, Result};

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
    /// What the cache holds, once it has been looked into.
    cached: OnceLock<Option<Arc<ProviderInfo>>>,
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
            cached: OnceLock::new(),
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
    pub(crate) async fn plugin(&self, around: &Surroundings) -> Result<&Plugin> {
        let asked = Instant::now();
        if let Some(plugin) = self.plugin.get() {
            return Ok(plugin);
        }
        let _turn = self.turn.lock().await;
        if let Some(plugin) = self.plugin.get() {
            return Ok(plugin);
        }
        if let Some(error) = self.failure_since(asked) {
            return Err(error);
        }
        let made = self.make_plugin(around).await.inspect_err(|error| self.failed(error))?;
        Ok(self.plugin.get_or_init(|| made))
    }

    /// Returns what it declares: from memory, from the cache, or by starting it.
    pub(crate) async fn info(&self, around: &Surroundings) -> Result<Arc<ProviderInfo>> {
        if let Some(info) = self.declared() {
            return Ok(info);
        }
        if let Some(info) = self.cached.get_or_init(|| self.read_cache(around)) {
            return Ok(self.remember(Arc::clone(info)));
        }
        let learned = async {
            match self.frozen(around).await? {
                Some(info) => Ok(info),
                None => Ok(self.plugin(around).await?.start().await?),
            }
        };
        let info = learned.await.inspect_err(|error| self.failed(error))?;
        self.write_cache(around, &info);
        Ok(self.remember(info))
    }

    /// Returns what it declared when it was installed: no process is started for it.
    async fn frozen(&self, around: &Surroundings) -> Result<Option<Arc<ProviderInfo>>> {
        let Origin::Identifier(located) = &self.origin else { return Ok(None) };
        let asked = Instant::now();
        let _turn = self.turn.lock().await;
        if let Some(error) = self.failure_since(asked) {
            return Err(error);
        }
        let installed = self.install(located, around).await.inspect_err(|error| self.failed(error))?;
        let Some(declaration) = &installed.declaration else { return Ok(None) };
        let expected = self.expected(installed.manifest.clone());
        let valid = validate::validate(declaration, &[PROTOCOL_VERSION], &expected);
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
        info
    }

    /// Replaces its settings; those that its running process refuses are not kept.
    pub(crate) async fn configure(&self, settings: Map<String, Value>) -> Result<()> {
        let _turn = self.turn.lock().await;
        if let Some(plugin) = self.plugin.get() {
            let params = ConfigureParams { config: settings.clone(), ..ConfigureParams::default() };
            if let Err(error) = plugin.configure(params).await {
                // The plugin holds on to what it was given last, for its next start.
                let _ = plugin.configure(self.params()).await;
                return Err(error.into());
            }
        }
        self.config.write().unwrap_or_else(PoisonError::into_inner).settings = settings;
        Ok(())
    }

    /// Returns what the configuration says of it.
    pub(crate) fn config(&self) -> ProviderConfig {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns its settings.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).settings.clone()
    }

    fn params(&self) -> ConfigureParams {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        ConfigureParams { config: config.settings.clone(), ..ConfigureParams::default() }
    }

    async fn make_plugin(&self, around: &Surroundings) -> Result<Plugin> {
        self.check_settings(around).await?;
        let (command, manifest) = self.command(around).await?;
        let command = match &manifest {
            Some(manifest) => self.grant(command, manifest),
            None => command,
        };
        let work_dir = around.work().await?.path().to_owned();
        let spec = PluginSpec {
            expected: self.expected(manifest),
            work_dir,
            timing: around.timing,
            tap: self.tap.clone(),
            ..PluginSpec::new(command)
        };
        let plugin = Plugin::new(spec);
        plugin.configure(self.params()).await?;
        Ok(plugin)
    }

    /// What the user set for an id is not given to whoever calls itself so.
    async fn check_settings(&self, around: &Surroundings) -> Result<()> {
        let (Origin::Identifier(located), Some(id)) = (&self.origin, &self.id) else { return Ok(()) };
        let (names, source) = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            let names: Vec<_> = config.settings.keys().chain(&config.grant_env).cloned().collect();
            let source = located.identifier.source();
            if !located.claimed || names.is_empty() || config.given_to.as_ref() == Some(&source) {
                return Ok(());
            }
            (names, source)
        };
        Ok(around.installer().await?.approve_settings(id.as_str(), &source, names).await?)
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
            Origin::Identifier(located) => {
                let Installed { root, argv, manifest, .. } = self.install(located, around).await?;
                let mut argv = argv.iter();
                let program = argv.next().cloned().unwrap_or_default();
                let command = PluginCommand::new(program).args(argv).root(root);
                Ok((if located.link { command } else { from_store(command) }, manifest.clone()))
            }
        }
    }

    /// Installs what an identifier names, once.
    async fn install(&self, located: &Located, around: &Surroundings) -> Result<&Installed> {
        let install = || async {
            let request = Request {
                link: located.link,
                for_author: self.tap.is_some(),
                own: located.own,
                ..around.request(&located.identifier, &around.pins())
            };
            Ok(around.installer().await?.install(&request).await?)
        };
        self.installed.get_or_try_init(install).await
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

    /// Where the declaration of a provider that cannot change unnoticed is kept.
    fn cache_file(&self, around: &Surroundings) -> Option<PathBuf> {
        let Origin::Bundled(manifest, origin) = &self.origin else { return None };
        let mut hasher = blake3::Hasher::new();
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        match origin {
            BundledOrigin::Command { stamp, .. } => {
                hasher.update(stamp.as_bytes());
            }
            BundledOrigin::Files(files) => {
                for (path, bytes) in files.0 {
                    hasher.update(path.as_bytes()).update(&[0]).update(blake3::hash(bytes).as_bytes());
                }
            }
        }
        let name = format!("{}-{}.json", manifest.provider.id, &hasher.finalize().to_hex()[..32]);
        Some(around.home.join("cache/declarations").join(name))
    }

    fn read_cache(&self, around: &Surroundings) -> Option<Arc<ProviderInfo>> {
        let Origin::Bundled(manifest, _) = &self.origin else { return None };
        let bytes = fs::read(self.cache_file(around)?).ok()?;
        let declaration: Declaration = serde_json::from_slice(&bytes).ok()?;
        let expected = self.expected(Some((**manifest).clone()));
        validate::validate(&declaration, &[PROTOCOL_VERSION], &expected).ok().map(Arc::new)
    }

    fn write_cache(&self, around: &Surroundings, info: &ProviderInfo) {
        let Some(path) = self.cache_file(around) else { return };
        let written = (|| {
            let directory = path.parent().unwrap_or(&around.home);
            fs::create_dir_all(directory)?;
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer(&mut file, &*info.declaration)?;
            file.persist(&path).map_err(|error| error.error)?;
            std::io::Result::Ok(())
        })();
        if let Err(error) = written {
            tracing::debug!(path = %path.display(), %error, "the declaration is not cached");
        }
    }
}
