//! The declaration.

use std::collections::BTreeSet;

use prizm_protocol::{Manifest, ProviderId};
use serde_json::Value;

use super::shape::{Field, Need, Type, wrong};
use super::{Findings, quoted};
use super::{model, routing};
use crate::declared::{self, Declared};
use crate::session::secrets::is_called_secret;

const FIELDS: &[Field] = &[
    ("protocolVersion", Type::Text, Need::Must),
    ("provider", Type::Object, Need::Must),
    ("capabilities", Type::Texts, Need::Must),
    ("models", Type::List, Need::Must),
    ("limits", Type::Object, Need::May),
    ("liveness", Type::Word(&["ping", "progress", "none"]), Need::May),
    ("cancel", Type::Word(&["cooperative", "restart"]), Need::May),
    ("dataPolicy", Type::Object, Need::Null),
];

const DATA_POLICY: &[Field] = &[
    ("retentionDays", Type::Number, Need::Null),
    ("training", Type::Flag, Need::Null),
    ("regions", Type::Texts, Need::Null),
];

const PROVIDER: &[Field] = &[
    ("id", Type::Text, Need::Must),
    ("name", Type::Text, Need::Null),
    ("version", Type::Text, Need::Must),
    ("type", Type::Word(&["local", "remote"]), Need::Null),
];

/// Judges a declaration by the rules that say something of it alone.
pub(crate) fn judge(declared: &Declared, manifest: Option<&Manifest>) -> Findings {
    let mut findings = Findings::default();
    findings.see("DE-1");
    let value = declared.value();
    let shape = wrong("the declaration", value, FIELDS)
        .or_else(|| wrong("`provider`", value.get("provider")?, PROVIDER))
        .or_else(|| wrong("`dataPolicy`", value.get("dataPolicy").filter(|it| !it.is_null())?, DATA_POLICY))
        .or_else(|| declared.value().get("models").and_then(model::misshapen));
    if let Some(why) = shape {
        findings.fault("DE-1", why);
    }
    provider(declared, &mut findings);
    capabilities(declared, &mut findings);
    limits(value, &mut findings);
    routing::data_policy(value, &mut findings);
    model::judge(declared, &declared.capabilities(), &mut findings);
    settings(declared, &mut findings);
    if let Some(manifest) = manifest {
        compare(declared, manifest, &mut findings);
    }
    findings
}

fn provider(declared: &Declared, findings: &mut Findings) {
    if let Some(id) = declared.text("/provider/id") {
        findings.see("DE-2");
        if id.parse::<ProviderId>().is_err() {
            findings.fault("DE-2", format!("`provider.id` is {}", quoted(&id.into())));
        }
    }
    if let Some(version) = declared.text("/provider/version") {
        findings.see("DE-3");
        if let Err(error) = semver::Version::parse(version) {
            findings.fault("DE-3", format!("`provider.version` is {}: {error}", quoted(&version.into())));
        }
    }
    findings.see("DE-16");
    if declared.text("/provider/type").is_none() {
        findings.fault("DE-16", "`provider.type` is missing");
    }
}

fn capabilities(declared: &Declared, findings: &mut Findings) {
    let names = declared.capabilities();
    let Some(list) = declared.value().get("capabilities").and_then(Value::as_array) else { return };
    findings.see_all(&["DE-4", "DE-5", "DE-6"]);
    if list.is_empty() {
        findings.fault("DE-4", "`capabilities` is empty");
    }
    if let Some(error) = names.iter().find_map(|name| name.parse::<prizm_protocol::Capability>().err()) {
        findings.fault("DE-4", error.to_string());
    }
    let mut once = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !once.insert(**name)) {
        findings.fault("DE-5", format!("`{}` is listed twice", twice.escape_debug()));
    }
    let of_models: BTreeSet<_> = declared.models().flat_map(|model| model.capabilities()).collect();
    if let Some(name) = names.iter().find(|name| !of_models.contains(**name)) {
        findings.fault("DE-6", format!("no model has the capability `{}`", name.escape_debug()));
    }
}

fn limits(value: &Value, findings: &mut Findings) {
    findings.see("DE-12");
    let Some(most) = value.pointer("/limits/maxInFlight") else { return };
    if !most.as_u64().is_some_and(|most| (1..=1024).contains(&most)) {
        findings.fault("DE-12", format!("`limits.maxInFlight` is {}", quoted(most)));
    }
}

fn settings(declared: &Declared, findings: &mut Findings) {
    let Some(schema) = declared.value().get("configSchema").filter(|schema| !schema.is_null()) else { return };
    findings.see_all(&["DE-13", "DE-14"]);
    if let Some(why) = model::bad_schema(schema) {
        findings.fault("DE-13", format!("`configSchema` {why}"));
    }
    let open = declared.settings().find(|(name, schema)| {
        is_called_secret(name)
            && declared::allows(schema, "string")
            && schema.get("writeOnly") != Some(&Value::Bool(true))
    });
    if let Some((name, _)) = open {
        findings.fault("DE-14", format!("the setting `{}` is not marked `writeOnly`", name.escape_debug()));
    }
}

