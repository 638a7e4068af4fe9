//! Validation: a pure function from what a plugin declares to what is known to be true of it, or to
//! everything that is wrong with it, at once.

mod routing;
mod violation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prizm_protocol::methods::initialize::{Declaration, Location};
use prizm_protocol::{Capability, Model, ModelId, Price, ProtocolVersion, ProviderId};
use serde_json::Value;

use crate::{ModelInfo, OptionsSchema, ProviderInfo, UnitPrice};
pub use violation::Violation;

/// The most transforms at once that a plugin may declare.
pub const MAX_IN_FLIGHT: u32 = 1024;
/// The most models that a plugin may declare.
const MAX_MODELS: usize = 10_000;
/// The most capabilities that a plugin, or one of its models, may declare.
const MAX_CAPABILITIES: usize = 256;
/// Violations after which nobody looks for more.
const ENOUGH: usize = 100;

/// What is known of a provider before it speaks: its manifest's word.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The id it must have.
    pub id: Option<ProviderId>,
    /// The only capabilities it may have.
    pub capabilities: Option<Vec<Capability>>,
}

/// What makes something of a schema.
type Compile = fn(&Value) -> Result<OptionsSchema, String>;

/// Checks a declaration.
///
/// # Errors
/// Every violation, never just the first.
pub fn validate(
    declaration: &Declaration,
    offered: &[ProtocolVersion],
    expected: &Expected,
) -> Result<ProviderInfo, Vec<Violation>> {
    checked(declaration, offered, expected, OptionsSchema::compile)
}

/// Checks a declaration that was found valid before, and has been kept since: its schemas, which are most of the work, are
/// compiled when something is checked by them.
///
/// # Errors
/// Every other violation.
pub fn validate_kept(
    declaration: &Declaration,
    offered: &[ProtocolVersion],
    expected: &Expected,
) -> Result<ProviderInfo, Vec<Violation>> {
    checked(declaration, offered, expected, OptionsSchema::kept)
}

fn checked(
    declaration: &Declaration,
    offered: &[ProtocolVersion],
    expected: &Expected,
    compile: Compile,
) -> Result<ProviderInfo, Vec<Violation>> {
    let mut violations = Vec::new();
    check_version(declaration, offered, &mut violations);
    let id = check_id(declaration, expected, &mut violations);
    let version = declaration.provider.version.parse();
    if version.is_err() {
        violations.push(Violation::BadProviderVersion { version: cut(&declaration.provider.version) });
    }
    let capabilities = check_capabilities(declaration, expected, &mut violations);
    let max_in_flight = declaration.limits.max_in_flight;
    if !(1..=MAX_IN_FLIGHT).contains(&max_in_flight) {
        violations.push(Violation::BadLimits { max_in_flight });
    }
    let config_schema = declaration.config_schema.as_ref().and_then(|schema| {
        compile(schema).map_err(|reason| violations.push(Violation::BadConfigSchema { reason })).ok()
    });
    let data_policy = routing::check_data_policy(declaration.data_policy.as_ref(), &mut violations);
    let models = check_models(&declaration.models, &capabilities, compile, &mut violations);
    check_backing(&capabilities, &models, &mut violations);
    match (id, version) {
        (Some(id), Ok(version)) if violations.is_empty() => Ok(ProviderInfo {
            name: declaration.provider.name.clone().unwrap_or_else(|| id.to_string()),
            id,
            version,
            // What does not say where the work is done is taken for what promises less.
            location: declaration.provider.location.unwrap_or(Location::Remote),
            capabilities,
            models,
            max_in_flight,
            liveness: declaration.liveness,
            cancel: declaration.cancel,
            config_schema,
            data_policy,
            declaration: Arc::new(declaration.clone()),
        }),
        _ => Err(violations),
    }
}

fn check_version(declaration: &Declaration, offered: &[ProtocolVersion], violations: &mut Vec<Violation>) {
    let chosen = declaration.protocol_version.parse();
    if !chosen.is_ok_and(|chosen| offered.contains(&chosen)) {
        violations
            .push(Violation::ProtocolVersion { chosen: cut(&declaration.protocol_version), offered: offered.to_vec() });
    }
}

fn check_id(declaration: &Declaration, expected: &Expected, violations: &mut Vec<Violation>) -> Option<ProviderId> {
    match declaration.provider.id.parse::<ProviderId>() {
        Ok(id) => {
            if let Some(manifest) = expected.id.as_ref().filter(|manifest| **manifest != id) {
                violations.push(Violation::IdDiffers { manifest: manifest.clone(), declared: id.clone() });
            }
            Some(id)
        }
        Err(error) => {
            violations.push(Violation::BadProviderId(error));
            None
        }
    }
}

fn check_capabilities(
    declaration: &Declaration,
    expected: &Expected,
    violations: &mut Vec<Violation>,
) -> Vec<Capability> {
    let mut capabilities = Vec::new();
    if declaration.capabilities.len() > MAX_CAPABILITIES {
        let (count, limit) = (declaration.capabilities.len(), MAX_CAPABILITIES);
        violations.push(Violation::TooManyCapabilities { count, limit });
    }
    for name in declaration.capabilities.iter().take(MAX_CAPABILITIES) {
        match name.parse() {
            Ok(capability) if capabilities.contains(&capability) => {
                violations.push(Violation::DuplicateCapability { capability });
            }
            Ok(capability) => capabilities.push(capability),
            Err(error) => violations.push(Violation::UnknownCapability(error)),
        }
    }
    if declaration.capabilities.is_empty() {
        violations.push(Violation::NoCapability);
    }
    if let Some(manifest) = &expected.capabilities {
        let added: Vec<_> = capabilities.iter().filter(|c| !manifest.contains(c)).cloned().collect();
        if !added.is_empty() {
            violations.push(Violation::CapabilityDrift { added, manifest: manifest.clone() });
        }
    }
    capabilities
}

