//! Builds and starts the provider, and says what came of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prizm_registry::{Location, Provider, ProviderInfo, Registry};
use serde_json::{Map, Value};

use super::event::Ready;
use super::job::row;
use super::screen::Screen;
use super::wire::{Times, tap};
use crate::commands::models;
use crate::failure::Failure;

/// The settings that the author has given.
pub(super) type Settings = Arc<Mutex<Map<String, Value>>>;

/// A provider with a process that runs.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) provider: Provider,
    info: Arc<ProviderInfo>,
    times: Arc<Mutex<Times>>,
    built: Option<Duration>,
    started: Duration,
}

/// Makes providers of one directory.
#[derive(Clone)]
pub(super) struct Builder {
    pub(super) registry: Registry,
    pub(super) directory: PathBuf,
    pub(super) settings: Settings,
    pub(super) screen: Screen,
}

impl Builder {
    /// Builds the directory, starts its provider beside the one that runs, and shakes hands with it.
    pub(super) async fn build(self) -> Result<Served, Failure> {
        let begun = Instant::now();
        let (tap, times) = tap(&self.screen);
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let provider = self.registry.develop(&self.directory, settings, tap).await?;
        let built = begun.elapsed();
        start(provider, times, Some(built)).await
    }
}

async fn start(provider: Provider, times: Arc<Mutex<Times>>, built: Option<Duration>) -> Result<Served, Failure> {
    let begun = Instant::now();
    let info = provider.start().await?;
    Ok(Served { provider, info, times, built, started: begun.elapsed() })
}

impl Served {
    /// Tells whether it was built, and is not just started anew.
    pub(super) fn is_built(&self) -> bool {
        self.built.is_some()
    }

    /// Stops its process, and starts another of the same build.
    pub(super) async fn restart(self) -> Result<Self, Failure> {
        self.provider.stop().await;
        start(self.provider, self.times, None).await
    }

    /// Says what it is, and how long it took; whether that is news depends on the one before.
    pub(super) fn ready(&self, before: Option<&Self>, directory: &Path) -> Ready {
        let info = &self.info;
        let models = self.provider.models();
        Ready {
            id: info.id.to_string(),
            name: info.name.clone(),
            version: info.version.to_string(),
            location: Location::as_str(info.location),
            url: url_of(&self.provider, directory),
            pid: self.provider.stats().pid,
            models: models.iter().map(row).collect(),
            described: models.iter().map(|model| models::describe(model, false)).collect(),
            built: self.built,
            started: self.started,
            times: *self.times.lock().unwrap_or_else(PoisonError::into_inner),
            is_news: before.is_none_or(|before| before.info.declaration != info.declaration),
        }
    }
}

fn url_of(provider: &Provider, directory: &Path) -> String {
    let source = provider.source();
    if source.starts_with("file:") { source } else { directory.display().to_string() }
}
