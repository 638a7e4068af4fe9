//! Providers by their URLs: into an empty home, many at once, and from one that has them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use prizm_registry::Result;
use serde_json::{Value, json};

use super::{Bench, millis, registry, steps};
use crate::figures::{rounded, summary};
use crate::settings::Settings;

/// A provider that does nothing, so that what is measured is not its own.
const TINY: &str = r#"#!/usr/bin/env bash
while read -r line; do
  # The host begins a frame on a line of its own, and so leaves empty ones.
  [[ $line ]] || continue
  # `exit` is the one without an id.
  [[ $line =~ \"id\":([0-9]+) ]] || exit 0
  id=${BASH_REMATCH[1]}
  case $line in
    *'"method":"initialize"'*)
      result='{"protocolVersion":"1.0","provider":{"id":"ID","version":"1.0.0"},"capabilities":["text-to-text"],"models":[{"id":"none","capabilities":["text-to-text"]}]}' ;;
    *'"method":"configure"'*) result='{"ready":true}' ;;
    *) result='{}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

/// From nothing to a number of providers that are fetched, stored and found valid, all at once.
pub async fn grow(settings: &Settings) -> Result<Value> {
    let mut all = Vec::new();
    // The first one of this process finds out how builds are kept from the network.
    load_at_once(1).await?;
    for n in steps(2, settings.growth.loads) {
        all.push(json!({"n": n, "ms": rounded(load_at_once(n).await?)}));
    }
    Ok(Value::Array(all))
}

/// A provider that is in the store, by a registry that is made for it: what a program that asks for one begins with.
/// No process is started.
pub async fn warm(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let url = tiny(&bench, 0);
    bench.registry.get_provider(&url).await?;
    bench.registry.shutdown().await;
    let mut samples = Vec::new();
    for _ in 0..=settings.cold_n {
        let began = Instant::now();
        let registry = registry(bench.registry.home());
        let provider = registry.get_provider(&url).await?;
        samples.push(millis(began));
        assert_eq!(provider.stats().starts, 0, "no process was started");
        registry.shutdown().await;
    }
    Ok(Value::Object(summary(samples.split_off(1))))
}

async fn load_at_once(n: usize) -> Result<f64> {
    let bench = Bench::new();
    let urls: Vec<_> = (0..n).map(|number| tiny(&bench, number)).collect();
    let began = Instant::now();
    let load = |url: String| {
        let registry = bench.registry.clone();
        tokio::spawn(async move { registry.get_provider(&url).await })
    };
    let loads: Vec<_> = urls.into_iter().map(load).collect();
    for load in loads {
        load.await.expect("a load ends")?;
    }
    let took = millis(began);
    bench.registry.shutdown().await;
    Ok(took)
}

/// Makes the directory of a provider and returns its URL.
fn tiny(bench: &Bench, number: usize) -> String {
    let id = format!("tiny-{number}");
    let root = bench.file(&id);
    let manifest = format!(
        "[provider]\nid = \"{id}\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = [\"text-to-text\"]\n[run]\ncommand = [\"./provider\"]\n"
    );
    fs::create_dir(&root).expect("a directory");
    fs::write(root.join("prizm.toml"), manifest).expect("a manifest");
    fs::write(root.join("provider"), TINY.replace("ID", &id)).expect("a program");
    fs::set_permissions(root.join("provider"), Permissions::from_mode(0o755)).expect("a program");
    format!("file://{}", root.display())
}
