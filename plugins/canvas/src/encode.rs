//! Pictures in memory, and how they become files.

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::codecs::{bmp::BmpEncoder, tiff::TiffEncoder};
use image::{DynamicImage, ImageEncoder, ImageFormat, RgbaImage};
use resvg::tiny_skia::Pixmap;
use std::io::Cursor;

use crate::{CanvasError, Rendered};

/// A file format with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Png,
    Jpeg {
        quality: u8,
    },
    /// Lossless.
    WebP,
    Gif,
    Bmp,
    Tiff,
}

impl Encoding {
    fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg { .. } => ImageFormat::Jpeg,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Tiff => ImageFormat::Tiff,
        }
    }
}

/// A picture with straight alpha, and the colour profile that its numbers mean.
pub(crate) struct Picture {
    pub(crate) pixels: RgbaImage,
    pub(crate) profile: Option<Vec<u8>>,
}

impl From<Pixmap> for Picture {
    fn from(pixmap: Pixmap) -> Self {
        let (width, height) = (pixmap.width(), pixmap.height());
        let pixels = RgbaImage::from_raw(width, height, pixmap.take_demultiplied()).unwrap_or_default();
        Self { pixels, profile: None }
    }
}

impl Picture {
    /// Writes the file. A picture without transparency is written without an alpha channel.
    pub(crate) fn encode(mut self, encoding: Encoding, warnings: Vec<String>) -> Result<Rendered, CanvasError> {
        let (width, height) = self.pixels.dimensions();
        if matches!(encoding, Encoding::Jpeg { .. }) {
            flatten_onto_white(&mut self.pixels);
        }
        let opaque = self.pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX);
        let picture = DynamicImage::ImageRgba8(self.pixels);
        let picture = if opaque { picture.into_rgb8().into() } else { picture };
        let mut bytes = Vec::new();
        write(&picture, self.profile, encoding, &mut bytes).map_err(|error| CanvasError::Encode {
            format: encoding.format().to_mime_type().into(),
            reason: error.to_string(),
        })?;
        Ok(Rendered { bytes, mime: encoding.format().to_mime_type(), width, height, warnings })
    }
}

fn write(
    picture: &DynamicImage,
    profile: Option<Vec<u8>>,
    encoding: Encoding,
    bytes: &mut Vec<u8>,
) -> image::ImageResult<()> {
    match encoding {
        Encoding::Png => {
            let encoder = PngEncoder::new_with_quality(bytes, CompressionType::Default, FilterType::Adaptive);
            write_with(encoder, picture, profile)
        }
        Encoding::Jpeg { quality } => write_with(JpegEncoder::new_with_quality(bytes, quality), picture, profile),
        Encoding::WebP => write_with(WebPEncoder::new_lossless(bytes), picture, profile),
        Encoding::Tiff => write_with(TiffEncoder::new(Cursor::new(bytes)), picture, profile),
        Encoding::Bmp => write_with(BmpEncoder::new(bytes), picture, None),
        Encoding::Gif => {
            let rgba = picture.to_rgba8();
            GifEncoder::new(bytes).encode(&rgba, rgba.width(), rgba.height(), image::ExtendedColorType::Rgba8)
        }
    }
}

fn write_with(
    mut encoder: impl ImageEncoder,
    picture: &DynamicImage,
    profile: Option<Vec<u8>>,
) -> image::ImageResult<()> {
    if let Some(profile) = profile {
        // A format that holds no profile is still a good picture.
        encoder.set_icc_profile(profile).ok();
    }
    picture.write_with_encoder(encoder)
}

fn flatten_onto_white(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        for channel in &mut pixel.0[..3] {
            *channel = ((u32::from(*channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
        pixel.0[3] = u8::MAX;
    }
}
