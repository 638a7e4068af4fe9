//! Where the state of an instance is: a directory in PRIZM_HOME.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use prizm_install::read_text_bounded;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Phase};
use crate::lock::{FileLock, unusable};
use crate::{Result, Spec, State};

/// The largest file of the state, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Longer than anybody takes to look whether there is an owner.
const GLANCE: Duration = Duration::from_millis(200);

/// The directory of one instance.
///
/// ```text
/// PRIZM_HOME/services/INSTANCE/
///   spec.json     what it is; never changed
///   state.json    what it is doing, replaced by its owner
///   owner.lock    held by its owner
///   users.lock    shared by everybody who uses it; its time is that of the last use
///   pinned        there as long as it runs until it is told to stop
///   stop.lock     held by whoever waits until it has stopped
///   gpu           how much memory of the GPU it was admitted with
///   service.log   what its process writes; keeper.log, what its owner does
///   compose.json  the file that its containers were made from
///   volumes/      its volumes
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// Returns the directory of all instances.
    pub(crate) fn all(home: &Path) -> PathBuf {
        home.join("services")
    }

    pub(crate) fn of(home: &Path, instance: &str) -> Self {
        Self(Self::all(home).join(instance))
    }

    pub(crate) fn at(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// Makes the directory, and writes down what the instance is.
    pub(crate) fn prepare(&self, spec: &Spec) -> Result<()> {
        let make = || DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        make().map_err(|error| unusable(&self.0, &error))?;
        if self.read::<Spec>("spec.json").is_ok_and(|known| known.as_ref() == Some(spec)) {
            return Ok(());
        }
        self.write("spec.json", spec)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn exists(&self) -> bool {
        self.0.is_dir()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("service.log")
    }

    pub(crate) fn keeper_log(&self) -> PathBuf {
        self.0.join("keeper.log")
    }

    pub(crate) fn spec(&self) -> Result<Spec> {
        let missing = || unusable(&self.0.join("spec.json"), &io::ErrorKind::NotFound.into());
        self.read("spec.json")?.ok_or_else(missing)
    }

    /// Returns what the instance is doing, as its last owner wrote it.
    pub(crate) fn state(&self) -> Result<State> {
        // What cannot be read says nothing: its owner writes it anew.
        let state = self.read("state.json").inspect_err(|error| tracing::warn!("{error}"));
        Ok(state.ok().flatten().unwrap_or_default())
    }

    pub(crate) fn write_state(&self, state: &State) -> Result<()> {
        self.write("state.json", state)
    }

    /// Becomes the owner, unless there is one.
    pub(crate) async fn own(&self) -> Result<Option<FileLock>> {
        let path = self.0.join("owner.lock");
        let until = Instant::now() + GLANCE;
        loop {
            match FileLock::try_take(&path)? {
                // Somebody may only have looked whether there is one.
                None if Instant::now() < until => tokio::time::sleep(Duration::from_millis(5)).await,
                lock => return Ok(lock),
            }
        }
    }

    /// Whether somebody owns it.
    pub(crate) fn is_owned(&self) -> Result<bool> {
        // A share, so that those who look do not take each other for an owner.
        Ok(FileLock::try_share(&self.0.join("owner.lock"))?.is_none())
    }

    /// Becomes a user, unless it is being stopped.
    pub(crate) fn share(&self) -> Result<Option<FileLock>> {
        FileLock::try_share(&self.0.join("users.lock"))
    }

    /// Keeps everybody from using it, unless somebody does.
    pub(crate) fn close(&self) -> Result<Option<FileLock>> {
        FileLock::try_take(&self.0.join("users.lock"))
    }

    /// Returns how long nobody has used it, where nobody uses it now.
    pub(crate) fn unused_for(&self) -> Duration {
        let used = fs::metadata(self.0.join("users.lock")).and_then(|meta| meta.modified());
        used.ok().and_then(|used| SystemTime::now().duration_since(used).ok()).unwrap_or_default()
    }

    pub(crate) fn is_pinned(&self) -> bool {
        self.0.join("pinned").exists()
    }

    pub(crate) fn pin(&self, pinned: bool) -> Result<()> {
        self.mark("pinned", pinned)
    }

    /// Whether somebody waits until it has stopped.
    pub(crate) fn is_told_to_stop(&self) -> bool {
        matches!(FileLock::try_share(&self.0.join("stop.lock")), Ok(None))
    }

    /// Tells its owner to stop, as long as this is held: nobody is told to by one who has died.
    pub(crate) async fn tell_to_stop(&self) -> Result<FileLock> {
        FileLock::take(&self.0.join("stop.lock")).await
    }

    /// Notes how much memory of the GPU it was admitted with.
    pub(crate) fn admit(&self, bytes: u64) -> Result<()> {
        self.write("gpu", &bytes)
    }

    pub(crate) fn admitted(&self) -> Option<u64> {
        self.read("gpu").ok().flatten()
    }

    /// Removes everything of it. Whoever does so must own it.
    pub(crate) fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&self.0, &error)),
            _ => Ok(()),
        }
    }

    fn mark(&self, name: &str, there: bool) -> Result<()> {
        let path = self.0.join(name);
        let done = if there { fs::write(&path, "") } else { fs::remove_file(&path) };
        match done {
            Err(error) if there || error.kind() != io::ErrorKind::NotFound => Err(unusable(&path, &error)),
            _ => Ok(()),
        }
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.0.join(name);
        let Some(text) = read_text_bounded(&path, LIMIT).map_err(|error| unusable(&path, &error))? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            Error::new(ErrorKind::State, Phase::Prepare, format!("`{}` cannot be read: {error}", path.display()))
                .hinted("remove the instance: `prizm service gc`")
        })
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.0.join(name);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            serde_json::to_writer(&mut file, value)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error: io::Error| unusable(&path, &error))
    }
}
