//! What was learned of every candidate, by this program and by those before it.

mod budgets;
mod learned;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use prizm_ledger::Ledger;
use prizm_route::{Millis, ModelSignals, Observation, ProviderSignals};
use serde::de::DeserializeOwned;

pub use self::budgets::Recorded;
pub(crate) use self::budgets::{Made, Reservation};
use self::learned::{Learned, Unwritten};
pub(crate) use self::learned::{ModelMemory, ProviderMemory};
use super::now;
use crate::blocking::blocking;
use crate::{Error, ErrorKind, Result};

/// How long what was learned is kept together before it is written.
const TOGETHER: Duration = Duration::from_millis(200);
/// What parts a key: no id has it.
const PART: char = '\u{1f}';

/// What was learned, and the ledger that keeps it.
pub(crate) struct Memory {
    path: PathBuf,
    ledger: OnceLock<std::result::Result<Arc<Ledger>, Error>>,
    /// What the ledger held when it was opened, until somebody asks for it.
    rows: OnceLock<HashMap<String, String>>,
    models: Mutex<HashMap<String, Arc<ModelMemory>>>,
    providers: Mutex<HashMap<String, Arc<ProviderMemory>>>,
    /// The settings of each provider that were refused last, by their digests.
    refused: Mutex<HashMap<String, Option<u32>>>,
    unwritten_models: Unwritten<ModelSignals>,
    unwritten_providers: Unwritten<ProviderSignals>,
    unrecorded: Mutex<Vec<Made>>,
    unkept: Mutex<BTreeMap<String, String>>,
    /// Rows that were kept since the others were read.
    newer: Mutex<HashMap<String, String>>,
    is_writing: AtomicBool,
    /// Whoever flushes finds everything written that was taken to be written before.
    turn: tokio::sync::Mutex<()>,
    seed: AtomicU64,
}

/// What was learned of a model, for people.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct LearnedModel {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The capability.
    pub capability: String,
    /// How it has been.
    pub live: prizm_route::Live,
}

/// Somebody will write. Where their runtime ends before, somebody else does.
struct Writing(Arc<Memory>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.is_writing.store(false, Ordering::Release);
    }
}

