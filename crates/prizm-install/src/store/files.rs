//! What the files of an artifact are: listed when it is made, compared when it is used.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A file of an artifact. The path is relative to its tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    #[serde(rename = "p")]
    path: String,
    /// Permission bits.
    #[serde(rename = "m")]
    mode: u32,
    #[serde(rename = "s")]
    size: u64,
    /// Seconds and nanoseconds since 1970.
    #[serde(rename = "t")]
    modified: (i64, i64),
    /// `b3:HEX` of a file's bytes, or a link's target after `->`.
    #[serde(rename = "h")]
    content: String,
}

/// The files of a tree, as they were once.
#[derive(Debug)]
pub(crate) struct Listing(pub(super) Vec<Listed>);

/// Lists and hashes a tree.
pub(super) fn list(tree: &Path) -> io::Result<Vec<Listed>> {
    let mut listed = Vec::new();
    walk(tree, &mut |path, name, meta| {
        let content = if meta.is_symlink() {
            format!("->{}", fs::read_link(path)?.to_string_lossy())
        } else if meta.is_file() {
            hash_file(path)?
        } else {
            return Err(io::Error::other(format!("`{name}` is neither a file nor a link")));
        };
        listed.push(Listed {
            path: name.to_owned(),
            mode: meta.permissions().mode() & 0o7777,
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            content,
        });
        Ok(())
    })?;
    listed.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listed)
}

/// Hashes the names, modes and contents; times do not count.
pub(super) fn hash(listed: &[Listed]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("prizm-install 2026 artifact v1");
    for file in listed {
        for part in [file.path.as_bytes(), &file.mode.to_le_bytes(), file.content.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
    }
    format!("b3:{}", hasher.finalize().to_hex())
}

/// Looks the files over without reading them. Returns the first that is not as it was.
pub(super) fn glance(tree: &Path, listed: &[Listed]) -> io::Result<Option<String>> {
    for file in listed {
        let meta = match fs::symlink_metadata(tree.join(&file.path)) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(file.path.clone())),
            Err(error) => return Err(error),
        };
        let same = meta.size() == file.size
            && (meta.mtime(), meta.mtime_nsec()) == file.modified
            && meta.permissions().mode() & 0o7777 == file.mode
            && meta.is_symlink() == file.content.starts_with("->");
        if !same {
            return Ok(Some(file.path.clone()));
        }
    }
    // What was added counts, too: it may be found before what belongs there.
    let mut added = None;
    walk(tree, &mut |_, name, _| {
        if added.is_none() && listed.binary_search_by(|file| file.path.as_str().cmp(name)).is_err() {
            added = Some(name.to_owned());
        }
        Ok(())
    })?;
    Ok(added)
}

/// Reads every file. Returns the first that is not as it was.
pub(super) fn compare(tree: &Path, listed: &[Listed]) -> io::Result<Option<String>> {
    let now = list(tree)?;
    let differs = |(now, then): (&Listed, &Listed)| {
        (now.path != then.path || now.mode != then.mode || now.content != then.content).then(|| now.path.clone())
    };
    if let Some(path) = now.iter().zip(listed).find_map(differs) {
        return Ok(Some(path));
    }
    let (longer, from) = if now.len() > listed.len() { (&now[..], listed.len()) } else { (listed, now.len()) };
    Ok(longer.get(from).map(|file| file.path.clone()))
}

/// The bytes that the files have together.
pub(super) fn bytes(listed: &[Listed]) -> u64 {
    listed.iter().map(|file| file.size).sum()
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(path)?)?;
    Ok(format!("b3:{}", hasher.finalize().to_hex()))
}

type Visit<'a> = dyn FnMut(&Path, &str, &fs::Metadata) -> io::Result<()> + 'a;

/// Visits everything but directories.
fn walk(tree: &Path, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut left = vec![(tree.to_owned(), String::new())];
    while let Some((directory, prefix)) = left.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let (path, meta) = (entry.path(), entry.metadata()?);
            let name = entry.file_name();
            let name = std::str::from_utf8(name.as_bytes())
                .map_err(|_| io::Error::other(format!("the name of `{}` is not UTF-8", path.display())))?;
            let name = format!("{prefix}{name}");
            if meta.is_dir() {
                left.push((path, name + "/"));
            } else {
                visit(&path, &name, &meta)?;
            }
        }
    }
    Ok(())
}
