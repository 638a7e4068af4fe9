//! From a source to its files: which revision is meant, and what it holds.

mod directory;
mod git;
mod npm;
mod web;
mod work;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub(crate) use directory::fingerprint;
pub(crate) use git::redact;
pub(crate) use npm::sha512_among;
pub(crate) use web::{download, is_loopback};

use crate::{Error, ErrorKind, Identifier, Reporter, Revision};

/// Where sources are fetched from, and how much of them.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// Where `github:` and `npm:` lead.
    pub sources: Sources,
    /// How much is taken, and for how long.
    pub limits: Limits,
    /// Whether the network may be used at all.
    pub offline: bool,
}

/// Where well-known sources lead: `[sources]` of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What stands in place of `https://github.com`.
    pub github: Option<Url>,
    /// What stands in place of the registry that npm's own configuration names.
    pub npm: Option<Url>,
    /// Hosts, beside this machine's loopback, that plain `http` may be spoken to.
    pub plain_http: BTreeSet<String>,
}

/// How much is fetched, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that come over the network, and bytes of a source once it is unpacked.
    pub bytes: u64,
    /// Files of a source.
    pub files: u64,
    /// The longest time without any progress.
    pub stall: Duration,
    /// The longest time in all.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 512 * 1024 * 1024,
            files: 50_000,
            stall: Duration::from_secs(30),
            total: Duration::from_secs(15 * 60),
        }
    }
}

/// A source whose files are there.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The directory of the provider within the files: they themselves, or `?dir=` of them.
    pub root: PathBuf,
    /// Which revision it is.
    pub revision: Revision,
    /// The hash of all files, as `b3:HEX`.
    pub source_hash: String,
    /// The id of git's tree object.
    pub tree: Option<String>,
    /// When it was published, as the source claims: seconds since 1970.
    pub published: Option<i64>,
}

/// Finds which revision an identifier means now. It downloads no files; `scratch` is a directory for
/// what is thrown away.
///
/// # Errors
/// `Source`: the source cannot be reached, or has no such ref or version; `Policy`: the source is
/// refused; `Offline`: that needs the network, which may not be used.
pub async fn resolve_revision(
    identifier: &Identifier,
    options: &FetchOptions,
    scratch: &Path,
    reporter: &dyn Reporter,
) -> Result<Revision, Error> {
    reporter.stage("resolve", &identifier.to_string());
    match identifier {
        Identifier::Id(_) => Err(no_source(identifier)),
        Identifier::Git(source) => git::resolve(source, options).await.map(Revision::Git),
        Identifier::Npm(source) => npm::resolve(source, options, scratch).await.map(Revision::Npm),
        Identifier::File(source) => directory::resolve(source).await,
    }
}

/// Writes the files of a revision into `into`, an empty directory that exists. `scratch` is another one,
/// for what is thrown away.
///
/// # Errors
/// `Source`: it cannot be fetched, is not what was resolved, is too large, or holds what could do
/// harm; `Offline`: that needs the network.
pub async fn fetch(
    identifier: &Identifier,
    revision: &Revision,
    options: &FetchOptions,
    into: &Path,
    scratch: &Path,
    reporter: &dyn Reporter,
) -> Result<Fetched, Error> {
    reporter.stage("fetch", &format!("{identifier} ({revision})"));
    match (identifier, revision) {
        (Identifier::Git(source), Revision::Git(revision)) => {
            git::fetch(source, revision, options, into, scratch, reporter).await
        }
        (Identifier::Npm(source), Revision::Npm(revision)) => {
            npm::fetch(source, revision, options, into, scratch, reporter).await
        }
        (Identifier::File(source), revision) => directory::fetch(source, revision, options, into).await,
        _ => Err(no_source(identifier)),
    }
}

fn no_scratch(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("a temporary directory cannot be made: {error}"))
        .with_hint("check that PRIZM_HOME can be written and that there is room")
}

fn no_source(identifier: &Identifier) -> Error {
    Error::new(ErrorKind::Identifier, format!("`{identifier}` names no source of this kind"))
}
