//! The recipe of providers in Python: wheels in an environment that can be moved.
//!
//! | step | phase | what runs |
//! |---|---|---|
//! | find the interpreter | network | `python3`, where the repository has no say |
//! | fetch what it depends on | network | pip, which can start nothing while it does so |
//! | make `.venv`, fill it | code | `venv` and pip, from what was fetched |
//! | `[build] command` | code | the repository |
//! | compile | code | `compileall`, which reads and runs nothing |
//!
//! Where the policy lets packages be built from their sources, pip builds them as it fetches: whatever
//! it starts for that is kept from the network, as the code phase is, while pip itself is not.

pub(crate) mod entry;
mod environment;
pub(crate) mod interpreter;
pub(crate) mod pip;
pub(crate) mod project;
mod requirement;
mod requirements;
mod version;
mod wheels;

use std::path::Path;

use crate::error::quoted;
use crate::{Error, ErrorKind};

use super::site::lock_hash;
use super::{Recipe, Site};
use interpreter::Interpreter;
use project::Project;
use requirements::Requirements;

/// The environment of a provider, relative to its root.
pub(crate) const ENVIRONMENT: &str = ".venv";
/// What the dependencies were resolved to, where the repository does not say it.
const LOCK: &str = ".prizm/requirements.lock";

/// Fetches wheels, which runs nothing of theirs, then makes an environment of them without the network.
pub(super) async fn build(site: &Site<'_>) -> Result<Recipe, Error> {
    let python = Interpreter::find(site).await?;
    let project = Project::read(site.root)?;
    project.check_python(&python.version)?;
    let requirements = Requirements::read(site.root, &project)?;
    let mut recipe = Recipe::new("python/1");
    recipe.tools.insert("python".to_owned(), python.version.clone());
    remove_shipped(site.root)?;
    let has_environment = !requirements.is_empty() && depend(site, &python, &requirements, &mut recipe).await?;
    site.run_build_command().await?;
    environment::compile(site, &python, has_environment).await?;
    recipe.argv = entry::argv(site.root, site.manifest, &project, has_environment)?;
    Ok(recipe)
}

/// Fetches and installs what the provider depends on. There may be nothing of it on this machine.
async fn depend(
    site: &Site<'_>,
    python: &Interpreter,
    requirements: &Requirements,
    recipe: &mut Recipe,
) -> Result<bool, Error> {
    let pip = python.pip()?;
    recipe.tools.insert("pip".to_owned(), pip.version.clone());
    let wheels = wheels::fetch(site, python, pip, requirements).await?;
    match requirements.lock() {
        Some(lock) => recipe.dependency_lock = Some(lock_hash(site.root, lock)?),
        None => {
            wheels::write(&site.root.join(LOCK), &wheels.lock)?;
            recipe.dependency_lock = Some(lock_hash(site.root, LOCK)?);
            recipe.dependency_lock_generated = true;
        }
    }
    if wheels.is_empty() {
        return Ok(false);
    }
    environment::make(site, python, pip, &wheels).await?;
    Ok(true)
}

/// Removes the environments that a source brings: they name the machine on which they were made.
fn remove_shipped(root: &Path) -> Result<(), Error> {
    for name in [ENVIRONMENT, "venv"] {
        let path = root.join(name);
        let Ok(meta) = path.symlink_metadata() else { continue };
        if name != ENVIRONMENT && !path.join("pyvenv.cfg").exists() {
            continue;
        }
        let removed = if meta.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", quoted(path)))
        .with_hint("check that PRIZM_HOME can be written and that there is room")
}
