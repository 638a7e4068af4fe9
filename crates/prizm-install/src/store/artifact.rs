//! An artifact: the files of a provider that was built and found valid, under a key that tells what it
//! was made of.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{RenameFlags, renameat_with, syncfs};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::staging::{self, Staging};
use super::{Listing, Store, files};
use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

/// The file that makes an entry of a directory. It is written last.
const ENTRY: &str = "entry.json";
const VERSION: u32 = 1;

/// An entry of the store, which is not pruned while this is held.
#[derive(Clone, Debug)]
pub(crate) struct Artifact(std::sync::Arc<Held>);

#[derive(Debug)]
struct Held {
    key: String,
    root: PathBuf,
    entry: Entry,
    _in_use: Option<Lock>,
}

/// What is known of the files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    version: u32,
    hash: String,
    /// What whoever made it wants to know again.
    pub(super) about: Box<RawValue>,
    pub(super) files: Vec<files::Listed>,
}

impl Artifact {
    pub(crate) fn key(&self) -> &str {
        &self.0.key
    }

    /// Returns the directory of its files.
    pub(crate) fn root(&self) -> &Path {
        &self.0.root
    }

    /// Returns the hash over names, modes and contents of its files, as `b3:HEX`.
    pub(crate) fn hash(&self) -> &str {
        &self.0.entry.hash
    }

    pub(crate) fn about(&self) -> &RawValue {
        &self.0.entry.about
    }
}

impl Store {
    /// Makes what is staged read-only, and lists it.
    pub(crate) fn seal(&self, staging: &Staging) -> Result<Listing, Error> {
        let seal = || staging.seal().and_then(|()| files::list(staging.tree()));
        seal().map(Listing).map_err(|error| self.unwritable(&error))
    }

    /// Looks over what was sealed. Returns the first file that is not as it was, or was not there.
    pub(crate) fn touched(&self, staging: &Staging, sealed: &Listing) -> Result<Option<String>, Error> {
        files::glance(staging.tree(), &sealed.0).map_err(|error| self.unwritable(&error))
    }

    /// Makes an entry of what was sealed, at once and whole, or takes the one that is there already.
    pub(crate) fn commit(
        &self,
        staging: &Staging,
        sealed: Listing,
        key: &str,
        about: Box<RawValue>,
    ) -> Result<Artifact, Error> {
        let place = self.root.join("artifacts").join(key);
        // In use before it is there: else it might be pruned as soon as it is.
        let _in_use = self.share(key)?;
        let commit = || -> io::Result<()> {
            let files = sealed.0;
            let entry = Entry { version: VERSION, hash: files::hash(&files), about, files };
            write_entry(&staging.entry(), &entry)?;
            let artifacts = File::open(self.root.join("artifacts"))?;
            // Once for all files: an fsync each would cost twenty times as much.
            syncfs(&artifacts)?;
            match renameat_with(rustix::fs::CWD, staging.entry(), rustix::fs::CWD, &place, RenameFlags::NOREPLACE) {
                Ok(()) => artifacts.sync_all(),
                // Another process was faster; what it made has the same key.
                Err(rustix::io::Errno::EXIST) => Ok(()),
                Err(error) => Err(error.into()),
            }
        };
        commit().map_err(|error| self.unwritable(&error))?;
        self.artifact(key)?.ok_or_else(|| {
            Error::new(ErrorKind::Store, format!("the store's entry {key} was gone as soon as it was made"))
                .with_hint("something else removes files below PRIZM_HOME: find out what")
        })
    }

