//! The measurements, each through a registry of its own.

mod builds;
mod calls;
mod loads;
mod media;
mod plugins;
mod queries;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use prizm_registry::{Config, Model, Provider, Registry, Result};
use serde_json::{Map, Value};

use crate::settings::Settings;

/// What is said: a hundred plain characters.
const SAID: &str =
    "The quick brown fox jumps over the lazy dog; The quick brown fox jumps over the lazy dog; The quick ";
/// What is trusted: everything that a measurement makes.
const CONFIG: &str = "[policy]\nallow = [\"file:///**\"]\n";

/// Measures what is asked for; the names of other hosts' measurements are left to them.
pub async fn all(settings: &Settings, figures: &mut Map<String, Value>) -> Result<()> {
    for metric in &settings.metrics {
        let (name, value) = match metric.as_str() {
            "idle" if settings.idle_n > 0 => ("idle", plugins::idle(settings).await?),
            "cold" => ("cold_ms", plugins::cold(settings).await?),
            "crash" => ("crash_us", plugins::crash(settings).await?),
            "grow-plugins" => ("grow_plugins", plugins::grow(settings).await?),
            "seq" => ("seq_us", calls::one_by_one(settings).await?),
            "tput" => ("tput", calls::at_once(settings).await?),
            "grow-inflight" => ("grow_inflight", calls::grow(settings).await?),
            "bulk" => ("bulk", media::bulk(settings).await?),
            "bulk-files" => ("bulk_files", media::files(settings).await?),
            "take" => ("take", media::take(settings).await?),
            "grow-media" => ("grow_media", media::grow(settings).await?),
            "query" => ("query_us", queries::query(settings).await?),
            "warm" => ("warm_ms", loads::warm(settings).await?),
            "grow-loads" => ("grow_loads", loads::grow(settings).await?),
            "build" => ("build", builds::build(settings).await?),
            _ => continue,
        };
        figures.insert(name.to_owned(), value);
    }
    Ok(())
}

/// A registry with a home of its own, where it must be told nothing.
struct Bench {
    registry: Registry,
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        // Where that is there, files of jobs are in memory, as those of the peers are.
        let base = Path::new("/dev/shm");
        let directory =
            if base.is_dir() { tempfile::tempdir_in(base) } else { tempfile::tempdir() }.expect("a directory");
        Self { registry: registry(&directory.path().join("home")), directory }
    }

    /// Returns a path beside the home, on the same file system.
    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn provider(&self, settings: &Settings, number: usize) -> Result<Provider> {
        let id = format!("seam-{number}");
        self.registry.register(&id, settings.plugin(&id))?;
        self.registry.get_provider(&id).await
    }

    /// Returns a provider that has answered once.
    async fn started(&self, settings: &Settings) -> Result<Provider> {
        let provider = self.provider(settings, 0).await?;
        echo(&provider.model("echo")?).await?;
        Ok(provider)
    }
}

/// Makes another registry of a home.
fn registry(home: &Path) -> Registry {
    let config = Config::from_toml(CONFIG).expect("a configuration");
    Registry::builder().home(home).config(config).project(None).profile(None).build().expect("a registry")
}

async fn echo(model: &Model) -> Result<()> {
    let said = model.transform(SAID).await?;
    assert_eq!(said.as_text(), Some(SAID));
    Ok(())
}

fn own() -> u32 {
    std::process::id()
}

fn pid(provider: &Provider) -> u32 {
    provider.stats().pid.expect("a process that runs")
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Returns the steps from one to a most, each some times the one before.
fn steps(times: usize, most: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1), move |step| Some(step * times)).take_while(move |step| *step <= most)
}
