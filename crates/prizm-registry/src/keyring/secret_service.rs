//! The Secret Service, which desktops offer on D-Bus: GNOME's keyring, KDE's wallet, KeePassXC.

use std::collections::HashMap;

use dbus_secret_service::{EncryptionType, Error, Item, SecretService};
use prizm_protocol::ProviderId;

use super::{Keyring, KeyringError, SERVICE, Secret, account};

/// Seconds that somebody may take to unlock the keyring, less than whoever asks has patience for.
const PROMPT: u64 = 50;
/// How D-Bus's own errors begin.
const BUS: &str = "org.freedesktop.DBus.Error.";
/// Those, without their beginning, that say that there is no bus, or nobody on it who keeps secrets.
const NOBODY: &[&str] = &[
    "AccessDenied",
    "BadAddress",
    "Disconnected",
    "FileNotFound",
    "NameHasNoOwner",
    "NoServer",
    "NotSupported",
    "ServiceUnknown",
];

/// The keyring of this platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlatformKeyring;

impl Keyring for PlatformKeyring {
    fn get(&self, provider: &ProviderId, setting: &str) -> Result<Option<Secret>, KeyringError> {
        let service = open(0)?;
        let account = account(provider, setting);
        let found = service.search_items(attributes(&account))?;
        let item = match (found.unlocked.first(), found.locked.first()) {
            (None, None) => return Ok(None),
            (Some(item), _) => item,
            (None, Some(item)) => {
                item.unlock()?;
                item
            }
        };
        let secret = String::from_utf8(item.get_secret()?);
        Ok(Some(Secret::from(secret.map_err(|_| KeyringError::Failed(format!("`{account}` is no UTF-8 text")))?)))
    }

    fn set(&self, provider: &ProviderId, setting: &str, secret: &Secret) -> Result<(), KeyringError> {
        let service = open(PROMPT)?;
        let account = account(provider, setting);
        let collection = service.get_default_collection().map_err(|error| match error {
            Error::NoResult => KeyringError::Unavailable("its service has no default collection".to_owned()),
            error => error.into(),
        })?;
        collection.ensure_unlocked()?;
        let label = format!("Prizm: {account}");
        collection.create_item(&label, attributes(&account), secret.reveal().as_bytes(), true, "text/plain")?;
        Ok(())
    }

    fn remove(&self, provider: &ProviderId, setting: &str) -> Result<bool, KeyringError> {
        let service = open(PROMPT)?;
        let account = account(provider, setting);
        let found = service.search_items(attributes(&account))?;
        if !found.locked.is_empty() {
            service.unlock_all(&found.locked.iter().collect::<Vec<_>>())?;
        }
        let items: Vec<Item<'_>> = found.unlocked.into_iter().chain(found.locked).collect();
        items.iter().try_for_each(Item::delete)?;
        Ok(!items.is_empty())
    }
}

/// Opens a session whose secrets pass in the clear, on a socket that only this user's processes can reach: each of
/// them could ask for the secrets as well.
fn open(prompt: u64) -> Result<SecretService, KeyringError> {
    Ok(SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, prompt)?)
}

fn attributes(account: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("account", account)])
}

impl From<Error> for KeyringError {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked | Error::Prompt => Self::Locked,
            Error::Unavailable => Self::Unavailable("nobody offers the Secret Service".to_owned()),
            Error::Dbus(error) => {
                let name = error.name().and_then(|name| name.strip_prefix(BUS)).unwrap_or_default();
                let said = error.message().unwrap_or("D-Bus said nothing").to_owned();
                match name {
                    "NotSupported" => Self::Unavailable("there is no session bus of D-Bus".to_owned()),
                    name if NOBODY.contains(&name) || name.starts_with("Spawn.") => Self::Unavailable(said),
                    _ => Self::Failed(said),
                }
            }
            error => Self::Failed(error.to_string()),
        }
    }
}
