use std::cell::RefCell;
use std::time::{Duration, Instant};

use prizm_canvas::Auto;

use super::*;
use crate::testing::{assert_near, read};
use crate::{Format, LettersAlign, Pose};

/// Flat letters in millimetres.
fn plain() -> LettersOptions {
    LettersOptions { format: Format::Stl, ..LettersOptions::default() }
}

fn plated() -> LettersOptions {
    LettersOptions { plate: true, ..plain() }
}

fn raise(text: &str, options: &LettersOptions) -> Result<Raised, CanvasError> {
    raise_letters(text, options, &|_, _| true)
}

#[test]
fn letters_of_many_scripts_are_closed_alone_and_on_a_plate() {
    let latin: String = ('!'..='~').collect();
    let texts = [
        latin.as_str(),
        "áçêñöøßœŁžḂ 0123456789 @&§®©€£ «»…—",
        "ΑΒΓΔΘΛΞΠΣΦΨΩ αβγδθλξπσφψω АБВГДЖЗИЙФЩЪЫЮЯ абвгджзфщъыюя",
        "שלום עולם مرحبا بالعالم हिन्दी क्षत्रिय ไทยสวัสดี",
        "中文字漢國龍驫 ひらがな カタカナ 한국어 ԱՖ აბგ",
        "→∑♥☺♞⚙∞√∫◎◆◆■□●○★☆▲▼⊕⊗",
        "AVAVATo.fi ffl ffi\nToday, “Quoted” 8%‰",
    ];
    for text in texts {
        for bold in [true, false] {
            for options in [plain(), plated()] {
                let raised = raise(text, &LettersOptions { bold, size: 12.0, ..options }).unwrap();
                assert_eq!(raised.warnings, Vec::<String>::new(), "{text}");
                assert!(read(&raised).volume() > 100.0, "{text}");
            }
        }
    }
}

#[test]
fn letters_have_the_size_and_the_volume_that_is_asked_for() {
    // A lower-case l is a rectangle.
    let raised = raise("l", &LettersOptions { depth: 3.0, size: 100.0, ..plain() }).unwrap();
    let solid = read(&raised);
    let [width, height, thickness] = solid.size();
    assert_eq!((raised.mime, raised.triangles, thickness), ("model/stl", 12, 3.0));
    assert!((60.0..90.0).contains(&height) && (5.0..30.0).contains(&width), "{width} {height}");
    assert_near(solid.volume(), width * height * thickness, 1e-6);
    assert_eq!(raised.size, solid.size());

    let on_plate = LettersOptions { depth: 3.0, size: 100.0, base: 2.0, margin: 7.5, ..plated() };
    let plate = read(&raise("l", &on_plate).unwrap());
    let [plate_width, plate_height, total] = plate.size();
    assert_near(plate_width, width + 15.0, 1e-6);
    assert_near(plate_height, height + 15.0, 1e-6);
    assert_eq!((total, plate.triangles.len()), (5.0, 2 + 8 + 8 + 8 + 2));
    assert_near(plate.volume(), f64::from(plate_width * plate_height * 2.0) + solid.volume(), 1e-6);
    let (low, high) = plate.bounds();
    let aside = [low[0] + high[0], low[1] + high[1]];
    assert!(
        aside.iter().all(|side| side.abs() < 0.002) && low[2] == 0.0,
        "it stands in the middle of the bed: {aside:?}"
    );
}

#[test]
fn counters_are_holes() {
    // Corners less edges plus faces are 2 for each body, and 2 fewer for each hole through it.
    for (text, expected) in [("l", 2), ("o", 0), ("e", 0), ("8", -2), ("B", -2), ("i", 4), ("®", 0)] {
        let solid = read(&raise(text, &plain()).unwrap());
        let mut points: Vec<_> = solid.triangles.iter().flatten().map(|point| point.map(f32::to_bits)).collect();
        points.sort_unstable();
        points.dedup();
        let euler = points.len() as i64 - solid.triangles.len() as i64 / 2;
        assert_eq!(euler, expected, "{text}");
    }
}

#[test]
fn lines_break_and_align() {
    let size = |text: &str, options: &LettersOptions| read(&raise(text, options).unwrap()).size();
    let [one, two] = ["HHH", "HHH\nH"].map(|text| size(text, &plain()));
    assert_near(two[1] - one[1], 20.0 * 1.2, 1e-4);
    assert_near(two[0], one[0], 1e-6);
    let wrapped = size("HHH H", &LettersOptions { line_width: Auto::Value(60.0), ..plain() });
    assert_near(wrapped[1], two[1], 1e-4);
    let centre = |align| {
        let solid = read(&raise("HHH\nl", &LettersOptions { align, ..plain() }).unwrap());
        let (low, _) = solid.bounds();
        let lower: Vec<_> = solid.triangles.concat().iter().filter(|p| p[1] < low[1] + 10.0).map(|p| p[0]).collect();
        (lower.iter().copied().fold(f32::MAX, f32::min) + lower.iter().copied().fold(f32::MIN, f32::max)) / 2.0
    };
    let [left, middle, right] = [LettersAlign::Left, LettersAlign::Center, LettersAlign::Right].map(centre);
    assert!(left < -10.0 && middle.abs() < 1.0 && right > 10.0, "{left} {middle} {right}");
    let hebrew = raise("שלום שלום\nש", &LettersOptions { align: LettersAlign::Auto, ..plain() }).unwrap();
    let (low, _) = read(&hebrew).bounds();
    let lower =
        read(&hebrew).triangles.concat().iter().filter(|p| p[1] < low[1] + 5.0).map(|p| p[0]).fold(f32::MAX, f32::min);
    assert!(lower > 0.0, "right-to-left text starts at the right: {lower}");
}

