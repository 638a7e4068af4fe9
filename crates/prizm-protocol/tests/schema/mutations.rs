//! The schemas refuse what breaks a rule, and leave open what a later version may add.

use std::fmt::Debug;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::documents::{compile, directory_of, examples, schema, schemas, valid_examples};

/// Values of every type; no property takes them all.
fn candidates() -> Vec<Value> {
    vec![json!(null), json!(true), json!(-0.5), json!("§"), json!([[]]), json!({"": []})]
}

fn refuses(validator: &Validator, value: &Value, what: &dyn Debug) {
    assert!(!validator.is_valid(value), "{what:?} is not refused: {value}");
}

/// Every schema with examples, and those of them that it takes.
fn with_examples() -> impl Iterator<Item = (String, Value, Vec<Value>)> {
    let described = schemas().into_iter().filter(|(name, _)| name != "frame");
    described.map(|(name, schema)| {
        let examples = valid_examples(&directory_of(&name)).into_values().collect();
        (name, schema, examples)
    })
}

#[test]
fn what_is_no_object_is_refused() {
    for (name, schema) in schemas() {
        let validator = compile(&schema);
        for value in candidates().into_iter().filter(|value| !value.is_object()) {
            refuses(&validator, &value, &name);
        }
    }
}

#[test]
fn a_missing_field_is_refused() {
    for (name, schema, examples) in with_examples() {
        let validator = compile(&schema);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for field in required.iter().filter_map(Value::as_str) {
            for example in &examples {
                let mut example = example.clone();
                example.as_object_mut().unwrap().remove(field);
                refuses(&validator, &example, &(&name, field));
            }
        }
    }
}

#[test]
fn a_field_of_the_wrong_type_is_refused() {
    for (name, schema, examples) in with_examples() {
        let validator = compile(&schema);
        let properties = schema["properties"].as_object().into_iter().flatten();
        // What is only described takes anything: an error's `data`, and the result of an unknown request.
        let bound = properties.filter(|(_, property)| property.as_object().is_none_or(|it| it.len() > 1));
        for (field, _) in bound {
            let refused = candidates().into_iter().filter(|candidate| {
                let mut example = examples[0].clone();
                example[field] = candidate.clone();
                !validator.is_valid(&example)
            });
            assert!(refused.count() >= 3, "{name}: `{field}` takes nearly anything");
        }
    }
}

#[test]
fn fields_from_the_future_are_taken_but_in_a_manifest() {
    for (name, schema, examples) in with_examples() {
        let validator = compile(&schema);
        for mut example in examples {
            example["fromTheFuture"] = json!([1]);
            assert_eq!(validator.is_valid(&example), !name.ends_with("manifest"), "{name}: {example}");
        }
    }
}

#[test]
fn words_from_the_future_are_taken_and_no_other_types() {
    for (name, example, field) in [
        ("health", "healthy", "status"),
        ("log", "info", "level"),
        ("accepted", "charged", "charged"),
        ("error-data", "full", "charged"),
        ("declaration", "full", "liveness"),
        ("declaration", "full", "cancel"),
    ] {
        let validator = compile(&schema(name));
        let mut value = examples(&directory_of(name))[example].clone();
        value[field] = json!("later");
        assert!(validator.is_valid(&value), "{name}.{field}");
        value[field] = json!(1);
        refuses(&validator, &value, &(name, field));
    }
}

/// A schema, an example of it, what is changed in that, and values that break a rule.
type Case = (&'static str, &'static str, &'static str, &'static str, Value);

