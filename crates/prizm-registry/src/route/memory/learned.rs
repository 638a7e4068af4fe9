//! What was learned of one candidate, and what of it is not written yet.

use std::mem::take;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard};

use prizm_route::{ModelSignals, Observation, ProviderSignals};

use super::lock;

/// What was learned of a model or a provider.
pub(crate) struct Learned<S> {
    pub(super) key: String,
    signals: Mutex<S>,
    fresh: Mutex<Vec<Observation>>,
    pub(crate) in_flight: AtomicU32,
}

/// What was learned of a model.
pub(crate) type ModelMemory = Learned<ModelSignals>;
/// What was learned of a provider.
pub(crate) type ProviderMemory = Learned<ProviderSignals>;

impl<S> Learned<S> {
    pub(super) fn new(key: String, signals: S) -> Self {
        Self { key, signals: Mutex::new(signals), fresh: Mutex::default(), in_flight: AtomicU32::new(0) }
    }

    pub(crate) fn signals(&self) -> MutexGuard<'_, S> {
        lock(&self.signals)
    }
}

/// Those of which something is not written yet.
pub(super) struct Unwritten<S>(Mutex<Vec<Arc<Learned<S>>>>);

impl<S> Default for Unwritten<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> Unwritten<S> {
    /// Keeps what was seen until it is written.
    pub(super) fn add(&self, learned: &Arc<Learned<S>>, seen: Observation) {
        let mut fresh = lock(&learned.fresh);
        let is_first = fresh.is_empty();
        fresh.push(seen);
        drop(fresh);
        if is_first {
            lock(&self.0).push(Arc::clone(learned));
        }
    }

    /// Takes what is to be written, by the key of its row.
    pub(super) fn take(&self) -> Vec<(Arc<Learned<S>>, Vec<Observation>)> {
        let all = take(&mut *lock(&self.0));
        let fresh = |learned: Arc<Learned<S>>| {
            let fresh = take(&mut *lock(&learned.fresh));
            (learned, fresh)
        };
        all.into_iter().map(fresh).collect()
    }
}
