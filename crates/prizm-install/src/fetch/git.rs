//! Git repositories: which commit is meant, and what it holds.
//!
//! libgit2 speaks git; HTTP is spoken by an HTTP client of our own, which has deadlines, limits and
//! proxies, and follows no redirect to another host. Nothing is checked out: files are written from
//! the repository's objects, so that no filter, hook or attribute has a say.

mod credential;
mod download;
mod http;
mod local;
mod memory;
mod refs;
mod session;
mod transport;
mod write;

use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::{FetchOptions, Fetched};
use crate::{Error, ErrorKind, GitRevision, GitSource, Reporter};

pub(crate) use credential::redact;
pub(super) use local::{fetch_local, resolve_local};
use session::Session;

/// Finds which commit is meant.
pub(super) async fn resolve(source: &GitSource, options: &FetchOptions) -> Result<GitRevision, Error> {
    let (source, session) = (source.clone(), session(source, options)?);
    session.run(move |session| refs::resolve(&source, session)).await
}

/// Writes the files of a commit.
pub(super) async fn fetch(
    source: &GitSource,
    revision: &GitRevision,
    options: &FetchOptions,
    into: &Path,
    scratch: &Path,
    reporter: &dyn Reporter,
) -> Result<Fetched, Error> {
    let session = session(source, options)?;
    let (source, revision, into, scratch) = (source.clone(), revision.clone(), into.to_owned(), scratch.to_owned());
    let work = Arc::clone(&session);
    let fetching = work.run(move |session| {
        let (_place, repository) = download::download(&source, &revision, session, &scratch)?;
        let may_go_on = || session.left().map(drop);
        write::fetched(&repository, &revision, source.directory(), session.limits(), &into, &may_go_on)
    });
    session.watched(fetching, reporter).await
}

fn session(source: &GitSource, options: &FetchOptions) -> Result<Arc<Session>, Error> {
    if options.offline {
        return Err(Error::new(ErrorKind::Offline, format!("`{source}` is not in the store, and the network is off"))
            .with_hint("fetch it once without --offline and --frozen"));
    }
    Ok(Arc::new(Session::new(address(source, options)?, options)))
}

/// Where a repository really is: at its URL, or at the mirror that the configuration names.
fn address(source: &GitSource, options: &FetchOptions) -> Result<Url, Error> {
    let mirrored = match (&options.sources.github, source.url().strip_prefix("https://github.com/")) {
        (Some(mirror), Some(path)) => format!("{}/{path}.git", mirror.as_str().trim_end_matches('/')),
        (None, Some(_)) => format!("{}.git", source.url()),
        _ => source.url().to_owned(),
    };
    mirrored.parse().map_err(|error| {
        Error::new(ErrorKind::Source, format!("`{mirrored}` is no URL: {error}"))
            .with_hint("correct `github` under [sources] in config.toml")
    })
}