fn cases() -> Vec<Case> {
    let wrong_paths = json!(["", "out", "out/", "/out/a", "out/../a", "out//a", "out/./a", "../a", "a.png", "out\\a"]);
    let wrong_mimes = json!(["", "png", "image/", "/png", "image/png/x", "image /png"]);
    let wrong_amounts = json!(["", "-1", ".5", "1.", "1e3", "1,5", 1]);
    let wrong_capabilities = json!(["", "text-to-smell", "Text-to-image", "x-a", "x-a/", "x-A/b", "x-a/b/c"]);
    vec![
        ("media", "file", "", "path", wrong_paths.clone()),
        ("media", "file", "", "mime", wrong_mimes),
        ("media", "file", "", "kind", json!(["smell", "Image", "text-to-image"])),
        ("media", "file", "", "text", json!(["aGVsbG8="])),
        ("media", "file", "", "url", json!(["https://example.org/a.png"])),
        ("media", "text", "", "kind", json!(["image"])),
        ("media-facts", "full", "", "kind", json!(["smell"])),
        ("chunk", "text", "", "path", json!(["out/a"])),
        ("chunk", "file", "", "path", wrong_paths),
        ("progress", "full", "", "fraction", json!([-0.01, 1.01, "0.5"])),
        ("progress", "full", "", "seq", json!([-1, 0.5, "1"])),
        ("progress", "full", "", "id", json!([-1, 9_007_199_254_740_992_u64, "1", null])),
        ("startup", "full", "", "fraction", json!([-1, 2])),
        ("accepted", "charged", "", "remoteId", json!([""])),
        ("configure-result", "ready", "", "ready", json!([false])),
        ("transform-params", "full", "", "model", json!(["", "a b", "-a", "a\u{202e}"])),
        ("transform-params", "full", "", "capability", wrong_capabilities.clone()),
        ("transform-params", "full", "", "deadlineMs", json!([-1, 0.5])),
        ("transform-params", "full", "", "options", json!([[], null])),
        ("transform-params", "full", "/resume", "remoteId", json!(["", 7])),
        ("transform-result", "image", "", "outputs", json!([[], {}])),
        ("usage", "cost", "", "cost", wrong_amounts.clone()),
        ("usage", "cost", "", "currency", json!(["usd", "US", "DOLLAR"])),
        ("estimate-params", "full", "/inputs/0", "mime", json!(["png"])),
        ("estimate-result", "full", "", "cost", wrong_amounts.clone()),
        ("price", "full", "", "amount", wrong_amounts),
        ("price", "full", "", "currency", json!(["¤", "usd", ""])),
        ("price", "full", "", "unit", json!([""])),
        ("price", "full", "", "capability", wrong_capabilities.clone()),
        ("model", "full", "", "id", json!(["", "-a", "a b"])),
        ("model", "full", "", "capabilities", json!([[], ["text-to-smell"], ["text-to-text", "text-to-text"]])),
        ("model", "full", "", "options", json!([{"text-to-smell": {}}, {"text-to-text": 1}])),
        ("model", "full", "", "inputs", json!([{"text-to-smell": []}, {"text-to-text": [{}]}])),
        ("model", "full", "", "features", json!([["Seed"], ["a b"], ["a__b"], [""], ["seed", "seed"], vec!["a"; 65]])),
        ("model", "full", "", "quality", json!([-1, 6, 2.5, "5"])),
        ("model", "full", "", "typicalMs", json!([0, -1, 1.5])),
        ("declaration", "full", "/dataPolicy", "retentionDays", json!([-1, 0.5, "30"])),
        ("declaration", "full", "/dataPolicy", "training", json!(["no", 0])),
        ("declaration", "full", "/dataPolicy", "regions", json!([[], ["EU"], ["e_u"], ["eu", "eu"], "eu"])),
        ("declaration", "full", "", "protocolVersion", json!(["1", "1.0.0", "v1.0"])),
        ("declaration", "full", "", "capabilities", json!([[], ["x-a"], ["text-to-text", "text-to-text"]])),
        ("declaration", "full", "", "models", json!([[], [{}]])),
        ("declaration", "full", "", "configSchema", json!(["none", 1])),
        ("declaration", "full", "/limits", "maxInFlight", json!([0, 1025, -1, 1.5, null])),
        ("declaration", "full", "/provider", "id", json!(["", "-a", "a-", "A", "a_b"])),
        ("declaration", "full", "/provider", "version", json!(["1", "1.0", "v1.0.0", "01.0.0"])),
        ("initialize-params", "minimal", "", "protocolVersions", json!([[], ["one"]])),
        ("error-object", "named", "", "code", json!(["1102", 1.5])),
        ("manifest", "full", "/provider", "version", json!(["two", "1.0"])),
        ("manifest", "full", "/provider", "capabilities", json!([[], ["text-to-smell"]])),
        ("manifest", "full", "/provider", "homepage", json!(["https://example.org"])),
        ("manifest", "full", "/run", "command", json!([[], [""], [1], "make"])),
        ("manifest", "full", "", "prebuilt", json!([{"x": {}}, {"x": {"url": "u", "path": "p", "sha256": "0"}}])),
        ("service-manifest", "full", "/service", "name", json!(["", "Whisper", "a_b"])),
        ("service-manifest", "full", "/service", "backend", json!(["podman", ""])),
        ("service-manifest", "full", "/service", "idleStop", json!([15, "15", "15m", "soon"])),
        ("service-manifest", "full", "/service/resources", "memory", json!(["2G", 0, -1, "2 gb"])),
        ("service-manifest", "full", "/service/readiness", "starttimeout", json!(["1s"])),
        ("request", "transform", "", "id", json!([-1, "4", null, 0.5])),
        ("request", "transform", "", "jsonrpc", json!(["1.0", 2])),
        ("request", "transform", "", "params", json!([[], {}, {"model": "a"}])),
        ("request", "ping", "", "params", json!([[], "x"])),
        ("request", "ping", "", "result", json!([{}])),
        ("notification", "progress", "", "id", json!([1])),
        ("notification", "progress", "", "params", json!([{}, {"id": 1}])),
        ("response", "transform", "", "error", json!([{"code": 1, "message": "both"}])),
        ("response", "error", "", "error", json!([{"code": 1}, {"code": "1", "message": "m"}, "failed"])),
        ("response", "transform", "", "method", json!(["transform"])),
        ("response", "transform", "", "id", json!([null, "4"])),
    ]
}

#[test]
fn what_breaks_a_rule_is_refused() {
    for (name, example, object, field, wrong) in cases() {
        let validator = compile(&schema(name));
        let good = examples(&directory_of(name))[example].clone();
        assert!(validator.is_valid(&good), "{name}: {example}");
        for value in wrong.as_array().unwrap() {
            let mut bad = good.clone();
            bad.pointer_mut(object).unwrap()[field] = value.clone();
            refuses(&validator, &bad, &(name, object, field));
        }
    }
}

#[test]
fn a_frame_is_one_message() {
    let frame = compile(&schema("frame"));
    let ping = examples("Request")["ping"].clone();
    assert!(frame.is_valid(&ping));
    refuses(&frame, &json!([ping]), &"a batch");
    refuses(&frame, &json!({"jsonrpc": "2.0"}), &"neither");
    refuses(&frame, &json!({"jsonrpc": "2.0", "id": 1}), &"an answer without an outcome");
}
