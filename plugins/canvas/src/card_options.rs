//! How a card looks: the options of text-to-image.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encode::Encoding;
use crate::options::Spec;
use crate::typeset::Area;
use crate::{Auto, CanvasError};

/// Text up to this length is display text: bold and centred, unless the options say otherwise.
pub(crate) const DISPLAY_CHARACTERS: usize = 160;

/// How a card looks. Lengths are in pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CardOptions {
    /// Width of the picture in pixels. Width times height may be at most 32,000,000.
    #[schemars(range(min = 16, max = 8192))]
    pub width: u32,
    /// Height of the picture in pixels. Width times height may be at most 32,000,000.
    #[schemars(range(min = 16, max = 8192))]
    pub height: u32,
    /// What lies beneath the text: a CSS colour, "transparent", or a gradient of two to eight colours joined by "..", such as "#0f172a..#4f46e5".
    #[schemars(extend("examples" = ["#0f172a..#4f46e5"]))]
    pub background: String,
    /// Direction of a background gradient in degrees, as in CSS: 0 runs to the top, 90 to the right, 180 to the bottom.
    #[schemars(range(min = 0, max = 360))]
    pub gradient_angle: f64,
    /// Colour of the text: a CSS colour, or "auto" for white or near-black, whichever stands out from the background. An SVG brings its own colours.
    #[schemars(extend("examples" = ["#f8fafc"]))]
    pub color: String,
    /// Where lines stand between left and right. "auto" centres texts of up to 160 characters and starts longer ones at the side where they are read from.
    pub align: Align,
    /// Where the text stands between top and bottom.
    pub valign: VerticalAlign,
    /// Font size in pixels. "auto" takes the largest that fits, from 8 px to two fifths of the card's shorter side.
    #[schemars(range(min = 1, max = 2000))]
    pub font_size: Auto<f64>,
    /// Distance from one line to the next, in font sizes. "auto" is 1.15 for texts of up to 160 characters and 1.4 for longer ones.
    #[schemars(range(min = 0.5, max = 4.0))]
    pub line_height: Auto<f64>,
    /// Empty margin on each side in pixels. "auto" is a tenth of the shorter side for text and nothing for an SVG.
    #[schemars(range(min = 0, max = 4096))]
    pub padding: Auto<u32>,
    /// Weight of the letters. "auto" sets texts of up to 160 characters in bold and longer ones in regular.
    pub weight: Weight,
    /// File format. WebP is lossless; JPEG has no transparency, which becomes white.
    pub format: CardFormat,
    /// Quality of a JPEG; the other formats lose nothing and take no notice.
    #[schemars(range(min = 1, max = 100))]
    pub quality: u8,
}

impl Default for CardOptions {
    fn default() -> Self {
        Self {
            width: 1024,
            height: 1024,
            background: "#0b1120..#1e3a8a..#7c3aed..#ec4899".into(),
            gradient_angle: 135.0,
            color: "auto".into(),
            align: Align::Auto,
            valign: VerticalAlign::Middle,
            font_size: Auto::AUTO,
            line_height: Auto::AUTO,
            padding: Auto::AUTO,
            weight: Weight::Auto,
            format: CardFormat::Png,
            quality: 90,
        }
    }
}

impl CardOptions {
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

    pub(crate) fn encoding(&self) -> Encoding {
        match self.format {
            CardFormat::Png => Encoding::Png,
            CardFormat::Jpeg => Encoding::Jpeg { quality: self.quality },
            CardFormat::Webp => Encoding::WebP,
        }
    }

    /// The area inside the padding, and its upper left corner on both axes.
    pub(crate) fn inside(&self, auto_padding: u32) -> Result<(Area, f32), CanvasError> {
        let shorter = self.width.min(self.height);
        let padding = self.padding.value().unwrap_or(auto_padding);
        if padding * 2 >= shorter {
            let expected = format!("less than half of the card's shorter side of {shorter} px");
            return Err(CanvasError::option_value("padding", expected, padding.to_string()));
        }
        let area = Area { width: (self.width - 2 * padding) as f32, height: (self.height - 2 * padding) as f32 };
        Ok((area, padding as f32))
    }

    /// Where something of this size begins inside the area.
    pub(crate) fn place(&self, area: Area, width: f32, height: f32) -> (f32, f32) {
        let x = match self.align {
            Align::Left => 0.0,
            Align::Auto | Align::Center => (area.width - width) / 2.0,
            Align::Right => area.width - width,
        };
        let y = match self.valign {
            VerticalAlign::Top => 0.0,
            VerticalAlign::Middle => (area.height - height) / 2.0,
            VerticalAlign::Bottom => area.height - height,
        };
        (x, y)
    }
}

/// Where lines stand between left and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Centred, or at the side where reading starts if the text is long.
    Auto,
    /// At the left.
    Left,
    /// In the middle.
    Center,
    /// At the right.
    Right,
}

/// Where the text stands between top and bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerticalAlign {
    /// At the top.
    Top,
    /// In the middle.
    Middle,
    /// At the bottom.
    Bottom,
}

/// The weight of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Bold, or regular if the text is long.
    Auto,
    /// Regular.
    Regular,
    /// Bold.
    Bold,
}

/// A card's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CardFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// Lossless WebP.
    Webp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::tests::assert_in_step;

    #[test]
    fn the_schema_is_in_step_with_the_options() {
        assert_in_step::<CardOptions>(CardOptions::spec());
    }

    #[test]
    fn padding_leaves_an_area() {
        let options = CardOptions { width: 100, height: 60, ..CardOptions::default() };
        let (area, corner) = options.inside(10).unwrap();
        assert_eq!((area.width, area.height, corner), (80.0, 40.0, 10.0));
        let error = CardOptions { padding: Auto::Value(30), ..options }.inside(10).err().unwrap();
        assert_eq!(error.option(), Some("padding"));
    }
}
