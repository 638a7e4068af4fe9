//! What the good provider says and makes.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// The most transforms at once, as a small provider and as the whole one.
pub const MAX_IN_FLIGHT: [usize; 2] = [64, 4];

/// A picture of two by two pixels.
pub const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x38, 0x61, 0x23, 0xa7, 0x11, 0xb0, 0x80, 0x01, 0x42, 0x01, 0x00, 0x1f, 0xbc,
    0x04, 0x75, 0x02, 0x0c, 0x6d, 0x8d, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// The answer to `initialize`; the whole one when `full`.
pub fn declaration(full: bool) -> Value {
    let mut capabilities = vec!["text-to-text", "text-to-image"];
    if full {
        capabilities.push("image-to-image");
    }
    let mut declaration = json!({
        "protocolVersion": "1.0",
        "provider": {"id": "hostile", "name": "Hostile", "version": "1.0.0", "type": "local"},
        "capabilities": capabilities,
        "models": models(full),
        "limits": {"maxInFlight": MAX_IN_FLIGHT[usize::from(full)]},
        "liveness": "ping",
        "cancel": "cooperative",
        "configSchema": {
            "type": "object",
            "properties": {
                "apiKey": {"type": "string", "writeOnly": true, "description": "A secret"},
                "greeting": {"type": "string", "description": "What it says first"},
                "steps": {"type": "integer", "description": "How thorough it is"},
            },
        },
    });
    if full {
        declaration["dataPolicy"] = json!({"retentionDays": 0, "training": false, "regions": ["eu"]});
    }
    declaration
}

/// The models; all of them when `full`.
pub fn models(full: bool) -> Value {
    let reports = if full { FULL_REPORTS } else { 0 };
    let number = |default: u64, description: &str| {
        let mut schema = json!({"type": "integer", "minimum": 0, "default": default});
        if full {
            schema["description"] = json!(description);
        }
        schema
    };
    let options = json!({
        "type": "object",
        "properties": {
            "delayMs": number(0, "Milliseconds that it takes"),
            "progress": number(reports, "How often it reports"),
            "chunks": number(reports, "In how many parts it sends a text"),
        },
        "additionalProperties": false,
    });
    let mut models = vec![
        json!({
            "id": "echo",
            "description": "Says what it was told.",
            "capabilities": ["text-to-text"],
            "options": {"text-to-text": options},
            "isFree": true,
        }),
        json!({
            "id": "file",
            "description": "Writes a small picture.",
            "capabilities": ["text-to-image"],
            "options": {"text-to-image": options},
            "outputFormats": ["image/png"],
            "isFree": true,
        }),
    ];
    if full {
        models.push(json!({
            "id": "mirror",
            "description": "Gives a picture back.",
            "capabilities": ["image-to-image"],
            "options": {"image-to-image": options},
            "inputs": {"image-to-image": [{"kind": "image", "required": true}]},
            "pricing": [{"capability": "image-to-image", "unit": "image", "amount": "0.01", "currency": "EUR"}],
            "features": ["cancel", "progress"],
            "quality": 3,
            "typicalMs": 20,
        }));
    }
    json!(models)
}

/// How often the whole provider reports, and in how many parts it sends a text, unless a job says otherwise.
pub const FULL_REPORTS: u64 = 2;

/// The capability of a model, and the kind of its input, if there is such a model.
pub fn capability_of(model: &str, full: bool) -> Option<(&'static str, &'static str)> {
    match model {
        "echo" => Some(("text-to-text", "text")),
        "file" => Some(("text-to-image", "text")),
        "mirror" if full => Some(("image-to-image", "image")),
        _ => None,
    }
}

/// A text as an output.
pub fn text(text: &str) -> Value {
    json!({"kind": "text", "mime": "text/plain", "text": text})
}

/// A picture as an output.
pub fn image(path: &str) -> Value {
    json!({"kind": "image", "mime": "image/png", "path": path})
}

/// Writes the picture to `path` below the job's directory.
pub fn write_image(directory: &Path, path: &str) -> io::Result<()> {
    fs::create_dir_all(directory.join("out"))?;
    fs::write(directory.join(path), PNG)
}

/// Copies an input to `out`, and describes the copy.
pub fn mirror(directory: &Path, path: &str, input: &Value) -> io::Result<Value> {
    let extension = Path::new(path).extension().and_then(OsStr::to_str).unwrap_or("bin");
    let copy = format!("out/mirror.{extension}");
    fs::create_dir_all(directory.join("out"))?;
    // The contents only: an input is read-only, and its copy need not be.
    fs::write(directory.join(&copy), fs::read(directory.join(path))?)?;
    Ok(json!([{"kind": input["kind"], "mime": input["mime"], "path": copy}]))
}
