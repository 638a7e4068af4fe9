//! The OpenRPC document: every method and notification, its errors and an example.

use std::error::Error;
use std::fs;
use std::path::Path;

use prizm_protocol::code::{CANCELLED, DRAINING, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND};
use prizm_protocol::{ErrorKind, ErrorObject, PROTOCOL_VERSION};
use schemars::{SchemaGenerator, schema_for};
use serde_json::{Map, Value, json};

use crate::documents::generator;
use crate::methods::{self, Row, Side};
use crate::polish;

/// The version of OpenRPC.
const OPENRPC: &str = "1.3.2";

const DESCRIPTION: &str = "\
What a host and a plugin say to each other over the plugin's stdin and stdout: JSON-RPC 2.0, one object a line. Every \
request comes from the host. A method without a result is a notification; `x-direction` says who sends it. The rules \
are in SPEC.md.";

/// Codes of JSON-RPC and of LSP, with what they mean here.
const CODES: &[(i64, &str, &str)] = &[
    (INVALID_REQUEST, "InvalidRequest", "The request does not fit the state, such as a second initialize"),
    (METHOD_NOT_FOUND, "MethodNotFound", "There is no such method"),
    (INVALID_PARAMS, "InvalidParams", "The parameters are wrong"),
    (INTERNAL_ERROR, "InternalError", "The plugin failed"),
    (CANCELLED, "Cancelled", "The request was cancelled"),
    (DRAINING, "Draining", "The plugin is shutting down and takes no new work"),
];

/// Codes with which every request can be refused.
const ALWAYS: &[i64] = &[INVALID_PARAMS, INTERNAL_ERROR, CANCELLED];

/// The document.
pub fn document() -> Result<Value, Box<dyn Error>> {
    let mut generator = generator("/components/schemas");
    let errors = errors();
    let methods =
        methods::all().iter().map(|row| method(row, &errors, &mut generator)).collect::<Result<Vec<_>, _>>()?;
    generator.subschema_for::<ErrorObject>();
    generator.subschema_for::<prizm_protocol::ErrorData>();
    let mut schemas = generator.take_definitions(true);
    schemas.sort_keys();
    for (name, schema) in &mut schemas {
        let mut titled = Map::from_iter([("title".to_owned(), json!(name))]);
        titled.extend(schema.as_object().cloned().unwrap_or_default());
        *schema = titled.into();
    }
    let errors: Map<String, Value> = errors.into_iter().map(|error| (error.name, error.object)).collect();
    let mut document = json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "Prizm Plugin Protocol",
            "version": PROTOCOL_VERSION.to_string(),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "methods": methods,
        "components": {"schemas": schemas, "errors": errors},
    });
    polish::schema(&mut document)?;
    Ok(document)
}

struct Refusal {
    code: i64,
    name: String,
    object: Value,
}

/// Every error that has a name, by its code.
fn errors() -> Vec<Refusal> {
    let plain = CODES.iter().map(|(code, name, message)| Refusal {
        code: *code,
        name: (*name).to_owned(),
        object: json!({"code": code, "message": message}),
    });
    let words = schema_for!(ErrorKind).to_value();
    let words = words["oneOf"].as_array().cloned().unwrap_or_default();
    let named = ErrorKind::ALL.iter().map(|kind| {
        let word = words.iter().find(|word| word["const"] == kind.as_str());
        let message = word.and_then(|word| word["description"].as_str()).unwrap_or_default().trim_end_matches('.');
        let data = json!({"kind": kind.as_str(), "retryable": kind.is_retryable()});
        let object = json!({"code": kind.code(), "message": message, "data": data});
        Refusal { code: kind.code(), name: kind.as_str().to_owned(), object }
    });
    plain.chain(named).collect()
}

fn method(row: &Row, errors: &[Refusal], generator: &mut SchemaGenerator) -> Result<Value, Box<dyn Error>> {
    let mut method = json!({
        "name": row.name,
        "summary": polish::running(&row.summary)?,
        "x-direction": match row.from {
            Side::Host => "host-to-plugin",
            Side::Plugin => "plugin-to-host",
        },
        "paramStructure": "by-name",
        "params": params(row, generator),
    });
    let sent = example(if row.result.is_some() { "Request" } else { "Notification" }, row.example)?;
    let values = sent["params"].as_object().into_iter().flatten();
    let values: Vec<_> = values.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut pairing = json!({"name": row.example, "params": values});
    if let Some((name, schema)) = row.result {
        method["result"] = json!({"name": name, "required": true, "schema": schema(generator)});
        let all = errors.iter().filter(|error| ALWAYS.contains(&error.code) || row.errors.contains(&error.code));
        method["errors"] = all.map(|error| json!({"$ref": format!("#/components/errors/{}", error.name)})).collect();
        let answered = example("Response", row.example)?;
        pairing["result"] = json!({"name": name, "value": answered["result"]});
    }
    method["examples"] = json!([pairing]);
    Ok(method)
}

/// Each property of the parameters, as the wire has it by its name.
fn params(row: &Row, generator: &mut SchemaGenerator) -> Vec<Value> {
    let Some(make) = row.params else { return Vec::new() };
    let reference = make(generator);
    let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let whole = generator.definitions().get(name).cloned().unwrap_or_default();
    let required = |name: &str| whole["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
    let properties = whole["properties"].as_object().into_iter().flatten();
    let descriptors = properties.map(|(name, schema)| {
        let mut schema = schema.clone();
        let mut descriptor = json!({"name": name});
        if let Some(description) = schema.as_object_mut().and_then(|schema| schema.shift_remove("description")) {
            descriptor["description"] = description;
        }
        descriptor["required"] = required(name).into();
        descriptor["schema"] = schema;
        descriptor
    });
    descriptors.collect()
}

/// Reads an example message.
fn example(directory: &str, name: &str) -> Result<Value, Box<dyn Error>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/examples");
    let path = examples.join(directory).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}
