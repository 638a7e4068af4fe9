//! Lists of models that depend on settings, kept so that a provider need not be started to be known.

use std::sync::Arc;

use prizm_host::ProviderInfo;
use prizm_protocol::Model;
use serde::{Deserialize, Serialize};

use super::Entry;
use crate::Result;
use crate::route::{PRICES, Told, now};
use crate::surroundings::Surroundings;

/// The kind of row that keeps a list of models.
const MODELS: &str = "models";
/// For how long a list counts, in milliseconds: servers' lists change, and a server may have been away.
const YOUNG: u64 = 3_600_000;

/// What a provider said that it has.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: u64,
    models: Vec<Model>,
}

impl Entry {
    /// Returns whether its settings are such that its models are not those that it declares.
    pub(crate) fn models_follow(&self) -> bool {
        self.followed().is_some()
    }

    /// Returns a digest of the settings that its models depend on, where one is given.
    pub(super) fn followed(&self) -> Option<String> {
        let followed = &self.manifest()?.provider.models_follow;
        let settings = self.settings();
        let mut given = followed.iter().filter_map(|name| Some((name, settings.get(name)?))).peekable();
        given.peek()?;
        let mut hasher = blake3::Hasher::new();
        for (name, value) in given {
            hasher.update(name.as_bytes()).update(&[0]).update(value.to_string().as_bytes()).update(&[0]);
        }
        Some(hasher.finalize().to_hex()[..16].to_owned())
    }

    /// Returns it with the models that it has with its settings: those that it had lately, else those that it says
    /// when it is started. Where that would take an installation, a service, or something that is lacking, what it
    /// declares must do until it is used.
    pub(super) async fn models_for(
        &self,
        around: &Surroundings,
        declared: Arc<ProviderInfo>,
    ) -> Result<Arc<ProviderInfo>> {
        let Some(given) = self.followed() else { return Ok(declared) };
        let kept: Option<Kept> = around.routing.memory.kept(MODELS, &row(&declared, &given));
        let young = kept.filter(|kept| now().saturating_sub(kept.at) < YOUNG);
        if let Some(known) = young.and_then(|kept| declared.with_models(kept.models).ok()) {
            return Ok(Arc::new(known));
        }
        self.look();
        if !self.lacks().is_empty() || !self.wanted()?.needs.is_empty() || self.installs_first(around).await? {
            return Ok(declared);
        }
        let info = self.plugin(around).await?.start().await?;
        self.keep_models(around, &info, &given);
        Ok(info)
    }

    fn keep_models(&self, around: &Surroundings, info: &ProviderInfo, given: &str) {
        // Where it was configured anew meanwhile, nobody knows of which settings the list is.
        if self.followed().as_deref() != Some(given) {
            return;
        }
        let kept = Kept { at: now(), models: info.declaration.models.clone() };
        if let Ok(kept) = serde_json::to_string(&kept) {
            around.routing.memory.keep(MODELS, &row(info, given), kept);
        }
    }

    /// Keeps what it has and costs now, for it was asked.
    pub(crate) fn learn(&self, around: &Surroundings, info: Arc<ProviderInfo>) -> Arc<ProviderInfo> {
        if let Ok(told) = serde_json::to_string(&Told::of(&info, now())) {
            around.routing.memory.keep(PRICES, info.id.as_str(), told);
        }
        if let Some(given) = self.followed() {
            self.keep_models(around, &info, &given);
        }
        self.remember(info)
    }
}

fn row(info: &ProviderInfo, given: &str) -> String {
    format!("{} {given}", info.id)
}
