use prizm_protocol::PROTOCOL_VERSION;
use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({"protocolVersion": "1.0", "provider": {"id": "echo", "version": "1.0.0"},
           "capabilities": ["text-to-text"],
           "models": [{"id": "m", "capabilities": ["text-to-text"],
                       "options": {"text-to-text": {"type": "object"}},
                       "pricing": [{"unit": "call", "amount": "0.01", "currency": "USD"}]}]})
}

fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
    let mut declaration = good();
    change(&mut declaration);
    let declaration = serde_json::from_value(declaration).unwrap();
    let manifest = Expected {
        id: Some("echo".parse().unwrap()),
        capabilities: Some(vec![Capability::TEXT_TO_TEXT, Capability::TEXT_TO_IMAGE]),
    };
    let found = match validate(&declaration, &[PROTOCOL_VERSION], &manifest) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "`{found}` lacks `{expected}`");
    }
}

#[test]
fn a_good_declaration_is_found_valid() {
    check(|_| {}, &[]);
    let declaration = serde_json::from_value(good()).unwrap();
    let info = validate(&declaration, &[PROTOCOL_VERSION], &Expected::default()).unwrap();
    assert_eq!((info.max_in_flight, info.location), (1, Location::Remote));
    assert_eq!(info.models[0].pricing[0].amount.as_str(), "0.01");
}

#[test]
fn each_violation_has_its_name() {
    check(|d| d["protocolVersion"] = json!("9.0"), &["`9.0`, which is not among the offered: `1.0`"]);
    check(|d| d["provider"]["id"] = json!("other"), &["it calls itself `other`, its manifest `echo`"]);
    check(|d| d["provider"]["id"] = json!("Not An Id"), &["`Not An Id` is not a provider id"]);
    check(|d| d["provider"]["version"] = json!("one"), &["`one` is not a semantic version"]);
    check(|d| d["limits"] = json!({"maxInFlight": 0}), &["maxInFlight is 0"]);
    check(|d| d["configSchema"] = json!({"type": "objet"}), &["its configSchema"]);
    check(|d| d["models"][0]["id"] = json!("a b"), &["`a b` is not a model id", "no model has the capability"]);
    check(|d| d["models"].as_array_mut().unwrap().push(good()["models"][0].clone()), &["two models have the id `m`"]);
    check(|d| d["models"][0]["pricing"][0]["amount"] = json!("-1"), &["`-1 USD per call` is no price"]);
    check(|d| d["models"][0]["options"] = json!({"text-to-image": {}}), &["options for `text-to-image`"]);
    check(|d| d["models"][0]["options"]["text-to-text"] = json!({"type": 7}), &["no valid JSON Schema"]);
    check(|d| d["capabilities"] = json!(["text-to-text", "text-to-text"]), &["`text-to-text` twice"]);
    check(
        |d| d["capabilities"] = json!(["text-to-text", "text-to-image"]),
        &["no model has the capability `text-to-image`"],
    );
}

#[test]
fn what_providers_are_routed_by_is_checked() {
    let feature = |it: Value| move |d: &mut Value| d["models"][0]["features"] = it;
    let regions = |it: Value| move |d: &mut Value| d["dataPolicy"] = json!({"regions": it});
    let names = |count: usize| Value::from_iter((0..count).map(|number| format!("a{number}")));
    for good in ["seed", "negative_prompt", &"a".repeat(64)] {
        check(feature(json!([good])), &[]);
    }
    for bad in ["", "Seed", "negative-prompt", "_seed", "seed_", "a__b", "zwölf", &"a".repeat(65)] {
        check(feature(json!([bad])), &["is no feature: expected lower-case words joined by `_`"]);
    }
    check(feature(json!(["seed", "cancel", "seed"])), &["model `m` has the feature `seed` twice"]);
    check(feature(names(64)), &[]);
    check(feature(names(65)), &["model `m` has 65 features, over the limit of 64"]);
    check(|d| d["models"][0]["quality"] = json!(5), &[]);
    check(|d| d["models"][0]["quality"] = json!(6), &["model `m`: its quality is 6; expected 0 to 5"]);
    check(|d| d["models"][0]["quality"] = json!(256), &["its quality is 256"]);
    check(|d| d["models"][0]["typicalMs"] = json!(0), &["model `m`: its typicalMs is 0"]);
    check(|d| d["dataPolicy"] = json!({}), &[]);
    check(regions(json!(["eu", "us-east-1"])), &[]);
    check(regions(json!(["EU"])), &["`EU` in its dataPolicy is no region"]);
    check(regions(json!(["eu", "eu"])), &["its dataPolicy names the region `eu` twice"]);
    check(regions(json!([])), &["its dataPolicy names 0 regions; expected 1 to 64, or no `regions`"]);
    check(regions(names(65)), &["its dataPolicy names 65 regions"]);
}

#[test]
fn what_providers_are_routed_by_is_known() {
    let mut declaration = good();
    declaration["dataPolicy"] = json!({"retentionDays": 0, "training": false, "regions": ["eu"]});
    let model = &mut declaration["models"][0];
    (model["features"], model["quality"], model["typicalMs"]) = (json!(["seed", "cancel"]), json!(0), json!(1500));
    let declaration = serde_json::from_value(declaration).unwrap();
    let info = validate(&declaration, &[PROTOCOL_VERSION], &Expected::default()).unwrap();
    let model = &info.models[0];
    assert!(model.features.iter().eq(["cancel", "seed"]));
    assert_eq!((model.quality, model.typical), (Some(0), Some(std::time::Duration::from_millis(1500))));
    let policy = info.data_policy.unwrap();
    assert_eq!((policy.retention_days, policy.training), (Some(0), Some(false)));
    assert_eq!(policy.regions.unwrap(), ["eu"]);
}

#[test]
fn all_violations_are_reported_at_once() {
    check(
        |d| {
            d["protocolVersion"] = json!("2.0");
            d["provider"] = json!({"id": "other", "version": "x"});
            d["capabilities"] = json!(["text-to-speech", "image-to-text"]);
            d["limits"] = json!({"maxInFlight": 4_000_000});
        },
        &[
            "protocol version",
            "calls itself",
            "semantic version",
            "`text-to-speech` is not a capability",
            "it declares `image-to-text`, which its manifest does not",
            "maxInFlight",
            "model `m` has the capability `text-to-text`, which the provider does not declare",
            "options for `text-to-text`",
            "no model has the capability `image-to-text`",
        ],
    );
}
