//! Files of the store that are used by who did not install them.

use std::io;
use std::path::Path;

use super::Store;
use super::artifact::is_key;
use crate::Error;
use crate::lock::Lock;

/// Keeps files of the store from being pruned, as long as it is held.
#[derive(Debug)]
pub struct Lease {
    _in_use: Option<Lock>,
}

impl Lease {
    /// Takes a lease of the artifact that a directory belongs to, as it was installed under a PRIZM_HOME;
    /// none for a directory that is not in its store. It may block the thread for a moment.
    ///
    /// # Errors
    /// `Store`: the store cannot be used.
    pub fn of(prizm_home: &Path, directory: &Path) -> Result<Option<Self>, Error> {
        let Ok(root) = prizm_home.join("store").canonicalize() else { return Ok(None) };
        let inside = directory.strip_prefix(root.join("artifacts")).ok();
        let first = inside.and_then(|path| path.components().next()).and_then(|name| name.as_os_str().to_str());
        let Some(key) = first.filter(|key| is_key(key)) else { return Ok(None) };
        let store = Store { root };
        Ok(Some(Self { _in_use: store.share(key)? }))
    }
}

impl Store {
    /// Whether somebody uses an artifact.
    pub(super) fn is_used(&self, key: &str) -> io::Result<bool> {
        match Lock::try_take_existing(&self.use_file(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            taken => taken.map(|alone| alone.is_none()),
        }
    }
}
