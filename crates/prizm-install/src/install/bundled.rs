//! Files that a program carries, installed like a source: what they depend on is fetched, they are built.

use prizm_protocol::{ProviderId, ServiceId};

use crate::lockfile::Lockfile;
use crate::{Error, FileSource, Identifier, Kind, Mode, Policy};

use super::{Installed, InstalledService, Installer, Loaded, Request};

/// Files that a program carries, by their paths relative to the root.
pub type BundledFiles = &'static [(&'static str, &'static [u8])];

/// The lock of what programs carry: nobody named it, so it is in no lock of the user's.
const LOCK: &str = "bundled.lock";

impl Installer {
    /// Installs a provider whose files a program carries.
    ///
    /// Whoever trusts the program trusts them: no policy is asked, and `--locked` does not hold for them.
    /// What was installed of the same id from an earlier version is not kept.
    ///
    /// # Errors
    /// Those of [`Installer::install`], and of [`Store::unpack`](crate::Store::unpack).
    pub async fn install_bundled(
        &self,
        id: &ProviderId,
        version: &str,
        files: BundledFiles,
    ) -> Result<Installed, Error> {
        self.load_bundled(Kind::Provider, id.as_str(), version, files).await?.provider()
    }

    /// Installs a service whose files a program carries, as [`Installer::install_bundled`] does a provider.
    ///
    /// # Errors
    /// Those of [`Installer::install_bundled`].
    pub async fn install_bundled_service(
        &self,
        name: &ServiceId,
        version: &str,
        files: BundledFiles,
    ) -> Result<InstalledService, Error> {
        self.load_bundled(Kind::Service, name.as_str(), version, files).await?.service()
    }

    /// Returns whether a provider whose files a program carries is installed.
    ///
    /// # Errors
    /// The store or its lock cannot be used.
    pub async fn has_bundled(&self, id: &ProviderId, version: &str, files: BundledFiles) -> Result<bool, Error> {
        let request = self.bundled_request(id.as_str(), version, files).await?;
        let identifier = request.identifier.to_string();
        self.blocking(move |this| Ok(this.locks.load(&request.lock)?.by_request(&identifier).is_some())).await
    }

    /// Unpacks the files, and returns what asks for them.
    async fn bundled_request(&self, id: &str, version: &str, files: BundledFiles) -> Result<Request, Error> {
        let (name, version) = (id.to_owned(), version.to_owned());
        let root = self.blocking(move |this| this.store.unpack_as(&name, &version, files)).await?;
        Ok(Request::new(Identifier::File(FileSource::new(root)?), self.home.join(LOCK)))
    }

    async fn load_bundled(&self, kind: Kind, id: &str, version: &str, files: BundledFiles) -> Result<Loaded, Error> {
        let request = self.bundled_request(id, version, files).await?;
        let itself =
            Self { policy: Policy::new(&self.home), mode: Mode { locked: false, ..self.mode }, ..self.clone() };
        let loaded = itself.load(&request, kind).await?;
        let id = id.to_owned();
        self.blocking(move |_| forget_earlier(&request, kind, &id)).await?;
        Ok(loaded)
    }
}

/// Unpins what earlier versions of the program carried under the same id.
fn forget_earlier(request: &Request, kind: Kind, id: &str) -> Result<(), Error> {
    let now = request.identifier.to_string();
    let earlier = |lock: &Lockfile| -> Vec<String> {
        let of_it = lock.entries().iter().filter(|known| known.kind == kind && known.id == id && known.request != now);
        of_it.map(|known| known.request.clone()).collect()
    };
    // Nearly always there is none, and then nothing is written.
    if earlier(&Lockfile::load(&request.lock)?).is_empty() {
        return Ok(());
    }
    Lockfile::edit(&request.lock, |lock| earlier(lock).iter().for_each(|request| lock.remove(request)))
}
