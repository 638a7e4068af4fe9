//! How a registry is made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prizm_host::Timing;
use prizm_install::{
    Approver, BuildOptions, FetchOptions, Identifier, Limits, Lockfile, Mode, Policy, Reporter, Sources,
};

use crate::config::{SourcesConfig, home};
use crate::entry::{Located, Origin};
use crate::keyring::{Keyring, Keys, PlatformKeyring};
use crate::route::{Memory, Routing};
use crate::services::Services;
use crate::surroundings::Surroundings;
use crate::transform::LONGEST;
use crate::{Bundled, BundledService, Config, Embedded, Error, ErrorKind, Keeper, Registry, Result};

/// Makes a [`Registry`].
#[derive(Default)]
pub struct RegistryBuilder {
    home: Option<PathBuf>,
    config: Option<Config>,
    timing: Timing,
    bundled: Vec<Bundled>,
    reporter: Option<Arc<dyn Reporter>>,
    approver: Option<Arc<dyn Approver>>,
    mode: Mode,
    project: Option<Option<PathBuf>>,
    profile: Option<Option<String>>,
    services: Vec<BundledService>,
    keeper: Option<Keeper>,
    keyring: Option<Arc<dyn Keyring>>,
}

impl RegistryBuilder {
    /// Sets the directory of all state; by default `PRIZM_HOME`, else the platform's data directory.
    #[must_use]
    pub fn home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// Sets the configuration; by default `config.toml` in the home is read.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Adds a provider that comes with the program.
    #[must_use]
    pub fn bundled(mut self, bundled: Bundled) -> Self {
        self.bundled.push(bundled);
        self
    }

    /// Sets how long nobody may use a provider before its process is stopped; 5 minutes by default.
    #[must_use]
    pub fn idle_stop(mut self, idle: Duration) -> Self {
        self.timing.idle_stop = idle;
        self
    }

    /// Sets all times at once.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Sets who answers questions of trust: may a new source be loaded, may a provider have more than
    /// before? By default everything is refused that the configuration does not allow.
    #[must_use]
    pub fn approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// Sets whether locks may change, and whether the network may be used; by default both.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the directory in which the project is sought, upward: its `.prizm/config.toml` and its
    /// `prizm.lock`. By default the current directory; `None` for no project at all.
    #[must_use]
    pub fn project(mut self, directory: Option<PathBuf>) -> Self {
        self.project = Some(directory);
        self
    }

    /// Sets which profile of the configuration counts; by default the one that `PRIZM_PROFILE` names, if
    /// any. `None` for none.
    #[must_use]
    pub fn profile(mut self, profile: Option<String>) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Adds a service that comes with the program.
    #[must_use]
    pub fn bundled_service(mut self, service: BundledService) -> Self {
        self.services.push(service);
        self
    }

    /// Adds what comes with the program in a directory of its own.
    #[must_use]
    pub fn embedded(self, embedded: Embedded) -> Self {
        match embedded {
            Embedded::Provider(bundled) => self.bundled(*bundled),
            Embedded::Service(service) => self.bundled_service(*service),
        }
    }