fn compare(declared: &Declared, manifest: &Manifest, findings: &mut Findings) {
    findings.see("DE-15");
    let id = declared.text("/provider/id").unwrap_or_default();
    if manifest.provider.id != *id {
        let why = format!("the plugin calls itself `{}`, its manifest `{}`", id.escape_debug(), manifest.provider.id);
        return findings.fault("DE-15", why);
    }
    let allowed: BTreeSet<_> = manifest.provider.capabilities.iter().map(|capability| capability.as_str()).collect();
    if let Some(more) = declared.capabilities().into_iter().find(|name| !allowed.contains(name)) {
        findings.fault("DE-15", format!("the plugin declares `{}`, its manifest does not", more.escape_debug()));
    }
}

/// Says in what two declarations of one plugin differ that must not.
pub(crate) fn differs(one: &Value, other: &Value) -> Option<String> {
    let differing = ["/provider/id", "/provider/version", "/capabilities"].into_iter().find(|path| {
        let (one, other) = (one.pointer(path), other.pointer(path));
        sorted(one) != sorted(other)
    })?;
    let said = |value: &Value| value.pointer(differing).map_or_else(|| "nothing".to_owned(), quoted);
    let name = differing[1..].replace('/', ".");
    Some(format!("one start declares the `{name}` {}, another {}", said(one), said(other)))
}

/// The order of capabilities says nothing.
fn sorted(value: Option<&Value>) -> Option<Vec<String>> {
    Some(match value? {
        Value::Array(list) => {
            let mut list: Vec<_> = list.iter().map(ToString::to_string).collect();
            list.sort();
            list
        }
        other => vec![other.to_string()],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({"protocolVersion": "1.0", "provider": {"id": "a", "version": "1.0.0", "type": "local"},
               "capabilities": ["text-to-text", "x-acme/sing"],
               "models": [{"id": "m", "capabilities": ["text-to-text", "x-acme/sing"], "isFree": true}],
               "limits": {"maxInFlight": 4}, "liveness": "ping", "cancel": "restart",
               "configSchema": {"type": "object", "properties": {"apiKey": {"type": "string", "writeOnly": true},
                                                                 "maxTokens": {"type": "integer"}}}})
    }

    fn rules(declaration: Value, manifest: Option<&Manifest>) -> Vec<&'static str> {
        judge(&Declared::new(declaration), manifest).faults.iter().map(|fault| fault.rule).collect()
    }

    #[test]
    fn a_good_declaration_has_no_faults() {
        assert_eq!(rules(good(), None), [""; 0]);
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        for (path, value, rule) in [
            ("/protocolVersion", json!(1.0), "DE-1"),
            ("/liveness", json!("sometimes"), "DE-1"),
            ("/provider/name", json!(7), "DE-1"),
            ("/models/0/inputFormats", json!("image/png"), "DE-1"),
            ("/provider/id", json!("A b"), "DE-2"),
            ("/provider/version", json!("one"), "DE-3"),
            ("/capabilities", json!(["text-to-text", "x-acme/sing", "text-to-text"]), "DE-5"),
            ("/capabilities", json!(["text-to-text", "x-acme/sing", "text-to-image"]), "DE-6"),
            ("/models/0/capabilities", json!(["text-to-text", "x-acme/sing", "video-to-video"]), "DE-7"),
            ("/limits/maxInFlight", json!(0), "DE-12"),
            ("/limits/maxInFlight", json!("many"), "DE-12"),
            ("/configSchema/type", json!("nonsense"), "DE-13"),
            ("/configSchema/properties/apiKey/writeOnly", json!(false), "DE-14"),
        ] {
            let mut declaration = good();
            if declaration.pointer(path).is_none() {
                let (parent, key) = path.rsplit_once('/').unwrap();
                declaration.pointer_mut(parent).unwrap()[key] = value;
            } else {
                *declaration.pointer_mut(path).unwrap() = value;
            }
            assert_eq!(rules(declaration, None), [rule], "{path}");
        }
        let mut declaration = good();
        declaration["provider"].as_object_mut().unwrap().remove("type");
        assert_eq!(rules(declaration, None), ["DE-16"]);
        let text = good().to_string().replace("x-acme/sing", "x-acme");
        assert_eq!(rules(serde_json::from_str(&text).unwrap(), None), ["DE-4"]);
    }

    #[test]
    fn a_declaration_is_compared_with_its_manifest() {
        let manifest = |id: &str, capabilities: &str| {
            let text = format!(
                "[provider]\nid = \"{id}\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\ncapabilities = {capabilities}"
            );
            Manifest::from_toml(&text).unwrap()
        };
        let more = manifest("a", "[\"text-to-text\", \"x-acme/sing\", \"text-to-3d\"]");
        assert_eq!(rules(good(), Some(&more)), [""; 0]);
        assert_eq!(rules(good(), Some(&manifest("a", "[\"text-to-text\"]"))), ["DE-15"]);
        assert_eq!(rules(good(), Some(&manifest("b", "[\"text-to-text\", \"x-acme/sing\"]"))), ["DE-15"]);
    }

    #[test]
    fn starts_may_differ_in_order_only() {
        let mut other = good();
        other["capabilities"] = json!(["x-acme/sing", "text-to-text"]);
        assert_eq!(differs(&good(), &other), None);
        other["provider"]["version"] = json!("1.0.1");
        assert!(differs(&good(), &other).unwrap().contains("`provider.version` \"1.0.0\", another \"1.0.1\""));
    }
}
