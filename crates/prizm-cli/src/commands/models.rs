//! `prizm models`: what the providers do it with.

use std::process::ExitCode;
use std::time::Duration;

use prizm_registry::{Capability, Model, Registry};
use serde_json::{Value, json};

use super::capability;
use crate::args::{Global, Models};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

const COLUMNS: &[&str] = &["model", "price", "quality", "takes", "capabilities", "features", "description"];

pub(crate) async fn models(args: &Models, global: &Global) -> Result<ExitCode, Failure> {
    let wanted = args.capability.as_deref().map(capability).transpose()?;
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let found = find(&registry, args, wanted.as_ref()).await;
    bar.clear();
    registry.shutdown().await;
    let found = found?;
    if global.json {
        output::json(&Value::Array(found.iter().map(|model| describe(model, false)).collect()));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = found.iter().map(|model| {
        let info = model.info();
        let capabilities: Vec<_> = info.capabilities.iter().map(Capability::as_str).collect();
        vec![
            format!("{}/{}", model.provider().id, model.id()),
            price(model),
            info.quality.map(quality).unwrap_or_default(),
            info.typical.map(typical).unwrap_or_default(),
            capabilities.join(" "),
            features(model),
            info.description.clone().unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => output::line("no model"),
        false => output::line(&table::table(COLUMNS, rows)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(registry: &Registry, args: &Models, wanted: Option<&Capability>) -> Result<Vec<Model>, Failure> {
    let models: Vec<_> = match &args.provider {
        Some(provider) if args.refresh => registry.get_provider(provider).await?.refresh_models().await?,
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

/// Writes what a model can do beyond the plain call.
pub(super) fn features(model: &Model) -> String {
    model.info().features.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Writes how good its author says that a model is.
pub(super) fn quality(quality: u8) -> String {
    format!("{quality} of 5")
}

/// Writes how long a typical call takes.
pub(super) fn typical(time: Duration) -> String {
    match time.as_millis() {
        ms @ ..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
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
        "features": info.features,
        "quality": info.quality,
        "typicalMs": info.typical.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_for_people() {
        let written = |ms| typical(Duration::from_millis(ms));
        assert_eq!([1, 999, 1000, 6540].map(written), ["1 ms", "999 ms", "1.0 s", "6.5 s"]);
    }
}
