use std::cell::RefCell;
use std::io::Cursor;

use image::{DynamicImage, ImageEncoder, ImageFormat, Rgba};

use super::*;
use crate::{Auto, EditFormat};

const RED: Rgba<u8> = Rgba([200, 0, 0, 255]);
const GREEN: Rgba<u8> = Rgba([0, 200, 0, 255]);
const BLUE: Rgba<u8> = Rgba([0, 0, 200, 255]);
const WHITE: Rgba<u8> = Rgba([255, 255, 255, 255]);

/// 40x20: red | green above blue | white.
fn quarters() -> RgbaImage {
    RgbaImage::from_fn(40, 20, |x, y| match (x < 20, y < 10) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    })
}

fn encoded(picture: RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = DynamicImage::from(picture);
    let picture = if format == ImageFormat::Jpeg { picture.into_rgb8().into() } else { picture };
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn edit(options: &EditOptions) -> RgbaImage {
    let rendered = edit_image(&encoded(quarters(), ImageFormat::Png), options, &|_, _| true).unwrap();
    let picture = image::load_from_memory(&rendered.bytes).unwrap().into_rgba8();
    assert_eq!(picture.dimensions(), (rendered.width, rendered.height));
    picture
}

/// The colours near the four corners: upper left, upper right, lower left, lower right.
fn corners(picture: &RgbaImage) -> [Rgba<u8>; 4] {
    let (right, bottom) = (picture.width() - 2, picture.height() - 2);
    [(1, 1), (right, 1), (1, bottom), (right, bottom)].map(|(x, y)| *picture.get_pixel(x, y))
}

fn defaults() -> EditOptions {
    EditOptions::default()
}

#[test]
fn without_options_nothing_changes_and_the_format_stays() {
    assert_eq!(edit(&defaults()), quarters());
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff]
    {
        let input = encoded(quarters(), format);
        let first = edit_image(&input, &defaults(), &|_, _| true).unwrap();
        assert_eq!(first.mime, format.to_mime_type());
        assert_eq!(image::guess_format(&first.bytes).unwrap(), format);
        assert_eq!(first.bytes, edit_image(&input, &defaults(), &|_, _| true).unwrap().bytes);
    }
}

#[test]
fn every_format_can_be_written() {
    for (format, written) in [
        (EditFormat::Png, ImageFormat::Png),
        (EditFormat::Jpeg, ImageFormat::Jpeg),
        (EditFormat::Webp, ImageFormat::WebP),
        (EditFormat::Gif, ImageFormat::Gif),
        (EditFormat::Bmp, ImageFormat::Bmp),
        (EditFormat::Tiff, ImageFormat::Tiff),
    ] {
        let rendered =
            edit_image(&encoded(quarters(), ImageFormat::Png), &EditOptions { format, ..defaults() }, &|_, _| true)
                .unwrap();
        assert_eq!(image::guess_format(&rendered.bytes).unwrap(), written);
        let red = image::load_from_memory(&rendered.bytes).unwrap().into_rgba8().get_pixel(5, 4).0;
        assert!(red[0].abs_diff(200) < 12 && red[1] < 12 && red[2] < 12, "{written:?}: {red:?}");
    }
    let size = |quality| {
        let options = EditOptions { format: EditFormat::Jpeg, quality, ..defaults() };
        edit_image(&encoded(quarters(), ImageFormat::Png), &options, &|_, _| true).unwrap().bytes.len()
    };
    assert!(size(10) < size(100));
}

#[test]
fn crop_keeps_a_part() {
    let crop = Some(Crop { x: 15, y: 5, width: 10, height: 10 });
    let picture = edit(&EditOptions { crop, ..defaults() });
    assert_eq!(picture.dimensions(), (10, 10));
    assert_eq!(corners(&picture), [RED, GREEN, BLUE, WHITE]);
    for crop in [Crop { x: 35, y: 0, width: 6, height: 1 }, Crop { x: u32::MAX, y: 0, width: 2, height: 1 }] {
        let error = edit_image(
            &encoded(quarters(), ImageFormat::Png),
            &EditOptions { crop: Some(crop), ..defaults() },
            &|_, _| true,
        );
        assert_eq!(error.unwrap_err().option(), Some("crop"));
    }
}

