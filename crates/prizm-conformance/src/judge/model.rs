//! Models, as declared or as `models` lists them.

use std::collections::{BTreeSet, HashSet};

use prizm_protocol::{Decimal, ModelId};
use serde_json::Value;

use super::shape::{Field, Need, Type, wrong};
use super::{Findings, quoted, routing};
use crate::declared::{self, Declared, Model};

const FIELDS: &[Field] = &[
    ("id", Type::Text, Need::Must),
    ("name", Type::Text, Need::Null),
    ("description", Type::Text, Need::Null),
    ("capabilities", Type::Texts, Need::Must),
    ("options", Type::Object, Need::May),
    ("inputs", Type::Object, Need::May),
    ("pricing", Type::List, Need::May),
    ("isFree", Type::Flag, Need::Null),
    ("limits", Type::Object, Need::Null),
    ("inputFormats", Type::Texts, Need::Null),
    ("outputFormats", Type::Texts, Need::Null),
    ("features", Type::Texts, Need::May),
    ("quality", Type::Number, Need::Null),
    ("typicalMs", Type::Number, Need::Null),
];

const SLOT: &[Field] = &[
    ("role", Type::Text, Need::Null),
    ("kind", Type::Word(&["text", "image", "audio", "video", "3d"]), Need::Must),
    ("required", Type::Flag, Need::Null),
];

/// Returns what is wrong with the types of a list of models.
pub(crate) fn misshapen(models: &Value) -> Option<String> {
    let slots = |inputs: &Value| {
        inputs.as_object()?.iter().find_map(|(name, slots)| match slots.as_array() {
            None => Some(format!("the inputs of `{}` are {}, not a list", name.escape_debug(), quoted(slots))),
            Some(slots) => slots.iter().find_map(|slot| wrong("an input", slot, SLOT)),
        })
    };
    models.as_array()?.iter().find_map(|model| {
        let what = match model.get("id").and_then(Value::as_str) {
            Some(id) => format!("the model `{}`", id.escape_debug()),
            None => "a model".to_owned(),
        };
        wrong(&what, model, FIELDS).or_else(|| slots(model.get("inputs")?))
    })
}

/// Judges models by what they say, and by the capabilities that the provider has.
pub(crate) fn judge(declared: &Declared, provider: &[&str], findings: &mut Findings) {
    let mut ids = BTreeSet::new();
    let mut schemas = HashSet::new();
    for model in declared.models() {
        findings.see_all(&["DE-7", "DE-8", "DE-17"]);
        capabilities(model, provider, findings);
        if let Some(id) = model.id() {
            if let Err(error) = id.parse::<ModelId>() {
                findings.fault("DE-8", error.to_string());
            } else if !ids.insert(id) {
                findings.fault("DE-8", format!("two models have the id `{id}`"));
            }
        }
        keys(model, findings);
        model.prices().for_each(|price| one_price(model, price, findings));
        routing::model(model, findings);
        if !model.value().get("isFree").is_some_and(Value::is_boolean) && model.prices().next().is_none() {
            findings.fault("DE-17", format!("the model `{}` says neither `pricing` nor `isFree`", model.name()));
        }
        for (capability, schema) in model.options() {
            // Providers of thousands of models have few schemas.
            if schemas.insert(schema.to_string()) {
                options(model, capability, schema, findings);
            }
        }
    }
}

fn capabilities(model: Model<'_>, provider: &[&str], findings: &mut Findings) {
    let own = model.capabilities();
    let is_list = model.value().get("capabilities").is_some_and(Value::is_array);
    if own.is_empty() && is_list {
        findings.fault("DE-7", format!("the model `{}` has no capability", model.name().escape_debug()));
    }
    if let Some(other) = own.iter().find(|name| !provider.contains(name)) {
        let (model, other) = (model.name().escape_debug(), other.escape_debug());
        findings.fault("DE-7", format!("the model `{model}` has `{other}`, which the provider does not declare"));
    }
}

