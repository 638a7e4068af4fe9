//! Decoding of pictures, which are hostile input: nothing is allocated before its size is known to be within bounds.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::CanvasError;
use crate::encode::Picture;

/// The longest side of a picture that is read or made.
pub const LONGEST_SIDE: u32 = 16_384;
/// The most pixels of a picture that is read or made.
pub(crate) const MOST_PIXELS: u64 = 64_000_000;
const MOST_MEMORY: u64 = 512 * 1024 * 1024;
const FORMATS: [ImageFormat; 6] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];

/// A decoded picture, turned upright.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    pub(crate) format: ImageFormat,
    pub(crate) warnings: Vec<String>,
}

/// Decodes a picture and applies the orientation that its camera noted.
pub(crate) fn decode(input: &[u8]) -> Result<Decoded, CanvasError> {
    let Read { picture, profile, format, warnings } = read(input)?;
    Ok(Decoded { picture: Picture { pixels: picture.into_rgba8(), profile }, format, warnings })
}

/// Decodes a hostile picture within the limits of `edit`, upright and at its own depth, with what should be known of it.
pub fn read_picture(input: &[u8]) -> Result<(DynamicImage, Vec<String>), CanvasError> {
    read(input).map(|read| (read.picture, read.warnings))
}

struct Read {
    picture: DynamicImage,
    profile: Option<Vec<u8>>,
    format: ImageFormat,
    warnings: Vec<String>,
}

fn read(input: &[u8]) -> Result<Read, CanvasError> {
    let format = recognise(input)?;
    let mut reader = ImageReader::with_format(Cursor::new(input), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(|error| failure(format, error))?;
    let (width, height) = decoder.dimensions();
    check_size("the picture", width, height)?;
    if decoder.total_bytes() > MOST_MEMORY {
        return Err(CanvasError::too_large(
            "the decoded picture",
            format!("{} bytes", decoder.total_bytes()),
            format!("{MOST_MEMORY} bytes"),
        ));
    }
    let mut warnings = Vec::new();
    let profile = decoder.icc_profile().ok().flatten().filter(|profile| is_rgb(profile));
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| failure(format, error))?;
    picture.apply_orientation(orientation);
    if is_animated(input, format) {
        warnings.push("the picture is animated; only its first frame was kept".into());
    }
    Ok(Read { picture, profile, format, warnings })
}

/// Refuses a picture that is larger than the limits.
pub(crate) fn check_size(what: &str, width: u32, height: u32) -> Result<(), CanvasError> {
    if width.max(height) > LONGEST_SIDE {
        return Err(CanvasError::too_large(what, format!("{width}x{height}"), format!("{LONGEST_SIDE} pixels a side")));
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(CanvasError::too_large(what, format!("{width}x{height}"), format!("{MOST_PIXELS} pixels")));
    }
    Ok(())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

fn recognise(input: &[u8]) -> Result<ImageFormat, CanvasError> {
    if input.is_empty() {
        return Err(CanvasError::invalid("the picture is empty: 0 bytes"));
    }
    match image::guess_format(input) {
        Ok(format) if FORMATS.contains(&format) => Ok(format),
        _ => {
            let start: Vec<_> = input.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let reason = format!("not a PNG, JPEG, WebP, GIF, BMP or TIFF picture: it begins with {}", start.join(" "));
            Err(CanvasError::invalid(reason))
        }
    }
}

fn failure(format: ImageFormat, error: ImageError) -> CanvasError {
    match error {
        ImageError::Limits(limit) => {
            let allowed = format!("{LONGEST_SIDE} pixels a side and {MOST_MEMORY} bytes");
            CanvasError::too_large("the picture", limit.to_string(), allowed)
        }
        error => CanvasError::invalid(format!("the {} picture cannot be read: {error}", format.to_mime_type())),
    }
}

/// The pixels are written as RGB, so a profile of another colour space would say something wrong about them.
fn is_rgb(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ")
}

fn is_animated(input: &[u8], format: ImageFormat) -> bool {
    let cursor = Cursor::new(input);
    match format {
        ImageFormat::Gif => GifDecoder::new(cursor).is_ok_and(|mut decoder| {
            decoder.set_limits(limits()).is_ok() && decoder.into_frames().nth(1).is_some_and(|frame| frame.is_ok())
        }),
        ImageFormat::Png => {
            PngDecoder::with_limits(cursor, limits()).is_ok_and(|decoder| decoder.is_apng().unwrap_or(false))
        }
        ImageFormat::WebP => WebPDecoder::new(cursor).is_ok_and(|decoder| decoder.has_animation()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = RgbaImage::from_fn(64, 64, |x, y| image::Rgba([x as u8 * 3, y as u8 * 3, (x * y) as u8, 255]));
        let picture = DynamicImage::from(picture).into_rgb8();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn refused(input: &[u8]) -> CanvasError {
        decode(input).err().unwrap_or_else(|| panic!("{} bytes were decoded", input.len()))
    }

    #[test]
    fn what_is_no_picture_is_said_to_be_none() {
        assert!(refused(b"").to_string().contains("empty"));
        assert!(refused(b"<svg/>").to_string().contains("3c 73 76 67"));
        for format in FORMATS {
            let error = refused(&encoded(format)[..12]);
            assert!(matches!(error, CanvasError::InvalidMedia { .. }), "{format:?}: {error}");
        }
    }

    #[test]
    fn a_truncated_picture_is_refused_and_named() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff] {
            let bytes = encoded(format);
            let error = refused(&bytes[..bytes.len() / 2]);
            assert!(
                matches!(&error, CanvasError::InvalidMedia { reason } if reason.contains(format.to_mime_type())),
                "{error}"
            );
        }
    }

    #[test]
    fn damage_is_an_error_or_a_picture_and_never_a_panic() {
        for format in FORMATS {
            let bytes = encoded(format);
            for index in (0..bytes.len().min(300)).chain((300..bytes.len()).step_by(97)) {
                for value in [0, 0xff, bytes[index] ^ 0x10] {
                    let mut damaged = bytes.clone();
                    damaged[index] = value;
                    if let Ok(decoded) = decode(&damaged) {
                        let (width, height) = decoded.picture.pixels.dimensions();
                        assert!(u64::from(width) * u64::from(height) <= MOST_PIXELS);
                    }
                }
            }
        }
    }

    #[test]
    fn a_header_that_claims_too_much_allocates_nothing() {
        let mut bmp = encoded(ImageFormat::Bmp);
        bmp[18..22].copy_from_slice(&12_000_u32.to_le_bytes());
        bmp[22..26].copy_from_slice(&12_000_u32.to_le_bytes());
        assert!(matches!(refused(&bmp), CanvasError::TooLarge { .. }));
        let mut gif = encoded(ImageFormat::Gif);
        gif[6..10].copy_from_slice(&[0xff; 4]);
        assert!(matches!(refused(&gif), CanvasError::TooLarge { .. }));
        let mut jpeg = encoded(ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
        assert!(matches!(refused(&jpeg), CanvasError::TooLarge { .. }));
    }
}
