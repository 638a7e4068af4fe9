//! Directories of this machine: a copy of what they hold, or of a ref of the repository in them.

use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::work::{self, MayGoOn};
use super::{FetchOptions, Fetched, git};
use crate::error::quoted;
use crate::tree::TreeWriter;
use crate::{DirectoryRevision, Error, ErrorKind, FileSource, Limits, Revision, plan};

/// What a copy leaves out: what belongs to version control, and what is built or fetched again.
const LEFT_OUT: &[&str] = &[".git", "node_modules", "target", ".venv", "__pycache__"];

/// Finds what is meant: the directory as it is, or a commit of the repository there.
pub(super) async fn resolve(source: &FileSource) -> Result<Revision, Error> {
    let root = plan::readable(source.path())?;
    match source.reference() {
        Some(reference) => git::resolve_local(&root, reference).await.map(Revision::Git),
        None => Ok(Revision::Directory(DirectoryRevision { mutable: true })),
    }
}

/// Copies the files.
pub(super) async fn fetch(
    source: &FileSource,
    revision: &Revision,
    options: &FetchOptions,
    into: &Path,
) -> Result<Fetched, Error> {
    let root = plan::readable(source.path())?;
    if let Revision::Git(revision) = revision {
        return git::fetch_local(&root, revision, options, into).await;
    }
    let (to, limits) = (into.to_owned(), options.limits);
    let source_hash = work::blocking(limits, move |may_go_on| snapshot(&root, &to, limits, may_go_on)).await?;
    Ok(Fetched { root: into.to_owned(), revision: revision.clone(), source_hash, tree: None, published: None })
}

fn snapshot(root: &Path, into: &Path, limits: Limits, may_go_on: MayGoOn<'_>) -> Result<String, Error> {
    let mut tree = TreeWriter::new(into, limits);
    walk(root, &mut |path, name| {
        may_go_on()?;
        let meta = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
        if meta.is_symlink() {
            let target = fs::read_link(path).map_err(|error| unreadable(path, &error))?;
            let target = target.to_str().ok_or_else(|| not_utf8(path))?;
            return tree.link(name, target);
        }
        if !meta.is_file() {
            let message = format!("{} is neither a file nor a directory", quoted(path));
            return Err(Error::new(ErrorKind::Fetch, message).with_hint("remove it, or name another directory"));
        }
        // Without waiting: what was a file may be a pipe by now.
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let mut file = file.map_err(|error| unreadable(path, &error))?;
        tree.file(name, meta.permissions().mode() & 0o100 != 0, &mut file)
    })?;
    tree.finish()
}

/// Tells cheaply whether a directory has changed: a hash over the names, lengths, modes and times of
/// what [`fetch`] would copy.
pub(crate) fn fingerprint(path: &Path) -> Result<String, Error> {
    let root = plan::readable(path)?;
    let mut hasher = blake3::Hasher::new_derive_key("prizm-install 2026 directory fingerprint v1");
    walk(&root, &mut |path, name| {
        let meta = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        let numbers = [meta.ino(), meta.size(), u64::from(meta.mode())];
        numbers.iter().for_each(|number| {
            hasher.update(&number.to_le_bytes());
        });
        for time in [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()] {
            hasher.update(&time.to_le_bytes());
        }
        Ok(())
    })?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// Visits everything but directories, in order, with its path and its name relative to `root`.
fn walk(root: &Path, visit: &mut dyn FnMut(&Path, &str) -> Result<(), Error>) -> Result<(), Error> {
    let mut left = vec![(root.to_owned(), String::new())];
    while let Some((directory, prefix)) = left.pop() {
        if prefix.matches('/').count() > 100 {
            let message = format!("{} is nested too deeply", quoted(&directory));
            return Err(Error::new(ErrorKind::Fetch, message).with_hint("name another directory"));
        }
        let read = fs::read_dir(&directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = read.map_err(|error| unreadable(&directory, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            if LEFT_OUT.iter().any(|left_out| name.as_bytes() == left_out.as_bytes()) {
                continue;
            }
            let path = entry.path();
            let name = format!("{prefix}{}", name.to_str().ok_or_else(|| not_utf8(&path))?);
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() {
                left.push((path, name + "/"));
            } else {
                visit(&path, &name)?;
            }
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Source, format!("{} cannot be read: {error}", quoted(path)))
        .with_hint("check who may read it, and that nothing changes it meanwhile")
}

fn not_utf8(path: &Path) -> Error {
    Error::new(ErrorKind::Fetch, format!("the name of {} is not UTF-8", quoted(path))).with_hint("rename it")
}
