//! What is left behind by owners that were killed, or by a PRIZM_HOME that is gone.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::backend::{leftovers, remove};
use crate::error::ErrorKind;
use crate::place::Place;
use crate::{Condition, Instance, Keeper, Result};

/// What is younger may be in the making.
const YOUNG: Duration = Duration::from_secs(60);

/// Something that nobody owned any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The instance it was of.
    pub instance: String,
    /// What it was, in words.
    pub what: String,
}

/// Removes what nobody owns: of this PRIZM_HOME, and of those that are not there any more. Volumes that
/// persist stay with their PRIZM_HOME. With `dry_run` it only tells what that would be.
///
/// # Errors
/// Something cannot be removed.
pub async fn collect_garbage(home: &Path, docker: Option<&str>, dry_run: bool) -> Result<Vec<Collected>> {
    let mut collected = unreadable(home, dry_run).await?;
    for instance in Instance::all(home, &Keeper::here())? {
        let what = match instance.left_as().await? {
            None => continue,
            Some(Condition::Stopped | Condition::Failed) => "what is known of a service that does not run",
            Some(_) => "a service whose owner was killed",
        };
        let name = instance.spec().instance.clone();
        if dry_run || instance.collect().await? {
            collected.push(Collected { instance: name, what: what.to_owned() });
        }
    }
    let found = match leftovers(docker).await {
        // Without an engine nothing runs in one.
        Err(error) if matches!(error.kind(), ErrorKind::EngineMissing | ErrorKind::Denied) => return Ok(collected),
        found => found?,
    };
    for left in found {
        let is_gone = !left.home.exists();
        let is_ours = left.home == home && !Place::of(home, &left.instance).exists();
        if !is_gone && !is_ours {
            continue;
        }
        let what = format!("{} containers, {} networks, {} volumes", left.containers, left.networks, left.volumes);
        if left.containers + left.networks == 0 && !is_gone {
            continue;
        }
        if !dry_run {
            remove(docker, &left.instance, is_gone).await?;
        }
        collected.push(Collected { instance: left.instance, what });
    }
    Ok(collected)
}

/// Removes what nobody owns and of which nobody can tell what it is.
async fn unreadable(home: &Path, dry_run: bool) -> Result<Vec<Collected>> {
    let mut collected = Vec::new();
    for entry in std::fs::read_dir(Place::all(home)).into_iter().flatten().flatten() {
        let place = Place::at(&entry.path());
        let is_young = || {
            entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age < YOUNG))
        };
        let has_volumes = entry.path().join("volumes").exists();
        if !place.exists() || place.spec().is_ok() || has_volumes || is_young() || place.is_owned()? {
            continue;
        }
        if !dry_run {
            place.remove()?;
        }
        let instance = entry.file_name().to_string_lossy().into_owned();
        collected.push(Collected { instance, what: "the state of a service that cannot be read".to_owned() });
    }
    Ok(collected)
}
