//! How letters become solid: the options of text-to-3d.

use std::sync::OnceLock;

use prizm_canvas::{Align, Auto, CanvasError, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::{Format, Outfit, Pose};

/// How letters become solid. Lengths are in millimetres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LettersOptions {
    /// Font size in millimetres; capitals are about seven tenths as high.
    #[schemars(range(min = 1, max = 500))]
    pub size: f64,
    /// How far the letters rise, in millimetres.
    #[schemars(range(min = 0.2, max = 200.0))]
    pub depth: f64,
    /// Bold letters, which are sturdier. A face without a bold of its own is thickened.
    pub bold: bool,
    /// Where lines stand between left and right. "auto" starts them at the side where they are read from.
    pub align: LettersAlign,
    /// Distance from one line to the next, in font sizes.
    #[schemars(range(min = 0.5, max = 4.0))]
    pub line_height: f64,
    /// Where lines are broken, in millimetres. "auto" breaks them only where the text does.
    #[schemars(range(min = 5, max = 2000))]
    pub line_width: Auto<f64>,
    /// A plate on which the letters stand, as one solid with them. Without it each letter is a solid of its own.
    pub plate: bool,
    /// Thickness of the plate in millimetres.
    #[schemars(range(min = 0.2, max = 50.0))]
    pub base: f64,
    /// How far the plate reaches beyond the letters, in millimetres.
    #[schemars(range(min = 0.5, max = 200.0))]
    pub margin: f64,
    /// Colour in a GLB: a CSS colour. An STL has none.
    #[schemars(extend("examples" = ["#4f46e5"]))]
    pub color: String,
    /// How the solid stands: "flat" on its back for a printer, or "upright". "auto" is upright in a GLB and flat in an STL.
    pub pose: Pose,
    /// File format: binary glTF in metres with Y up, or binary STL in millimetres with Z up.
    pub format: Format,
}

impl Default for LettersOptions {
    fn default() -> Self {
        Self {
            size: 20.0,
            depth: 5.0,
            bold: true,
            align: LettersAlign::Auto,
            line_height: 1.2,
            line_width: Auto::AUTO,
            plate: false,
            base: 2.0,
            margin: 5.0,
            color: "#6d5ef0".into(),
            pose: Pose::Auto,
            format: Format::Glb,
        }
    }
}

impl LettersOptions {
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

/// Where lines stand between left and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LettersAlign {
    /// At the side where reading starts.
    Auto,
    /// At the left.
    Left,
    /// In the middle.
    Center,
    /// At the right.
    Right,
}

impl From<LettersAlign> for Align {
    fn from(align: LettersAlign) -> Self {
        match align {
            LettersAlign::Auto => Self::Auto,
            LettersAlign::Left => Self::Left,
            LettersAlign::Center => Self::Center,
            LettersAlign::Right => Self::Right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_in_step;

    #[test]
    fn the_schema_is_in_step_with_the_options() {
        assert_in_step::<LettersOptions>(LettersOptions::spec());
    }
}
