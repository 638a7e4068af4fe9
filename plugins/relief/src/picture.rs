//! Heights from pictures: how light each point is, as far as it is opaque.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U16x2;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageBuffer, Luma, LumaA, imageops};
use prizm_canvas::{CanvasError, Step, checkpoint, read_picture};

use crate::HeightmapOptions;

/// How light and how opaque each point is, to 16 bits.
type Picture = ImageBuffer<LumaA<u16>, Vec<u16>>;

/// Heights from 0 to 1, row by row from the top left.
pub(crate) struct Heights {
    /// At least 2.
    pub(crate) columns: u32,
    /// At least 2.
    pub(crate) rows: u32,
    pub(crate) values: Vec<f32>,
    /// The picture's height in widths.
    pub(crate) aspect: f64,
    pub(crate) warnings: Vec<String>,
}

/// Reads a picture's heights.
pub(crate) fn heights(input: &[u8], options: &HeightmapOptions, step: Step<'_>) -> Result<Heights, CanvasError> {
    let (picture, mut warnings) = read_picture(input)?;
    checkpoint(step, 0.3, "scaling the picture")?;
    let aspect = f64::from(picture.height()) / f64::from(picture.width());
    let picture = scaled(picture.into_luma_alpha16(), options.resolution)?;
    let (columns, rows) = picture.dimensions();
    let height = |pixel: &LumaA<u16>| {
        let [light, opaque] = pixel.0.map(|part| f32::from(part) / f32::from(u16::MAX));
        opaque * if options.invert { 1.0 - light } else { light }
    };
    let mut values: Vec<f32> = picture.pixels().map(height).collect();
    if options.smoothing > 0.0 {
        checkpoint(step, 0.4, "smoothing")?;
        let sigma = options.smoothing / 100.0 * f64::from(columns.max(rows));
        values = smoothed(columns, rows, values, sigma as f32);
    }
    if values.iter().all(|value| *value == values[0]) {
        warnings.push("the picture is the same everywhere, so nothing rises from it".into());
    }
    Ok(Heights { columns, rows, values, aspect, warnings })
}

/// The picture with at most this many points along its longer side, and at least two along each.
fn scaled(picture: Picture, resolution: u32) -> Result<Picture, CanvasError> {
    let (width, height) = picture.dimensions();
    let factor = (f64::from(resolution) / f64::from(width.max(height))).min(1.0);
    let [columns, rows] = [width, height].map(|length| ((f64::from(length) * factor).round() as u32).max(2));
    if (width, height) == (columns, rows) {
        return Ok(picture);
    }
    let failed = |reason: String| CanvasError::Encode { format: format!("{columns} by {rows} points"), reason };
    let picture = DynamicImage::from(picture);
    // With their type: by `resize`, each kind of pixel that there is would be in the program.
    let source = TypedImageRef::<U16x2>::from_buffer(width, height, picture.as_bytes());
    let mut resized = TypedImage::new(columns, rows);
    // Hamming's filter is sharp, and has no waves beside edges, which would be seen in a relief.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming));
    let source = source.map_err(|error| failed(error.to_string()))?;
    Resizer::new().resize_typed(&source, &mut resized, &options).map_err(|error| failed(error.to_string()))?;
    let parts = resized.pixels().iter().flat_map(|pixel| pixel.0);
    Picture::from_raw(columns, rows, parts.collect()).ok_or_else(|| failed("the parts do not fit together".into()))
}

fn smoothed(columns: u32, rows: u32, values: Vec<f32>, sigma: f32) -> Vec<f32> {
    match ImageBuffer::<Luma<f32>, _>::from_raw(columns, rows, values) {
        Some(picture) => imageops::blur(&picture, sigma).into_raw(),
        None => Vec::new(),
    }
}
