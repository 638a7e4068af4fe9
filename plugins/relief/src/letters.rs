//! Text-to-3d: a text as solid letters.

use prizm_canvas::{CanvasError, Contour, Lettering, Step, checkpoint, outline_text};

use crate::extrude::{extrude, extrude_on_plate};
use crate::file::check_size;
use crate::shapes::{self, Flat};
use crate::{LettersOptions, Raised};

/// The most characters of a text.
pub(crate) const MOST_CHARACTERS: usize = 2000;
/// Polygons are this part of the font size away from their curves, or nearer.
const TOLERANCE: f64 = 1.0 / 1500.0;

/// Makes solid letters of a text.
pub fn raise_letters(text: &str, options: &LettersOptions, step: Step<'_>) -> Result<Raised, CanvasError> {
    LettersOptions::spec().check(options)?;
    options.outfit().check()?;
    checkpoint(step, 0.0, "setting the text")?;
    let characters = text.trim().chars().count();
    if characters > MOST_CHARACTERS {
        let got = format!("{characters} characters");
        return Err(CanvasError::too_large("the text", got, format!("{MOST_CHARACTERS} characters")));
    }
    let outlines = outline_text(text, &lettering(options))?;
    let (width, height) = extent(&outlines.glyphs);
    let margins = if options.plate { 2.0 * options.margin as f32 } else { 0.0 };
    check_size(width + margins, height + margins)?;
    let count = outlines.glyphs.len() as f32;
    let mut shapes = shapes::union(&outlines.glyphs, |glyph| {
        checkpoint(step, 0.2 + 0.4 * glyph as f32 / count, "joining outlines")
    })?;
    if shapes.is_empty() {
        return Err(CanvasError::invalid("none of the text's characters has an outline: there is nothing to raise"));
    }
    checkpoint(step, 0.6, "raising the letters")?;
    let (low, high) = shapes::bounds(&shapes);
    shapes::shift(&mut shapes, [0, 1].map(|axis| -i32::midpoint(low[axis], high[axis])));
    let (depth, base) = (options.depth as f32, options.base as f32);
    let solid = if options.plate {
        let margin = (options.margin * 1000.0) as i32;
        let (low, high) = shapes::bounds(&shapes);
        extrude_on_plate(&shapes, (low.map(|side| side - margin), high.map(|side| side + margin)), base, depth)?
    } else {
        extrude(&Flat::of(&shapes), depth)
    };
    checkpoint(step, 0.8, "writing")?;
    let raised = options.outfit().dress(solid, outlines.warnings)?;
    checkpoint(step, 1.0, "done")?;
    Ok(raised)
}

fn lettering(options: &LettersOptions) -> Lettering {
    Lettering {
        size: options.size as f32,
        bold: options.bold,
        line_height: options.line_height as f32,
        align: options.align.into(),
        width: options.line_width.value().map(|width| width as f32),
        tolerance: (options.size * TOLERANCE) as f32,
    }
}

/// The width and height of what the outlines cover.
fn extent(glyphs: &[Vec<Contour>]) -> (f32, f32) {
    let points = || glyphs.iter().flatten().flatten();
    let side = |axis: usize| {
        let of = |start: f32, pick: fn(f32, f32) -> f32| points().map(|point| point[axis]).fold(start, pick);
        (of(f32::MIN, f32::max) - of(f32::MAX, f32::min)).max(0.0)
    };
    (side(0), side(1))
}

#[cfg(test)]
mod tests;
