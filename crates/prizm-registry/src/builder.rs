//! How a registry is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prizm_host::Timing;
use prizm_install::{Identifier, Reporter};

use crate::config::home;
use crate::entry::{Origin, Surroundings};
use crate::transform::LONGEST;
use crate::{Bundled, Config, Error, ErrorKind, Registry, Result};

/// Makes a [`Registry`].
#[derive(Default)]
pub struct RegistryBuilder {
    home: Option<PathBuf>,
    config: Option<Config>,
    timing: Timing,
    bundled: Vec<Bundled>,
    reporter: Option<Arc<dyn Reporter>>,
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
        let around = Surroundings::new(home, bounded(self.timing), self.reporter.unwrap_or_else(|| Arc::new(())));
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
                let hint = error.hint().unwrap_or("a source is a `file:///` directory").to_owned();
                Error::new(ErrorKind::Config, format!("[providers.{id}] source: {error}")).hinted(hint)
            })?;
            registry.insert(id, Origin::Identifier(identifier), settings);
        }
        Ok(registry)
    }
}

fn bounded(timing: Timing) -> Timing {
    Timing {
        initialize: timing.initialize.min(LONGEST),
        configure: timing.configure.min(LONGEST),
        cancel_grace: timing.cancel_grace.min(LONGEST),
        query: timing.query.min(LONGEST),
        idle_stop: timing.idle_stop.min(LONGEST),
    }
}
