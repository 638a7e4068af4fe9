//! Writes the files of a commit straight from its objects.

use std::path::Path;

use git2::{ObjectType, Oid, Repository, Tree};

use crate::fetch::work::MayGoOn;
use crate::tree::{MAX_PATH, TreeWriter};
use crate::{Error, ErrorKind, Fetched, GitRevision, Limits, Revision};

/// Modes of a tree's entries, as git's own `cache.h` and `tree-walk` know them.
const TREE: i32 = 0o040_000;
const FILE: i32 = 0o100_644;
const GROUP_WRITABLE: i32 = 0o100_664;
const EXECUTABLE: i32 = 0o100_755;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

/// How deep trees may be nested; the policy for paths allows less.
const MAX_DEPTH: usize = 64;
/// What the file begins with that git-lfs leaves in place of the real one.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Writes the files of a commit into `into`.
pub(super) fn fetched(
    repository: &Repository,
    revision: &GitRevision,
    directory: Option<&str>,
    limits: Limits,
    into: &Path,
    may_go_on: MayGoOn<'_>,
) -> Result<Fetched, Error> {
    let broken = |error: git2::Error| unreadable("its commit", &error);
    let files = TreeWriter::new(into, limits);
    let mut writing = Writing { repository, files, limits, bytes: 0, entries: 0, may_go_on };
    let id = Oid::from_str(&revision.commit).map_err(broken)?;
    writing.count("its commit", id)?;
    let commit = repository.find_commit(id).map_err(broken)?;
    writing.count("its files", commit.tree_id())?;
    let tree = commit.tree().map_err(broken)?;
    if let Some(directory) = directory {
        check_directory(&tree, directory)?;
    }
    writing.tree(&tree, "", 0)?;
    Ok(Fetched {
        root: directory.map_or_else(|| into.to_owned(), |directory| into.join(directory)),
        revision: Revision::Git(revision.clone()),
        source_hash: writing.files.finish()?,
        tree: Some(tree.id().to_string()),
        published: Some(commit.time().seconds()),
    })
}

fn check_directory(tree: &Tree<'_>, directory: &str) -> Result<(), Error> {
    let found = tree.get_path(Path::new(directory)).ok().and_then(|entry| entry.kind());
    if found == Some(ObjectType::Tree) {
        return Ok(());
    }
    let names: Vec<_> = tree
        .iter()
        .filter(|entry| entry.kind() == Some(ObjectType::Tree))
        .filter_map(|entry| entry.name().ok().map(|name| format!("`{}`", name.escape_debug())))
        .take(10)
        .collect();
    let message = format!("the repository has no directory `{}`", directory.escape_debug());
    Err(Error::new(ErrorKind::Source, message).with_hint(format!("it has {}", names.join(", "))))
}

struct Writing<'a> {
    repository: &'a Repository,
    files: TreeWriter,
    limits: Limits,
    /// What was read of objects: directories and the same object again count, too.
    bytes: u64,
    entries: u64,
    may_go_on: MayGoOn<'a>,
}

impl<'a> Writing<'a> {
    fn tree(&mut self, tree: &Tree<'_>, prefix: &str, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(refused(prefix, "it is nested too deeply"));
        }
        self.entries += tree.len() as u64;
        if self.entries > self.limits.files {
            let message = format!("the source has more than {} files and directories", self.limits.files);
            return Err(Error::new(ErrorKind::Fetch, message).with_hint("leave out what the provider does not need"));
        }
        for entry in tree {
            (self.may_go_on)()?;
            let name = std::str::from_utf8(entry.name_bytes()).map_err(|_| {
                refused(&format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes())), "its name is not UTF-8")
            })?;
            let path = format!("{prefix}{name}");
            if path.len() > MAX_PATH {
                return Err(refused(&path, &format!("its path is longer than {MAX_PATH} bytes")));
            }
            match entry.filemode() {
                TREE => {
                    self.count(&path, entry.id())?;
                    let tree = self.repository.find_tree(entry.id()).map_err(|error| unreadable(&path, &error))?;
                    self.tree(&tree, &format!("{path}/"), depth + 1)?;
                }
                FILE | GROUP_WRITABLE => self.file(&path, entry.id(), false)?,
                EXECUTABLE => self.file(&path, entry.id(), true)?,
                LINK => {
                    let target = self.blob(&path, entry.id())?;
                    let target = std::str::from_utf8(target.content())
                        .map_err(|_| refused(&path, "it is a link to what is not UTF-8"))?;
                    self.files.link(&path, target)?;
                }
                SUBMODULE => {
                    return Err(refused(&path, "it is a submodule, and those are not fetched")
                        .with_hint("its author must put the files in, or publish a package"));
                }
                _ => return Err(refused(&path, "git does not know such a thing")),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, id: Oid, executable: bool) -> Result<(), Error> {
        let blob = self.blob(path, id)?;
        if blob.content().starts_with(LFS) && blob.size() < 1024 {
            return Err(refused(path, "it is kept in git-lfs, which is not fetched")
                .with_hint("its author must put the file itself in, or publish a package"));
        }
        self.files.file(path, executable, &mut blob.content())
    }

    fn blob(&mut self, path: &str, id: Oid) -> Result<git2::Blob<'a>, Error> {
        self.count(path, id)?;
        self.repository.find_blob(id).map_err(|error| unreadable(path, &error))
    }

    /// Looks at the size of an object before it is read: a few bytes can unpack to very many.
    fn count(&mut self, path: &str, id: Oid) -> Result<(), Error> {
        let odb = self.repository.odb().map_err(|error| unreadable(path, &error))?;
        let (size, _) = odb.read_header(id).map_err(|error| unreadable(path, &error))?;
        self.bytes = self.bytes.saturating_add(size as u64);
        if self.bytes > self.limits.bytes {
            return Err(refused(path, "with it the source is larger than is allowed")
                .with_hint("raise `maxSize` under [policy] if you trust it"));
        }
        Ok(())
    }
}

fn refused(path: &str, reason: &str) -> Error {
    let cut: String = path.chars().take(200).collect();
    Error::new(ErrorKind::Fetch, format!("the source holds `{}`, which is refused: {reason}", cut.escape_debug()))
        .with_hint("its author must rename or remove it")
}

fn unreadable(what: &str, error: &git2::Error) -> Error {
    Error::new(
        ErrorKind::Fetch,
        format!("`{}` cannot be read from the repository: {}", what.escape_debug(), error.message()),
    )
    .with_hint("the repository or its server is broken: ask whoever runs it")
}
