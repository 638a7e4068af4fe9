//! A ref of a repository in a directory of this machine. Nothing is cloned.

use std::path::Path;

use git2::{ErrorCode, Repository};

use super::write;
use crate::error::quoted;
use crate::fetch::work::blocking;
use crate::identifier::is_commit;
use crate::{Error, ErrorKind, FetchOptions, Fetched, GitRevision, Limits};

/// Finds which commit is meant.
pub(crate) async fn resolve_local(path: &Path, reference: &str) -> Result<GitRevision, Error> {
    let (path, reference) = (path.to_owned(), reference.to_owned());
    blocking(Limits::default(), move |_| resolve(&path, &reference)).await
}

/// Writes the files of a commit.
pub(crate) async fn fetch_local(
    path: &Path,
    revision: &GitRevision,
    options: &FetchOptions,
    into: &Path,
) -> Result<Fetched, Error> {
    let (path, revision, limits, into) = (path.to_owned(), revision.clone(), options.limits, into.to_owned());
    blocking(limits, move |may_go_on| write::fetched(&open(&path)?, &revision, None, limits, &into, may_go_on)).await
}

fn open(path: &Path) -> Result<Repository, Error> {
    Repository::open(path).map_err(|error| {
        let (what, hint) = match error.code() {
            ErrorCode::NotFound => {
                ("is no git repository".to_owned(), "leave `?ref=` out, or name a repository".to_owned())
            }
            ErrorCode::Owner => (
                "belongs to another user".to_owned(),
                format!("if you trust it: git config --global --add safe.directory {}", path.display()),
            ),
            _ => (format!("cannot be opened: {}", error.message()), "check it with `git fsck`".to_owned()),
        };
        Error::new(ErrorKind::Source, format!("{} {what}", quoted(path))).with_hint(hint)
    })
}

fn resolve(path: &Path, reference: &str) -> Result<GitRevision, Error> {
    let repository = open(path)?;
    if is_commit(reference) {
        let found = git2::Oid::from_str(reference).and_then(|id| repository.find_commit(id));
        return match found {
            Ok(commit) => Ok(GitRevision { reference: None, tag_object: None, commit: commit.id().to_string() }),
            Err(_) => Err(missing(path, reference)),
        };
    }
    let at = |name: &str| -> Option<GitRevision> {
        let found = repository.find_reference(name).ok()?;
        let commit = found.peel_to_commit().ok()?;
        let tag = found.peel_to_tag().ok().map(|tag| tag.id().to_string());
        Some(GitRevision { reference: Some(name.to_owned()), tag_object: tag, commit: commit.id().to_string() })
    };
    if reference.starts_with("refs/") {
        return at(reference).ok_or_else(|| missing(path, reference));
    }
    match (at(&format!("refs/tags/{reference}")), at(&format!("refs/heads/{reference}"))) {
        (Some(tag), Some(branch)) if tag.commit != branch.commit => {
            let message = format!("`{reference}` is both a tag and a branch of {}", quoted(path));
            Err(Error::new(ErrorKind::Source, message)
                .with_hint(format!("say which: `refs/tags/{reference}` or `refs/heads/{reference}`")))
        }
        (Some(found), _) | (None, Some(found)) => Ok(found),
        (None, None) => Err(missing(path, reference)),
    }
}

fn missing(path: &Path, reference: &str) -> Error {
    let message = format!("{} has no branch, tag or commit `{}`", quoted(path), reference.escape_debug());
    Error::new(ErrorKind::Source, message).with_hint("see `git branch` and `git tag` there")
}
