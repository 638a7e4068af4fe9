use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;
use crate::{Auto, Rendered, render_card};

const NAMESPACES: &str = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'";

fn options() -> CardOptions {
    CardOptions { width: 200, height: 100, background: "black".into(), ..CardOptions::default() }
}

fn render(document: &str) -> Result<Rendered, CanvasError> {
    render_card(document, &options(), &|_, _| true)
}

fn pixel(rendered: &Rendered, x: u32, y: u32) -> [u8; 4] {
    image::load_from_memory(&rendered.bytes).unwrap().into_rgba8().get_pixel(x, y).0
}

fn svg(content: &str) -> String {
    format!("<svg {NAMESPACES} viewBox='0 0 100 100'>{content}</svg>")
}

#[test]
fn documents_are_told_from_text() {
    for document in [
        "<svg>",
        "<svg/>",
        " \n<svg x='1'>",
        "\u{feff}<?xml version='1.0'?>\n<!-- c --><svg>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>",
        "<!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg>",
    ] {
        assert!(is_svg(document), "{document}");
    }
    for text in ["svg", "<svgs>", "<p>", "a <svg>", "<?xml version='1.0'?>", "<!--", "<!DOCTYPE"] {
        assert!(!is_svg(text), "{text}");
    }
}

#[test]
fn a_document_is_scaled_to_fit_and_keeps_its_shape() {
    let rendered = render(&svg("<rect width='100' height='100' fill='#f00'/>")).unwrap();
    let (red, black) = ([255, 0, 0, 255], [0, 0, 0, 255]);
    assert_eq!([pixel(&rendered, 100, 50), pixel(&rendered, 52, 2), pixel(&rendered, 147, 97)], [red; 3]);
    assert_eq!([pixel(&rendered, 47, 50), pixel(&rendered, 152, 50)], [black; 2]);
    let left = CardOptions { align: crate::Align::Left, padding: Auto::Value(10), ..options() };
    let rendered = render_card(&svg("<rect width='100' height='100' fill='#f00'/>"), &left, &|_, _| true).unwrap();
    assert_eq!([pixel(&rendered, 12, 50), pixel(&rendered, 5, 50), pixel(&rendered, 95, 50)], [red, black, black]);
}

#[test]
fn text_in_a_document_is_drawn_with_the_bundled_fonts() {
    let rendered =
        render(&svg("<text x='0' y='70' font-size='60' fill='white' font-family='Nonesuch'>א中W</text>")).unwrap();
    let picture = image::load_from_memory(&rendered.bytes).unwrap().into_rgba8();
    assert!(picture.pixels().filter(|pixel| pixel.0[0] > 200).count() > 500);
    assert!(rendered.warnings.is_empty(), "{:?}", rendered.warnings);
    let rendered = render(&svg("<text y='70' font-size='60'>\u{378}</text>")).unwrap();
    assert!(rendered.warnings[0].contains("U+0378"), "{:?}", rendered.warnings);
}

#[test]
fn a_broken_document_says_where() {
    let error = render("<svg xmlns='http://www.w3.org/2000/svg'><rect></svg>").unwrap_err();
    assert!(matches!(&error, CanvasError::InvalidMedia { reason } if reason.contains("rect")), "{error}");
    for broken in ["<svg", "<svg >", "<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>"] {
        let result = render(broken);
        assert!(!is_svg(broken) || matches!(result, Err(CanvasError::InvalidMedia { .. })), "{broken}: {result:?}");
    }
}

#[test]
fn nothing_outside_the_document_is_read() {
    let file = std::env::temp_dir().join(format!("prizm-canvas-{}.png", std::process::id()));
    image::RgbaImage::from_pixel(8, 8, image::Rgba([255, 0, 0, 255])).save(&file).unwrap();
    let path = file.display();
    let external = format!(
        "<image width='100' height='100' href='{path}'/><image width='9' height='9' xlink:href='file://{path}'/>\
         <image width='9' height='9' href='http://localhost/x.png'/>"
    );
    let rendered = render(&svg(&external));
    std::fs::remove_file(&file).unwrap();
    let rendered = rendered.unwrap();
    assert_eq!(pixel(&rendered, 100, 50), [0, 0, 0, 255]);
    assert!(rendered.warnings[0].starts_with("3 picture(s) left out"), "{:?}", rendered.warnings);
    let entity = format!("<!DOCTYPE svg [<!ENTITY file SYSTEM 'file://{path}'>]>{}", svg("<text y='50'>&file;</text>"));
    assert!(matches!(render(&entity), Err(CanvasError::InvalidMedia { .. })));
}

