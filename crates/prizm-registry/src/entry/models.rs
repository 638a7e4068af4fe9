//! Lists of models that depend on settings, kept so that a provider need not be started to be known.

use std::sync::Arc;

use prizm_host::ProviderInfo;
use prizm_protocol::Model;
use serde::{Deserialize, Serialize};

use super::Entry;
use crate::route::{FRESH, PRICES, Told, now};
use crate::surroundings::Surroundings;

/// The kind of row that keeps a list of models.
const MODELS: &str = "models";

/// What a provider said that it has, for what it was given.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: u64,
    given: String,
    models: Vec<Model>,
}

impl Entry {
    /// Returns whether its settings are such that its models are not those that it declares.
    pub(super) fn models_follow(&self) -> bool {
        !self.followed().is_empty()
    }

    /// Returns a digest of the settings that its models depend on; nothing where none is given.
    fn followed(&self) -> String {
        let Some(manifest) = self.manifest() else { return String::new() };
        let settings = self.settings();
        let mut hasher = blake3::Hasher::new();
        let mut any = false;
        for name in &manifest.provider.models_follow {
            if let Some(value) = settings.get(name) {
                any = true;
                hasher.update(name.as_bytes()).update(&[0]).update(value.to_string().as_bytes()).update(&[0]);
            }
        }
        if any { hasher.finalize().to_hex()[..16].to_owned() } else { String::new() }
    }

    /// Returns it with the models that it had the last time it was given the same.
    pub(super) fn kept_models(&self, around: &Surroundings, info: &ProviderInfo) -> Option<Arc<ProviderInfo>> {
        let kept: Kept = around.routing.memory.kept(MODELS, info.id.as_str())?;
        let is_sound = kept.given == self.followed() && now().saturating_sub(kept.at) < FRESH;
        info.with_models(kept.models).ok().filter(|_| is_sound).map(Arc::new)
    }

    /// Keeps what it declared when it was started.
    pub(crate) fn learn(&self, around: &Surroundings, info: Arc<ProviderInfo>) -> Arc<ProviderInfo> {
        let given = self.followed();
        if given.is_empty() {
            self.keep(around, &info);
            return self.remember(info);
        }
        let kept = Kept { at: now(), given, models: info.declaration.models.clone() };
        if let Ok(kept) = serde_json::to_string(&kept) {
            around.routing.memory.keep(MODELS, info.id.as_str(), kept);
        }
        self.remember(info)
    }

    /// Keeps what it has and costs now, for it was asked.
    pub(crate) fn learn_anew(&self, around: &Surroundings, info: Arc<ProviderInfo>) -> Arc<ProviderInfo> {
        if let Ok(told) = serde_json::to_string(&Told::of(&info, now())) {
            around.routing.memory.keep(PRICES, info.id.as_str(), told);
        }
        match self.models_follow() {
            true => self.learn(around, info),
            // What it declared is what it declares at its next start.
            false => self.remember(info),
        }
    }
}
