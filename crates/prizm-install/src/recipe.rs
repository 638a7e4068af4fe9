//! Recipes: how the files of a fetched source become a provider or a service that can be started.
//!
//! Each has two phases. The network phase fetches dependencies and runs no code of the repository;
//! the code phase runs it, without the network.

mod cargo;
mod command;
mod language;
mod node;
mod prebuilt;
pub(crate) mod python;
mod site;

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};

pub use site::BuildOptions;
pub(crate) use site::Site;

use crate::manifest::Described;
use crate::{Error, manifest};
pub(crate) use language::Language;

/// What a recipe made, as the lock tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipe {
    /// Its name and version, such as `node/1`.
    #[serde(rename = "recipe")]
    pub name: String,
    /// The lock file of the dependencies with its hash, such as `package-lock.json sha256:HEX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_lock: Option<String>,
    /// Whether that lock file was made here; else it was the repository's own.
    #[serde(default)]
    pub dependency_lock_generated: bool,
    /// The tools and their versions, such as `node` → `20.20.2`.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// The program and its arguments; a program with a `/` is relative to the root.
    #[serde(skip)]
    pub argv: Vec<OsString>,
}

impl Recipe {
    /// Begins a recipe, by its name and version.
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// Makes a provider or a service of the files of a source: fetches what they depend on, then builds them.
///
/// Which recipe it is follows from the files: `[prebuilt.TARGET]` of the manifest, `package.json`,
/// `Cargo.toml`, `pyproject.toml` or `requirements.txt`; without any of them the files are taken as
/// they are. A `[build] command` of the manifest takes the place of the recipe's own code phase. What
/// others run, such as containers, is taken as it is, too: a `package.json` beside a Compose file is the
/// business of an image.
pub(crate) async fn build(site: &Site<'_>) -> Result<Recipe, Error> {
    site.prepare()?;
    if let Some(service) = site.manifest.and_then(Described::run_by_others) {
        manifest::check_run_by_others(site.root, service)?;
        return Ok(Recipe::new("files/1"));
    }
    if let Some(prebuilt) = prebuilt::of(site.manifest)? {
        Language::None.check_no_deps(site.root, site.manifest)?;
        return prebuilt::build(site, prebuilt).await;
    }
    let language = Language::of(site.root, site.manifest)?;
    language.check_no_deps(site.root, site.manifest)?;
    match language {
        Language::Node => node::build(site).await,
        Language::Rust => cargo::build(site).await,
        Language::Python => python::build(site).await,
        Language::None => command::build(site).await,
    }
}
