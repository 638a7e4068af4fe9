//! A directory that is run where it is.

use crate::{Error, FileSource, Isolation, Reporter, Store, build, resolve};

use super::Installed;

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
    let identifier = source.to_string();
    let mut plan = resolve(source.path())?.grant_env().for_author(how.for_author);
    if how.offline {
        plan = plan.offline(Isolation::detect().await);
    }
    let built = build(&plan, store, reporter).await?;
    Ok(Installed {
        identifier,
        root: built.root,
        argv: built.argv,
        manifest: built.manifest,
        revision: None,
        declaration: None,
        isolation: None,
        _artifact: None,
    })
}
