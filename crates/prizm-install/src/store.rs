//! The store: everything that is built or unpacked, under `PRIZM_HOME`.

mod artifact;
mod build_place;
mod bundle;
mod files;
mod lease;
mod names;
mod staging;
mod upkeep;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prizm_protocol::ProviderId;

pub(crate) use artifact::Artifact;
pub(crate) use build_place::BuildPlace;
pub(crate) use files::Listing;
pub use lease::Lease;
pub(crate) use staging::Staging;
pub use upkeep::{Pruned, StoreEntry};

use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

/// How long another process may install the same: longer than any build may take.
const PATIENCE: Duration = Duration::from_secs(90 * 60);

/// Hexadecimal digits of a hash in a name: 128 bits.
const HASH_DIGITS: usize = 32;

/// A store on disk, shared by any number of processes.
///
/// ```text
/// PRIZM_HOME/store/
///   artifacts/KEY/       a provider or a service that was built and found valid; KEY hashes what it was made of
///     entry.json         written last: what is known of it, and its files with their hashes
///     tree/              the files, read-only
///   names/HASH           which artifact a source at a revision led to
///   locks/               held while a source is installed, or an artifact used; never removed
///   bundled/ID-HASH/     files that a program carried, read-only; HASH covers version, names and bytes
///     .prizm-ok          written last: the whole entry is there
///   build/HASH/          what builds of one directory leave for the next; HASH covers its path
///     source             the path
///     lock               held while a build runs
///     target/            cargo's target directory
///   staging/             entries that are not whole yet, each locked by its owner, swept when that is dead
///   lock                 held while files of a program are unpacked
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
            let root = std::path::absolute(home)?.join("store");
            for part in ["artifacts", "names", "locks", "bundled", "build", "staging"] {
                DirBuilder::new().recursive(true).mode(0o700).create(root.join(part))?;
            }
            // With links followed, so that what is in it does not seem to lead out of it.
            let store = Self { root: root.canonicalize()? };
            staging::sweep(&store.root.join("staging"))?;
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
        self.unpack_as(id.as_str(), version, files)
    }

    /// Unpacks files; `id` is that of a provider or the name of a service, and becomes a part of a path.
    pub(crate) fn unpack_as(&self, id: &str, version: &str, files: &[(&str, &[u8])]) -> Result<PathBuf, Error> {
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

    /// Waits until no other process installs `name`. `waiting` is called if one does.
    pub(crate) async fn lock(&self, name: &str, waiting: impl FnOnce()) -> Result<Lock, Error> {
        let path = self.root.join("locks").join(format!("{}.lock", short(&blake3::hash(name.as_bytes()))));
        let taken = tokio::time::timeout(PATIENCE, Lock::take(&path, waiting)).await;
        taken.map_err(|_| stuck(name, &path))?.map_err(|error| self.unwritable(&error))
    }

    /// Makes a place for an entry.
    pub(crate) fn staging(&self) -> Result<Staging, Error> {
        Staging::new(&self.root.join("staging")).map_err(|error| self.unwritable(&error))
    }
}

fn stuck(name: &str, path: &Path) -> Error {
    let message =
        format!("another process has been installing `{name}` for more than {} minutes", PATIENCE.as_secs() / 60);
    Error::new(ErrorKind::Store, message).with_hint(format!("find it, and end it if it hangs: lsof {}", quoted(path)))
}

/// Writes a hash as a name.
fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..HASH_DIGITS].to_owned()
}

#[cfg(test)]
mod tests;
