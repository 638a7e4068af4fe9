//! Where keys are kept that neither the configuration nor the environment has: the platform's keyring.

#[cfg(target_os = "macos")]
mod keychain;
#[cfg(not(target_os = "macos"))]
mod secret_service;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prizm_protocol::ProviderId;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

#[cfg(target_os = "macos")]
pub use keychain::PlatformKeyring;
#[cfg(not(target_os = "macos"))]
pub use secret_service::PlatformKeyring;

use crate::{Error, ErrorKind};

/// What keyrings know Prizm by.
const SERVICE: &str = "prizm";
/// How long a provider waits for its keys.
const LOOK: Duration = Duration::from_secs(2);
/// How long somebody who changes a key waits; they may have to unlock the keyring.
const CHANGE: Duration = Duration::from_secs(60);

/// The value of a key. It is never shown, and wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Returns the value.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Zeroizing::new(value))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Somebody who keeps keys: each is of a setting of a provider. What they do may block.
pub trait Keyring: Send + Sync {
    /// Returns a key; `None` where there is none. Nobody is asked to unlock anything.
    ///
    /// # Errors
    /// There is no keyring, it is locked, or it failed.
    fn get(&self, provider: &ProviderId, setting: &str) -> Result<Option<Secret>, KeyringError>;

    /// Keeps a key, in place of the one before.
    ///
    /// # Errors
    /// As [`Keyring::get`], and where the user did not unlock it.
    fn set(&self, provider: &ProviderId, setting: &str, secret: &Secret) -> Result<(), KeyringError>;

    /// Forgets a key, and returns whether there was one.
    ///
    /// # Errors
    /// As [`Keyring::set`].
    fn remove(&self, provider: &ProviderId, setting: &str) -> Result<bool, KeyringError>;
}

/// Why a keyring did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is none, as on most machines without a desktop.
    #[error("this machine has no keyring: {0}")]
    Unavailable(String),
    /// It is locked, and nobody unlocked it.
    #[error("the keyring is locked")]
    Locked,
    /// It failed, or did not answer in time.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

/// The keyring of a registry, asked with deadlines.
pub(crate) struct Keys {
    keyring: Arc<dyn Keyring>,
    /// It did not answer once; nobody waits for it again.
    is_dead: AtomicBool,
}

impl Keys {
    pub(crate) fn new(keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, is_dead: AtomicBool::new(false) }
    }

    pub(crate) async fn get(&self, provider: &ProviderId, setting: &str) -> Result<Option<Secret>, KeyringError> {
        if self.is_dead.load(Ordering::Relaxed) {
            return Err(late(LOOK));
        }
        let (provider, setting) = (provider.clone(), setting.to_owned());
        let got = self.ask(LOOK, move |keyring| keyring.get(&provider, &setting)).await;
        if got.as_ref().is_err_and(|error| *error == late(LOOK)) {
            self.is_dead.store(true, Ordering::Relaxed);
        }
        got
    }

    pub(crate) async fn set(&self, provider: &ProviderId, setting: &str, secret: Secret) -> Result<(), KeyringError> {
        let (provider, setting) = (provider.clone(), setting.to_owned());
        let done = self.ask(CHANGE, move |keyring| keyring.set(&provider, &setting, &secret)).await;
        self.is_dead.fetch_and(done.is_err(), Ordering::Relaxed);
        done
    }

    pub(crate) async fn remove(&self, provider: &ProviderId, setting: &str) -> Result<bool, KeyringError> {
        let (provider, setting) = (provider.clone(), setting.to_owned());
        self.ask(CHANGE, move |keyring| keyring.remove(&provider, &setting)).await
    }

    /// A thread of its own, because nobody can take back what was asked: neither an interrupt nor the end of the
    /// runtime may wait for a keyring that does not answer.
    async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&dyn Keyring) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let (sender, receiver) = oneshot::channel();
        let keyring = Arc::clone(&self.keyring);
        // Who has given up does not want the answer any more.
        let ask = move || drop(sender.send(question(&*keyring)));
        let spawned = std::thread::Builder::new().name("keyring".to_owned()).spawn(ask);
        spawned.map_err(|error| KeyringError::Failed(error.to_string()))?;
        match tokio::time::timeout(patience, receiver).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(KeyringError::Failed("it panicked".to_owned())),
            Err(_) => Err(late(patience)),
        }
    }
}

/// Returns what keyrings know a key by.
fn account(provider: &ProviderId, setting: &str) -> String {
    format!("{provider}/{setting}")
}

fn late(patience: Duration) -> KeyringError {
    KeyringError::Failed(format!("it did not answer within {patience:?}"))
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        let hint = match &error {
            KeyringError::Unavailable(_) | KeyringError::Failed(_) => {
                "write the key under `[providers.ID]` in config.toml, or grant the provider an environment variable \
                 with `grantEnv`; `prizm key list` names both"
            }
            KeyringError::Locked => "unlock it, as logging in to the desktop does, and repeat this",
        };
        Self::new(ErrorKind::Io, error.to_string()).at("keyring").hinted(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers only after a day.
    struct Silent;

    impl Keyring for Silent {
        fn get(&self, _: &ProviderId, _: &str) -> Result<Option<Secret>, KeyringError> {
            std::thread::sleep(Duration::from_secs(24 * 60 * 60));
            Ok(None)
        }

        fn set(&self, _: &ProviderId, _: &str, _: &Secret) -> Result<(), KeyringError> {
            panic!("it breaks")
        }

        fn remove(&self, _: &ProviderId, _: &str) -> Result<bool, KeyringError> {
            Ok(false)
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!((format!("{:?}", Some(&secret)), secret.reveal()), ("Some(Secret(***))".to_owned(), "hunter2"));
    }

    #[tokio::test]
    async fn one_that_does_not_answer_is_waited_for_once() {
        let (keys, id) = (Keys::new(Arc::new(Silent)), "acme".parse().unwrap());
        let error = keys.get(&id, "apiKey").await.unwrap_err();
        assert_eq!(error.to_string(), "the keyring failed: it did not answer within 2s");
        let asked = std::time::Instant::now();
        assert_eq!(keys.get(&id, "apiKey").await.unwrap_err(), error);
        assert!(asked.elapsed() < LOOK / 2, "{:?}", asked.elapsed());
        let error = Error::from(keys.set(&id, "apiKey", Secret::from("hunter2".to_owned())).await.unwrap_err());
        assert!(
            error.hint().unwrap().contains("config.toml") && !format!("{error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}
