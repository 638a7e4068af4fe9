//! The store: everything that is built or unpacked, under `PRIZM_HOME`.

mod build_place;
mod bundle;
mod names;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use prizm_protocol::ProviderId;

pub(crate) use build_place::BuildPlace;

use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

/// Hexadecimal digits of a hash in a name: 128 bits.
const HASH_DIGITS: usize = 32;

/// A store on disk, shared by any number of processes.
///
/// ```text
/// PRIZM_HOME/store/
///   bundled/ID-HASH/     files that a program carried, read-only; HASH covers version, names and bytes
///     .prizm-ok          written last: the whole entry is there
///   build/HASH/          what builds of one directory leave for the next; HASH covers its path
///     source             the path
///     lock               held while a build runs
///     target/            cargo's target directory
///   staging/             entries that are not whole yet, swept when nobody is at work
///   lock                 held while staging is written or swept
/// ```
///
/// An entry appears by a rename once it is whole and on disk, and is never changed afterwards. So
/// readers need no lock, and a crash leaves nothing but a part in `staging`, which the next
/// [`Store::open`] removes.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store under a directory, which is made where it is missing, and sweeps what a crash
    /// left behind.
    ///
    /// # Errors
    /// `Store`: the directory cannot be made or written.
    pub fn open(prizm_home: impl AsRef<Path>) -> Result<Self, Error> {
        let home = prizm_home.as_ref();
        let open = || {
            let store = Self { root: std::path::absolute(home)?.join("store") };
            for part in ["bundled", "build", "staging"] {
                DirBuilder::new().recursive(true).mode(0o700).create(store.root.join(part))?;
            }
            store.sweep()?;
            Ok(store)
        };
        open().map_err(|error: io::Error| {
            Error::new(ErrorKind::Store, format!("the store in {} cannot be used: {error}", quoted(home)))
                .with_hint("set PRIZM_HOME to a directory that you may write")
        })
    }

    /// Unpacks files that a program carries, and returns their directory.
    ///
    /// The directory is named by its content. One that is there already is looked over, not read, and
    /// used; one that is damaged is replaced. Any number of processes may ask for it at once. The
    /// files are read-only, and executable where they start with `#!`.
    ///
    /// # Errors
    /// `Store`: a name is absolute, contains `..` or is there twice, or the store cannot be written.
    pub fn unpack(&self, id: &ProviderId, version: &str, files: &[(&str, &[u8])]) -> Result<PathBuf, Error> {
        names::check(files).map_err(|reason| {
            Error::new(ErrorKind::Store, format!("the files of `{id}` cannot be unpacked: {reason}"))
                .with_hint("this is a fault of the program that carries them")
        })?;
        bundle::Bundle::new(self, id, version, files).unpack().map_err(|error| {
            let message = format!("the files of `{id}` cannot be unpacked into {}: {error}", quoted(&self.root));
            Error::new(ErrorKind::Store, message)
                .with_hint("check that PRIZM_HOME can be written and that there is room")
        })
    }

    /// Returns where builds of `source` are kept.
    pub(crate) fn build_place(&self, source: &Path) -> BuildPlace {
        let key = short(&blake3::hash(source.as_os_str().as_bytes()));
        BuildPlace::new(self.root.join("build").join(key), source)
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Removes parts of entries, unless somebody is at work on one.
    fn sweep(&self) -> io::Result<()> {
        let Some(lock) = Lock::try_take(&self.lock_file())? else { return Ok(()) };
        if !lock.excludes_others() {
            return Ok(());
        }
        for entry in self.root.join("staging").read_dir()? {
            let path = entry?.path();
            match std::fs::remove_dir_all(&path) {
                Ok(()) => tracing::info!(path = %path.display(), "removed what a crash left in the store"),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "cannot remove what a crash left in the store")
                }
            }
        }
        Ok(())
    }
}

/// Writes a hash as a name.
fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..HASH_DIGITS].to_owned()
}

#[cfg(test)]
mod tests;
