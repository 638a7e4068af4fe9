//! `prizm inspect`: all that is known of a provider.

use std::process::ExitCode;

use prizm_registry::{Capability, DataPolicy, Isolation, Model, Permissions, Provider};
use serde_json::{Value, json};

use super::{describe, lacks, models};
use crate::args::{Global, Inspect};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn inspect(args: &Inspect, global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let provider = match args.link {
        true => registry.link_provider(&args.provider).await,
        false => registry.get_provider(&args.provider).await,
    };
    bar.clear();
    let shown = provider.map(|provider| if global.json { output::json(&whole(&provider)) } else { print(&provider) });
    registry.shutdown().await;
    shown?;
    Ok(ExitCode::SUCCESS)
}

fn whole(provider: &Provider) -> Value {
    let mut described = describe(provider);
    described["models"] = provider.models().iter().map(|model| models::describe(model, true)).collect();
    described["revision"] = json!(provider.revision());
    described["permissions"] = json!(provider.permissions());
    // A plugin that runs is withheld nothing but the environment yet, and this says so.
    described["sandbox"] = json!({"level": "environment", "build": provider.isolation().map(Isolation::level)});
    if let Some(info) = provider.info() {
        described["maxInFlight"] = json!(info.max_in_flight);
        described["dataPolicy"] = json!(info.data_policy);
        described["configSchema"] = json!(info.config_schema.as_ref().map(prizm_registry::OptionsSchema::raw));
    }
    described
}

fn print(provider: &Provider) {
    let Some(info) = provider.info() else { return };
    output::line(&format!(
        "{} {} ({}), {}",
        info.name,
        info.version,
        info.location.as_str(),
        provider.status().as_str()
    ));
    output::line(&format!("id:      {}", provider.id()));
    output::line(&format!("source:  {}", provider.source()));
    if let Some(revision) = provider.revision() {
        output::line(&format!("revision: {revision}"));
    }
    if let Some(isolation) = provider.isolation() {
        output::line(&format!("sandbox: environment when it runs; {} while it was built", isolation.level()));
    }
    if let Some(permissions) = provider.permissions() {
        print_permissions(&permissions);
    }
    lacks(provider).for_each(|lack| output::line(&format!("lacks:   {lack}")));
    if let Some(policy) = info.data_policy.as_ref().map(data_policy).filter(|said| !said.is_empty()) {
        output::line(&format!("data:    {policy}"));
    }
    if let Some(schema) = &info.config_schema {
        let names: Vec<_> = schema.names().collect();
        output::line(&format!("setting: {}", names.join(", ")));
    }
    for model in provider.models() {
        print_model(&model);
    }
}

/// Writes what becomes of what is sent, as far as it is known.
fn data_policy(policy: &DataPolicy) -> String {
    let kept = policy.retention_days.map(|days| match days {
        0 => "nothing is kept".to_owned(),
        1 => "kept for a day".to_owned(),
        days => format!("kept for {days} days"),
    });
    let training = policy.training.map(|training| if training { "trained on" } else { "not trained on" }.to_owned());
    let regions = policy.regions.as_ref().map(|regions| format!("in {}", regions.join(", ")));
    [kept, training, regions].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn print_permissions(permissions: &Permissions) {
    let read: Vec<_> = permissions.read.iter().map(|path| path.display().to_string()).collect();
    for (what, names) in [("network", &permissions.network), ("env", &permissions.env), ("read", &read)] {
        if !names.is_empty() {
            output::line(&format!("asks for: {what} {}", names.join(", ")));
        }
    }
}

fn print_model(model: &Model) {
    let info = model.info();
    output::line(&format!("\n{}  {}", model.id(), info.description.as_deref().unwrap_or(&info.name)));
    output::line(&format!("  price: {}", models::price(model)));
    let said = [
        ("quality", info.quality.map(models::quality)),
        ("takes", info.typical.map(|time| format!("about {}", models::typical(time)))),
        ("features", Some(models::features(model)).filter(|features| !features.is_empty())),
    ];
    for (what, value) in said {
        value.iter().for_each(|value| output::line(&format!("  {what}: {value}")));
    }
    for capability in &info.capabilities {
        let inputs: Vec<_> = info
            .inputs_for(capability)
            .iter()
            .map(|slot| match &slot.role {
                Some(role) => format!(
                    "{} as `{role}`{}",
                    slot.kind,
                    if slot.required == Some(false) { " (optional)" } else { "" }
                ),
                None => slot.kind.to_string(),
            })
            .collect();
        output::line(&format!("  {capability}: takes {}", inputs.join(", ")));
        print_options(info, capability);
    }
}

fn print_options(info: &prizm_registry::ModelInfo, capability: &Capability) {
    let Some(schema) = info.options.get(capability) else { return };
    let rows: Vec<_> = schema
        .properties()
        .map(|(name, schema)| {
            let default = schema.get("default").map(ToString::to_string).unwrap_or_default();
            let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            vec![format!("  {name}"), type_of(schema), default, description.to_owned()]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let text = table::table(&["  option", "type", "default", "what it does"], rows);
    output::line(&text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
}

/// Writes an option's type with its bounds: `integer 16..8192`, `left|center|right`.
fn type_of(schema: &Value) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
        return words.collect::<Vec<_>>().join("|");
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
        _ => "any".to_owned(),
    };
    let bound = |key: &str| schema.get(key).map(ToString::to_string).unwrap_or_default();
    match (bound("minimum"), bound("maximum")) {
        (low, high) if low.is_empty() && high.is_empty() => kind,
        (low, high) => format!("{kind} {low}..{high}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_policy_says_what_is_known() {
        let said = |days, training, regions: &[&str]| {
            let regions =
                Some(regions.iter().map(|it| (*it).to_owned()).collect()).filter(|it: &Vec<_>| !it.is_empty());
            data_policy(&DataPolicy { retention_days: days, training, regions })
        };
        assert_eq!(said(None, None, &[]), "");
        assert_eq!(said(Some(0), Some(false), &[]), "nothing is kept; not trained on");
        assert_eq!(said(Some(1), Some(true), &["eu", "us"]), "kept for a day; trained on; in eu, us");
        assert_eq!(said(Some(30), None, &[]), "kept for 30 days");
    }
}
