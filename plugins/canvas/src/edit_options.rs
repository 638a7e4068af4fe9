//! What to do with a picture: the options of image-to-image.

use std::borrow::Cow;
use std::sync::OnceLock;

use image::ImageFormat;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::encode::Encoding;
use crate::options::Spec;
use crate::{Auto, CanvasError, decode};

/// What to do with a picture.
///
/// The order is fixed: the camera's orientation, crop, resize, rotate, flip, blur, grayscale, brightness, contrast, background.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditOptions {
    /// The part to keep, in pixels of the upright picture: "x,y,width,height" or an object with these. Absent, all is kept.
    pub crop: Option<Crop>,
    /// Width to resize to in pixels. "auto" follows from the height and the picture's shape.
    #[schemars(range(min = 1, max = 16384))]
    pub width: Auto<u32>,
    /// Height to resize to in pixels. "auto" follows from the width and the picture's shape.
    #[schemars(range(min = 1, max = 16384))]
    pub height: Auto<u32>,
    /// What to do where width and height have another shape than the picture: "contain" makes it as large as fits inside and keeps its shape, "cover" fills the box and cuts off what overlaps on both sides, "fill" stretches.
    pub fit: Fit,
    /// Turn clockwise in degrees. Quarter turns lose nothing; other angles grow the picture to hold its corners.
    #[schemars(range(min = -360, max = 360))]
    pub rotate: f64,
    /// Mirror the picture: "horizontal" swaps left and right, "vertical" top and bottom.
    pub flip: Flip,
    /// Colour to put beneath what is transparent, such as the corners that a free rotation opens: a CSS colour, or "transparent" to leave it so.
    #[schemars(extend("examples" = ["white"]))]
    pub background: String,
    /// Standard deviation of a Gaussian blur in pixels; 0 leaves the picture sharp.
    #[schemars(range(min = 0, max = 500))]
    pub blur: f64,
    /// Whether to take the colours away and keep the luminance.
    pub grayscale: bool,
    /// Percent of white to add to every colour, or of black if negative.
    #[schemars(range(min = -100, max = 100))]
    pub brightness: f64,
    /// Percent by which light and dark are driven apart, or drawn together if negative; -100 gives plain grey.
    #[schemars(range(min = -100, max = 100))]
    pub contrast: f64,
    /// File format. "auto" keeps the picture's own. WebP is lossless; JPEG has no transparency, which becomes white.
    pub format: EditFormat,
    /// Quality of a JPEG; the other formats take no notice.
    #[schemars(range(min = 1, max = 100))]
    pub quality: u8,
}

impl Default for EditOptions {
    fn default() -> Self {
        Self {
            crop: None,
            width: Auto::AUTO,
            height: Auto::AUTO,
            fit: Fit::Contain,
            rotate: 0.0,
            flip: Flip::None,
            background: "transparent".into(),
            blur: 0.0,
            grayscale: false,
            brightness: 0.0,
            contrast: 0.0,
            format: EditFormat::Auto,
            quality: 90,
        }
    }
}

/// The part of a picture to keep, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Crop {
    /// Distance from the left.
    pub x: u32,
    /// Distance from the top.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl<'de> Deserialize<'de> for Crop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Fields { x: u32, y: u32, width: u32, height: u32 },
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Fields { x, y, width, height } => Ok(Self { x, y, width, height }),
            Written::Text(text) => {
                let numbers: Result<Vec<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
                match numbers.as_deref() {
                    Ok(&[x, y, width, height]) => Ok(Self { x, y, width, height }),
                    _ => Err(serde::de::Error::custom("expected x,y,width,height")),
                }
            }
        }
    }
}

impl JsonSchema for Crop {
    fn schema_name() -> Cow<'static, str> {
        "Crop".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let offset = json_schema!({ "type": "integer", "minimum": 0, "maximum": decode::LONGEST_SIDE });
        let length = json_schema!({ "type": "integer", "minimum": 1, "maximum": decode::LONGEST_SIDE });
        json_schema!({
            "type": ["string", "object"],
            "pattern": r"^ *\d{1,5} *, *\d{1,5} *, *\d{1,5} *, *\d{1,5} *$",
            "properties": { "x": offset, "y": offset, "width": length, "height": length },
            "required": ["x", "y", "width", "height"],
            "additionalProperties": false,
            "examples": ["0,0,640,480", { "x": 0, "y": 0, "width": 640, "height": 480 }],
        })
    }
}

/// How a picture fills a box of another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// As large as fits inside, in its own shape.
    Contain,
    /// The whole box, cutting off what overlaps.
    Cover,
    /// The whole box, stretched.
    Fill,
}

/// How to mirror a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Flip {
    /// Not at all.
    None,
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Both do.
    Both,
}

/// An edited picture's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EditFormat {
    /// The input's.
    Auto,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// Lossless WebP.
    Webp,
    /// GIF, of 256 colours.
    Gif,
    /// BMP.
    Bmp,
    /// TIFF.
    Tiff,
}

impl EditOptions {
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

    pub(crate) fn encoding(&self, input: ImageFormat) -> Encoding {
        let jpeg = Encoding::Jpeg { quality: self.quality };
        match (self.format, input) {
            (EditFormat::Png, _) => Encoding::Png,
            (EditFormat::Jpeg, _) | (EditFormat::Auto, ImageFormat::Jpeg) => jpeg,
            (EditFormat::Webp, _) | (EditFormat::Auto, ImageFormat::WebP) => Encoding::WebP,
            (EditFormat::Gif, _) | (EditFormat::Auto, ImageFormat::Gif) => Encoding::Gif,
            (EditFormat::Bmp, _) | (EditFormat::Auto, ImageFormat::Bmp) => Encoding::Bmp,
            (EditFormat::Tiff, _) | (EditFormat::Auto, ImageFormat::Tiff) => Encoding::Tiff,
            (EditFormat::Auto, _) => Encoding::Png,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::options::tests::assert_in_step;

    #[test]
    fn the_schema_is_in_step_with_the_options() {
        assert_in_step::<EditOptions>(EditOptions::spec());
    }

    #[test]
    fn a_crop_is_text_or_an_object() {
        let expected = Crop { x: 1, y: 2, width: 30, height: 40 };
        for crop in [json!("1,2,30,40"), json!(" 1, 2, 30 ,40"), json!({ "x": 1, "y": 2, "width": 30, "height": 40 })] {
            assert_eq!(EditOptions::from_value(json!({ "crop": crop })).unwrap().crop, Some(expected));
        }
        let short = json!({ "x": 1, "y": 2, "width": 30 });
        let empty = json!({ "x": 1, "y": 2, "width": 0, "height": 1 });
        for crop in [json!("1,2,30"), json!("a,b,c,d"), json!(7), short, empty] {
            let error = EditOptions::from_value(json!({ "crop": crop })).unwrap_err();
            assert_eq!(error.option(), Some("crop"), "{crop}: {error}");
            assert!(error.to_string().contains("0,0,640,480"), "{error}");
        }
    }
}
