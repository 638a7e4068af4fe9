//! The schemas are sound by themselves.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::documents::{protocol, read, schemas};

/// Calls `visit` with every object in a document, the outer ones first.
fn walk(value: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| walk(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

/// Where the references of a document lead; each must be in the document itself.
fn references(name: &str, document: &Value) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    walk(document, &mut |object| {
        if let Some(Value::String(target)) = object.get("$ref") {
            targets.insert(target.clone());
        }
    });
    for target in &targets {
        let found = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(found.is_some(), "{name}: `{target}` leads nowhere");
    }
    targets
}

#[test]
fn every_schema_is_valid_by_the_meta_schema_of_2020_12() {
    for (name, schema) in schemas() {
        let outcome = jsonschema::draft202012::meta::validate(&schema);
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
    }
}

#[test]
fn every_schema_has_a_name_of_its_own_and_says_what_it_is() {
    let mut titles = BTreeSet::new();
    for (name, schema) in schemas() {
        assert_eq!(schema["$id"], format!("urn:prizm:protocol:1.0:{name}"));
        let title = schema["title"].as_str().unwrap_or_default().to_owned();
        assert!(!title.is_empty() && titles.insert(title.clone()), "{name}: the title `{title}`");
        assert!(schema["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}: no description");
    }
}

#[test]
fn references_lead_somewhere_and_no_definition_is_idle() {
    for (name, schema) in schemas() {
        let used = references(&name, &schema);
        let defined = schema["$defs"].as_object().into_iter().flat_map(|all| all.keys());
        let idle: Vec<_> = defined.filter(|key| !used.contains(&format!("#/$defs/{key}"))).collect();
        assert!(idle.is_empty(), "{name}: nothing refers to {idle:?}");
    }
    let openrpc = read(&protocol().join("openrpc.json"));
    assert!(references("openrpc", &openrpc).len() > 20);
}

#[test]
fn every_property_is_described() {
    for (name, schema) in schemas() {
        walk(&schema, &mut |object| {
            let Some(Value::Object(properties)) = object.get("properties") else { return };
            // Conditions repeat a property to bind it; they are no places to describe it.
            if !object.contains_key("description") {
                return;
            }
            for (key, property) in properties.iter().filter(|(_, property)| property.is_object()) {
                let described = property.get("description").is_some() || property.get("$ref").is_some();
                assert!(described, "{name}: `{key}` has no description");
            }
        });
    }
}
