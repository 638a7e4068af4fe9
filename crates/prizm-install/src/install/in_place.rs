//! A directory that is run where it is.

use crate::{Error, FileSource, Isolation, Reporter, Store, build, resolve};

use super::Installed;

/// Builds the provider in a directory of this machine, in place.
///
/// Such a provider is the user's own: its `[build] command` runs with the environment variables that
/// its manifest asks for, nothing is pinned, and what it declares may change at any time. Where the
/// network is off, the build has none, as far as this machine can take it away.
///
/// # Errors
/// Those of [`resolve`] and of [`build`](crate::build()).
pub async fn install_in_place(
    source: &FileSource,
    store: &Store,
    offline: bool,
    reporter: &dyn Reporter,
) -> Result<Installed, Error> {
    let identifier = source.to_string();
    let isolation = if offline { Isolation::detect().await } else { Isolation::None };
    let plan = resolve(source.path())?.grant_env().isolated(isolation);
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
