//! The keys of providers, for those who look after them.

use prizm_protocol::ProviderId;

use crate::entry::{Entry, Origin};
use crate::{Error, ErrorKind, Registry, Result, Secret, suggest};

/// A setting of a provider that is a secret, as its manifest names it. Its value is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The provider's id.
    pub provider: String,
    /// The setting.
    pub setting: String,
    /// Where it comes from; `None` where it is absent.
    pub origin: Option<KeyOrigin>,
    /// The environment variables that it can come from, where they are granted.
    pub env: Vec<String>,
    /// Where people get one.
    pub url: Option<String>,
}

/// Where a key comes from. The first that has it counts, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// The configuration, or what the program set.
    Settings,
    /// A variable of the environment that is granted.
    Environment(String),
    /// The platform's keyring.
    Keyring,
}

impl Registry {
    /// Returns the keys of all providers that are known, set or not. Providers whose manifest is not known yet are
    /// loaded for it; what cannot be loaded has none.
    pub async fn keys(&self) -> Vec<Key> {
        let entries = self.entries();
        futures_util::future::join_all(entries.iter().map(|entry| self.learn_keys(entry))).await;
        entries.iter().flat_map(|entry| keys_of(entry)).collect()
    }

    /// Finds the setting that a key is of: the named one, else the only one that the provider's manifest names.
    ///
    /// # Errors
    /// There is no such provider, its manifest names no such key, or several and none was named.
    pub async fn key_setting(&self, provider: &str, setting: Option<&str>) -> Result<(ProviderId, String)> {
        let entry = self.known(provider)?;
        if entry.manifest().is_none() && matches!(entry.origin, Origin::Identifier(_)) {
            entry.info(self.around()).await?;
        }
        let names: Vec<_> = entry.manifest().into_iter().flat_map(|manifest| manifest.keys.keys()).collect();
        let names: Vec<_> = names.into_iter().map(String::as_str).collect();
        let wrong = |message: String, hint: String| Err(Error::new(ErrorKind::Usage, message).hinted(hint));
        let setting = match (&*names, setting) {
            ([], _) => {
                return wrong(
                    format!("the manifest of `{provider}` names no key"),
                    format!("`prizm inspect {provider}` lists its settings; `prizm key list` who has keys"),
                );
            }
            ([only], None) => (*only).to_owned(),
            (several, None) => {
                return wrong(
                    format!("`{provider}` has several keys: {}", several.join(", ")),
                    "name the one that is meant".to_owned(),
                );
            }
            (names, Some(setting)) if names.contains(&setting) => setting.to_owned(),
            (names, Some(setting)) => {
                let message = format!("the manifest of `{provider}` names no key `{setting}`");
                return wrong(message, suggest::hint(setting, "keys", names));
            }
        };
        Ok((id_of(provider)?, setting))
    }

    /// Keeps a key in the keyring, and returns what is known of it: where it comes from elsewhere, that counts.
    /// A process that runs is given it at once.
    ///
    /// # Errors
    /// As [`Registry::key_setting`], and where the keyring does not take it.
    pub async fn set_key(&self, provider: &str, setting: Option<&str>, secret: Secret) -> Result<Key> {
        let (id, setting) = self.key_setting(provider, setting).await?;
        if secret.reveal().is_empty() {
            return Err(Error::new(ErrorKind::Usage, format!("the key `{setting}` of `{provider}` is empty"))
                .hinted(format!("`prizm key remove {provider}` takes it out of the keyring")));
        }
        self.around().keys.set(&id, &setting, secret).await?;
        let entry = self.known(provider)?;
        self.tell(&entry).await;
        let key = keys_of(&entry).into_iter().find(|key| key.setting == setting);
        key.filter(|key| key.origin.is_some()).ok_or_else(|| {
            Error::new(ErrorKind::Io, format!("the keyring took the key `{setting}` of `{provider}` and lost it"))
                .at("keyring")
                .hinted("write it into config.toml instead")
        })
    }

    /// Takes a key out of the keyring; where the setting is named, also that of a provider that is not known any
    /// more.
    ///
    /// # Errors
    /// There is none; as [`Registry::key_setting`]; or the keyring failed.
    pub async fn remove_key(&self, provider: &str, setting: Option<&str>) -> Result<String> {
        let (id, setting) = match setting {
            Some(setting) => (id_of(provider)?, setting.to_owned()),
            None => self.key_setting(provider, None).await?,
        };
        if self.around().keys.remove(&id, &setting).await? {
            if let Ok(entry) = self.known(id.as_str()) {
                self.tell(&entry).await;
            }
            return Ok(setting);
        }
        Err(Error::new(ErrorKind::NotFound, format!("the keyring has no key `{setting}` of `{provider}`"))
            .at("keyring")
            .hinted("`prizm key list` says where keys come from"))
    }

    /// Returns why the keyring cannot be used, where it cannot.
    pub async fn keyring_failure(&self) -> Option<Error> {
        let nobody: ProviderId = "prizm".parse().ok()?;
        self.around().keys.get(&nobody, "nothing").await.err().map(Error::from)
    }

    /// Configures a provider anew, because its key changed.
    async fn tell(&self, entry: &Entry) {
        entry.forget_keys();
        if let Err(error) = entry.configure(self.around(), entry.settings()).await {
            tracing::warn!("the provider was not given the key that changed: {error}");
        }
    }

    async fn learn_keys(&self, entry: &Entry) {
        // What cannot be loaded is told by those who use it.
        if entry.manifest().is_none() && matches!(entry.origin, Origin::Identifier(_)) {
            let _ = entry.info(self.around()).await;
        }
        entry.find_keys(self.around()).await;
    }
}

fn keys_of(entry: &Entry) -> Vec<Key> {
    let (Some(manifest), Some(id)) = (entry.manifest(), &entry.id) else { return Vec::new() };
    let keys = manifest.keys.iter().map(|(setting, key)| Key {
        provider: id.to_string(),
        setting: setting.clone(),
        origin: entry.key_origin(setting, key),
        env: key.env.clone(),
        url: key.url.clone(),
    });
    keys.collect()
}

fn id_of(provider: &str) -> Result<ProviderId> {
    provider.parse().map_err(|error| Error::new(ErrorKind::Identifier, format!("{error}")))
}
