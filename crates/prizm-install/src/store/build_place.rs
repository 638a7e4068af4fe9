//! What builds of one directory leave for the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{PATIENCE, stuck};
use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

/// A directory of the store that belongs to one source.
#[derive(Debug)]
pub(crate) struct BuildPlace {
    path: PathBuf,
    source: PathBuf,
}

impl BuildPlace {
    pub(super) fn new(path: PathBuf, source: &Path) -> Self {
        Self { path, source: source.to_owned() }
    }

    /// Makes the directory, and waits until no other build runs here. `waiting` is called if one does.
    pub(crate) async fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, Error> {
        let make = || {
            fs::create_dir_all(&self.path)?;
            fs::write(self.path.join("source"), self.source.as_os_str().as_encoded_bytes())
        };
        make().map_err(|error| self.failed(&error))?;
        let path = self.path.join("lock");
        let taken = tokio::time::timeout(PATIENCE, Lock::take(&path, waiting)).await;
        taken.map_err(|_| stuck(&self.source.to_string_lossy(), &path))?.map_err(|error| self.failed(&error))
    }

    /// Returns cargo's target directory.
    pub(crate) fn target(&self) -> PathBuf {
        self.path.join("target")
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", quoted(&self.path)))
            .with_hint("check that PRIZM_HOME can be written and that there is room")
    }
}