    /// Returns an entry, looked over. A damaged one is put aside, so that it is made again.
    pub(crate) fn artifact(&self, key: &str) -> Result<Option<Artifact>, Error> {
        let place = self.root.join("artifacts").join(key);
        let in_use = self.share(key)?;
        if !place.exists() {
            return Ok(None);
        }
        let entry = read_entry(&place).and_then(|entry| match files::glance(&place.join("tree"), &entry.files)? {
            None => Ok(entry),
            Some(path) => Err(io::Error::other(format!("`{}` is not as it was", path.escape_debug()))),
        });
        match entry {
            Ok(entry) => {
                let held = Held { key: key.to_owned(), root: place.join("tree"), entry, _in_use: in_use };
                Ok(Some(Artifact(held.into())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::Other => {
                // Else it would be in use by this.
                drop(in_use);
                self.quarantine(key, &error.to_string())?;
                Ok(None)
            }
            Err(error) => Err(self.unwritable(&error)),
        }
    }

    /// Keeps an entry from being pruned. On a read-only store nobody can prune.
    pub(super) fn share(&self, key: &str) -> Result<Option<Lock>, Error> {
        match Lock::share(&self.use_file(key)) {
            Ok(lock) => Ok(Some(lock)),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.unwritable(&error)),
        }
    }

    /// Puts a damaged entry out of the way. Whoever uses it keeps its files until they end.
    pub(super) fn quarantine(&self, key: &str, reason: &str) -> Result<(), Error> {
        tracing::warn!(key, reason, "an entry of the store was damaged, and is made again when it is needed");
        let quarantine = || -> io::Result<()> {
            let use_file = self.use_file(key);
            let alone = Lock::try_take(&use_file)?;
            let aside = Staging::new(&self.root.join("staging"))?;
            match fs::rename(self.root.join("artifacts").join(key), aside.scratch().join(key)) {
                Ok(()) if alone.is_none() => aside.leave_to(&use_file),
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        };
        quarantine().map_err(|error| self.unwritable(&error))
    }

    /// Remembers to which entry a name led.
    pub(crate) fn bind(&self, name: &str, key: &str) -> Result<(), Error> {
        let path = self.name_file(name);
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(&self.root))?;
            io::Write::write_all(&mut file, format!("{key}\n{name}\n").as_bytes())?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.unwritable(&error))
    }

    /// Returns to which entry a name led; it may be gone.
    pub(crate) fn bound(&self, name: &str) -> Result<Option<String>, Error> {
        match fs::read_to_string(self.name_file(name)) {
            Ok(text) => {
                let mut lines = text.lines();
                let key = lines.next().filter(|key| is_key(key));
                Ok(key.filter(|_| lines.next() == Some(name)).map(str::to_owned))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
            Err(error) => Err(self.unwritable(&error)),
        }
    }

    pub(super) fn use_file(&self, key: &str) -> PathBuf {
        self.root.join("locks").join(format!("{key}.use"))
    }

    fn name_file(&self, name: &str) -> PathBuf {
        self.root.join("names").join(super::short(&blake3::hash(name.as_bytes())))
    }

    pub(super) fn unwritable(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("the store in {} cannot be used: {error}", quoted(&self.root)))
            .with_hint("check that PRIZM_HOME can be written and that there is room")
    }
}

/// Whether a name is one of ours: nothing else may become a part of a path.
pub(super) fn is_key(text: &str) -> bool {
    text.len() == super::HASH_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn write_entry(place: &Path, entry: &Entry) -> io::Result<()> {
    let body = serde_json::to_vec(entry)?;
    let mut text = blake3::hash(&body).to_hex().as_bytes().to_vec();
    text.push(b'\n');
    text.extend(body);
    fs::write(place.join(ENTRY), text)
}

/// Reads what is known of an entry. What was changed by hand is an error of the kind `Other`.
pub(super) fn read_entry(place: &Path) -> io::Result<Entry> {
    let text = fs::read(place.join(ENTRY))?;
    let damaged = || io::Error::other(format!("its {ENTRY} is damaged"));
    let (hash, body) = text.split_at_checked(65).ok_or_else(damaged)?;
    if hash.get(..64) != Some(blake3::hash(body).to_hex().as_bytes()) {
        return Err(damaged());
    }
    let entry: Entry = serde_json::from_slice(body).map_err(|_| damaged())?;
    if entry.version != VERSION {
        return Err(io::Error::other(format!("its format is {}, and this version reads {VERSION}", entry.version)));
    }
    Ok(entry)
}

/// Removes an entry, if nobody uses it: out of sight first, so that no reader sees a part of it.
pub(super) fn discard(store: &Store, key: &str) -> io::Result<bool> {
    let Some(_alone) = Lock::try_take(&store.use_file(key))? else { return Ok(false) };
    let aside = Staging::new(&store.root.join("staging"))?;
    let gone = aside.scratch().join(key);
    match fs::rename(store.root.join("artifacts").join(key), &gone) {
        // Somebody else has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        renamed => renamed?,
    }
    staging::remove(&gone);
    Ok(true)
}
