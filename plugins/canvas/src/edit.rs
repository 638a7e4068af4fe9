//! Image-to-image: the edits of a picture, in an order that does not depend on how the options were written.

use image::{RgbaImage, imageops};

use crate::decode::{self, Decoded, check_size};
use crate::edit_options::{Crop, EditOptions, Fit, Flip};
use crate::encode::Picture;
use crate::{CanvasError, Rendered, Step, checkpoint, paint, pixels};

/// Edits a picture as the options say.
pub fn edit_image(input: &[u8], options: &EditOptions, step: Step<'_>) -> Result<Rendered, CanvasError> {
    EditOptions::spec().check(options)?;
    let background = paint::parse_color("background", &options.background)?;
    checkpoint(step, 0.0, "decoding")?;
    let Decoded { mut picture, format, warnings } = decode::decode(input)?;
    if let Some(crop) = options.crop {
        checkpoint(step, 0.3, "cropping")?;
        crop_to(&mut picture, crop)?;
    }
    let size = target_size(picture.pixels.dimensions(), options);
    check_size("the resized picture", size.scaled.0, size.scaled.1)?;
    let turned = pixels::rotated_size(size.kept, options.rotate);
    check_size("the rotated picture", turned.0, turned.1)?;
    checkpoint(step, 0.35, "resizing")?;
    let mut image = pixels::resize(picture.pixels, size.scaled.0, size.scaled.1);
    if size.kept != size.scaled {
        let (x, y) = ((size.scaled.0 - size.kept.0) / 2, (size.scaled.1 - size.kept.1) / 2);
        image = imageops::crop_imm(&image, x, y, size.kept.0, size.kept.1).to_image();
    }
    checkpoint(step, 0.5, "rotating")?;
    image = pixels::rotate(image, options.rotate);
    if matches!(options.flip, Flip::Horizontal | Flip::Both) {
        imageops::flip_horizontal_in_place(&mut image);
    }
    if matches!(options.flip, Flip::Vertical | Flip::Both) {
        imageops::flip_vertical_in_place(&mut image);
    }
    if options.blur > 0.0 {
        checkpoint(step, 0.6, "blurring")?;
        image = pixels::blur(image, options.blur as f32);
    }
    checkpoint(step, 0.75, "adjusting colours")?;
    adjust_colors(&mut image, options);
    pixels::flatten(&mut image, &background);
    checkpoint(step, 0.85, "encoding")?;
    let rendered = Picture { pixels: image, profile: picture.profile }.encode(options.encoding(format), warnings)?;
    checkpoint(step, 1.0, "done")?;
    Ok(rendered)
}

fn crop_to(picture: &mut Picture, crop: Crop) -> Result<(), CanvasError> {
    let (width, height) = picture.pixels.dimensions();
    let inside =
        |start: u32, length: u32, whole: u32| length > 0 && start.checked_add(length).is_some_and(|end| end <= whole);
    if !inside(crop.x, crop.width, width) || !inside(crop.y, crop.height, height) {
        let expected = format!("a part of the picture, which is {width}x{height}");
        let got = format!("{},{},{},{}", crop.x, crop.y, crop.width, crop.height);
        return Err(CanvasError::option_value("crop", expected, got));
    }
    picture.pixels = imageops::crop_imm(&picture.pixels, crop.x, crop.y, crop.width, crop.height).to_image();
    Ok(())
}

/// The size to scale to, and the size of the part around the middle that is kept.
struct Target {
    scaled: (u32, u32),
    kept: (u32, u32),
}

fn target_size((width, height): (u32, u32), options: &EditOptions) -> Target {
    let (from_width, from_height) = (f64::from(width), f64::from(height));
    let rounded = |length: f64| length.round().clamp(1.0, f64::from(u32::MAX)) as u32;
    let scaled_by = |factor: f64| (rounded(from_width * factor), rounded(from_height * factor));
    let whole = |scaled| Target { scaled, kept: scaled };
    match (options.width.value(), options.height.value()) {
        (None, None) => whole((width, height)),
        (Some(to), None) => whole((to, rounded(from_height * f64::from(to) / from_width))),
        (None, Some(to)) => whole((rounded(from_width * f64::from(to) / from_height), to)),
        (Some(to_width), Some(to_height)) => {
            let (across, down) = (f64::from(to_width) / from_width, f64::from(to_height) / from_height);
            match options.fit {
                Fit::Fill => whole((to_width, to_height)),
                Fit::Contain => whole(scaled_by(across.min(down))),
                Fit::Cover => {
                    let (scaled_width, scaled_height) = scaled_by(across.max(down));
                    Target {
                        scaled: (scaled_width.max(to_width), scaled_height.max(to_height)),
                        kept: (to_width, to_height),
                    }
                }
            }
        }
    }
}

fn adjust_colors(image: &mut RgbaImage, options: &EditOptions) {
    if options.grayscale {
        pixels::grayscale(image);
    }
    if options.brightness != 0.0 {
        pixels::brighten(image, options.brightness as f32);
    }
    if options.contrast != 0.0 {
        pixels::contrast(image, options.contrast as f32);
    }
}

#[cfg(test)]
mod tests;