#[test]
fn resizing_follows_the_fit() {
    let sized = |width, height, fit| edit(&EditOptions { width, height, fit, ..defaults() });
    assert_eq!(sized(Auto::Value(80), Auto::AUTO, Fit::Contain).dimensions(), (80, 40));
    assert_eq!(sized(Auto::AUTO, Auto::Value(10), Fit::Contain).dimensions(), (20, 10));
    assert_eq!(sized(Auto::Value(30), Auto::Value(30), Fit::Contain).dimensions(), (30, 15));
    let covered = sized(Auto::Value(30), Auto::Value(30), Fit::Cover);
    assert_eq!((covered.dimensions(), corners(&covered)), ((30, 30), [RED, GREEN, BLUE, WHITE]));
    let filled = sized(Auto::Value(10), Auto::Value(60), Fit::Fill);
    assert_eq!((filled.dimensions(), corners(&filled)), ((10, 60), [RED, GREEN, BLUE, WHITE]));
}

#[test]
fn resizing_lends_no_colour_from_what_is_transparent() {
    let half = RgbaImage::from_fn(40, 40, |x, _| if x < 20 { WHITE } else { Rgba([0, 0, 0, 0]) });
    let options = EditOptions { width: Auto::Value(7), blur: 1.5, ..defaults() };
    let rendered = edit_image(&encoded(half, ImageFormat::Png), &options, &|_, _| true).unwrap();
    let picture = image::load_from_memory(&rendered.bytes).unwrap().into_rgba8();
    assert!(picture.pixels().any(|pixel| (1..255).contains(&pixel.0[3])));
    for pixel in picture.pixels().filter(|pixel| pixel.0[3] > 20) {
        assert!(pixel.0[0] > 235, "{pixel:?}");
    }
}

#[test]
fn quarter_turns_are_exact_and_clockwise() {
    let turned = |rotate| edit(&EditOptions { rotate, ..defaults() });
    assert_eq!(corners(&turned(90.0)), [BLUE, RED, WHITE, GREEN]);
    assert_eq!(turned(90.0).dimensions(), (20, 40));
    assert_eq!(corners(&turned(180.0)), [WHITE, BLUE, GREEN, RED]);
    assert_eq!(corners(&turned(-90.0)), corners(&turned(270.0)));
    assert_eq!(turned(360.0), quarters());
}

#[test]
fn a_free_turn_grows_the_picture_and_fills_its_corners() {
    let turned = edit(&EditOptions { rotate: 45.0, ..defaults() });
    assert_eq!(turned.dimensions(), (43, 43));
    assert!(corners(&turned).iter().all(|pixel| pixel.0[3] == 0));
    // Clockwise: the upper left quarter goes to the top, the upper right one to the right.
    let (red, green) = (turned.get_pixel(19, 11).0, turned.get_pixel(31, 23).0);
    assert!(red[0] > 150 && red[1] < 50 && green[1] > 150 && green[0] < 50, "{red:?} {green:?}");
    let filled = edit(&EditOptions { rotate: 45.0, background: "#0000c8".into(), ..defaults() });
    assert!(corners(&filled).iter().all(|pixel| *pixel == BLUE));
}

#[test]
fn flips_mirror() {
    let flipped = |flip| corners(&edit(&EditOptions { flip, ..defaults() }));
    assert_eq!(flipped(Flip::Horizontal), [GREEN, RED, WHITE, BLUE]);
    assert_eq!(flipped(Flip::Vertical), [BLUE, WHITE, RED, GREEN]);
    assert_eq!(flipped(Flip::Both), [WHITE, BLUE, GREEN, RED]);
}

#[test]
fn blur_softens_edges_and_keeps_the_far_field() {
    for blur in [2.0, 20.0] {
        let picture = edit(&EditOptions { width: Auto::Value(400), blur, ..defaults() });
        let edge = picture.get_pixel(200, 20).0;
        assert!((60..140).contains(&edge[0]) && (60..140).contains(&edge[1]), "{blur}: {edge:?}");
        let far = picture.get_pixel(60, 30).0;
        assert!(far[0].abs_diff(200) < 8 && far[1] < 8, "{blur}: {far:?}");
    }
}

