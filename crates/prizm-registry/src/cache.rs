//! The store, for those who look after it.

use prizm_install::{Installer, Pruned, StoreEntry};

use crate::blocking::blocking;
use crate::{Registry, Result};

impl Registry {
    /// Lists the entries of the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn stored(&self) -> Result<Vec<StoreEntry>> {
        self.with_installer(|installer| installer.store().entries()).await
    }

    /// Reads every file of every entry; what is damaged is put aside, and made again when it is needed.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn verify_store(&self) -> Result<Vec<StoreEntry>> {
        self.with_installer(|installer| installer.store().verify()).await
    }

    /// Removes the entries that no lock on this machine refers to and that nobody uses; with `dry_run`
    /// it only tells which.
    ///
    /// # Errors
    /// A lock or the store cannot be read, or the store cannot be written.
    pub async fn prune_store(&self, dry_run: bool) -> Result<Pruned> {
        self.with_installer(move |installer| installer.prune(dry_run)).await
    }

    /// Does work that blocks on a thread for it.
    async fn with_installer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Installer) -> prizm_install::Result<T> + Send + 'static,
    ) -> Result<T> {
        let installer = self.around().installer().await?.clone();
        blocking(move || work(&installer)).await
    }
}