/// A call that is under way.
pub(crate) struct InFlight(Arc<ModelMemory>, Arc<ProviderMemory>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.1.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Memory {
    /// Keeps what is learned in a file. It is opened when it is first needed.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            ledger: OnceLock::new(),
            rows: OnceLock::new(),
            models: Mutex::default(),
            providers: Mutex::default(),
            refused: Mutex::default(),
            unwritten_models: Unwritten::default(),
            unwritten_providers: Unwritten::default(),
            unrecorded: Mutex::default(),
            unkept: Mutex::default(),
            newer: Mutex::default(),
            is_writing: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            seed: AtomicU64::new(fastrand::u64(..)),
        }
    }

    /// Returns what stands for chance in the next choice.
    pub(crate) fn next_seed(&self) -> u64 {
        self.seed.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the ledger.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn ledger(&self) -> Result<&Arc<Ledger>> {
        let open = || Ledger::open(&self.path).map(Arc::new).map_err(|error| failed(&error));
        self.ledger.get_or_init(open).as_ref().map_err(Clone::clone)
    }

    /// Reads what was learned before, so that whoever asks for it does not wait. It blocks.
    pub(crate) fn read(&self) {
        self.rows();
    }

    fn rows(&self) -> &HashMap<String, String> {
        self.rows.get_or_init(|| {
            // Without a ledger one learns anew each time: no reason not to do the work.
            let read = self.ledger().and_then(|ledger| ledger.learned().map_err(|error| failed(&error)));
            read.map(|rows| rows.into_iter().collect()).unwrap_or_else(|error| {
                tracing::warn!("what was learned of providers cannot be read: {error}");
                HashMap::new()
            })
        })
    }

    fn known<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        self.rows().get(key).and_then(|row| serde_json::from_str(row).ok()).unwrap_or_default()
    }

    /// Returns what was learned of a model.
    pub(crate) fn model(&self, provider: &str, model: &str, capability: &str) -> Arc<ModelMemory> {
        let key = format!("model{PART}{provider}{PART}{model}{PART}{capability}");
        let mut models = lock(&self.models);
        let made = models.entry(key).or_insert_with_key(|key| {
            let signals = self.known(key);
            Arc::new(Learned::new(key.clone(), signals))
        });
        Arc::clone(made)
    }

    /// Returns what was learned of a provider.
    pub(crate) fn provider(&self, provider: &str) -> Arc<ProviderMemory> {
        let key = format!("provider{PART}{provider}");
        let mut providers = lock(&self.providers);
        let made = providers.entry(key).or_insert_with_key(|key| {
            let signals = self.known(key);
            Arc::new(Learned::new(key.clone(), signals))
        });
        Arc::clone(made)
    }

    /// Counts a call that begins.
    pub(crate) fn enter(model: &Arc<ModelMemory>, provider: &Arc<ProviderMemory>) -> InFlight {
        model.in_flight.fetch_add(1, Ordering::Relaxed);
        provider.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(model), Arc::clone(provider))
    }

    /// Learns from a call that ended.
    pub(crate) fn observe(
        self: &Arc<Self>,
        model: &Arc<ModelMemory>,
        provider: &Arc<ProviderMemory>,
        seen: Observation,
    ) {
        model.signals().observe(&seen);
        provider.signals().observe(&seen);
        self.unwritten_models.add(model, seen);
        self.unwritten_providers.add(provider, seen);
        self.write_soon();
    }

    /// Writes what there is to write, in a while: what comes until then is written with it.
    fn write_soon(self: &Arc<Self>) {
        if self.is_writing.swap(true, Ordering::AcqRel) {
            return;
        }
        let writing = Writing(Arc::clone(self));
        // Without a runtime nobody is there to write, and whoever comes next tries again.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(TOGETHER).await;
                let memory = Arc::clone(&writing.0);
                drop(writing);
                memory.flush().await;
            });
        }
    }

    /// Writes what was learned and decided since the last time.
    pub(crate) async fn flush(self: &Arc<Self>) {
        let _turn = self.turn.lock().await;
        let (models, providers) = (self.unwritten_models.take(), self.unwritten_providers.take());
        let unrecorded = std::mem::take(&mut *lock(&self.unrecorded));
        let unkept = std::mem::take(&mut *lock(&self.unkept));
        if models.is_empty() && providers.is_empty() && unrecorded.is_empty() && unkept.is_empty() {
            return;
        }
        let memory = Arc::clone(self);
        let _ = blocking(move || {
            for (model, seen) in &models {
                memory.change::<ModelSignals>(&model.key, |signals| seen.iter().for_each(|seen| signals.observe(seen)));
            }
            for (provider, seen) in &providers {
                let learn = |signals: &mut ProviderSignals| seen.iter().for_each(|seen| signals.observe(seen));
                memory.change(&provider.key, learn);
            }
            unrecorded.into_iter().for_each(|made| memory.write(made));
            unkept.into_iter().for_each(|(key, value)| memory.learn(&key, &mut |_| Some(value.clone())));
            Ok::<_, Error>(())
        })
        .await;
    }

    /// Changes a row of the ledger: others may have learned, too, since it was read.
    fn change<T: DeserializeOwned + serde::Serialize + Default>(&self, key: &str, change: impl Fn(&mut T)) {
        let mut written = |row: Option<&str>| {
            let mut state: T = row.and_then(|row| serde_json::from_str(row).ok()).unwrap_or_default();
            change(&mut state);
            serde_json::to_string(&state).ok()
        };
        self.learn(key, &mut written);
    }

    /// Changes a row of the ledger; where it cannot be, the work is done all the same.
    fn learn(&self, key: &str, change: &mut dyn FnMut(Option<&str>) -> Option<String>) {
        let learned = self.ledger().and_then(|ledger| ledger.learn(key, now(), change).map_err(|error| failed(&error)));
        if let Err(error) = learned {
            tracing::warn!("what was learned of a provider is not kept: {error}");
        }
    }

    /// Keeps a row as it is, such as prices that a provider told.
    pub(crate) fn keep(self: &Arc<Self>, kind: &str, name: &str, value: String) {
        let key = format!("{kind}{PART}{name}");
        lock(&self.newer).insert(key.clone(), value.clone());
        lock(&self.unkept).insert(key, value);
        self.write_soon();
    }

    /// Returns a row that was kept.
    pub(crate) fn kept<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Option<T> {
        let key = format!("{kind}{PART}{name}");
        if let Some(row) = lock(&self.newer).get(&key) {
            return serde_json::from_str(row).ok();
        }
        serde_json::from_str(self.rows().get(&key)?).ok()
    }

    /// Returns what was learned of every model, as it is now.
    pub(crate) fn learned(&self, at: Millis) -> Vec<LearnedModel> {
        let mut keys: Vec<String> = self.rows().keys().cloned().collect();
        keys.extend(lock(&self.models).keys().cloned());
        keys.sort_unstable();
        keys.dedup();
        let told = |key: String| {
            let parts: Vec<_> = key.split(PART).collect();
            let &["model", provider, model, capability] = parts.as_slice() else { return None };
            let mut live = prizm_route::Live::default();
            let memory = self.model(provider, model, capability);
            let signals = memory.signals();
            signals.fill(at, 1000, &mut live);
            live.latency = signals.usual_latency();
            drop(signals);
            self.provider(provider).signals().fill(at, &mut live);
            let name = |part: &str| part.to_owned();
            Some(LearnedModel { provider: name(provider), model: name(model), capability: name(capability), live })
        };
        keys.into_iter().filter_map(told).collect()
    }
}

fn failed(error: &prizm_ledger::LedgerError) -> Error {
    Error::new(ErrorKind::Io, error.to_string()).at("ledger")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
