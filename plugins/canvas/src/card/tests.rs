use std::cell::RefCell;
use std::time::{Duration, Instant};

use image::RgbaImage;
use serde_json::json;

use super::*;
use crate::{Auto, CardFormat, VerticalAlign};

fn render(text: &str, options: &CardOptions) -> Result<Rendered, CanvasError> {
    render_card(text, options, &|_, _| true)
}

fn pixels(rendered: &Rendered) -> RgbaImage {
    image::load_from_memory(&rendered.bytes).unwrap().into_rgba8()
}

/// White on black, so that ink is what is light.
fn plain() -> CardOptions {
    CardOptions { width: 400, height: 300, background: "black".into(), ..CardOptions::default() }
}

/// The smallest box around everything light: left, top, right, bottom.
fn ink(picture: &RgbaImage) -> (u32, u32, u32, u32) {
    let mut bounds = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, pixel) in picture.enumerate_pixels() {
        if pixel.0[0] > 100 {
            bounds = (bounds.0.min(x), bounds.1.min(y), bounds.2.max(x), bounds.3.max(y));
        }
    }
    bounds
}

/// The number of bands of ink from top to bottom: lines of text without descenders.
fn bands(picture: &RgbaImage) -> usize {
    let mut rows = (0..picture.height()).map(|y| (0..picture.width()).any(|x| picture.get_pixel(x, y).0[0] > 100));
    let mut count = 0;
    let mut inside = false;
    for inked in rows.by_ref() {
        count += usize::from(inked && !inside);
        inside = inked;
    }
    count
}

#[test]
fn the_default_card_is_the_same_bytes_twice() {
    let first = render("Hello from Prizm", &CardOptions::default()).unwrap();
    let second = render("Hello from Prizm", &CardOptions::default()).unwrap();
    assert_eq!(first.bytes, second.bytes);
    assert_eq!((first.width, first.height, first.mime), (1024, 1024, "image/png"));
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
    assert_eq!(pixels(&first).dimensions(), (1024, 1024));
    assert!(pixels(&first).pixels().any(|pixel| pixel.0 == [255, 255, 255, 255]));
}

#[test]
fn every_format_is_what_it_says() {
    for (format, mime) in
        [(CardFormat::Png, "image/png"), (CardFormat::Jpeg, "image/jpeg"), (CardFormat::Webp, "image/webp")]
    {
        let rendered = render("x", &CardOptions { format, background: "transparent".into(), ..plain() }).unwrap();
        assert_eq!(rendered.mime, mime);
        assert_eq!(image::guess_format(&rendered.bytes).unwrap().to_mime_type(), mime);
        let corner = pixels(&rendered).get_pixel(0, 0).0;
        let expected = if format == CardFormat::Jpeg { [255, 255, 255, 255] } else { [0, 0, 0, 0] };
        assert_eq!(corner, expected, "{mime}");
    }
}

#[test]
fn text_wraps_at_words_and_keeps_explicit_lines() {
    let options = CardOptions { font_size: Auto::Value(40.0), weight: Weight::Regular, ..plain() };
    assert_eq!(bands(&pixels(&render("one", &options).unwrap())), 1);
    assert_eq!(bands(&pixels(&render("one two three four five six", &options).unwrap())), 2);
    assert_eq!(bands(&pixels(&render("one\ntwo\r\n\r\nsax", &options).unwrap())), 3);
    // Ideographs wrap without spaces.
    assert!(bands(&pixels(&render("春眠不覚暁処処聞啼鳥夜来風雨声花落知多少", &options).unwrap())) >= 2);
}

