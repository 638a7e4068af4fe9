//! How a solid becomes a file: its format, and how it stands there.

use prizm_canvas::CanvasError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::solid::Solid;
use crate::{Raised, glb, stl};

/// The largest side of a solid in millimetres.
const LONGEST_SIDE: f32 = 2000.0;

/// A solid's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Binary glTF 2.0: metres, Y up, with normals and a colour.
    Glb,
    /// Binary STL: millimetres, Z up.
    Stl,
}

/// How a solid stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pose {
    /// Upright in a GLB, flat in an STL.
    Auto,
    /// On its back, as a printer wants it.
    Flat,
    /// Facing who looks at it.
    Upright,
}

/// What of the options is about the file.
pub(crate) struct Outfit<'a> {
    pub(crate) format: Format,
    pub(crate) pose: Pose,
    pub(crate) color: &'a str,
}

impl Outfit<'_> {
    /// Refuses a colour that is none, before there is anything to colour.
    pub(crate) fn check(&self) -> Result<(), CanvasError> {
        prizm_canvas::parse_color("color", self.color).map(drop)
    }

    /// Writes the file.
    pub(crate) fn dress(&self, solid: Solid, warnings: Vec<String>) -> Result<Raised, CanvasError> {
        let color = prizm_canvas::parse_color("color", self.color)?;
        let (size, triangles) = (solid.size(), solid.triangles.len());
        let upright = match self.pose {
            Pose::Auto => self.format == Format::Glb,
            pose => pose == Pose::Upright,
        };
        let solid = if upright { solid.upright() } else { solid };
        let (bytes, mime) = match self.format {
            Format::Glb => (glb::write(&solid, color.to_linear_rgba()), "model/gltf-binary"),
            Format::Stl => (stl::write(&solid), "model/stl"),
        };
        Ok(Raised { bytes, mime, triangles, size, warnings })
    }
}

/// Refuses a solid that is larger than any printer's bed.
pub(crate) fn check_size(width: f32, height: f32) -> Result<(), CanvasError> {
    if width.max(height) > LONGEST_SIDE {
        let got = format!("{width:.0} mm by {height:.0} mm");
        return Err(CanvasError::too_large("the solid", got, format!("{LONGEST_SIDE} mm a side")));
    }
    Ok(())
}