#[test]
fn colours_are_adjusted() {
    let gray = corners(&edit(&EditOptions { grayscale: true, ..defaults() }));
    assert_eq!(gray.map(|pixel| pixel.0[0]), [43, 143, 14, 255]);
    assert!(gray.iter().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]));
    let bright = corners(&edit(&EditOptions { brightness: 20.0, ..defaults() }));
    assert_eq!(bright[0], Rgba([251, 51, 51, 255]));
    assert_eq!(corners(&edit(&EditOptions { brightness: -100.0, ..defaults() })), [Rgba([0, 0, 0, 255]); 4]);
    let strong = corners(&edit(&EditOptions { contrast: 50.0, ..defaults() }));
    assert_eq!(strong[0], Rgba([255, 0, 0, 255]));
    let flat = corners(&edit(&EditOptions { contrast: -100.0, ..defaults() }));
    assert!(flat.iter().all(|pixel| *pixel == Rgba([128, 128, 128, 255])), "{flat:?}");
}

#[test]
fn transparency_is_put_on_the_background() {
    let clear = encoded(RgbaImage::new(4, 4), ImageFormat::Png);
    let options = EditOptions { background: "rgb(1, 2, 3)".into(), ..defaults() };
    let rendered = edit_image(&clear, &options, &|_, _| true).unwrap();
    assert_eq!(image::load_from_memory(&rendered.bytes).unwrap().into_rgba8().get_pixel(1, 1).0, [1, 2, 3, 255]);
}

#[test]
fn the_camera_s_orientation_comes_first() {
    // TIFF header, one entry: orientation (0x0112), short, 6: turn clockwise.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(quarters().as_raw(), 40, 20, image::ExtendedColorType::Rgba8).unwrap();
    let rendered = edit_image(&bytes, &defaults(), &|_, _| true).unwrap();
    let picture = image::load_from_memory(&rendered.bytes).unwrap().into_rgba8();
    assert_eq!((picture.dimensions(), corners(&picture)), ((20, 40), [BLUE, RED, WHITE, GREEN]));
}

#[test]
fn an_animation_keeps_its_first_frame_and_says_so() {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    encoder.encode_frames([quarters(), RgbaImage::new(40, 20)].map(image::Frame::new)).unwrap();
    drop(encoder);
    let rendered = edit_image(&bytes, &defaults(), &|_, _| true).unwrap();
    assert!(rendered.warnings[0].contains("animated"), "{:?}", rendered.warnings);
    assert_eq!(*image::load_from_memory(&rendered.bytes).unwrap().into_rgba8().get_pixel(35, 15), WHITE);
}

#[test]
fn bad_options_are_named_and_large_results_refused() {
    let input = encoded(quarters(), ImageFormat::Png);
    for (options, name) in [
        (EditOptions { background: "bleu".into(), ..defaults() }, "background"),
        (EditOptions { blur: -1.0, ..defaults() }, "blur"),
        (EditOptions { width: Auto::Value(0), ..defaults() }, "width"),
        (EditOptions { rotate: f64::INFINITY, ..defaults() }, "rotate"),
        (EditOptions { quality: 101, ..defaults() }, "quality"),
    ] {
        assert_eq!(edit_image(&input, &options, &|_, _| true).unwrap_err().option(), Some(name));
    }
    for options in [
        EditOptions { width: Auto::Value(16_384), height: Auto::Value(16_384), fit: Fit::Fill, ..defaults() },
        EditOptions { height: Auto::Value(16_384), ..defaults() },
        EditOptions {
            width: Auto::Value(16_000),
            height: Auto::Value(4_000),
            fit: Fit::Fill,
            rotate: 45.0,
            ..defaults()
        },
    ] {
        let error = edit_image(&input, &options, &|_, _| true).unwrap_err();
        assert!(matches!(error, CanvasError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn each_checkpoint_can_cancel_and_fractions_rise() {
    let input = encoded(quarters(), ImageFormat::Png);
    let options = EditOptions { blur: 1.0, crop: Some(Crop { x: 0, y: 0, width: 9, height: 9 }), ..defaults() };
    let seen = RefCell::new(Vec::new());
    let note = |fraction, _: &str| {
        seen.borrow_mut().push(fraction);
        true
    };
    edit_image(&input, &options, &note).unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.len() == 8 && seen.last() == Some(&1.0), "{seen:?}");
    for stop in seen {
        assert_eq!(edit_image(&input, &options, &|fraction, _| fraction < stop).unwrap_err(), CanvasError::Cancelled);
    }
}
