//! `prizm models`: what the providers do it with.

use std::process::ExitCode;

use prizm_registry::{Capability, Model, Registry};
use serde_json::{Value, json};

use super::capability;
use crate::args::{Global, Models};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn models(args: &Models, global: &Global) -> Result<ExitCode, Failure> {
    let wanted = args.capability.as_deref().map(capability).transpose()?;
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let found = find(&registry, args.provider.as_deref(), wanted.as_ref()).await;
    registry.shutdown().await;
    let found = found?;
    if global.json {
        output::json(&Value::Array(found.iter().map(|model| describe(model, false)).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = found.iter().map(|model| {
        let info = model.info();
        let capabilities: Vec<_> = info.capabilities.iter().map(Capability::as_str).collect();
        let description = info.description.clone().unwrap_or_default();
        vec![format!("{}/{}", model.provider().id, model.id()), price(model), capabilities.join(" "), description]
    });
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => output::line("no model"),
        false => output::line(&table::table(&["model", "price", "capabilities", "description"], rows)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(registry: &Registry, provider: Option<&str>, wanted: Option<&Capability>) -> Result<Vec<Model>, Failure> {
    let models: Vec<_> = match provider {
        Some(provider) => registry.get_provider(provider).await?.models(),
        None => {
            registry.initialize().await?;
            registry.providers().iter().flat_map(prizm_registry::Provider::models).collect()
        }
    };
    let fits = |model: &Model| wanted.is_none_or(|wanted| model.info().capabilities.contains(wanted));
    Ok(models.into_iter().filter(fits).collect())
}

/// Writes what a call costs, as far as it is known.
pub(super) fn price(model: &Model) -> String {
    let info = model.info();
    if info.is_known_free() {
        return "free".to_owned();
    }
    let prices = info.pricing.iter().map(|price| format!("{} {}/{}", price.amount, price.currency, price.unit));
    let prices: Vec<_> = prices.collect();
    if prices.is_empty() { "unknown".to_owned() } else { prices.join(", ") }
}

/// Describes a model; with its options and inputs where everything is wanted.
pub(super) fn describe(model: &Model, whole: bool) -> Value {
    let info = model.info();
    let pricing = info.pricing.iter().map(|price| {
        json!({"capability": price.capability, "unit": price.unit, "amount": price.amount, "currency": price.currency})
    });
    let mut described = json!({
        "provider": model.provider().id,
        "id": info.id,
        "name": info.name,
        "description": info.description,
        "capabilities": info.capabilities,
        "isFree": info.is_known_free(),
        "pricing": pricing.collect::<Vec<_>>(),
    });
    if whole {
        let options = info.options.iter().map(|(capability, schema)| (capability.to_string(), schema.raw().clone()));
        let inputs =
            info.capabilities.iter().map(|capability| (capability.to_string(), json!(info.inputs_for(capability))));
        described["options"] = Value::Object(options.collect());
        described["inputs"] = Value::Object(inputs.collect());
        described["limits"] = json!(info.limits);
        described["inputFormats"] = json!(info.input_formats);
        described["outputFormats"] = json!(info.output_formats);
    }
    described
}
