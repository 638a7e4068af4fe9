//! Questions to a registry of many providers, none of which runs: what they declare came along with their files.

use std::time::Instant;

use prizm_registry::{Bundled, BundledFiles, Capability, Registry, Result, Status};
use serde_json::{Map, Value, json};

use super::{CONFIG, micros, millis};
use crate::figures::{rounded, summary};
use crate::settings::{Query, Settings};

/// The slowest of the questions by its median, and then each by its name; the models are spread over capabilities, so
/// that a capability has a part of them.
pub async fn query(settings: &Settings) -> Result<Value> {
    let size = &settings.query;
    let capabilities: Vec<_> = Capability::standard().take(size.capabilities.max(1)).collect();
    let home = tempfile::tempdir().expect("a directory");
    let config = prizm_registry::Config::from_toml(CONFIG)?;
    let mut builder = Registry::builder().home(home.path()).config(config).project(None).profile(None);
    for number in 0..size.providers {
        builder = builder.bundled(bundled(number, size.models, &capabilities)?);
    }
    let began = Instant::now();
    let registry = builder.build()?;
    let known = registry.initialize().await?;
    let initialized = millis(began);
    assert_eq!(known.models, size.providers * size.models, "everything is known");
    let questions = questions(&registry, size, &capabilities[0]).await?;
    let asleep = registry.providers().iter().all(|provider| provider.status() == Status::Available);
    assert!(asleep && registry.stats().running_providers == 0, "no process was started");
    let slowest = questions.values().max_by(|a, b| f64::total_cmp(&p50(a), &p50(b)));
    let mut figures = slowest.and_then(Value::as_object).cloned().unwrap_or_default();
    figures.extend(questions);
    let size = json!({
        "providers": size.providers, "models": known.models, "capabilities": capabilities.len(),
        "initialize_ms": rounded(initialized),
    });
    figures.extend(size.as_object().cloned().unwrap_or_default());
    Ok(Value::Object(figures))
}

async fn questions(registry: &Registry, size: &Query, capability: &Capability) -> Result<Map<String, Value>> {
    let criteria = registry.default_criteria();
    let (provider, model) = (id(size.providers / 2), format!("model-{}", size.models / 2));
    let mut found = Vec::new();
    for _ in 0..=size.rounds {
        let began = Instant::now();
        registry.get_provider(&provider).await?.model(&model)?;
        found.push(micros(began.elapsed()));
    }
    let of = |samples: Vec<f64>| Value::Object(summary(samples));
    let by_capability = || registry.providers_by_capability(capability).len();
    let best = || registry.find_best_provider(capability, &criteria).is_ok();
    assert!(best() && by_capability() == size.providers, "every provider can do something of it");
    Ok(Map::from_iter([
        ("model".to_owned(), of(found.split_off(1))),
        ("providers_by_capability".to_owned(), of(times(size.rounds, by_capability))),
        ("find_best_provider".to_owned(), of(times(size.rounds, best))),
    ]))
}

fn times<T>(rounds: usize, ask: impl Fn() -> T) -> Vec<f64> {
    let once = |_| {
        let began = Instant::now();
        std::hint::black_box(ask());
        micros(began.elapsed())
    };
    (0..rounds).map(once).collect()
}

fn p50(summary: &Value) -> f64 {
    summary["p50"].as_f64().unwrap_or_default()
}

fn id(number: usize) -> String {
    format!("many-{number}")
}

/// Makes a provider whose declaration is among its files.
fn bundled(number: usize, models: usize, capabilities: &[Capability]) -> Result<Bundled> {
    let names: Vec<_> = capabilities.iter().map(Capability::as_str).collect();
    let id = id(number);
    let manifest = format!(
        "[provider]\nid = \"{id}\"\nversion = \"1.0.0\"\ntype = \"remote\"\nprotocol = \"1.0\"\n\
         capabilities = {names:?}\n[run]\ncommand = [\"false\"]\n"
    );
    let model = |number: usize| {
        let price = json!({"unit": "request", "amount": format!("0.{:06}", number + 1), "currency": "USD"});
        let capability = names[number % names.len()];
        json!({"id": format!("model-{number}"), "capabilities": [capability], "typicalMs": 500, "pricing": [price]})
    };
    let declaration = json!({
        "protocolVersion": "1.0", "provider": {"id": id, "version": "1.0.0", "type": "remote"},
        "capabilities": names, "models": (0..models).map(model).collect::<Vec<_>>(),
    });
    // What comes with a program lives as long as it.
    let [manifest, declaration] = [manifest, declaration.to_string()].map(|text| &*text.into_bytes().leak());
    let files = vec![("prizm.toml", manifest), ("declaration.json", declaration)].leak();
    Bundled::files(Box::leak(Box::new(BundledFiles(files))))
}
