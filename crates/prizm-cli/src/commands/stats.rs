//! `prizm stats`: figures about the registry.

use std::process::ExitCode;

use prizm_registry::{LearnedModel, brief};
use serde_json::json;

use crate::args::Global;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn stats(global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let stats = registry.initialize().await;
    let available: Vec<_> = registry.available_providers().iter().map(ToString::to_string).collect();
    let (learned, budgets) = (registry.learned(), registry.budgets());
    registry.shutdown().await;
    let (stats, budgets) = (stats?, budgets?);
    if global.json {
        output::json(&json!({
            "totalProviders": stats.total_providers,
            "availableProviders": stats.available_providers,
            "available": available,
            "models": stats.models,
            "byCapability": stats.by_capability.iter().map(|(c, n)| (c.to_string(), json!(n))).collect::<serde_json::Map<_, _>>(),
            "learned": learned,
            "budgets": budgets,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!(
        "providers: {} known, {} available ({})",
        stats.total_providers,
        stats.available_providers,
        available.join(", ")
    ));
    output::line(&format!("models:    {}\n", stats.models));
    let rows = stats.by_capability.iter().map(|(capability, count)| vec![capability.to_string(), count.to_string()]);
    output::line(&table::table(&["capability", "providers"], rows));
    if !learned.is_empty() {
        output::line(&format!("\n{}", table::filled(&LEARNED, learned.iter().map(row))));
    }
    if !budgets.is_empty() {
        let rows = budgets.iter().map(|budget| vec![budget.id.clone(), brief::money(budget.left)]);
        output::line(&format!("\n{}", table::table(&["budget", "left"], rows)));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is shown of what was learned.
const LEARNED: [&str; 8] = ["learned of", "capability", "p50", "p95", "calls", "succeeds", "charged", "closed by"];

fn row(learned: &LearnedModel) -> Vec<String> {
    let live = &learned.live;
    let time = |of: fn(&prizm_registry::Latency) -> u64| live.latency.as_ref().map(|latency| brief::time(of(latency)));
    let gates: Vec<_> = live.gates.iter().map(|gate| gate.detail.clone()).collect();
    let samples = live.latency.map_or(0, |latency| latency.samples);
    let is_as_estimated = live.correction == 1000;
    let charged = format!("× {}.{:02}", live.correction / 1000, live.correction % 1000 / 10);
    vec![
        format!("{}/{}", learned.provider, learned.model),
        learned.capability.clone(),
        time(|latency| latency.p50).unwrap_or_default(),
        time(|latency| latency.p95).unwrap_or_default(),
        samples.to_string(),
        format!("{} %", (live.success + 5000) / 10_000),
        if is_as_estimated { String::new() } else { charged },
        gates.join("; "),
    ]
}
