use std::cell::RefCell;
use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgba, RgbaImage};

use super::*;
use crate::testing::{assert_near, read};
use crate::{Format, Pose};

/// A flat relief in millimetres.
fn plain() -> HeightmapOptions {
    HeightmapOptions { format: Format::Stl, ..HeightmapOptions::default() }
}

fn raise(input: &[u8], options: &HeightmapOptions) -> Result<Raised, CanvasError> {
    raise_picture(input, options, &|_, _| true)
}

fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    encoded(RgbaImage::from_fn(width, height, |x, y| Rgba(pixel(x, y))).into(), ImageFormat::Png)
}

fn grey(light: u8) -> [u8; 4] {
    [light, light, light, 255]
}

/// The highest and lowest points of the surface.
fn relief_of(input: &[u8], options: &HeightmapOptions) -> (f32, f32) {
    let solid = read(&raise(input, options).unwrap());
    let surface = || solid.triangles.iter().flatten().map(|point| point[2]).filter(|z| *z > 0.0);
    (surface().fold(f32::MAX, f32::min), surface().fold(f32::MIN, f32::max))
}

#[test]
fn a_flat_picture_is_a_plate_as_thick_as_it_is_light() {
    for (light, thickness) in [(0, 2.0), (255, 7.0), (51, 3.0)] {
        let raised = raise(&png(40, 30, |_, _| grey(light)), &plain()).unwrap();
        let solid = read(&raised);
        assert_eq!(raised.size, [100.0, 75.0, thickness]);
        assert_near(solid.volume(), 100.0 * 75.0 * thickness, 1e-6);
        assert_eq!(raised.triangles, 2 * 39 * 29 + 3 * 2 * (39 + 29));
        assert!(raised.warnings[0].contains("the same everywhere"), "{:?}", raised.warnings);
    }
}

#[test]
fn a_ramp_has_the_volume_of_a_wedge_and_rises_to_the_right() {
    let ramp = png(256, 64, |x, _| grey(x as u8));
    for format in [Format::Stl, Format::Glb] {
        let options = HeightmapOptions { format, pose: Pose::Flat, width: 64.0, depth: 8.0, base: 1.0, ..plain() };
        let solid = read(&raise(&ramp, &options).unwrap());
        let scale = if format == Format::Stl { 1.0 } else { 1e-3_f64 };
        assert_near(solid.volume(), 64.0 * 16.0 * (1.0 + 4.0) * scale.powi(3), 1e-4);
    }
    let solid = read(&raise(&ramp, &plain()).unwrap());
    let right = solid.triangles.iter().flatten().filter(|point| point[0] == 50.0).map(|point| point[2]);
    assert_eq!(right.fold(f32::MIN, f32::max), 7.0);
    let down = png(64, 64, |_, y| grey(255 - 4 * y as u8));
    let solid = read(&raise(&down, &plain()).unwrap());
    let highest = solid.triangles.iter().flatten().max_by(|a, b| a[2].total_cmp(&b[2])).unwrap();
    assert_eq!(highest[1], 50.0, "the picture's upper edge is away from who stands before it");
}

#[test]
fn noise_of_every_shape_is_closed() {
    let noise = |x: u32, y: u32| ((x * 7919 + y * 104_729) % 251 + (x * y) % 5) as u8;
    for (width, height) in [(1, 1), (2, 1), (1, 5), (2, 2), (3, 50), (64, 64), (300, 200), (17, 1000)] {
        let bytes = png(width, height, |x, y| [noise(x, y), noise(y, x), noise(x + 1, y), noise(x, y + 3)]);
        for options in [plain(), HeightmapOptions { format: Format::Glb, invert: true, smoothing: 1.0, ..plain() }] {
            let raised = raise(&bytes, &HeightmapOptions { width: 10.0, resolution: 100, ..options }).unwrap();
            assert!(read(&raised).volume() > 0.0, "{width}x{height}");
            assert_near(raised.size[1], 10.0 * raised.size[0] / 10.0 * height as f32 / width as f32, 1e-5);
        }
    }
}

#[test]
fn what_is_transparent_stays_low() {
    let clear = png(20, 20, |_, _| [255, 255, 255, 0]);
    for invert in [false, true] {
        let options = HeightmapOptions { invert, ..plain() };
        assert_eq!(relief_of(&clear, &options), (2.0, 2.0));
        let raised = raise(&clear, &options).unwrap();
        assert!(raised.warnings[0].contains("nothing rises"), "{:?}", raised.warnings);
    }
    // Transparent pixels lend no light when a picture is scaled down.
    let edge = png(400, 400, |x, _| if x < 200 { grey(0) } else { [255, 255, 255, 0] });
    assert_eq!(relief_of(&edge, &HeightmapOptions { resolution: 50, ..plain() }), (2.0, 2.0));
}