/// What a model says of a capability must be of its own.
fn keys(model: Model<'_>, findings: &mut Findings) {
    let own = model.capabilities();
    let options = model.options().map(|(name, _)| ("options", name.as_str()));
    let inputs = model.inputs().map(|(name, _)| ("inputs", name.as_str()));
    let prices = model.prices().filter_map(|price| Some(("pricing", price.get("capability")?.as_str()?)));
    for (what, name) in options.chain(inputs).chain(prices) {
        findings.see("DE-9");
        if !own.contains(&name) {
            let (model, name) = (model.name().escape_debug(), name.escape_debug());
            findings.fault("DE-9", format!("`{what}` of the model `{model}` names `{name}`, which it does not have"));
        }
    }
}

fn one_price(model: Model<'_>, price: &Value, findings: &mut Findings) {
    findings.see("DE-11");
    let text = |key: &str| price.get(key).and_then(Value::as_str).unwrap_or_default();
    let currency = text("currency");
    let is_currency = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if text("unit").is_empty() || text("amount").parse::<Decimal>().is_err() || !is_currency {
        findings.fault("DE-11", format!("the model `{}` has the price {}", model.name().escape_debug(), quoted(price)));
    }
}

fn options(model: Model<'_>, capability: &str, schema: &Value, findings: &mut Findings) {
    findings.see_all(&["DE-10", "DE-18"]);
    let of = format!("the options of `{}`, `{}`", model.name().escape_debug(), capability.escape_debug());
    if let Some(why) = bad_schema(schema) {
        findings.fault("DE-10", format!("{of}: the schema {why}"));
    }
    let undescribed = declared::properties(Some(schema)).find(|(_, property)| property.get("description").is_none());
    if let Some((name, _)) = undescribed {
        findings.fault("DE-18", format!("{of}: `{}` has no description", name.escape_debug()));
    }
}

/// Says why a value is no JSON Schema of draft 2020-12 for an object.
pub(crate) fn bad_schema(schema: &Value) -> Option<String> {
    if !schema.is_object() && *schema != Value::Bool(true) {
        return Some(format!("is {}", quoted(schema)));
    }
    if !declared::allows(schema, "object") {
        return Some(format!("is not for an object: its `type` is {}", quoted(&schema["type"])));
    }
    // A stranger's pattern must not take more than linear time, and no schema fetches another.
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    let options = options.with_pattern_options(jsonschema::PatternOptions::regex().size_limit(256 * 1024));
    let error = options.build(schema).err()?;
    Some(format!("is not valid: {} at `{}`", quoted(&error.to_string().into()), error.instance_path()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(model: Value) -> Vec<&'static str> {
        let mut findings = Findings::default();
        judge(&Declared::new(json!({"models": [model]})), &["text-to-text", "text-to-image"], &mut findings);
        findings.faults.iter().map(|fault| fault.rule).collect()
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        let schema =
            json!({"type": "object", "properties": {"n": {"type": "integer", "description": "d", "default": 1}}});
        let price = json!({"unit": "call", "amount": "0.01", "currency": "EUR", "capability": "text-to-text"});
        let good = json!({"id": "m", "capabilities": ["text-to-text"], "options": {"text-to-text": schema},
                          "inputs": {"text-to-text": [{"kind": "text"}]}, "pricing": [price]});
        assert_eq!(rules(good.clone()), [""; 0]);
        for (path, value, rule) in [
            ("/capabilities", json!(["text-to-text", "text-to-3d"]), "DE-7"),
            ("/id", json!("a b"), "DE-8"),
            ("/pricing/0/capability", json!("text-to-image"), "DE-9"),
            ("/options/text-to-text/type", json!("array"), "DE-10"),
            ("/options/text-to-text/properties/n/type", json!("intger"), "DE-10"),
            ("/pricing/0/amount", json!(0.01), "DE-11"),
            ("/pricing/0/currency", json!("Euro"), "DE-11"),
            ("/pricing", json!([]), "DE-17"),
            ("/options/text-to-text/properties/n", json!({"type": "integer", "default": 1}), "DE-18"),
        ] {
            let mut model = good.clone();
            *model.pointer_mut(path).unwrap() = value;
            assert_eq!(rules(model), [rule], "{path}");
        }
    }

    #[test]
    fn ids_are_unique() {
        let model = json!({"id": "m", "capabilities": ["text-to-text"], "isFree": true});
        let mut findings = Findings::default();
        judge(&Declared::new(json!({"models": [model, model]})), &["text-to-text"], &mut findings);
        assert_eq!(findings.faults[0].why, "two models have the id `m`");
    }
}
