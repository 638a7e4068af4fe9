//! Whose key or account was refused, and with which settings: with others it is tried at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use prizm_route::{ModelSignals, ProviderSignals};

use super::{Memory, PART, lock};
use crate::route::now;

/// The kind of row that keeps a digest of settings that were refused.
const SETTINGS: &str = "settings";

impl Memory {
    /// Learns that these settings of a provider were refused.
    pub(crate) fn refused(self: &Arc<Self>, provider: &str, settings: u32) {
        lock(&self.refused).insert(provider.to_owned(), Some(settings));
        self.keep(SETTINGS, provider, settings.to_string());
    }

    /// Learns which settings a provider is given. Where others were refused, it may be called again: this is
    /// written once, for what is learned with these settings is to last.
    pub(crate) fn given(&self, provider: &str, settings: u32) {
        let mut refused = lock(&self.refused);
        let last = refused.entry(provider.to_owned()).or_insert_with(|| self.kept(SETTINGS, provider));
        if last.is_none_or(|last| last == settings) {
            return;
        }
        *last = Some(settings);
        drop(refused);
        self.configured(provider);
        let (at, prefix) = (now(), format!("model{PART}{provider}{PART}"));
        self.change::<ProviderSignals>(&format!("provider{PART}{provider}"), |signals| signals.configured(at));
        let mut models: BTreeSet<String> = lock(&self.models).keys().cloned().collect();
        models.extend(self.rows().keys().cloned());
        for key in models.iter().filter(|key| key.starts_with(&prefix)) {
            self.change::<ModelSignals>(key, |signals| signals.configured(at));
        }
        let key = format!("{SETTINGS}{PART}{provider}");
        lock(&self.unkept).remove(&key);
        self.change::<u32>(&key, |kept| *kept = settings);
    }

    /// The user changed what a provider is given: what was refused before may be taken now.
    pub(crate) fn configured(&self, provider: &str) {
        let (at, prefix) = (now(), format!("model{PART}{provider}{PART}"));
        self.provider(provider).signals().configured(at);
        let models = lock(&self.models);
        let of_provider = models.iter().filter(|(key, _)| key.starts_with(&prefix));
        of_provider.for_each(|(_, model)| model.signals().configured(at));
    }
}