#[test]
fn options_shape_the_relief() {
    let dot = png(90, 90, |x, y| grey(if x.abs_diff(45) < 9 && y.abs_diff(45) < 9 { 255 } else { 0 }));
    assert_eq!(relief_of(&dot, &plain()), (2.0, 7.0));
    assert_eq!(relief_of(&dot, &HeightmapOptions { base: 0.5, depth: 3.0, ..plain() }), (0.5, 3.5));
    let volume = |options: &HeightmapOptions| read(&raise(&dot, options).unwrap()).volume();
    let inverted = volume(&HeightmapOptions { invert: true, ..plain() });
    assert_near(volume(&plain()) + inverted, 100.0 * 100.0 * (2.0 + 7.0), 1e-4);
    let (low, high) = relief_of(&dot, &HeightmapOptions { smoothing: 10.0, ..plain() });
    assert!(low < 2.5 && (3.0..6.0).contains(&high), "{low} {high}");
    // Scaling down makes no waves beside the edge.
    let raised = raise(&dot, &HeightmapOptions { resolution: 31, ..plain() }).unwrap();
    assert_eq!(raised.triangles, 2 * 30 * 30 + 3 * 4 * 30);
    assert_near(read(&raised).size()[2], 7.0, 1e-3);
}

#[test]
fn every_format_is_read_and_sixteen_bits_are_kept() {
    let picture = RgbaImage::from_fn(32, 32, |x, y| Rgba([(x * 8) as u8, (y * 8) as u8, 0, 255]));
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff]
    {
        let picture = DynamicImage::from(picture.clone()).into_rgb8();
        read(&raise(&encoded(picture.into(), format), &plain()).unwrap());
    }
    let fine = ImageBuffer::from_fn(64, 2, |x, _| Luma([x as u16]));
    let bytes = encoded(DynamicImage::ImageLuma16(fine), ImageFormat::Png);
    let (low, high) = relief_of(&bytes, &HeightmapOptions { depth: 200.0, ..plain() });
    assert!(low == 2.0 && (high - 2.0 - 200.0 * 63.0 / 65_535.0).abs() < 1e-3, "{low} {high}");
}

#[test]
fn the_same_picture_is_the_same_bytes() {
    let bytes = png(90, 70, |x, y| grey((x * y % 256) as u8));
    for format in [Format::Glb, Format::Stl] {
        let options = HeightmapOptions { format, smoothing: 2.0, resolution: 60, ..plain() };
        assert_eq!(raise(&bytes, &options).unwrap().bytes, raise(&bytes, &options).unwrap().bytes);
    }
}

#[test]
fn hostile_pictures_are_refused() {
    let whole = png(50, 50, |x, y| grey((x * y) as u8));
    for bytes in [&b""[..], b"no picture", &whole[..60], &whole[..whole.len() / 2]] {
        assert!(matches!(raise(bytes, &plain()), Err(CanvasError::InvalidMedia { .. })), "{} bytes", bytes.len());
    }
    let mut bomb = encoded(DynamicImage::new_rgb8(64, 64), ImageFormat::Bmp);
    bomb[18..22].copy_from_slice(&12_000_u32.to_le_bytes());
    bomb[22..26].copy_from_slice(&12_000_u32.to_le_bytes());
    assert!(matches!(raise(&bomb, &plain()), Err(CanvasError::TooLarge { .. })));
    let tower = png(1, 2000, |_, y| grey(y as u8));
    let error = raise(&tower, &plain()).unwrap_err();
    assert!(error.to_string().contains("100 mm by 200000 mm"), "{error}");
}

#[test]
fn bad_options_are_named() {
    let bytes = png(2, 2, |_, _| grey(9));
    for (options, name) in [
        (HeightmapOptions { width: 4.0, ..plain() }, "width"),
        (HeightmapOptions { resolution: 2000, ..plain() }, "resolution"),
        (HeightmapOptions { smoothing: f64::INFINITY, ..plain() }, "smoothing"),
        (HeightmapOptions { color: "#12".into(), ..plain() }, "color"),
    ] {
        assert_eq!(raise(&bytes, &options).unwrap_err().option(), Some(name));
    }
}

#[test]
fn each_checkpoint_can_cancel_and_fractions_rise() {
    let bytes = png(20, 20, |x, _| grey(x as u8));
    let options = HeightmapOptions { smoothing: 1.0, ..plain() };
    let seen = RefCell::new(Vec::new());
    let note = |fraction: f32, _: &str| {
        seen.borrow_mut().push(fraction);
        true
    };
    raise_picture(&bytes, &options, &note).unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.len() >= 5 && seen.last() == Some(&1.0), "{seen:?}");
    for stop in seen {
        let result = raise_picture(&bytes, &options, &|fraction, _| fraction < stop);
        assert_eq!(result.unwrap_err(), CanvasError::Cancelled, "at {stop}");
    }
}
