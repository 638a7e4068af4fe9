//! The whole pipeline over a directory, with a validator that takes whatever was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prizm_install::{
    Error, FetchOptions, FileSource, Identifier, Installed, InstalledService, Installer, Lockfile, Mode, Policy,
    Recipe, Request, Sources, Store,
};
use tempfile::TempDir;

use crate::common::Recorder;
use crate::installs::Anything;

/// A home for Prizm, and a directory with a provider in it.
pub struct Home {
    temp: TempDir,
    pub recorder: Arc<Recorder>,
    pub registry: Option<String>,
    pub offline: bool,
}

impl Home {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let home = Self { temp, recorder: Arc::default(), registry: None, offline: false };
        files.iter().for_each(|(name, text)| home.write(name, text));
        home
    }

    /// Returns the directory that holds everything: whatever is in it but `home` and `source` escaped.
    pub fn path(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join("source/echo").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Installs the directory.
    pub async fn install(&self) -> Result<Installed, Error> {
        self.install_from(Identifier::File(FileSource::new(self.path().join("source/echo")).unwrap())).await
    }

    pub async fn install_from(&self, identifier: Identifier) -> Result<Installed, Error> {
        self.installer().install(&Request::new(identifier, self.lock())).await
    }

    pub async fn service_from(&self, identifier: Identifier) -> Result<InstalledService, Error> {
        self.installer().install_service(&Request::new(identifier, self.lock())).await
    }

    fn installer(&self) -> Installer {
        let home = self.path().join("home");
        let npm = self.registry.as_ref().map(|url| url.parse().unwrap());
        let sources = Sources { npm, ..Sources::default() };
        let policy = Policy::new(&home).allowing(&["npm:*", "npm:@acme/*"].map(str::to_owned)).unwrap();
        Installer::new(&home, Store::open(&home).unwrap(), Arc::new(Anything))
            .fetch(FetchOptions { sources, ..FetchOptions::default() })
            .mode(Mode { offline: self.offline, locked: false })
            .policy(policy)
            .reporter(Arc::clone(&self.recorder) as _)
    }

    fn lock(&self) -> PathBuf {
        self.path().join("home/prizm.lock")
    }

    /// Returns how the last provider was built.
    pub fn recipe(&self) -> Recipe {
        Lockfile::load(&self.lock()).unwrap().entries().last().unwrap().build.recipe.clone()
    }

    /// Checks that a failure left nothing in the store, and nothing beside it.
    pub fn assert_nothing_left(&self) {
        let names = |path: &Path| {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let mut beside = names(&self.path());
        beside.sort();
        assert_eq!(beside, ["home", "source"]);
        assert!(!self.lock().exists());
        let staging = names(&self.path().join("home/store/staging"));
        assert!(staging.is_empty(), "{staging:?}");
    }
}
