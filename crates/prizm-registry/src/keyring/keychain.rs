//! The keychain of macOS.

use prizm_protocol::ProviderId;
use security_framework::base::Error;
use security_framework::passwords::{delete_generic_password, get_generic_password, set_generic_password};

use super::{Keyring, KeyringError, SERVICE, Secret, account};

/// `errSecItemNotFound`.
const NOT_FOUND: i32 = -25300;
/// `errSecAuthFailed`, `errSecInteractionNotAllowed` and `errSecUserCanceled`.
const LOCKED: [i32; 3] = [-25293, -25308, -128];

/// The keyring of this platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlatformKeyring;

impl Keyring for PlatformKeyring {
    fn get(&self, provider: &ProviderId, setting: &str) -> Result<Option<Secret>, KeyringError> {
        let account = account(provider, setting);
        match get_generic_password(SERVICE, &account) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(secret) => Ok(Some(Secret::from(secret))),
                Err(_) => Err(KeyringError::Failed(format!("`{account}` is no UTF-8 text"))),
            },
            Err(error) if error.code() == NOT_FOUND => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, provider: &ProviderId, setting: &str, secret: &Secret) -> Result<(), KeyringError> {
        Ok(set_generic_password(SERVICE, &account(provider, setting), secret.reveal().as_bytes())?)
    }

    fn remove(&self, provider: &ProviderId, setting: &str) -> Result<bool, KeyringError> {
        match delete_generic_password(SERVICE, &account(provider, setting)) {
            Ok(()) => Ok(true),
            Err(error) if error.code() == NOT_FOUND => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<Error> for KeyringError {
    fn from(error: Error) -> Self {
        match error.code() {
            code if LOCKED.contains(&code) => Self::Locked,
            code => Self::Failed(format!("the keychain said {code}")),
        }
    }
}
