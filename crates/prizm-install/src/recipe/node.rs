//! The recipe of providers in JavaScript and TypeScript: dependencies by npm, without their scripts.
//!
//! No script of any `package.json` is run, be it the provider's or a dependency's.

mod configuration;
mod dependencies;
mod explain;
mod lock;
mod specs;
mod typescript;
mod workspaces;

use std::fs;
use std::path::Path;

use crate::error::quoted;
use crate::manifest::{PACKAGE_FILE, Package};
use crate::{Error, ErrorKind, plan};

use super::{Recipe, Site};
use dependencies::Dependencies;

/// Fetches the dependencies that are locked, compiles TypeScript or runs the `[build] command`, and
/// keeps what is needed to run.
pub(super) async fn build(site: &Site<'_>) -> Result<Recipe, Error> {
    let node = site.tool("node", "a provider in JavaScript", plan::GET_NODE)?;
    let package = Package::read(site.root)?
        .ok_or_else(|| crate::manifest::wrong(&site.root.join(PACKAGE_FILE), "it is a link to nothing"))?;
    let mut recipe = Recipe::new("node/1");
    recipe.tools.insert("node".to_owned(), site.version(&["node", "--version"]).await?);
    neutralise(site)?;
    let mut dependencies = Dependencies::of(site, &package).await?;
    let mut lock = None;
    if let Some(dependencies) = &mut dependencies {
        recipe.tools.insert("npm".to_owned(), dependencies.npm_version().to_owned());
        lock = Some(dependencies.lock(&mut recipe).await?);
    }
    let compiler = typescript::wanted(site, lock.as_ref())?;
    if let (Some(dependencies), Some(lock)) = (&dependencies, &lock) {
        dependencies.install(lock).await?;
    }
    let built = site.run_build_command().await?;
    if let Some(version) = compiler.filter(|_| !built) {
        recipe.tools.insert("typescript".to_owned(), version.to_owned());
        typescript::compile(site, &node).await?;
    }
    if let Some(dependencies) = &dependencies {
        dependencies.prune().await?;
    }
    recipe.argv = match site.run_command()? {
        Some(argv) => argv,
        None => plan::entry_file(site.root, Some(site.name), site.manifest)?.argv(Path::new("."))?,
    };
    Ok(recipe)
}

/// Removes what of the source would steer npm.
fn neutralise(site: &Site<'_>) -> Result<(), Error> {
    for directory in site.root.ancestors().take_while(|directory| directory.starts_with(site.tree)) {
        let path = directory.join(".npmrc");
        if path.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            fs::remove_file(&path).map_err(|error| unusable(&path, &error))?;
        }
    }
    Ok(())
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{} cannot be changed: {error}", quoted(path)))
        .with_hint("check that PRIZM_HOME can be written and that there is room")
}