/// Checks models against a provider's capabilities; for `initialize` and for `models`.
/// Checks the models of a provider.
pub(crate) fn validate_models(
    declared: &[Model],
    capabilities: &[Capability],
    violations: &mut Vec<Violation>,
) -> Vec<ModelInfo> {
    check_models(declared, capabilities, OptionsSchema::compile, violations)
}

fn check_models(
    declared: &[Model],
    capabilities: &[Capability],
    compile: Compile,
    violations: &mut Vec<Violation>,
) -> Vec<ModelInfo> {
    if declared.len() > MAX_MODELS {
        violations.push(Violation::TooManyModels { count: declared.len(), limit: MAX_MODELS });
    }
    let mut seen = BTreeSet::new();
    let mut models = Vec::new();
    for model in declared.iter().take(MAX_MODELS) {
        if violations.len() > ENOUGH {
            break;
        }
        if let Some(checked) = check_model(model, capabilities, compile, violations) {
            if !seen.insert(checked.id.clone()) {
                violations.push(Violation::DuplicateModel { model: checked.id.clone() });
            }
            models.push(checked);
        }
    }
    models
}

fn check_model(
    model: &Model,
    provider: &[Capability],
    compile: Compile,
    violations: &mut Vec<Violation>,
) -> Option<ModelInfo> {
    let id: ModelId = model.id.parse().map_err(|error| violations.push(Violation::BadModelId(error))).ok()?;
    if model.capabilities.is_empty() {
        violations.push(Violation::ModelWithoutCapability { model: id.clone() });
    }
    let mut capabilities = Vec::new();
    for name in model.capabilities.iter().take(MAX_CAPABILITIES + 1) {
        match name.parse() {
            Ok(capability) if capabilities.len() < MAX_CAPABILITIES && provider.contains(&capability) => {
                capabilities.push(capability)
            }
            _ => violations.push(Violation::OutsideProvider { model: id.clone(), capability: cut(name) }),
        }
    }
    let key = |what: &'static str, name: &str, violations: &mut Vec<Violation>| {
        let own = name.parse().ok().filter(|capability| capabilities.contains(capability));
        if own.is_none() {
            violations.push(Violation::OutsideModel { model: id.clone(), what, capability: cut(name) });
        }
        own
    };
    let options = compile_options(&id, &model.options, |name, list| key("options", name, list), compile, violations);
    let mut inputs = BTreeMap::new();
    for (name, slots) in model.inputs.iter().take(MAX_CAPABILITIES) {
        if let Some(capability) = key("inputs", name, violations) {
            inputs.insert(capability, slots.clone());
        }
    }
    let pricing = model.pricing.iter().take(MAX_CAPABILITIES).filter_map(|price| {
        if let Some(name) = &price.capability {
            key("pricing", name, violations)?;
        }
        check_price(&id, price, violations)
    });
    let pricing = pricing.collect();
    let features = routing::check_features(&id, &model.features, violations);
    let quality = routing::check_quality(&id, model.quality, violations);
    let typical = routing::check_typical(&id, model.typical_ms, violations);
    Some(ModelInfo {
        name: model.name.clone().unwrap_or_else(|| id.to_string()),
        id,
        description: model.description.clone(),
        capabilities,
        options,
        inputs,
        pricing,
        is_free: model.is_free,
        limits: model.limits.clone(),
        input_formats: model.input_formats.clone(),
        output_formats: model.output_formats.clone(),
        features,
        quality,
        typical,
    })
}

fn compile_options(
    model: &ModelId,
    declared: &BTreeMap<String, Value>,
    key: impl Fn(&str, &mut Vec<Violation>) -> Option<Capability>,
    compile: Compile,
    violations: &mut Vec<Violation>,
) -> BTreeMap<Capability, OptionsSchema> {
    let mut options = BTreeMap::new();
    for (name, schema) in declared.iter().take(MAX_CAPABILITIES) {
        let Some(capability) = key(name, violations) else { continue };
        match compile(schema) {
            Ok(schema) => {
                options.insert(capability, schema);
            }
            Err(reason) => {
                violations.push(Violation::BadOptionsSchema { model: model.clone(), capability, reason });
            }
        }
    }
    options
}

fn check_price(model: &ModelId, price: &Price, violations: &mut Vec<Violation>) -> Option<UnitPrice> {
    let currency = price.currency.len() == 3 && price.currency.bytes().all(|b| b.is_ascii_uppercase());
    match price.amount.parse() {
        Ok(amount) if currency && !price.unit.is_empty() => Some(UnitPrice {
            capability: price.capability.as_ref().and_then(|name| name.parse().ok()),
            unit: price.unit.clone(),
            amount,
            currency: price.currency.clone(),
        }),
        _ => {
            let price = format!("{} {} per {}", cut(&price.amount), cut(&price.currency), cut(&price.unit));
            violations.push(Violation::BadPrice { model: model.clone(), price });
            None
        }
    }
}

fn check_backing(capabilities: &[Capability], models: &[ModelInfo], violations: &mut Vec<Violation>) {
    for capability in capabilities {
        if !models.iter().any(|model| model.capabilities.contains(capability)) {
            violations.push(Violation::UnbackedCapability { capability: capability.clone() });
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
