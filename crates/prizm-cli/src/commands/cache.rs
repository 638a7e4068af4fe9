//! `prizm cache`: what is in the store, whether it is whole, and what nobody refers to.

use std::process::ExitCode;

use prizm_registry::{Kind, StoreEntry};
use serde_json::{Value, json};

use crate::args::{CacheCommand, Global};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn cache(command: &CacheCommand, global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    match command {
        CacheCommand::List => show(&registry.stored().await?, global),
        CacheCommand::Verify => {
            bar.stage("verify the store");
            let entries = registry.verify_store().await?;
            bar.clear();
            show(&entries, global);
            let damaged = entries.iter().filter(|entry| entry.damage.is_some()).count();
            if damaged > 0 && !global.json {
                output::note(&format!("{damaged} damaged, put aside; they are made again when they are needed"));
            }
        }
        CacheCommand::Prune { dry_run } => {
            let pruned = registry.prune_store(*dry_run).await?;
            if global.json {
                let list = |entries: &[StoreEntry]| entries.iter().map(describe).collect::<Vec<_>>();
                output::json(&json!({
                    "removed": list(&pruned.removed), "inUse": list(&pruned.in_use), "dryRun": dry_run,
                }));
            } else {
                let bytes: u64 = pruned.removed.iter().map(|entry| entry.bytes).sum();
                let verb = if *dry_run { "would remove" } else { "removed" };
                output::line(&format!("{verb} {} entries, {}", pruned.removed.len(), size(bytes)));
                if !pruned.in_use.is_empty() {
                    output::line(&format!("left {} that somebody is using", pruned.in_use.len()));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(entries: &[StoreEntry], global: &Global) {
    if global.json {
        return output::json(&Value::Array(entries.iter().map(describe).collect()));
    }
    if entries.is_empty() {
        return output::line("the store is empty");
    }
    let rows = entries.iter().map(|entry| {
        let state = entry.damage.clone().unwrap_or_else(|| "whole".to_owned());
        vec![
            entry.key[..12].to_owned(),
            entry.kind.map_or("", Kind::as_str).to_owned(),
            entry.id.clone(),
            entry.files.to_string(),
            size(entry.bytes),
            state,
            entry.identifier.clone(),
        ]
    });
    output::line(&table::table(&["key", "kind", "id", "files", "size", "state", "source"], rows));
}

fn describe(entry: &StoreEntry) -> Value {
    json!({
        "key": entry.key,
        "kind": entry.kind,
        "id": entry.id,
        "source": entry.identifier,
        "sourceHash": entry.source_hash,
        "bytes": entry.bytes,
        "files": entry.files,
        "damage": entry.damage,
    })
}

/// Writes a number of bytes for people.
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
