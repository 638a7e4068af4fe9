//! What the good provider says and makes.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// The most transforms at once.
pub const MAX_IN_FLIGHT: usize = 64;

/// A picture of two by two pixels.
pub const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x38, 0x61, 0x23, 0xa7, 0x11, 0xb0, 0x80, 0x01, 0x42, 0x01, 0x00, 0x1f, 0xbc,
    0x04, 0x75, 0x02, 0x0c, 0x6d, 0x8d, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// The answer to `initialize`.
pub fn declaration() -> Value {
    json!({
        "protocolVersion": "1.0",
        "provider": {"id": "hostile", "name": "Hostile", "version": "1.0.0", "type": "local"},
        "capabilities": ["text-to-text", "text-to-image"],
        "models": models(),
        "limits": {"maxInFlight": MAX_IN_FLIGHT},
        "liveness": "ping",
        "cancel": "cooperative",
        "configSchema": {
            "type": "object",
            "properties": {"apiKey": {"type": "string", "writeOnly": true}, "greeting": {"type": "string"}},
        },
    })
}

/// The models.
pub fn models() -> Value {
    let options = json!({
        "type": "object",
        "properties": {
            "delayMs": {"type": "integer", "minimum": 0, "default": 0},
            "progress": {"type": "integer", "minimum": 0, "default": 0},
            "chunks": {"type": "integer", "minimum": 0, "default": 0},
        },
        "additionalProperties": false,
    });
    json!([
        {
            "id": "echo",
            "description": "Says what it was told.",
            "capabilities": ["text-to-text"],
            "options": {"text-to-text": options},
            "isFree": true,
        },
        {
            "id": "file",
            "description": "Writes a small picture.",
            "capabilities": ["text-to-image"],
            "options": {"text-to-image": options},
            "outputFormats": ["image/png"],
            "isFree": true,
        },
    ])
}

/// The capability of a model, if there is such a model.
pub fn capability_of(model: &str) -> Option<&'static str> {
    match model {
        "echo" => Some("text-to-text"),
        "file" => Some("text-to-image"),
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
