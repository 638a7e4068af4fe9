//! Text-to-image: a text, or an SVG document, on a card.

use std::collections::BTreeSet;

use parley::layout::Alignment;
use resvg::tiny_skia::{Paint, Pixmap};

use crate::card_options::{Align, CardOptions, DISPLAY_CHARACTERS, Weight};
use crate::encode::Picture;
use crate::paint::{self, Background};
use crate::svg;
use crate::typeset::{Area, Block, Shaped, Style};
use crate::{CanvasError, Rendered, Step, checkpoint};

const MOST_PIXELS: u64 = 32_000_000;
const LONGEST_TEXT: usize = 256 * 1024;
/// The smallest font size that is chosen.
const SMALLEST: u32 = 8;
const MOST_NAMED_CHARACTERS: usize = 20;

/// Renders a text, or an SVG document, onto a card.
pub fn render_card(text: &str, options: &CardOptions, step: Step<'_>) -> Result<Rendered, CanvasError> {
    checkpoint(step, 0.0, "reading")?;
    CardOptions::spec().check(options)?;
    let pixels = u64::from(options.width) * u64::from(options.height);
    if pixels > MOST_PIXELS {
        let got = format!("{}x{} = {pixels} pixels", options.width, options.height);
        return Err(CanvasError::too_large("the card", got, format!("{MOST_PIXELS} pixels")));
    }
    let background = Background::parse("background", &options.background)?;
    let color = match options.color.trim() {
        "auto" => background.contrasting(),
        color => paint::parse_color("color", color)?,
    };
    let new_card = || {
        let pixmap = Pixmap::new(options.width, options.height);
        let mut pixmap =
            pixmap.ok_or_else(|| CanvasError::too_large("the card", "more memory than there is", "less"))?;
        background.fill(&mut pixmap, options.gradient_angle);
        Ok(pixmap)
    };
    let (pixmap, warnings) = if svg::is_svg(text) {
        let (area, corner) = options.inside(0)?;
        svg::draw(text, options, area, corner, new_card, step)?
    } else {
        let text = clean(text)?;
        let (area, corner) = options.inside(options.width.min(options.height) / 10)?;
        let (block, warnings) = typeset(&text, options, area, step)?;
        checkpoint(step, 0.6, "drawing")?;
        let mut pixmap: Pixmap = new_card()?;
        let mut paint = Paint::default();
        paint.set_color(paint::skia_color(&color));
        let (x, y) = options.place(area, block.width, block.height);
        block.draw(&mut pixmap, &paint, corner + x, corner + y);
        (pixmap, warnings)
    };
    checkpoint(step, 0.8, "encoding")?;
    let rendered = Picture::from(pixmap).encode(options.encoding(), warnings)?;
    checkpoint(step, 1.0, "done")?;
    Ok(rendered)
}

/// The text with one kind of line end, without tabs and control characters.
pub(crate) fn clean(text: &str) -> Result<String, CanvasError> {
    if text.len() > LONGEST_TEXT {
        return Err(CanvasError::too_large(
            "the text",
            format!("{} bytes", text.len()),
            format!("{LONGEST_TEXT} bytes"),
        ));
    }
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let text = text.replace('\t', "    ").replace(|character: char| character.is_control() && character != '\n', "");
    let text = text.trim_end();
    if !text.contains(crate::typeset::is_visible) {
        return Err(CanvasError::invalid("the text is empty: there is nothing to typeset"));
    }
    Ok(text.to_owned())
}

