//! `prizm providers`: who there is and what they can do.

use std::process::ExitCode;

use prizm_registry::{Capability, Provider};
use serde_json::Value;

use super::{capability, describe, lacks};
use crate::args::{Global, Providers};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn providers(args: &Providers, global: &Global) -> Result<ExitCode, Failure> {
    let wanted = args.capability.as_deref().map(capability).transpose()?;
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    registry.initialize().await?;
    let fits = |provider: &Provider| {
        let has = |wanted: &Capability| provider.info().is_some_and(|info| info.capabilities.contains(wanted));
        wanted.as_ref().is_none_or(has)
    };
    let found: Vec<_> = registry.providers().into_iter().filter(fits).collect();
    if global.json {
        output::json(&Value::Array(found.iter().map(describe).collect()));
    } else {
        print(&found);
    }
    registry.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn print(found: &[Provider]) {
    if found.is_empty() {
        return output::line("no provider");
    }
    let rows = found.iter().map(|provider| {
        let Some(info) = provider.info() else {
            let why = provider.failure().map(|error| error.to_string()).unwrap_or_default();
            let why = why.lines().next().unwrap_or_default().to_owned();
            return vec![
                provider.id(),
                String::new(),
                String::new(),
                provider.status().as_str().to_owned(),
                String::new(),
                why,
            ];
        };
        let capabilities: Vec<_> = info.capabilities.iter().map(Capability::as_str).collect();
        vec![
            provider.id(),
            info.version.to_string(),
            info.location.as_str().to_owned(),
            provider.status().as_str().to_owned(),
            info.models.len().to_string(),
            capabilities.join(" "),
        ]
    });
    output::line(&table::table(&["id", "version", "type", "status", "models", "capabilities"], rows));
    for provider in found {
        lacks(provider).for_each(|lack| output::line(&format!("\n{}: {lack}", provider.id())));
    }
}
