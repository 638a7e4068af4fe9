//! Files that a program carries, unpacked as one entry of the store.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Staging, Store, short};
use crate::lock::Lock;

/// The file that says that an entry is whole.
pub(super) const MARKER: &str = ".prizm-ok";

/// How long another process may take to unpack.
const PATIENCE: Duration = Duration::from_secs(60);

/// An entry as it should be.
pub(super) struct Bundle<'a> {
    store: &'a Store,
    files: &'a [(&'a str, &'a [u8])],
    path: PathBuf,
    marker: String,
}

impl<'a> Bundle<'a> {
    pub(super) fn new(store: &'a Store, id: &str, version: &str, files: &'a [(&'a str, &'a [u8])]) -> Self {
        let hash = hash(version, files);
        let path = store.root.join("bundled").join(format!("{id}-{}", short(&hash)));
        Self { store, files, path, marker: format!("{id} {version}\n{hash}\n") }
    }

    /// Returns the entry's path, having made it where it is missing or damaged.
    pub(super) fn unpack(self) -> io::Result<PathBuf> {
        if self.is_whole() {
            return Ok(self.path);
        }
        let _lock = Lock::take_within(&self.store.lock_file(), PATIENCE)?;
        if self.is_whole() {
            return Ok(self.path);
        }
        let staging = self.store.root.join("staging");
        self.set_aside(&staging)?;
        let place = Staging::new(&staging)?;
        let part = place.scratch().join("part");
        fs::create_dir(&part)?;
        self.write(&part)?;
        match fs::rename(&part, &self.path) {
            Ok(()) => {}
            // Where locks do nothing another process may have been faster; what it made is the same.
            Err(_) if self.is_whole() => return Ok(self.path),
            Err(error) => return Err(error),
        }
        sync_directory(&self.store.root.join("bundled"))?;
        Ok(self.path)
    }

    /// Looks the entry over without reading the files.
    fn is_whole(&self) -> bool {
        let marker = fs::read_to_string(self.path.join(MARKER));
        let is_there = |(name, bytes): &(&str, &[u8])| {
            fs::symlink_metadata(self.path.join(name)).is_ok_and(|found| {
                let mode = found.permissions().mode() & 0o777;
                found.is_file() && found.len() == bytes.len() as u64 && mode == mode_of(bytes)
            })
        };
        marker.is_ok_and(|marker| marker == self.marker) && self.files.iter().all(is_there)
    }

    /// Takes a damaged entry out of the way.
    fn set_aside(&self, staging: &Path) -> io::Result<()> {
        let aside = Staging::new(staging)?;
        match fs::rename(&self.path, aside.scratch().join("damaged")) {
            Ok(()) => {
                tracing::warn!(path = %self.path.display(), "an entry of the store was damaged: unpacking it again")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Writes everything into `part`, the marker last, and waits until it is on disk.
    fn write(&self, part: &Path) -> io::Result<()> {
        fs::set_permissions(part, Permissions::from_mode(0o755))?;
        for (name, bytes) in self.files {
            let path = part.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            write_file(&path, bytes, mode_of(bytes))?;
        }
        for directory in self.directories() {
            sync_directory(&part.join(directory))?;
        }
        write_file(&part.join(MARKER), self.marker.as_bytes(), 0o444)?;
        sync_directory(part)
    }

    /// The directories that hold files, each once.
    fn directories(&self) -> std::collections::BTreeSet<&Path> {
        self.files.iter().flat_map(|(name, _)| Path::new(name).ancestors().skip(1)).collect()
    }
}

/// Hashes version, names and bytes, each after its length, in the order of the names.
fn hash(version: &str, files: &[(&str, &[u8])]) -> blake3::Hash {
    let mut files: Vec<_> = files.iter().collect();
    files.sort_unstable_by_key(|(name, _)| *name);
    let mut hasher = blake3::Hasher::new_derive_key("prizm-install 2026 bundled provider files v1");
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(version.as_bytes());
    for (name, bytes) in files {
        add(name.as_bytes());
        add(bytes);
    }
    hasher.finalize()
}

fn mode_of(bytes: &[u8]) -> u32 {
    if bytes.starts_with(b"#!") { 0o555 } else { 0o444 }
}

fn write_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    // Set afterwards, because the umask takes away from what `mode` asks for.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
