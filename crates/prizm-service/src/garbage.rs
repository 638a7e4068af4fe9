//! What is left behind by owners that were killed, or by a PRIZM_HOME that is gone.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::backend::{Leftover, leftovers, remove};
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
    let unreadable: Vec<_> = collected.iter().map(|it| it.instance.clone()).collect();
    for instance in Instance::all(home, &Keeper::here())? {
        let what = match instance.collect(dry_run).await? {
            None => continue,
            Some(Condition::Stopped | Condition::Failed) => "what is known of a service that does not run",
            Some(_) => "a service whose owner was killed",
        };
        collected.push(Collected { instance: instance.spec().instance.clone(), what: what.to_owned() });
    }
    let found = match leftovers(docker).await {
        // Without an engine nothing runs in one.
        Err(error) if matches!(error.kind(), ErrorKind::EngineMissing | ErrorKind::Denied) => return Ok(collected),
        found => found?,
    };
    for left in found {
        let Some((what, purge)) = leftover(home, &left, &unreadable) else { continue };
        if !dry_run {
            remove(docker, &left.instance, purge).await?;
        }
        collected.push(Collected { instance: left.instance, what });
    }
    Ok(collected)
}

/// Says what goes of what the engine has of an instance, and whether its volumes do; nothing where somebody
/// knows of it. `unreadable` are those whose directories go, or would.
fn leftover(home: &Path, left: &Leftover, unreadable: &[String]) -> Option<(String, bool)> {
    if !left.home.exists() {
        let Leftover { containers, networks, volumes, .. } = left;
        return Some((format!("{containers} containers, {networks} networks, {volumes} volumes"), true));
    }
    let is_known = Place::of(home, &left.instance).exists() && !unreadable.contains(&left.instance);
    if left.home != home || is_known || left.containers + left.networks == 0 {
        return None;
    }
    Some((format!("{} containers, {} networks", left.containers, left.networks), false))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_leftovers_is_what_goes() {
        let home = tempfile::tempdir().unwrap();
        let left = |home: &Path, containers| Leftover {
            instance: "prizm-s-0".to_owned(),
            home: home.to_owned(),
            containers,
            networks: 0,
            volumes: 2,
            running: false,
        };
        let (here, elsewhere) = (home.path(), tempfile::tempdir().unwrap());
        let ours = leftover(here, &left(here, 1), &[]).unwrap();
        assert_eq!(ours, ("1 containers, 0 networks".to_owned(), false), "volumes stay with their PRIZM_HOME");
        assert_eq!(leftover(here, &left(here, 0), &[]), None);
        assert_eq!(leftover(here, &left(elsewhere.path(), 1), &[]), None, "another's");
        let gone = leftover(here, &left(&here.join("gone"), 0), &[]).unwrap();
        assert_eq!(gone, ("0 containers, 0 networks, 2 volumes".to_owned(), true));
        std::fs::create_dir_all(Place::of(here, "prizm-s-0").directory()).unwrap();
        assert_eq!(leftover(here, &left(here, 1), &[]), None, "it is known");
        // A dry run leaves the directory, and tells all the same.
        assert_eq!(leftover(here, &left(here, 1), &["prizm-s-0".to_owned()]), Some(ours));
    }
}
