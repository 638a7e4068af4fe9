//! What is in a job's directory, at one moment. No link is followed.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The most files that are looked at, and the most of each that is read.
const FILES: usize = 2000;
const BYTES: u64 = 64 << 20;

/// What is in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<String, Found>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    kind: &'static str,
    size: u64,
    /// Of a file's content, or of where a link leads.
    hash: u64,
}

impl Snapshot {
    /// Looks into a directory, with its directories.
    pub(crate) fn of(root: &Path) -> Self {
        let mut found = BTreeMap::new();
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            let Ok(entries) = fs::read_dir(root.join(&below)) else { continue };
            for entry in entries.flatten() {
                if found.len() == FILES {
                    return Self(found);
                }
                let path = below.join(entry.file_name());
                let Some(what) = look(&root.join(&path)) else { continue };
                if what.kind == "directory" {
                    open.push(path.clone());
                }
                found.insert(path.to_string_lossy().into_owned(), what);
            }
        }
        Self(found)
    }

    /// Leaves out what is in `out/`.
    pub(crate) fn without_outputs(mut self) -> Self {
        self.0.retain(|path, _| !path.starts_with("out/"));
        self
    }

    /// Says what is different later, if anything.
    pub(crate) fn changed(&self, later: &Self) -> Option<String> {
        let gone = self.0.iter().find(|(path, _)| !later.0.contains_key(*path));
        let new = later.0.iter().find(|(path, _)| !self.0.contains_key(*path));
        let other = self.0.iter().find(|(path, found)| later.0.get(*path).is_some_and(|later| later != *found));
        let said = |what: &str, path: &str| Some(format!("`{}` {what}", path.escape_debug()));
        match (other, new, gone) {
            (Some((path, _)), ..) => said("was changed", path),
            (_, Some((path, _)), _) => said("is new", path),
            (.., Some((path, _))) => said("is gone", path),
            _ => None,
        }
    }
}

fn look(path: &Path) -> Option<Found> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let kind = metadata.file_type();
    let (kind, size, hash) = if kind.is_dir() {
        ("directory", 0, 0)
    } else if kind.is_symlink() {
        ("link", 0, hash(fs::read_link(path).ok()?.as_os_str().as_encoded_bytes()))
    } else if kind.is_file() {
        ("file", metadata.size(), hash_of_file(path))
    } else {
        ("other", 0, 0)
    };
    Some(Found { kind, size, hash })
}

fn hash_of_file(path: &Path) -> u64 {
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    let Ok(file) = file else { return 0 };
    let mut hasher = DefaultHasher::new();
    let mut file = file.take(BYTES);
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = file.read(&mut buffer) {
        hasher.write(&buffer[..length]);
    }
    hasher.finish()
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir(root.join("in")).unwrap();
        fs::create_dir(root.join("out")).unwrap();
        fs::write(root.join("in/a"), "one").unwrap();
        let before = Snapshot::of(root);
        assert_eq!(before.changed(&Snapshot::of(root)), None);
        fs::write(root.join("in/a"), "two").unwrap();
        assert_eq!(before.changed(&Snapshot::of(root)).unwrap(), "`in/a` was changed");
        fs::write(root.join("in/a"), "one").unwrap();
        fs::write(root.join("out/b"), "new").unwrap();
        assert_eq!(before.changed(&Snapshot::of(root)).unwrap(), "`out/b` is new");
        assert_eq!(before.clone().without_outputs().changed(&Snapshot::of(root).without_outputs()), None);
        fs::remove_file(root.join("in/a")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.join("in/a")).unwrap();
        assert_eq!(before.changed(&Snapshot::of(root)).unwrap(), "`in/a` was changed");
        fs::remove_file(root.join("in/a")).unwrap();
        fs::remove_file(root.join("out/b")).unwrap();
        assert_eq!(before.changed(&Snapshot::of(root)).unwrap(), "`in/a` is gone");
    }
}
