//! Brings a commit here, and makes sure that it is the one that was meant.

use std::path::Path;

use git2::{AutotagOption, Oid, RemoteRedirect, Repository};
use tempfile::TempDir;

use super::refs::{self, Refs};
use super::session::Session;
use crate::fetch::no_scratch;
use crate::{Error, ErrorKind, GitRevision, GitSource};

/// The most objects of a pack: a hundred times as many as most repositories have.
const MAX_OBJECTS: usize = 10_000_000;

/// Fetches a commit into a new repository in `scratch`, which lives as long as the directory that is returned.
pub(super) fn download(
    source: &GitSource,
    revision: &GitRevision,
    session: &Session,
    scratch: &Path,
) -> Result<(TempDir, Repository), Error> {
    let place = TempDir::new_in(scratch).map_err(|error| no_scratch(&error))?;
    let repository =
        Repository::init_bare(place.path()).map_err(|error| session.git_error("to prepare for", &error))?;
    let commit = Oid::from_str(&revision.commit).map_err(|error| session.git_error("to read the commit of", &error))?;
    let mut remote = repository
        .remote_anonymous(session.address().as_str())
        .map_err(|error| session.git_error("to prepare for", &error))?;
    refs::admit(&remote, session)?;
    let known = refs::list(&mut remote, session)?;
    check_not_moved(source, revision, &known)?;
    match known.tip(commit) {
        Some(name) => fetch(&mut remote, &[format!("{name}:refs/prizm/tip")], 1, session)?,
        // Only its history tells whether a commit belongs to the repository: a server may hand out
        // those of forks as well, and a lock may have been written by anybody.
        None => {
            let all = ["refs/heads/*:refs/prizm/heads/*".to_owned(), "refs/tags/*:refs/prizm/tags/*".to_owned()];
            fetch(&mut remote, &all, 0, session)?;
            check_reachable(source, &repository, commit, session)?;
        }
    }
    drop(remote);
    if repository.find_commit(commit).is_err() {
        let message = format!("`{}` promised commit {commit}, and sent something else", session.address());
        return Err(
            Error::new(ErrorKind::Mismatch, message).with_hint("its server is broken, or lies: ask whoever runs it")
        );
    }
    Ok((place, repository))
}

/// A tag must stay where it was when it was pinned.
fn check_not_moved(source: &GitSource, revision: &GitRevision, known: &Refs) -> Result<(), Error> {
    let Some(tag) = revision.reference.as_deref().filter(|name| name.starts_with("refs/tags/")) else { return Ok(()) };
    let now = known.find(&source.repository(), Some(tag))?;
    if now.commit == revision.commit {
        return Ok(());
    }
    let message = format!(
        "`{tag}` of `{}` was moved: it was {}, and is {} now",
        source.repository(),
        revision.commit,
        now.commit
    );
    Err(Error::new(ErrorKind::Mismatch, message)
        .with_hint("a tag that moves cannot be trusted: ask its author, then pin the commit you mean"))
}

fn check_reachable(source: &GitSource, repository: &Repository, commit: Oid, session: &Session) -> Result<(), Error> {
    let failed = |error: &git2::Error| session.git_error("to look into", error);
    let tips = repository.references_glob("refs/prizm/*").map_err(|error| failed(&error))?;
    if repository.find_commit(commit).is_ok() {
        for tip in tips {
            session.left()?;
            let tip = tip.and_then(|tip| tip.peel_to_commit()).map(|tip| tip.id());
            // A tag may lead to what is no commit.
            let Ok(tip) = tip else { continue };
            if tip == commit || repository.graph_descendant_of(tip, commit).map_err(|error| failed(&error))? {
                return Ok(());
            }
        }
    }
    let message = format!("no branch and no tag of `{}` leads to commit {commit}", source.repository());
    Err(Error::new(ErrorKind::Source, message).with_hint(
        "it may be a fork's, or was removed by a forced push: name a commit that is in the repository's history",
    ))
}

fn check_objects(session: &Session, objects: usize) -> Result<(), Error> {
    if objects <= MAX_OBJECTS {
        return Ok(());
    }
    let message = format!("`{}` sends {objects} objects, and {MAX_OBJECTS} are taken", session.address());
    Err(Error::new(ErrorKind::Fetch, message).with_hint("load it from a repository with a shorter history"))
}

fn fetch(remote: &mut git2::Remote<'_>, refspecs: &[String], depth: i32, session: &Session) -> Result<(), Error> {
    let mut callbacks = git2::RemoteCallbacks::new();
    // It is called while what came is indexed, when nothing is read any more.
    callbacks.transfer_progress(|progress| {
        let goes_on = session.left().and_then(|_| check_objects(session, progress.total_objects()));
        goes_on.inspect_err(|error| drop(session.fail(error.clone()))).is_ok()
    });
    let mut options = git2::FetchOptions::new();
    options
        .remote_callbacks(callbacks)
        .depth(depth)
        .download_tags(AutotagOption::None)
        .follow_redirects(RemoteRedirect::None)
        .update_fetchhead(false);
    remote.fetch(refspecs, Some(&mut options), None).map_err(|error| session.git_error("to fetch from", &error))
}
