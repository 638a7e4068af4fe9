//! `openrpc.json` is an OpenRPC document, and complete.

use std::collections::BTreeMap;

use jsonschema::{Draft, Registry};
use prizm_protocol::methods::notifications::{ACCEPTED, CANCEL_REQUEST, CHUNK, EXIT, LOG, PROGRESS, STARTUP};
use prizm_protocol::methods::{
    Configure, DoTransform, Estimate, GetHealth, Initialize, ListModels, Method, Ping, Shutdown,
};
use prizm_protocol::{ErrorKind, code};
use serde_json::{Value, json};

use crate::documents::{compile, protocol, read};

const META: &str = include_str!("data/openrpc-meta-schema.json");
const META_OF_SCHEMAS: &str = include_str!("data/json-schema-tools-meta-schema.json");

fn document() -> Value {
    read(&protocol().join("openrpc.json"))
}

/// A meta-schema without the name of its dialect, which is draft 7 in all but name.
fn meta(text: &str) -> Value {
    let mut schema: Value = serde_json::from_str(text).unwrap();
    schema.as_object_mut().unwrap().remove("$schema");
    schema
}

#[test]
fn it_is_valid_by_the_meta_schema_of_openrpc() {
    let registry = Registry::new().draft(Draft::Draft7);
    let registry = registry.add("https://meta.json-schema.tools", meta(META_OF_SCHEMAS)).unwrap().prepare().unwrap();
    let options = jsonschema::options().with_draft(Draft::Draft7).with_registry(&registry).offline();
    let validator = options.build(&meta(META)).unwrap();
    let document = document();
    let errors: Vec<_> = validator.iter_errors(&document).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    for (pointer, wrong) in [
        ("/openrpc", json!("9.0")),
        ("/methods/0/params/0/schema", json!({"type": "text"})),
        ("/methods/0/errors/0", json!({"code": "x", "message": "m"})),
        ("/methods/0", json!({"name": "a"})),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&document), "{pointer}");
    }
}

#[test]
fn every_method_and_notification_is_in_it_with_its_direction() {
    let requests = [
        Initialize::NAME,
        Configure::NAME,
        ListModels::NAME,
        DoTransform::NAME,
        Estimate::NAME,
        GetHealth::NAME,
        Ping::NAME,
        Shutdown::NAME,
    ];
    let mut expected: BTreeMap<_, _> = requests.map(|name| (name, (true, "host-to-plugin"))).into();
    expected.extend([CANCEL_REQUEST, EXIT].map(|name| (name, (false, "host-to-plugin"))));
    expected.extend([PROGRESS, CHUNK, ACCEPTED, STARTUP, LOG].map(|name| (name, (false, "plugin-to-host"))));
    let document = document();
    let methods = document["methods"].as_array().unwrap().iter();
    let found: BTreeMap<_, _> = methods
        .map(|method| {
            let direction = method["x-direction"].as_str().unwrap_or_default();
            assert_eq!(method["paramStructure"], "by-name");
            assert!(method["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{method}");
            (method["name"].as_str().unwrap(), (method.get("result").is_some(), direction))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn examples_are_what_their_methods_say() {
    let document = document();
    let valid = |schema: &Value, value: &Value| {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        compile(&schema).is_valid(value)
    };
    for method in document["methods"].as_array().unwrap() {
        let example = &method["examples"][0];
        let given = example["params"].as_array().unwrap();
        for param in method["params"].as_array().unwrap() {
            match given.iter().find(|it| it["name"] == param["name"]) {
                Some(it) => assert!(valid(&param["schema"], &it["value"]), "{}: {it}", method["name"]),
                None => assert_ne!(param["required"], true, "{}: {param}", method["name"]),
            }
        }
        if let Some(result) = method.get("result") {
            assert!(valid(&result["schema"], &example["result"]["value"]), "{}: {example}", method["name"]);
        }
    }
}

#[test]
fn every_error_has_its_code_and_name() {
    let document = document();
    let errors = document["components"]["errors"].as_object().unwrap();
    for kind in ErrorKind::ALL {
        let error = &errors[kind.as_str()];
        assert_eq!(error["code"], kind.code());
        assert_eq!(error["data"], json!({"kind": kind.as_str(), "retryable": kind.is_retryable()}));
    }
    let codes: Vec<_> = errors.values().map(|error| error["code"].as_i64().unwrap()).collect();
    for code in [code::INVALID_REQUEST, code::METHOD_NOT_FOUND, code::INVALID_PARAMS, code::CANCELLED, code::DRAINING] {
        assert!(codes.contains(&code), "{code}");
    }
    let used = document["methods"].to_string();
    let idle: Vec<_> =
        errors.keys().filter(|name| !used.contains(&format!("\"#/components/errors/{name}\""))).collect();
    assert!(idle.is_empty(), "no method is refused with {idle:?}");
}
