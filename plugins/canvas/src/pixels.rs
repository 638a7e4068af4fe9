//! The operations of an edit, each on straight-alpha pixels in place of the picture.

use csscolorparser::Color;
use fast_image_resize::Resizer;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x4;
use image::{Rgba, RgbaImage, imageops};
use resvg::tiny_skia::{ColorU8, FilterQuality, IntSize, Pixmap, PixmapPaint, Transform};

/// Above this sigma three box blurs are taken for a Gaussian: no eye tells them apart, and their time does not grow.
const LARGEST_EXACT_BLUR: f32 = 8.0;

/// Scales with Lanczos' filter, which shrinks without aliasing; transparent pixels lend no colour.
pub(crate) fn resize(pixels: RgbaImage, width: u32, height: u32) -> RgbaImage {
    if pixels.dimensions() == (width, height) {
        return pixels;
    }
    let (from_width, from_height) = pixels.dimensions();
    let mut resized = RgbaImage::new(width, height);
    // With their type: by `resize`, each kind of pixel that there is would be in the program.
    let source = TypedImageRef::<U8x4>::from_buffer(from_width, from_height, pixels.as_raw());
    let target = TypedImage::from_buffer(width, height, &mut resized);
    if let (Ok(source), Ok(mut target)) = (source, target)
        && Resizer::new().resize_typed(&source, &mut target, None).is_ok()
    {
        return resized;
    }
    imageops::resize(&pixels, width, height, imageops::FilterType::Lanczos3)
}

/// Turns clockwise. Quarter turns move pixels and lose nothing; other angles grow the picture
/// to hold its corners, and what they open is transparent.
pub(crate) fn rotate(pixels: RgbaImage, degrees: f64) -> RgbaImage {
    match degrees.rem_euclid(360.0) {
        0.0 => pixels,
        90.0 => imageops::rotate90(&pixels),
        180.0 => imageops::rotate180(&pixels),
        270.0 => imageops::rotate270(&pixels),
        degrees => rotate_freely(pixels, degrees as f32),
    }
}

/// The size of a picture of this size when turned.
pub(crate) fn rotated_size((width, height): (u32, u32), degrees: f64) -> (u32, u32) {
    match degrees.rem_euclid(360.0) {
        0.0 | 180.0 => (width, height),
        90.0 | 270.0 => (height, width),
        degrees => {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let (width, height) = (f64::from(width), f64::from(height));
            // An exact bound may come out a hair above an integer.
            let bound = |length: f64| (length - 1e-6).ceil().max(1.0) as u32;
            (bound((width * cos).abs() + (height * sin).abs()), bound((width * sin).abs() + (height * cos).abs()))
        }
    }
}

fn rotate_freely(pixels: RgbaImage, degrees: f32) -> RgbaImage {
    let (width, height) = pixels.dimensions();
    let (new_width, new_height) = rotated_size((width, height), f64::from(degrees));
    let source =
        IntSize::from_wh(width, height).and_then(|size| Pixmap::from_vec(premultiplied(pixels).into_raw(), size));
    let (Some(source), Some(mut turned)) = (source, Pixmap::new(new_width, new_height)) else {
        return RgbaImage::new(new_width, new_height);
    };
    let transform = Transform::from_translate(-(width as f32) / 2.0, -(height as f32) / 2.0)
        .post_rotate(degrees)
        .post_translate(new_width as f32 / 2.0, new_height as f32 / 2.0);
    let paint = PixmapPaint { quality: FilterQuality::Bicubic, ..PixmapPaint::default() };
    turned.draw_pixmap(0, 0, source.as_ref(), &paint, transform, None);
    RgbaImage::from_raw(new_width, new_height, turned.take_demultiplied()).unwrap_or_default()
}

/// Blurs with a Gaussian; transparent pixels lend no colour.
pub(crate) fn blur(pixels: RgbaImage, sigma: f32) -> RgbaImage {
    let opaque = pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let pixels = if opaque { pixels } else { premultiplied(pixels) };
    let blurred =
        if sigma > LARGEST_EXACT_BLUR { imageops::fast_blur(&pixels, sigma) } else { imageops::blur(&pixels, sigma) };
    if opaque { blurred } else { demultiplied(blurred) }
}

/// Takes the colour away and keeps the luminance (Rec. 709).
pub(crate) fn grayscale(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, _] = pixel.0.map(u32::from);
        let gray = ((2126 * red + 7152 * green + 722 * blue + 5000) / 10_000) as u8;
        pixel.0[..3].fill(gray);
    }
}

/// Adds to every channel; 100 makes everything white, -100 black.
pub(crate) fn brighten(pixels: &mut RgbaImage, percent: f32) {
    map_channels(pixels, |value| value + percent * 2.55);
}

/// Stretches every channel about the middle; -100 makes everything grey.
pub(crate) fn contrast(pixels: &mut RgbaImage, percent: f32) {
    let factor = ((100.0 + percent) / 100.0).powi(2);
    map_channels(pixels, |value| (value - 127.5) * factor + 127.5);
}

fn map_channels(pixels: &mut RgbaImage, change: impl Fn(f32) -> f32) {
    let table: Vec<u8> = (0..=u8::MAX).map(|value| change(f32::from(value)).round().clamp(0.0, 255.0) as u8).collect();
    for pixel in pixels.pixels_mut() {
        for channel in &mut pixel.0[..3] {
            *channel = table[usize::from(*channel)];
        }
    }
}

/// Puts the colour beneath what is transparent.
pub(crate) fn flatten(pixels: &mut RgbaImage, background: &Color) {
    let below = background.to_rgba8();
    if below[3] == 0 {
        return;
    }
    let mut canvas = RgbaImage::from_pixel(pixels.width(), pixels.height(), Rgba(below));
    imageops::overlay(&mut canvas, pixels, 0, 0);
    *pixels = canvas;
}

fn premultiplied(mut pixels: RgbaImage) -> RgbaImage {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let color = ColorU8::from_rgba(red, green, blue, alpha).premultiply();
        pixel.0 = [color.red(), color.green(), color.blue(), color.alpha()];
    }
    pixels
}

fn demultiplied(mut pixels: RgbaImage) -> RgbaImage {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let straight = |channel: u8| match alpha {
            0 => 0,
            alpha => ((u32::from(channel) * 255 + u32::from(alpha) / 2) / u32::from(alpha)).min(255) as u8,
        };
        pixel.0 = [straight(red), straight(green), straight(blue), alpha];
    }
    pixels
}