/// A PNG whose header claims a size that its data do not have.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::RgbaImage::new(1, 1).write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[test]
fn an_embedded_picture_is_drawn_and_a_bomb_is_left_out() {
    let embed = |bytes: &[u8]| {
        let encoded = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "%{byte:02x}").unwrap();
            text
        });
        svg(&format!("<image width='100' height='100' href='data:image/png,{encoded}'/>"))
    };
    let mut good = Vec::new();
    let red = image::RgbaImage::from_pixel(8, 8, image::Rgba([255, 0, 0, 255]));
    red.write_to(&mut Cursor::new(&mut good), image::ImageFormat::Png).unwrap();
    let rendered = render(&embed(&good)).unwrap();
    assert_eq!(pixel(&rendered, 100, 50), [255, 0, 0, 255]);
    assert!(rendered.warnings.is_empty(), "{:?}", rendered.warnings);
    let rendered = render(&embed(&png_claiming(60_000, 60_000))).unwrap();
    assert!(rendered.warnings[0].contains("1 picture(s) left out"), "{:?}", rendered.warnings);
}

#[test]
fn bombs_are_refused_in_time() {
    let started = Instant::now();
    let mut entities = "<!ENTITY e0 'lol'>".to_owned();
    let mut uses = "<g id='u0'><rect width='100' height='100'/></g>".to_owned();
    let mut patterns = "<pattern id='p0' width='1' height='1'><rect width='1' height='1'/></pattern>".to_owned();
    for level in 1..12 {
        let below = level - 1;
        write!(entities, "<!ENTITY e{level} '{}'>", format!("&e{below};").repeat(10)).unwrap();
        write!(uses, "<g id='u{level}'>{}</g>", format!("<use href='#u{below}'/>").repeat(10)).unwrap();
        let tile = format!("<rect width='1' height='1' fill='url(#p{below})'/>").repeat(10);
        write!(patterns, "<pattern id='p{level}' width='1' height='1'>{tile}</pattern>").unwrap();
    }
    let filter = |primitive: &str| {
        svg(&format!("<filter id='f'>{primitive}</filter><rect width='100' height='100' filter='url(#f)'/>"))
    };
    let layers = format!("{}<rect width='100' height='100'/>{}", "<g opacity='.5'>".repeat(900), "</g>".repeat(900));
    let tile = "<pattern id='p' width='900000' height='900000' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern>\
         <rect width='100' height='100' fill='url(#p)'/>";
    for (name, bomb) in [
        ("entities", format!("<!DOCTYPE svg [{entities}]>{}", svg("<text>&e11;</text>"))),
        ("uses", svg(&format!("{uses}<use href='#u11'/>"))),
        ("patterns", svg(&format!("{patterns}<rect width='100' height='100' fill='url(#p11)'/>"))),
        ("depth", svg(&"<g>".repeat(200_000))),
        ("closed depth", svg(&format!("{}{}", "<g>".repeat(20_000), "</g>".repeat(20_000)))),
        ("tile", svg(tile)),
        ("morphology", filter(&"<feMorphology operator='dilate' radius='5000'/>".repeat(10))),
        ("noise", filter(&"<feTurbulence baseFrequency='.1' numOctaves='100000'/>".repeat(10))),
    ] {
        let error = render(&bomb).err();
        assert!(
            matches!(error, Some(CanvasError::InvalidMedia { .. } | CanvasError::TooLarge { .. })),
            "{name}: {error:?}"
        );
    }
    // On a small card deep layers are affordable; on a large one they are not.
    render(&svg(&layers)).unwrap();
    let large = CardOptions { width: 5000, height: 5000, ..options() };
    assert!(matches!(render_card(&svg(&layers), &large, &|_, _| true), Err(CanvasError::TooLarge { .. })));
    let oversized = svg(&" ".repeat(LARGEST_DOCUMENT));
    assert!(matches!(render(&oversized), Err(CanvasError::TooLarge { .. })));
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}
