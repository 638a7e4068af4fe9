//! Binary STL: a header, and each triangle with its normal.

use crate::solid::{Solid, cross, unit};

/// Readers tell a text STL by its first word `solid`.
const HEADER: &[u8] = b"binary STL by Prizm; millimetres, Z up";

/// Writes the file.
pub(crate) fn write(solid: &Solid) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    bytes.resize(80, 0);
    bytes.reserve(4 + 50 * solid.triangles.len());
    bytes.extend((solid.triangles.len() as u32).to_le_bytes());
    for triangle in &solid.triangles {
        let corners = solid.corners(*triangle);
        let normal = unit(cross(corners)).map(|part| part as f32);
        for part in std::iter::once(normal).chain(corners).flatten() {
            bytes.extend(part.to_le_bytes());
        }
        bytes.extend([0, 0]);
    }
    bytes
}
