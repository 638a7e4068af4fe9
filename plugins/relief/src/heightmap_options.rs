//! How a picture becomes a relief: the options of image-to-3d.

use std::sync::OnceLock;

use prizm_canvas::{CanvasError, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::{Format, Outfit, Pose};

/// How a picture becomes a relief. Lengths are in millimetres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HeightmapOptions {
    /// Width of the relief in millimetres; its other side follows from the picture's shape.
    #[schemars(range(min = 5, max = 2000))]
    pub width: f64,
    /// How far white rises above black, in millimetres.
    #[schemars(range(min = 0.1, max = 200.0))]
    pub depth: f64,
    /// Thickness of the plate beneath, in millimetres.
    #[schemars(range(min = 0.2, max = 50.0))]
    pub base: f64,
    /// Lets black rise above white, as in a lithophane. What is transparent stays low.
    pub invert: bool,
    /// The most points along the longer side. A larger picture is scaled down to it; a smaller one stays as it is.
    #[schemars(range(min = 2, max = 1000))]
    pub resolution: u32,
    /// Rounds the relief off: standard deviation of a Gaussian in percent of the longer side.
    #[schemars(range(min = 0, max = 10))]
    pub smoothing: f64,
    /// Colour in a GLB: a CSS colour. An STL has none.
    #[schemars(extend("examples" = ["#4f46e5"]))]
    pub color: String,
    /// How the solid stands: "flat" on its back for a printer, or "upright". "auto" is upright in a GLB and flat in an STL.
    pub pose: Pose,
    /// File format: binary glTF in metres with Y up, or binary STL in millimetres with Z up.
    pub format: Format,
}

impl Default for HeightmapOptions {
    fn default() -> Self {
        Self {
            width: 100.0,
            depth: 5.0,
            base: 2.0,
            invert: false,
            resolution: 256,
            smoothing: 0.0,
            color: "#d8d4cc".into(),
            pose: Pose::Auto,
            format: Format::Glb,
        }
    }
}

impl HeightmapOptions {
    /// The JSON Schema (2020-12) of these options.
    pub fn schema() -> Value {
        Self::spec().schema().clone()
    }

    /// Reads options from JSON. Absent ones take their defaults; the error names the option.
    pub fn from_value(value: Value) -> Result<Self, CanvasError> {
        Self::spec().parse(value)
    }

    pub(crate) fn spec() -> &'static Spec {
        static SPEC: OnceLock<Spec> = OnceLock::new();
        SPEC.get_or_init(Spec::of::<Self>)
    }

    pub(crate) fn outfit(&self) -> Outfit<'_> {
        Outfit { format: self.format, pose: self.pose, color: &self.color }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_in_step;

    #[test]
    fn the_schema_is_in_step_with_the_options() {
        assert_in_step::<HeightmapOptions>(HeightmapOptions::spec());
    }
}