#[test]
fn alignment_moves_the_ink() {
    let at = |align, valign| {
        let options = CardOptions { align, valign, font_size: Auto::Value(30.0), ..plain() };
        ink(&pixels(&render("Hxx", &options).unwrap()))
    };
    let (left, top, ..) = at(Align::Left, VerticalAlign::Top);
    assert!((30..36).contains(&left) && top < 45, "{left},{top}");
    let (_, _, right, bottom) = at(Align::Right, VerticalAlign::Bottom);
    assert!((363..371).contains(&right) && bottom > 255, "{right},{bottom}");
    let (left, top, right, bottom) = at(Align::Center, VerticalAlign::Middle);
    assert!((left + right).abs_diff(399) <= 4 && (top + bottom).abs_diff(299) <= 4, "{left},{top},{right},{bottom}");
}

#[test]
fn automatic_text_stays_inside_the_padding_and_fills_it() {
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    for text in ["Hello", "Hello from Prizm", "Incomprehensibilities", long.trim()] {
        let options = CardOptions { padding: Auto::Value(20), ..plain() };
        let (left, top, right, bottom) = ink(&pixels(&render(text, &options).unwrap()));
        assert!(left >= 18 && top >= 18 && right <= 381 && bottom <= 281, "{text}: {left},{top},{right},{bottom}");
        assert!(right - left > 180 || bottom - top > 180, "{text}: {left},{top},{right},{bottom}");
    }
}

#[test]
fn a_word_longer_than_the_card_is_broken() {
    let rendered = render(&"m".repeat(600), &plain()).unwrap();
    let (left, _, right, _) = ink(&pixels(&rendered));
    assert!(left >= 28 && right <= 371, "{left} {right}");
    assert!(bands(&pixels(&rendered)) > 5);
}

#[test]
fn five_thousand_characters_fit_the_default_card() {
    let text = "Lorem ipsum dolor sit amet, consectetur. ".repeat(130);
    let text = &text[..5000];
    let options = CardOptions { background: "black".into(), ..CardOptions::default() };
    let rendered = render(text, &options).unwrap();
    assert!(bands(&pixels(&rendered)) > 20);
}

#[test]
fn text_that_cannot_fit_is_refused_with_a_card_that_holds_it() {
    let text = "word ".repeat(2000);
    let options = CardOptions { width: 200, height: 100, ..CardOptions::default() };
    let error = render(&text, &options).unwrap_err();
    let CanvasError::TextTooLong { characters, fitting_width, fitting_height, .. } = error else { panic!("{error}") };
    assert_eq!(characters, 9999);
    assert!(fitting_width < 2000, "{fitting_width}");
    let larger = CardOptions { width: fitting_width, height: fitting_height, ..options };
    render(&text, &larger).unwrap();
}

