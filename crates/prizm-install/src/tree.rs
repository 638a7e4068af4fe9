//! The files of a source, written under one policy and hashed, whatever they come from.

mod links;
mod policy;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Limits};

use policy::Names;

pub(crate) use policy::MAX_PATH;

/// Writes the files of a source under a new directory, refuses what could do harm, and hashes all of it.
///
/// Paths are relative, separated by `/`, and UTF-8. The order of the calls does not change the hash.
#[derive(Debug)]
pub(crate) struct TreeWriter {
    root: PathBuf,
    limits: Limits,
    bytes: u64,
    names: Names,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
enum Entry {
    File { executable: bool, length: u64, hash: blake3::Hash },
    Link { target: String },
}

impl TreeWriter {
    /// Begins a tree under `root`, an empty directory that exists.
    pub(crate) fn new(root: &Path, limits: Limits) -> Self {
        Self { root: root.to_owned(), limits, bytes: 0, names: Names::default(), entries: BTreeMap::new() }
    }

    /// Writes a file.
    pub(crate) fn file(&mut self, path: &str, executable: bool, content: &mut dyn Read) -> Result<(), Error> {
        self.admit(path)?;
        let left = self.limits.bytes.saturating_sub(self.bytes);
        // Nothing but directories and files of our own is there yet: links are made last.
        let written = write_file(&self.root, path, executable, left, content);
        let (length, hash) = written.map_err(|error| match error {
            Failure::TooLarge => too_large(path, self.limits.bytes),
            Failure::Read(error) => refused(path, &format!("it cannot be read: {error}")),
            Failure::Write(error) => {
                Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", shown(path)))
                    .with_hint("check that PRIZM_HOME can be written and that there is room")
            }
        })?;
        self.bytes += length;
        self.entries.insert(path.to_owned(), Entry::File { executable, length, hash });
        Ok(())
    }

    /// Writes a symbolic link. Where it leads is checked by [`TreeWriter::finish`].
    pub(crate) fn link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        self.admit(path)?;
        self.entries.insert(path.to_owned(), Entry::Link { target: target.to_owned() });
        Ok(())
    }

    /// Checks the links, makes them, and returns the hash of the whole tree as `b3:HEX`.
    pub(crate) fn finish(self) -> Result<String, Error> {
        let links: BTreeMap<&str, &str> = self.links().collect();
        let is_there = |path: &str| self.entries.contains_key(path) || self.names.is_directory(path);
        for (path, target) in &links {
            links::check(path, target, &links, is_there).map_err(|reason| refused(path, &reason))?;
        }
        for (path, target) in &links {
            let at = self.root.join(path);
            let make = || -> io::Result<()> {
                make_parents(&self.root, path)?;
                std::os::unix::fs::symlink(target, &at)
            };
            make().map_err(|error| {
                Error::new(ErrorKind::Store, format!("the link {} cannot be made: {error}", shown(path)))
            })?;
        }
        Ok(format!("b3:{}", self.hash().to_hex()))
    }

    fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::Link { target } => Some((path.as_str(), target.as_str())),
            Entry::File { .. } => None,
        })
    }

    fn admit(&mut self, path: &str) -> Result<(), Error> {
        self.names.admit(path).map_err(|reason| refused(path, &reason))?;
        if self.entries.len() as u64 >= self.limits.files {
            let message = format!("the source has more than {} files", self.limits.files);
            return Err(Error::new(ErrorKind::Fetch, message).with_hint("leave out what the provider does not need"));
        }
        Ok(())
    }

    /// Every part after its length, in the order of the paths.
    fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key("prizm-install 2026 source tree v1");
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        for (path, entry) in &self.entries {
            add(path.as_bytes());
            match entry {
                Entry::File { executable, length, hash } => {
                    add(if *executable { b"x" } else { b"f" });
                    add(&length.to_le_bytes());
                    add(hash.as_bytes());
                }
                Entry::Link { target } => {
                    add(b"l");
                    add(target.as_bytes());
                }
            }
        }
        hasher.finalize()
    }
}

enum Failure {
    TooLarge,
    Read(io::Error),
    Write(io::Error),
}

/// Makes the directories above a file. The root is not made anew where it has gone, and whoever wanted it.
fn make_parents(root: &Path, path: &str) -> io::Result<()> {
    for (at, _) in path.match_indices('/') {
        match fs::create_dir(root.join(&path[..at])) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn write_file(
    root: &Path,
    path: &str,
    executable: bool,
    left: u64,
    content: &mut dyn Read,
) -> Result<(u64, blake3::Hash), Failure> {
    let mode = if executable { 0o755 } else { 0o644 };
    let open = || -> io::Result<fs::File> {
        make_parents(root, path)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(root.join(path))?;
        // Set afterwards, because the umask takes away from what is asked for.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        Ok(file)
    };
    let mut file = open().map_err(Failure::Write)?;
    let (mut length, mut hasher, mut buffer) = (0, blake3::Hasher::new(), vec![0; 64 * 1024]);
    loop {
        let read = match content.read(&mut buffer) {
            Ok(0) => return Ok((length, hasher.finalize())),
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        length += read.len() as u64;
        if length > left {
            return Err(Failure::TooLarge);
        }
        hasher.update(read);
        file.write_all(read).map_err(Failure::Write)?;
    }
}

fn shown(path: &str) -> String {
    let cut: String = path.chars().take(200).collect();
    format!("`{}`", cut.escape_debug())
}

/// An error about what a source holds.
fn refused(path: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Fetch, format!("the source holds {}, which is refused: {reason}", shown(path)))
        .with_hint("its author must rename or remove it")
}

fn too_large(path: &str, limit: u64) -> Error {
    let message = format!("the source is larger than {limit} bytes (at {})", shown(path));
    Error::new(ErrorKind::Fetch, message).with_hint("raise `maxSize` under `[policy]` if you trust it")
}

#[cfg(test)]
mod tests;
