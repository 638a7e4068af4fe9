//! `prizm add`, `remove`, `update`, `list`: the providers of a project and their services, pinned in
//! `prizm.lock`.

use std::process::ExitCode;

use prizm_registry::{Pinned, Registry, Updated};
use serde_json::{Value, json};

use super::describe;
use crate::args::{Add, Global, Remove, Update};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn add(args: &Add, global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let added = futures_util::future::join_all(args.urls.iter().map(|url| registry.add(url))).await;
    bar.clear();
    registry.shutdown().await;
    let mut shown = Vec::new();
    let mut failure = None;
    for (url, added) in args.urls.iter().zip(added) {
        match added {
            Ok(provider) => {
                if !global.json {
                    let revision = provider.revision().unwrap_or_default();
                    output::line(&format!("added {} ({}, {revision})", provider.id(), provider.source()));
                }
                shown.push(describe(&provider));
            }
            Err(error) => failure = Some(several(failure, url, args.urls.len(), error.into())),
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if global.json {
        output::json(&Value::Array(shown));
    }
    Ok(ExitCode::SUCCESS)
}

/// Of several failures the first is the command's; the others are told before it.
fn several(first: Option<Failure>, url: &str, of: usize, failure: Failure) -> Failure {
    match first {
        None if of > 1 => failure.about(url),
        None => failure,
        Some(first) => {
            output::note(&format!("{url}: {}", failure.message()));
            first
        }
    }
}

pub(crate) async fn remove(args: &Remove, global: &Global) -> Result<ExitCode, Failure> {
    let registry = open::registry(global, &Bar::new(global))?;
    let mut gone = Vec::new();
    for id in &args.ids {
        gone.extend(registry.remove(id).await?);
    }
    if global.json {
        output::json(&Value::Array(gone.iter().map(entry).collect()));
    } else {
        gone.iter().for_each(|gone| output::line(&format!("removed {} ({})", gone.locked.id, gone.locked.request)));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn update(args: &Update, global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let updated = updated(&registry, &args.ids).await;
    bar.clear();
    registry.shutdown().await;
    let updated = updated?;
    if global.json {
        let list = updated.iter().map(|updated| {
            json!({"id": updated.to.id, "request": updated.to.request, "changed": updated.changed(),
                   "from": updated.from.shown_revision(), "to": updated.to.shown_revision(),
                   "fromHash": updated.from.source_hash, "toHash": updated.to.source_hash})
        });
        output::json(&Value::Array(list.collect()));
        return Ok(ExitCode::SUCCESS);
    }
    for update in &updated {
        let (from, to) = (update.from.shown_revision(), update.to.shown_revision());
        let id = &update.to.id;
        output::line(&match update.changed() {
            false => format!("{id}: {}, as before", short(&to)),
            true => format!("{id}: {} → {}", short(&from), short(&to)),
        });
    }
    if updated.is_empty() {
        output::line("nothing is pinned");
    }
    Ok(ExitCode::SUCCESS)
}

async fn updated(registry: &Registry, ids: &[String]) -> Result<Vec<Updated>, Failure> {
    if ids.is_empty() {
        return Ok(registry.update(None).await?);
    }
    let mut all = Vec::new();
    for id in ids {
        all.extend(registry.update(Some(id)).await?);
    }
    Ok(all)
}

pub(crate) async fn list(global: &Global) -> Result<ExitCode, Failure> {
    let registry = open::registry(global, &Bar::new(global))?;
    let pinned = registry.pinned()?;
    if global.json {
        output::json(&Value::Array(pinned.iter().map(entry).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    if pinned.is_empty() {
        output::line("nothing is pinned; `prizm add URL` pins a provider for this project");
        return Ok(ExitCode::SUCCESS);
    }
    let rows = pinned.iter().map(|pinned| {
        let locked = &pinned.locked;
        let place = if pinned.in_project { "project" } else { "user" };
        vec![
            locked.id.clone(),
            locked.kind.to_string(),
            locked.contract.version.clone(),
            short(&locked.shown_revision()).to_owned(),
            place.to_owned(),
            locked.request.clone(),
        ]
    });
    output::line(&table::table(&["id", "kind", "version", "revision", "pinned by", "request"], rows));
    Ok(ExitCode::SUCCESS)
}

/// The lock's entry, and where it stands.
fn entry(pinned: &Pinned) -> Value {
    let mut entry = json!(pinned.locked);
    entry["lock"] = json!(pinned.lock);
    entry["inProject"] = json!(pinned.in_project);
    entry
}

/// A commit or a hash, cut; a version as it is.
fn short(revision: &str) -> &str {
    let is_hash =
        revision.len() >= 40 && revision.trim_start_matches("b3:").bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &revision[..12] } else { revision }
}
