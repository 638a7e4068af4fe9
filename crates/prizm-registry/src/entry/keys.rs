//! The keys of a provider: the settings that are secrets, and where each comes from.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use prizm_protocol::{Key, Manifest};
use serde_json::{Map, Value};

use super::{Entry, Origin};
use crate::Result;
use crate::keyring::{KeyringError, Secret};
use crate::keys::KeyOrigin;
use crate::needs::Wanted;
use crate::surroundings::Surroundings;

/// What the keyring has of the keys that were missing, by the setting.
pub(crate) type Found = BTreeMap<String, Secret>;

impl Entry {
    /// Returns what its settings come to: with the keys that were found in the keyring, and without what is said
    /// of services.
    pub(super) fn wanted(&self) -> Result<Wanted> {
        Wanted::of(&with_keys(self.settings(), &self.found_keys()), self.manifest())
    }

    fn found_keys(&self) -> Arc<Found> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Replaces what is known of the keyring, so that it is found in what it offers and is given.
    pub(super) fn keep_keys(&self, found: Arc<Found>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
        *self.offers.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.wiring.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.look();
    }

    /// The keyring has changed: it is looked into again.
    pub(crate) fn forget_keys(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Looks into the keyring, once, for the keys that its settings and the environment lack.
    pub(crate) async fn find_keys(&self, around: &Surroundings) -> Arc<Found> {
        if let Some(found) = &*self.keys.read().unwrap_or_else(PoisonError::into_inner) {
            return Arc::clone(found);
        }
        let looked = self.look_up_keys(around, &self.settings()).await;
        // Until its manifest is known nothing was looked for; a keyring that is locked may be opened.
        let is_sound = self.manifest().is_some() && !looked.as_ref().is_err_and(Found::is_empty);
        let found = Arc::new(looked.unwrap_or_else(|found| found));
        if is_sound {
            self.keep_keys(Arc::clone(&found));
        }
        found
    }

    /// Looks into the keyring for the keys that these settings and the environment lack. Only the user gives an id
    /// keys: a provider that nobody has named has none.
    ///
    /// # Errors
    /// There is a keyring, and it failed: what else was found.
    pub(super) async fn look_up_keys(
        &self,
        around: &Surroundings,
        settings: &Map<String, Value>,
    ) -> Result<Found, Found> {
        let (Some(manifest), Some(id)) = (self.manifest(), &self.id) else { return Ok(Found::default()) };
        let (mut found, mut failed) = (Found::default(), false);
        for (setting, key) in &manifest.keys {
            // With such a setting the work may go to another server: the key was not kept for that one.
            let goes_elsewhere = key.unless.iter().any(|other| settings.contains_key(other));
            if goes_elsewhere || self.known_key(setting, key, settings, manifest).is_some() {
                continue;
            }
            match around.keys.get(id, setting).await {
                Ok(secret) => found.extend(secret.map(|secret| (setting.clone(), secret))),
                Err(error @ KeyringError::Unavailable(_)) => tracing::debug!(%id, setting, "{error}"),
                Err(error) => {
                    tracing::warn!(%id, setting, "the key is not known: {error}");
                    failed = true;
                }
            }
        }
        if failed { Err(found) } else { Ok(found) }
    }

    /// Returns where a key comes from that needs no keyring.
    fn known_key(
        &self,
        setting: &str,
        key: &Key,
        settings: &Map<String, Value>,
        manifest: &Manifest,
    ) -> Option<KeyOrigin> {
        if settings.contains_key(setting) {
            return Some(KeyOrigin::Settings);
        }
        let granted = self.config().grant_env;
        let may_see = |name: &&String| granted.contains(name) && manifest.permissions.env.contains(name);
        let has_value = |name: &&String| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        key.env.iter().filter(may_see).find(has_value).cloned().map(KeyOrigin::Environment)
    }

    /// Returns where a key comes from, as far as that is known; the keyring must have been looked into.
    pub(crate) fn key_origin(&self, setting: &str, key: &Key) -> Option<KeyOrigin> {
        let known = self.known_key(setting, key, &self.settings(), self.manifest()?);
        known.or_else(|| self.found_keys().contains_key(setting).then_some(KeyOrigin::Keyring))
    }

    /// What the user set for an id, and keeps in the keyring for it, is not given to whoever calls itself so.
    pub(super) async fn check_given(&self, around: &Surroundings, names: Vec<String>) -> Result<()> {
        let (Origin::Identifier(located), Some(id)) = (&self.origin, &self.id) else { return Ok(()) };
        let source = located.identifier.source();
        if !located.claimed || names.is_empty() || self.config().given_to.as_ref() == Some(&source) {
            return Ok(());
        }
        around.installer().await?.approve_settings(id.as_str(), &source, names).await?;
        self.config.write().unwrap_or_else(PoisonError::into_inner).given_to = Some(source);
        Ok(())
    }
}

/// Adds keys to settings that lack them.
pub(super) fn with_keys(mut settings: Map<String, Value>, found: &Found) -> Map<String, Value> {
    for (setting, secret) in found {
        settings.entry(setting.clone()).or_insert_with(|| Value::String(secret.reveal().to_owned()));
    }
    settings
}