#[test]
fn a_font_size_that_does_not_fit_names_one_that_does() {
    let options = CardOptions { font_size: Auto::Value(500.0), ..plain() };
    let error = render("Hello from Prizm", &options).unwrap_err();
    assert_eq!(error.option(), Some("fontSize"));
    let fitting: f64 = error.to_string().split("at most ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    render("Hello from Prizm", &CardOptions { font_size: Auto::Value(fitting), ..plain() }).unwrap();
}

#[test]
fn characters_without_a_glyph_are_reported() {
    let rendered = render("known \u{378}\u{10FFFE} known", &plain()).unwrap();
    assert_eq!(rendered.warnings.len(), 1);
    assert!(
        rendered.warnings[0].contains("U+0378") && rendered.warnings[0].contains("U+10FFFE"),
        "{:?}",
        rendered.warnings
    );
    // Joiners and selectors are no loss, and every bundled script is covered.
    for text in
        ["☺\u{fe0f}\u{200d}", "Žluťoučký e\u{301}", "Ελλάδα", "Съешь", "שלום", "مرحبًا", "हिन्दी", "ไทย", "中文かな한글"]
    {
        assert!(render(text, &plain()).unwrap().warnings.is_empty(), "{text}");
    }
}

#[test]
fn right_to_left_text_starts_at_the_right() {
    let long = "שלום ".repeat(40);
    let options = CardOptions { font_size: Auto::Value(20.0), ..plain() };
    let picture = pixels(&render(&format!("{long}\nשלום"), &options).unwrap());
    let (_, _, right, bottom) = ink(&picture);
    let last_line: Vec<u32> =
        (0..400).filter(|x| (bottom.saturating_sub(8)..=bottom).any(|y| picture.get_pixel(*x, y).0[0] > 100)).collect();
    assert!(last_line.iter().all(|x| *x > 250) && last_line.iter().any(|x| x.abs_diff(right) < 6), "{last_line:?}");
}

#[test]
fn accents_are_the_same_composed_or_not() {
    let composed = render("\u{e9}", &plain()).unwrap();
    let decomposed = render("e\u{301}", &plain()).unwrap();
    let (composed, decomposed) = (ink(&pixels(&composed)), ink(&pixels(&decomposed)));
    assert!(
        composed.1.abs_diff(decomposed.1) <= 2 && composed.2.abs_diff(decomposed.2) <= 2,
        "{composed:?} {decomposed:?}"
    );
    let bare = ink(&pixels(&render("e", &plain()).unwrap()));
    assert!(bare.3 - bare.1 < composed.3 - composed.1);
}

#[test]
fn bad_options_are_named() {
    for (options, name) in [
        (CardOptions { width: 5, ..plain() }, "width"),
        (CardOptions { height: 10_000, ..plain() }, "height"),
        (CardOptions { background: "#12".into(), ..plain() }, "background"),
        (CardOptions { color: "reddish".into(), ..plain() }, "color"),
        (CardOptions { padding: Auto::Value(150), ..plain() }, "padding"),
        (CardOptions { font_size: Auto::Value(f64::NAN), ..plain() }, "fontSize"),
        (CardOptions { quality: 0, ..plain() }, "quality"),
    ] {
        let error = render("x", &options).unwrap_err();
        assert_eq!(error.option(), Some(name), "{error}");
    }
    let error = CardOptions::from_value(json!({ "align": "middle" })).unwrap_err();
    assert_eq!(error.option(), Some("align"));
}

#[test]
fn empty_and_oversized_inputs_are_refused() {
    for text in ["", "  \n\t ", "\u{200b}\u{feff}"] {
        assert!(matches!(render(text, &plain()), Err(CanvasError::InvalidMedia { .. })), "{text:?}");
    }
    for text in ["x".repeat(LONGEST_TEXT + 1), "\n".repeat(100_000) + "x"] {
        assert!(matches!(render(&text, &plain()), Err(CanvasError::TooLarge { .. })));
    }
    let huge = CardOptions { width: 8192, height: 8192, ..plain() };
    assert!(matches!(render("x", &huge), Err(CanvasError::TooLarge { .. })));
}

#[test]
fn hostile_text_ends_in_time() {
    let zalgo = "Z\u{300}\u{301}\u{302}\u{303}".repeat(3000);
    let brackets = "(\u{202e}[".repeat(5000);
    let started = Instant::now();
    for text in [zalgo, brackets, "\u{200d}a".repeat(20_000), "😀\u{200d}".repeat(5000)] {
        // Whether it fits is not the point.
        assert!(!matches!(render(&text, &plain()), Err(CanvasError::Cancelled)));
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn each_checkpoint_can_cancel_and_fractions_rise() {
    for text in ["Hello", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"] {
        let seen = RefCell::new(Vec::new());
        render_card(text, &plain(), &|fraction, _| {
            seen.borrow_mut().push(fraction);
            true
        })
        .unwrap();
        let seen = seen.into_inner();
        assert!(seen.is_sorted() && seen.len() >= 4 && seen.last() == Some(&1.0), "{seen:?}");
        for stop in seen {
            let result = render_card(text, &plain(), &|fraction, _| fraction < stop);
            assert_eq!(result.unwrap_err(), CanvasError::Cancelled, "at {stop}");
        }
    }
}
