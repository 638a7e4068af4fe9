//! The `relief` provider: letters and pictures as solids, for printers (STL) and screens (GLB).
//!
//! [`serve`] is the provider; [`raise_letters`] and [`raise_picture`] are its core. Both are pure: bytes and options in,
//! bytes out, the same for the same input. Every solid is closed: each edge belongs to exactly two triangles, which run
//! along it in opposite directions. Pictures, texts and options are read as `canvas` reads them, with its errors.

mod extrude;
mod file;
mod glb;
mod heightmap;
mod heightmap_options;
mod letters;
mod letters_options;
mod normals;
mod picture;
mod provider;
mod shapes;
mod solid;
mod stl;
#[cfg(test)]
mod testing;

pub use file::{Format, Pose};
pub use heightmap::raise_picture;
pub use heightmap_options::HeightmapOptions;
pub use letters::raise_letters;
pub use letters_options::{LettersAlign, LettersOptions};
pub use provider::{MANIFEST, serve};

/// A finished solid.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type: `model/gltf-binary` or `model/stl`.
    pub mime: &'static str,
    /// The number of its triangles.
    pub triangles: usize,
    /// Its size in millimetres as it lies: along the lines of the text or picture, across them, and its thickness.
    pub size: [f32; 3],
    /// What the caller should know although the work succeeded, such as characters that no font has.
    pub warnings: Vec<String>,
}
