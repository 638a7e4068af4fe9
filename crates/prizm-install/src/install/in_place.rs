//! A directory that is run where it is.

use crate::{Error, FileSource, Identifier, Isolation, Kind, Reporter, Store, build, fetch, resolve};

use super::{Installed, Loaded};

/// How a directory is built where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InPlace {
    /// The network may not be used.
    pub offline: bool,
    /// It is built for its author, who changes it: cargo builds for development, in its own directory.
    pub for_author: bool,
}

/// Builds the provider in a directory of this machine, in place.
///
/// Such a provider is the user's own: its `[build] command` runs with the environment variables that
/// its manifest asks for, what it depends on is installed beside it, nothing is pinned, and what it
/// declares may change at any time. Where the network is off, the build has none, as far as this machine
/// can take it away.
///
/// # Errors
/// Those of [`resolve`] and of [`build`](crate::build()).
pub async fn install_in_place(
    source: &FileSource,
    store: &Store,
    how: InPlace,
    reporter: &dyn Reporter,
) -> Result<Installed, Error> {
    load(source, Kind::Provider, store, how, reporter).await?.provider()
}

/// Builds in place what a directory holds, if that is what was asked for.
pub(super) async fn load(
    source: &FileSource,
    kind: Kind,
    store: &Store,
    how: InPlace,
    reporter: &dyn Reporter,
) -> Result<Loaded, Error> {
    // Before it is read: what changes meanwhile is another the next time.
    let digest = match kind {
        Kind::Provider => None,
        Kind::Service => Some(format!("in-place:{}", fetch::fingerprint(source.path())?)),
    };
    let mut plan = resolve(source.path())?.grant_env().for_author(how.for_author);
    kind.check(plan.manifest.as_ref(), &Identifier::File(source.clone()))?;
    if how.offline {
        plan = plan.offline(Isolation::detect().await);
    }
    let built = build(&plan, store, reporter).await?;
    Ok(Loaded::InPlace { identifier: source.to_string(), built, digest })
}
