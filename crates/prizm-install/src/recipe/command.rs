//! The recipe of a provider that needs nothing but itself, or builds itself by a `[build] command`.

use std::path::Path;

use crate::{Error, plan};

use super::{Recipe, Site, prebuilt};

pub(super) async fn build(site: &Site<'_>) -> Result<Recipe, Error> {
    let mut recipe = Recipe::new("command/1");
    let built = site.run_build_command().await?;
    recipe.argv = match site.run_command()? {
        Some(argv) => argv,
        None => plan::entry_file(site.root, Some(site.name), site.manifest)?.argv(Path::new("."))?,
    };
    if !built && !site.local {
        prebuilt::refuse_unverified(site, &recipe.argv)?;
    }
    Ok(recipe)
}
