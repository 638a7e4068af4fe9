//! Binary glTF 2.0: one mesh of one material.

use serde_json::{Value, json};

use crate::normals::{Shaded, shade};
use crate::solid::Solid;

const FLOAT: u32 = 5126;
const UNSIGNED_INT: u32 = 5125;
const ARRAY_BUFFER: u32 = 34962;
const ELEMENT_ARRAY_BUFFER: u32 = 34963;

/// Writes the file, with the colour as linear red, green, blue and alpha.
pub(crate) fn write(solid: &Solid, color: [f32; 4]) -> Vec<u8> {
    let mut shaded = shade(solid);
    for position in &mut shaded.positions {
        *position = y_up(*position).map(|part| part / 1000.0);
    }
    for normal in &mut shaded.normals {
        *normal = y_up(*normal);
    }
    let mut json = document(&shaded, color).to_string().into_bytes();
    json.resize(json.len().next_multiple_of(4), b' ');
    let buffer = buffer(&shaded);
    let length = 12 + 8 + json.len() + 8 + buffer.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(b"glTF");
    for word in [2, length as u32, json.len() as u32] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"JSON");
    bytes.extend(json);
    bytes.extend((buffer.len() as u32).to_le_bytes());
    bytes.extend(b"BIN\0");
    bytes.extend(buffer);
    bytes
}

fn y_up([x, y, z]: [f32; 3]) -> [f32; 3] {
    [x, z, 0.0 - y]
}

/// Positions, normals and indices one after the other; all are multiples of four bytes.
fn buffer(shaded: &Shaded) -> Vec<u8> {
    let floats = shaded.positions.iter().chain(&shaded.normals).flatten();
    let mut bytes: Vec<u8> = floats.flat_map(|part| part.to_le_bytes()).collect();
    bytes.extend(shaded.indices.iter().flat_map(|index| index.to_le_bytes()));
    bytes
}

fn document(shaded: &Shaded, color: [f32; 4]) -> Value {
    let (vertices, indices) = (shaded.positions.len(), shaded.indices.len());
    let extreme = |start: f32, of: fn(f32, f32) -> f32| -> [f32; 3] {
        std::array::from_fn(|axis| shaded.positions.iter().map(|position| position[axis]).fold(start, of))
    };
    let mut material = json!({
        "pbrMetallicRoughness": {"baseColorFactor": color, "metallicFactor": 0.0, "roughnessFactor": 0.6},
    });
    if color[3] < 1.0 {
        material["alphaMode"] = "BLEND".into();
    }
    json!({
        "asset": {"version": "2.0", "generator": concat!("Prizm relief ", env!("CARGO_PKG_VERSION"))},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": 0}]}],
        "materials": [material],
        "buffers": [{"byteLength": 24 * vertices + 4 * indices}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 12 * vertices, "target": ARRAY_BUFFER},
            {"buffer": 0, "byteOffset": 12 * vertices, "byteLength": 12 * vertices, "target": ARRAY_BUFFER},
            {"buffer": 0, "byteOffset": 24 * vertices, "byteLength": 4 * indices, "target": ELEMENT_ARRAY_BUFFER},
        ],
        "accessors": [
            {
                "bufferView": 0, "componentType": FLOAT, "count": vertices, "type": "VEC3",
                "min": extreme(f32::MAX, f32::min), "max": extreme(f32::MIN, f32::max),
            },
            {"bufferView": 1, "componentType": FLOAT, "count": vertices, "type": "VEC3"},
            {"bufferView": 2, "componentType": UNSIGNED_INT, "count": indices, "type": "SCALAR"},
        ],
    })
}
