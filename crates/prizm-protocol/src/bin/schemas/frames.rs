//! The schemas of whole messages: what a line of the channel holds.

use std::error::Error;

use prizm_protocol::ErrorObject;
use prizm_protocol::schema::RequestId;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::documents::{Named, document, generator};
use crate::methods;

/// `request`, `notification`, `response`, and `frame`, which is any of them.
pub fn all() -> Result<Vec<Named>, Box<dyn Error>> {
    let kinds = [
        ("request", "Request", request as fn(&mut SchemaGenerator) -> Value),
        ("notification", "Notification", notification),
        ("response", "Response", response),
    ];
    let mut documents = Vec::new();
    let mut whole = generator("/$defs");
    let mut parts = Map::new();
    for (name, title, make) in kinds {
        let mut generator = generator("/$defs");
        let schema = make(&mut generator);
        documents.push(document(name, title, object(schema), generator.take_definitions(true))?);
        parts.insert(title.to_owned(), make(&mut whole));
    }
    let frame = json!({
        "description": "One line of the channel: a request, a notification or a response.",
        "oneOf": parts.keys().map(|title| json!({"$ref": format!("#/$defs/{title}")})).collect::<Vec<_>>(),
    });
    parts.extend(whole.take_definitions(true));
    documents.push(document("frame", "Frame", object(frame), parts)?);
    Ok(documents)
}

fn request(generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": "A call that wants an answer. The host asks and the plugin answers; `host/…` is reserved.",
        "type": "object",
        "properties": {
            "jsonrpc": version(),
            "id": generator.subschema_for::<RequestId>(),
            "method": method("What to do."),
            "params": params(),
            "result": false,
            "error": false,
        },
        "required": ["jsonrpc", "id", "method"],
        "allOf": by_method(true, generator),
    })
}

fn notification(generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": "A message that wants no answer. One that the reader does not know is ignored.",
        "type": "object",
        "properties": {
            "jsonrpc": version(),
            "id": false,
            "method": method("What it says."),
            "params": params(),
            "result": false,
            "error": false,
        },
        "required": ["jsonrpc", "method"],
        "allOf": by_method(false, generator),
    })
}

fn response(generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": "The answer to a request: its result or an error. What a result holds depends on the request.",
        "type": "object",
        "properties": {
            "jsonrpc": version(),
            "id": generator.subschema_for::<RequestId>(),
            "method": false,
            "result": {"description": "What came of it, by the schema of the request's method."},
            "error": generator.subschema_for::<ErrorObject>(),
        },
        "required": ["jsonrpc", "id"],
        "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
    })
}

/// What the parameters are, by the method. Those that have nothing to say may be absent.
fn by_method(is_request: bool, generator: &mut SchemaGenerator) -> Vec<Value> {
    let rows = methods::all().into_iter().filter(|row| row.result.is_some() == is_request);
    let rules = rows.map(|row| {
        let then = match row.params {
            Some(params) => json!({"required": ["params"], "properties": {"params": params(generator)}}),
            None => json!({"properties": {"params": {"type": "object"}}}),
        };
        json!({"if": {"properties": {"method": {"const": row.name}}}, "then": then})
    });
    rules.collect()
}

fn version() -> Value {
    json!({"description": "The version of JSON-RPC.", "const": "2.0"})
}

fn method(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

fn params() -> Value {
    json!({"description": "The parameters, by the schema of the method.", "type": ["object", "array"]})
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
