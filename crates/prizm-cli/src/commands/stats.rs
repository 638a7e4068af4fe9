//! `prizm stats`: figures about the registry.

use std::process::ExitCode;

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
    registry.shutdown().await;
    let stats = stats?;
    if global.json {
        output::json(&json!({
            "totalProviders": stats.total_providers,
            "availableProviders": stats.available_providers,
            "available": available,
            "models": stats.models,
            "byCapability": stats.by_capability.iter().map(|(c, n)| (c.to_string(), json!(n))).collect::<serde_json::Map<_, _>>(),
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
    Ok(ExitCode::SUCCESS)
}
