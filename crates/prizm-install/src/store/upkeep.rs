//! What is in the store: listed, verified, pruned.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use serde_json::Value;

use super::artifact::{discard, is_key, read_entry};
use super::staging::is_young;
use super::{Store, files};
use crate::{Error, Kind};

/// An entry of the store, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreEntry {
    /// Its key.
    pub key: String,
    /// The canonical identifier by which it was installed first.
    pub identifier: String,
    /// What it is, where that can be read.
    pub kind: Option<Kind>,
    /// The id that the provider declares; the name of a service.
    pub id: String,
    /// The hash of the files that it was made of, as `b3:HEX`.
    pub source_hash: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// How many files it has.
    pub files: usize,
    /// What is wrong with it.
    pub damage: Option<String>,
}

/// What pruning did, or would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pruned {
    /// What was removed.
    pub removed: Vec<StoreEntry>,
    /// What nobody refers to, but somebody is using.
    pub in_use: Vec<StoreEntry>,
}

impl Store {
    /// Lists the entries, by key. Only what is known of them is read.
    ///
    /// # Errors
    /// `Store`: the store cannot be read.
    pub fn entries(&self) -> Result<Vec<StoreEntry>, Error> {
        self.each(|_| Ok(None))
    }

    /// Reads every file of every entry. A damaged entry is put aside, and made again when it is needed.
    ///
    /// # Errors
    /// `Store`: the store cannot be read or written.
    pub fn verify(&self) -> Result<Vec<StoreEntry>, Error> {
        let checked = self.each(|key| {
            let place = self.root.join("artifacts").join(key);
            let path = files::compare(&place.join("tree"), &read_entry(&place)?.files)?;
            Ok(path.map(|path| format!("`{}` is not as it was", path.escape_debug())))
        })?;
        for entry in &checked {
            if let Some(damage) = &entry.damage {
                self.quarantine(&entry.key, damage)?;
            }
        }
        Ok(checked)
    }

    /// Removes the entries whose keys are not in `keep` and that nobody uses; with `dry_run` it only tells
    /// which.
    ///
    /// # Errors
    /// `Store`: the store cannot be read or written.
    pub fn prune(&self, keep: &BTreeSet<String>, dry_run: bool) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        for entry in self.entries()?.into_iter().filter(|entry| !keep.contains(&entry.key)) {
            let is_free = match dry_run {
                true => self.is_used(&entry.key).map(|used| !used),
                false => discard(self, &entry.key),
            };
            if is_free.map_err(|error| self.unwritable(&error))? {
                pruned.removed.push(entry);
            } else {
                pruned.in_use.push(entry);
            }
        }
        if !dry_run {
            self.forget_names().map_err(|error| self.unwritable(&error))?;
        }
        Ok(pruned)
    }

    fn each(&self, check: impl Fn(&str) -> io::Result<Option<String>>) -> Result<Vec<StoreEntry>, Error> {
        let mut keys = self.keys().map_err(|error| self.unwritable(&error))?;
        keys.sort_unstable();
        // What somebody removes meanwhile is not damaged.
        let is_there = |key: &String| self.root.join("artifacts").join(key).exists();
        let describe = |key: String| match read_entry(&self.root.join("artifacts").join(&key)) {
            Ok(entry) => {
                let about: Value = serde_json::from_str(entry.about.get()).unwrap_or_default();
                StoreEntry {
                    identifier: word(&about, "/identifier"),
                    kind: Some(kind(&about)),
                    id: match kind(&about) {
                        Kind::Provider => word(&about, "/declaration/provider/id"),
                        Kind::Service => word(&about, "/service/service/name"),
                    },
                    source_hash: word(&about, "/sourceHash"),
                    bytes: files::bytes(&entry.files),
                    files: entry.files.len(),
                    damage: check(&key).unwrap_or_else(|error| Some(error.to_string())),
                    key,
                }
            }
            Err(error) => StoreEntry {
                identifier: String::new(),
                kind: None,
                id: String::new(),
                source_hash: String::new(),
                bytes: 0,
                files: 0,
                damage: Some(error.to_string()),
                key,
            },
        };
        let entries = keys.into_iter().map(describe);
        Ok(entries.filter(|entry| entry.damage.is_none() || is_there(&entry.key)).collect())
    }

    fn keys(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(self.root.join("artifacts"))?.map(|entry| Ok(entry?.file_name()));
        let names: Vec<_> = names.collect::<io::Result<_>>()?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| is_key(name)).collect())
    }

    /// Removes the names that lead nowhere.
    fn forget_names(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join("names"))? {
            let entry = entry?;
            let path = entry.path();
            let leads_nowhere = if entry.file_name().to_str().is_some_and(is_key) {
                let key = fs::read_to_string(&path).unwrap_or_default();
                let key = key.lines().next().unwrap_or_default();
                !is_key(key) || !self.root.join("artifacts").join(key).exists()
            } else {
                // A name in the making, or what a crash left of one.
                !is_young(&path)
            };
            match leads_nowhere.then(|| fs::remove_file(&path)) {
                Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn kind(about: &Value) -> Kind {
    if about.get("service").is_some() { Kind::Service } else { Kind::Provider }
}

fn word(about: &Value, pointer: &str) -> String {
    about.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
