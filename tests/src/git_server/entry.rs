//! What a commit can hold.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::object::hex;

/// An entry of a tree, whether a checkout could have it or not.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A file.
    File(Vec<u8>),
    /// A file with the executable bit.
    Executable(Vec<u8>),
    /// A symbolic link, with its target.
    Symlink(Vec<u8>),
    /// A submodule at this commit.
    Submodule(String),
    /// A directory whose entries have these names, in this order, whatever they are.
    Tree(Vec<(Vec<u8>, Entry)>),
    /// An object under any mode.
    Object {
        /// The mode in octal digits.
        mode: String,
        /// The object.
        id: String,
    },
}

impl Entry {
    /// Returns a file.
    pub fn file(content: impl Into<Vec<u8>>) -> Self {
        Self::File(content.into())
    }

    /// Returns a file with the executable bit.
    pub fn executable(content: impl Into<Vec<u8>>) -> Self {
        Self::Executable(content.into())
    }

    /// Returns a symbolic link.
    pub fn symlink(target: impl Into<Vec<u8>>) -> Self {
        Self::Symlink(target.into())
    }

    /// Returns a submodule.
    pub fn submodule(commit: &str) -> Self {
        Self::Submodule(commit.to_owned())
    }

    /// Returns a directory whose entries have these names, in this order, whatever they are.
    pub fn tree<N: Into<Vec<u8>>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Tree(entries.into_iter().map(|(name, entry)| (name.into(), entry)).collect())
    }

    /// Returns the tree of these paths, as git would sort it.
    pub(crate) fn of_paths<'a>(files: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let mut here = Vec::new();
        let mut below: BTreeMap<&str, Vec<(&str, Self)>> = BTreeMap::new();
        for (path, entry) in files {
            match path.split_once('/') {
                Some((directory, rest)) => below.entry(directory).or_default().push((rest, entry)),
                None => here.push((path.as_bytes().to_vec(), entry)),
            }
        }
        let below = below.into_iter().map(|(name, files)| (name.as_bytes().to_vec(), Self::of_paths(files)));
        here.extend(below);
        // Git sorts a directory as if its name ended in a slash.
        here.sort_by_key(|(name, entry)| match entry {
            Self::Tree(_) => [name, b"/".as_slice()].concat(),
            _ => name.clone(),
        });
        Self::Tree(here)
    }
}

/// Returns what is committed in place of a file that lies in LFS.
pub fn lfs_pointer(content: &[u8]) -> String {
    let id = hex(&Sha256::digest(content));
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize {}\n", content.len())
}