/// Lays the text out at the size asked for, or at the largest that fits.
fn typeset(text: &str, options: &CardOptions, area: Area, step: Step<'_>) -> Result<(Block, Vec<String>), CanvasError> {
    let characters = text.chars().count();
    let display = characters <= DISPLAY_CHARACTERS;
    let bold = match options.weight {
        Weight::Auto => display,
        weight => weight == Weight::Bold,
    };
    let alignment = match options.align {
        Align::Auto if display => Alignment::Center,
        Align::Auto => Alignment::Start,
        Align::Left => Alignment::Left,
        Align::Center => Alignment::Center,
        Align::Right => Alignment::Right,
    };
    let line_height = options.line_height.value().unwrap_or(if display { 1.15 } else { 1.4 });
    let style = Style { bold, line_height: line_height as f32 };
    checkpoint(step, 0.1, "shaping")?;
    let whole = Shaped::new(text, style, false)?;
    let warnings = missing_warning(&whole.missing).into_iter().collect();
    checkpoint(step, 0.3, "fitting")?;
    let (shaped, size) = match options.font_size.value() {
        Some(size) => fixed_size(whole, text, style, size as f32, area)?,
        None => largest_size(whole, text, style, options, area, step)?,
    };
    Ok((shaped.set(size, area.width, alignment), warnings))
}

fn fixed_size(
    mut whole: Shaped,
    text: &str,
    style: Style,
    size: f32,
    area: Area,
) -> Result<(Shaped, f32), CanvasError> {
    if whole.fits(size, area) {
        return Ok((whole, size));
    }
    let mut broken = Shaped::new(text, style, true)?;
    if broken.fits(size, area) {
        return Ok((broken, size));
    }
    let characters = text.chars().count();
    let expected = match broken.largest(1.0, size, area) {
        Some(fitting) => {
            format!("at most {fitting} for these {characters} characters on this card, or \"auto\"")
        }
        None => format!("a larger card, or fewer than these {characters} characters: they fit at no size"),
    };
    Err(CanvasError::option_value("fontSize", expected, size.to_string()))
}

/// Words are broken only where keeping them whole would make the text illegibly small.
fn largest_size(
    mut whole: Shaped,
    text: &str,
    style: Style,
    options: &CardOptions,
    area: Area,
    step: Step<'_>,
) -> Result<(Shaped, f32), CanvasError> {
    let shorter = options.width.min(options.height) as f32;
    let (smallest, largest) = (SMALLEST as f32, (shorter * 0.4).max(SMALLEST as f32));
    let comfortable = (shorter * 0.03).max(smallest);
    let unbroken = whole.largest(smallest, largest, area);
    if let Some(size) = unbroken.filter(|size| *size >= comfortable) {
        return Ok((whole, size));
    }
    checkpoint(step, 0.4, "fitting")?;
    let mut broken = Shaped::new(text, style, true)?;
    match (unbroken, broken.largest(smallest, largest, area)) {
        (Some(whole_size), Some(broken_size)) if broken_size <= whole_size => Ok((whole, whole_size)),
        (_, Some(size)) => Ok((broken, size)),
        (Some(size), None) => Ok((whole, size)),
        (None, None) => {
            checkpoint(step, 0.5, "fitting")?;
            Err(too_long(broken, text, options, area))
        }
    }
}

/// A card that is larger by a factor holds what this card holds at a font size smaller by that factor.
fn too_long(mut shaped: Shaped, text: &str, options: &CardOptions, area: Area) -> CanvasError {
    let mut factor = 1.0;
    while factor < 1000.0 && !shaped.fits(SMALLEST as f32 / factor, area) {
        factor *= 1.05;
    }
    let grown = |side: u32| (side as f32 * factor).ceil() as u32;
    CanvasError::TextTooLong {
        characters: text.chars().count(),
        width: options.width,
        height: options.height,
        smallest: SMALLEST,
        fitting_width: grown(options.width),
        fitting_height: grown(options.height),
    }
}

/// What to tell about characters that no font has.
pub(crate) fn missing_warning(missing: &BTreeSet<char>) -> Option<String> {
    let named: Vec<_> =
        missing.iter().take(MOST_NAMED_CHARACTERS).map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
    let rest = match missing.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty())
        .then(|| format!("no font has a glyph for {}{rest}; a placeholder stands for each", named.join(", ")))
}

#[cfg(test)]
mod tests;