    /// Sets who owns the services that are started; by default this program, and they stop with it.
    #[must_use]
    pub fn keeper(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Sets who keeps the keys that neither the configuration nor the environment has; by default the platform's
    /// keyring.
    #[must_use]
    pub fn keyring(mut self, keyring: Arc<dyn Keyring>) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Sets who hears of builds.
    #[must_use]
    pub fn reporter(mut self, reporter: Arc<dyn Reporter>) -> Self {
        self.reporter = Some(reporter);
        self
    }

    /// Makes the registry. No process is started and nothing is written.
    ///
    /// # Errors
    /// There is no home, or the configuration cannot be used.
    pub fn build(self) -> Result<Registry> {
        let home = match self.home {
            Some(home) => home,
            None => home()?,
        };
        let mut config = match self.config {
            Some(config) => config,
            None => Config::load(&home.join("config.toml"))?,
        };
        let of_environment = || std::env::var("PRIZM_PROFILE").ok().filter(|name| !name.is_empty());
        if let Some(profile) = self.profile.unwrap_or_else(of_environment) {
            config.select(&profile)?;
        }
        let here = self.project.unwrap_or_else(|| std::env::current_dir().ok());
        let project = here.as_deref().and_then(|here| Lockfile::find(here, &home));
        let mut of_project = Vec::new();
        if let Some(root) = project.as_deref().and_then(Path::parent) {
            of_project = config.add_project(&root.join(".prizm/config.toml"))?;
        }
        config.routing.check()?;
        let around = Surroundings {
            timing: bounded(self.timing),
            reporter: self.reporter.unwrap_or_else(|| Arc::new(())),
            approver: self.approver.unwrap_or_else(|| Arc::new(())),
            policy: policy(&home, &config)?,
            fetch: fetch_options(&config, self.mode),
            builds: BuildOptions { env: config.policy.build_env.clone(), python_sources: config.policy.python_sources },
            mode: self.mode,
            project,
            here,
            work: tokio::sync::OnceCell::new(),
            installer: tokio::sync::OnceCell::new(),
            services: Services::new(self.services, &config, self.keeper.unwrap_or_else(Keeper::here))?,
            routing: Routing { config: config.routing, memory: Arc::new(Memory::new(home.join("ledger.db"))) },
            keys: Keys::new(self.keyring.unwrap_or_else(|| Arc::new(PlatformKeyring))),
            home,
        };
        let registry = Registry::with(around);
        for bundled in self.bundled {
            let settings = config.providers.remove(bundled.id()).unwrap_or_default();
            if settings.source.is_some() {
                let message = format!("[providers.{}] has a `source`, but this provider is bundled", bundled.id());
                return Err(Error::new(ErrorKind::Config, message).hinted("give the other provider an id of its own"));
            }
            let id = bundled.id().clone();
            registry.keep_settings(id.clone(), settings.clone());
            registry.insert(id, Origin::Bundled(Box::new(bundled.manifest), bundled.origin), settings);
        }
        for (id, settings) in config.providers {
            // They hold for whoever is registered by this id later, too.
            registry.keep_settings(id.clone(), settings.clone());
            let Some(source) = &settings.source else { continue };
            let identifier: Identifier = source.parse().map_err(|error| {
                let error = Error::from(error);
                let hint = error.hint().unwrap_or("write a source such as `github:OWNER/REPO@TAG`").to_owned();
                Error::new(ErrorKind::Config, format!("[providers.{id}] source: {error}")).hinted(hint)
            })?;
            let own = !of_project.contains(&id);
            let located = Located { identifier, link: settings.link, own, claimed: !own };
            registry.insert(id, Origin::Identifier(located), settings);
        }
        registry.insert_pinned()?;
        Ok(registry)
    }
}

fn policy(home: &Path, config: &Config) -> Result<Policy> {
    let policy = Policy::new(home).allowing(&config.policy.allow)?.denying(&config.policy.deny)?;
    Ok(policy.requiring(config.policy.require_pin))
}

fn fetch_options(config: &Config, mode: Mode) -> FetchOptions {
    let mut limits = Limits::default();
    if let Some(size) = config.policy.max_size {
        limits.bytes = size.0;
    }
    let SourcesConfig { github, npm, plain_http, stall_seconds, total_seconds } = config.sources.clone();
    let seconds = |seconds: std::num::NonZeroU32| Duration::from_secs(seconds.get().into());
    limits.stall = stall_seconds.map_or(limits.stall, seconds);
    limits.total = total_seconds.map_or(limits.total, seconds);
    FetchOptions { sources: Sources { github, npm, plain_http }, limits, offline: mode.offline }
}

fn bounded(timing: Timing) -> Timing {
    Timing {
        initialize: timing.initialize.min(LONGEST),
        configure: timing.configure.min(LONGEST),
        configure_max: timing.configure_max.min(LONGEST),
        cancel_grace: timing.cancel_grace.min(LONGEST),
        query: timing.query.min(LONGEST),
        idle_stop: timing.idle_stop.min(LONGEST),
    }
}
