//! What every provider of a registry shares: where its state is, what installs providers, its services.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prizm_host::{Timing, WorkDir};
use prizm_install::{
    Approver, BuildOptions, FetchOptions, Identifier, Installer, Mode, Policy, Reporter, Request, Store,
};

use crate::blocking::blocking;
use crate::keyring::Keys;
use crate::route::Routing;
use crate::services::Services;
use crate::validator::Handshake;
use crate::{Error, ErrorKind, Result};

/// The name of a lock: a project's, and in PRIZM_HOME that of what was loaded by URL.
const PINS: &str = "prizm.lock";

/// What every provider of a registry shares.
pub(crate) struct Surroundings {
    pub(crate) home: PathBuf,
    pub(crate) timing: Timing,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) policy: Policy,
    pub(crate) fetch: FetchOptions,
    pub(crate) builds: BuildOptions,
    pub(crate) mode: Mode,
    /// The project's `prizm.lock`, which may not exist yet.
    pub(crate) project: Option<PathBuf>,
    /// Where the project was sought, and where a new one begins.
    pub(crate) here: Option<PathBuf>,
    pub(crate) work: tokio::sync::OnceCell<WorkDir>,
    pub(crate) installer: tokio::sync::OnceCell<Installer>,
    pub(crate) services: Services,
    pub(crate) routing: Routing,
    pub(crate) keys: Keys,
}

impl Surroundings {
    /// Makes the directory for jobs when it is first needed.
    pub(crate) async fn work(&self) -> Result<&WorkDir> {
        let base = self.home.join("work");
        let made = self.work.get_or_try_init(|| async {
            let at = base.clone();
            let made = tokio::task::spawn_blocking(move || WorkDir::create(&at)).await;
            made.unwrap_or_else(|error| Err(std::io::Error::other(error)))
        });
        made.await.map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot use `{}`: {error}", base.display()))
                .hinted("set PRIZM_HOME to a directory that may be written")
        })
    }

    /// Opens the store, and makes what installs into it, when that is first needed.
    pub(crate) async fn installer(&self) -> Result<&Installer> {
        let made = self.installer.get_or_try_init(|| async {
            let home = self.home.clone();
            let store = blocking(move || Store::open(&home)).await?;
            let validator = Handshake { work_dir: self.work().await?.path().to_owned(), timing: self.timing };
            let installer = Installer::new(&self.home, store, Arc::new(validator))
                .fetch(self.fetch.clone())
                .policy(self.policy.clone())
                .builds(self.builds.clone())
                .mode(self.mode)
                .approver(Arc::clone(&self.approver))
                .reporter(Arc::clone(&self.reporter));
            Ok(installer)
        });
        made.await
    }

    /// Returns the lock of what was loaded outside of a project.
    pub(crate) fn pins(&self) -> PathBuf {
        self.home.join(PINS)
    }

    /// Checks that locks may change at all.
    pub(crate) fn check_unlocked(&self) -> Result<()> {
        if !self.mode.locked {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Usage, "--locked and --frozen change no lock").hinted("leave them out"))
    }

    /// Returns the lock that a project's providers are pinned in, which may not exist yet.
    pub(crate) fn project_lock(&self) -> Result<PathBuf> {
        let new = || self.here.as_ref().map(|here| here.join(PINS));
        self.project.clone().or_else(new).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "there is no project to add a provider to")
                .hinted("give the registry one: `Registry::builder().project(Some(directory))`")
        })
    }

    /// Returns the locks that are read, the first that knows counts.
    pub(crate) fn locks(&self) -> Vec<PathBuf> {
        self.project.iter().cloned().chain([self.pins()]).collect()
    }

    /// Asks for a provider, to be pinned in `lock`.
    pub(crate) fn request(&self, identifier: &Identifier, lock: &Path) -> Request {
        Request {
            identifier: identifier.clone(),
            link: false,
            for_author: false,
            own: true,
            update: false,
            locks: self.locks(),
            lock: lock.to_owned(),
        }
    }
}