#[test]
fn a_glb_is_the_same_solid_in_metres_and_stands() {
    let stl = read(&raise("Prizm", &plain()).unwrap());
    let raised = raise("Prizm", &LettersOptions { format: Format::Glb, ..plain() }).unwrap();
    let glb = read(&raised);
    assert_eq!(raised.mime, "model/gltf-binary");
    let (flat, standing) = (stl.size(), glb.size());
    for axis in 0..3 {
        assert_near(standing[axis], flat[axis] / 1000.0, 1e-5);
    }
    assert_near(glb.volume(), stl.volume() / 1e9, 1e-4);
    assert_eq!((glb.bounds().0[1], glb.bounds().0[2]), (0.0, 0.0), "it stands on the ground, its front towards +Z");
    let lying = read(&raise("Prizm", &LettersOptions { format: Format::Glb, pose: Pose::Flat, ..plain() }).unwrap());
    assert_near(lying.size()[1], 0.005, 1e-5);
    let upright = read(&raise("Prizm", &LettersOptions { pose: Pose::Upright, ..plain() }).unwrap());
    assert_near(upright.size()[2], flat[1], 1e-5);
    assert_near(upright.volume(), stl.volume(), 1e-5);
}

#[test]
fn the_colour_is_linear_and_may_be_transparent() {
    let color = |color: &str| {
        let options = LettersOptions { format: Format::Glb, color: color.into(), ..plain() };
        let file = gltf::Gltf::from_slice(&raise("x", &options).unwrap().bytes).unwrap();
        let material = file.materials().next().unwrap();
        (material.pbr_metallic_roughness().base_color_factor(), material.alpha_mode())
    };
    let (grey, mode) = color("#808080");
    assert!((grey[0] - 0.2159).abs() < 1e-3 && grey[3] == 1.0, "{grey:?}");
    assert_eq!(mode, gltf::material::AlphaMode::Opaque);
    assert_eq!(color("rgb(255 0 0 / 50%)").1, gltf::material::AlphaMode::Blend);
}

#[test]
fn the_same_text_is_the_same_bytes() {
    for format in [Format::Glb, Format::Stl] {
        let options = LettersOptions { format, plate: true, ..plain() };
        assert_eq!(raise("Same ⚙ bytes", &options).unwrap().bytes, raise("Same ⚙ bytes", &options).unwrap().bytes);
    }
}

#[test]
fn hostile_texts_are_refused_or_told_of() {
    for text in ["", " \n\t ", "\u{200b}\u{feff}"] {
        assert!(matches!(raise(text, &plain()), Err(CanvasError::InvalidMedia { .. })), "{text:?}");
    }
    for text in ["x".repeat(10_000), "x\n".repeat(1500)] {
        assert!(matches!(raise(&text, &plain()), Err(CanvasError::TooLarge { .. })));
    }
    let long = "long ".repeat(390);
    let error = raise(&long, &plain()).unwrap_err();
    assert!(error.to_string().contains("the limit is 2000 mm a side"), "{error}");
    let huge = LettersOptions { size: 500.0, line_height: 4.0, ..plated() };
    assert!(matches!(raise(&"W\n".repeat(999), &huge), Err(CanvasError::TooLarge { .. })));
    let dense = LettersOptions { size: 5.0, line_width: Auto::Value(400.0), ..plain() };
    let error = raise(&"龘".repeat(2000), &dense).unwrap_err();
    assert!(error.to_string().contains("the outline of the text is too large"), "{error}");
    let raised = raise("a\u{378}", &plain()).unwrap();
    assert!(raised.warnings[0].contains("U+0378"), "{:?}", raised.warnings);
    read(&raised);
}

#[test]
fn hostile_text_ends_in_time() {
    let wrapped = |size| LettersOptions { size, line_width: Auto::Value(400.0), ..plated() };
    let started = Instant::now();
    for text in ["Z\u{300}\u{301}\u{302}".repeat(100), "(\u{202e}[".repeat(100), "龘".repeat(40), "&".repeat(400)] {
        read(&raise(&text, &wrapped(5.0)).unwrap());
    }
    // Lines that lie on each other.
    read(&raise(&"@8\n".repeat(20), &LettersOptions { line_height: 0.5, ..plated() }).unwrap());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn the_smallest_and_the_largest_letters_are_closed() {
    for size in [1.0, 500.0] {
        for text in ["g&8§", "®"] {
            read(&raise(text, &LettersOptions { size, ..plated() }).unwrap());
        }
    }
}

#[test]
fn bad_options_are_named() {
    for (options, name) in [
        (LettersOptions { size: 0.5, ..plain() }, "size"),
        (LettersOptions { depth: f64::NAN, ..plain() }, "depth"),
        (LettersOptions { color: "reddish".into(), ..plain() }, "color"),
        (LettersOptions { margin: 0.0, ..plated() }, "margin"),
    ] {
        assert_eq!(raise("x", &options).unwrap_err().option(), Some(name));
    }
    let error = LettersOptions::from_value(serde_json::json!({"format": "obj"})).unwrap_err();
    assert_eq!(error.to_string(), r#"option "format": expected one of "glb", "stl", got "obj""#);
}

#[test]
fn each_checkpoint_can_cancel_and_fractions_rise() {
    let seen = RefCell::new(Vec::new());
    let note = |fraction: f32, _: &str| {
        seen.borrow_mut().push(fraction);
        true
    };
    raise_letters("Hello", &plain(), &note).unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.len() >= 4 && seen.last() == Some(&1.0), "{seen:?}");
    for stop in seen {
        let result = raise_letters("Hello", &plain(), &|fraction, _| fraction < stop);
        assert_eq!(result.unwrap_err(), CanvasError::Cancelled, "at {stop}");
    }
}
