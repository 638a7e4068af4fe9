//! From a source to what can be started.

use std::ffi::OsString;
use std::path::PathBuf;

use prizm_protocol::Manifest;

use crate::{Error, FileSource, Reporter, Store, build, resolve};

/// A provider that can be started.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The canonical identifier of where it comes from.
    pub identifier: String,
    /// Its root, which is its working directory.
    pub root: PathBuf,
    /// The program and its arguments. A program with a `/` is relative to the root; another is on PATH.
    pub argv: Vec<OsString>,
    /// Its manifest, where there is one.
    pub manifest: Option<Manifest>,
    /// The exact revision of its source, where the source has revisions; a directory has none.
    pub revision: Option<String>,
}

/// Builds the provider in a directory of this machine.
///
/// Such a provider is the user's own: it runs where it is, and its `[build] command` runs with the
/// environment variables that its manifest asks for.
///
/// # Errors
/// Those of [`resolve`] and of [`build`](crate::build()).
pub async fn install(source: &FileSource, store: &Store, reporter: &dyn Reporter) -> Result<Installed, Error> {
    let identifier = source.to_string();
    reporter.stage("resolve", &identifier);
    let plan = resolve(source.path())?.grant_env();
    let built = build(&plan, store, reporter).await?;
    Ok(Installed { identifier, root: built.root, argv: built.argv, manifest: built.manifest, revision: None })
}
