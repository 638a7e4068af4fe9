//! Text layout: shaping, wrapping, and the search for the font size that fits.
//!
//! Text is shaped once, at a nominal size. A size is tried by breaking the shaped text into lines of the area's width
//! divided by the scale, which is exact, since outlines scale and nothing is hinted.

use std::collections::BTreeSet;

use parley::fontique::Blob;
use parley::layout::{Alignment, AlignmentOptions, Layout};
use parley::style::{FontFamily, FontFamilyName, FontWeight, LineHeight, OverflowWrap, StyleProperty};
use parley::{FontContext, LayoutContext};
use resvg::tiny_skia::{Paint, Pixmap, Transform};

use crate::glyphs::{GlyphPainter, See};
use crate::{CanvasError, fonts, system_fonts};

/// The font size at which text is shaped.
const NOMINAL: f32 = 100.0;
/// Sizes are multiples of this many pixels.
const GRAIN: f32 = 0.25;
/// A block of more lines is not balanced, as in CSS.
const MOST_BALANCED_LINES: usize = 6;
/// No card holds more lines than this, so no more paragraphs are shaped.
const MOST_PARAGRAPHS: usize = 20_000;

/// How the text is set.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    /// The distance of lines, in font sizes.
    pub(crate) line_height: f32,
}

/// The space that text may take, in pixels.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// Shaped text, not yet of any size.
pub(crate) struct Shaped {
    paragraphs: Vec<Layout<()>>,
    /// Characters that no font has.
    pub(crate) missing: BTreeSet<char>,
}

/// Text of a certain size, broken into lines.
pub(crate) struct Block {
    paragraphs: Vec<Layout<()>>,
    /// Pixels per nominal unit.
    scale: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Shaped {
    /// Shapes the text; `break_words` lets a word longer than the line be broken anywhere between graphemes.
    pub(crate) fn new(text: &str, style: Style, break_words: bool) -> Result<Self, CanvasError> {
        let paragraphs: Vec<&str> = text.split('\n').collect();
        if paragraphs.len() > MOST_PARAGRAPHS {
            let got = format!("{} lines", paragraphs.len());
            return Err(CanvasError::too_large("the text", got, format!("{MOST_PARAGRAPHS} lines")));
        }
        let mut context = fonts::context();
        let mut families = fonts::families();
        let shaped = Self::with_fonts(&paragraphs, style, break_words, &mut context, &families);
        if shaped.missing.is_empty() {
            return Ok(shaped);
        }
        let found = system_fonts::covering(shaped.missing.iter().copied(), style.bold);
        if found.is_empty() {
            return Ok(shaped);
        }
        for font in found {
            for (family, _) in context.collection.register_fonts(Blob::from(font.bytes), None) {
                families.extend(context.collection.family_name(family).map(str::to_owned));
            }
        }
        Ok(Self::with_fonts(&paragraphs, style, break_words, &mut context, &families))
    }

    fn with_fonts(
        texts: &[&str],
        style: Style,
        break_words: bool,
        context: &mut FontContext,
        families: &[String],
    ) -> Self {
        let mut scratch = LayoutContext::new();
        let names: Vec<_> = families.iter().map(|name| FontFamilyName::named(name.as_str())).collect();
        let mut missing = BTreeSet::new();
        let paragraphs = texts.iter().map(|text| {
            // A blank line is as high as one with a space.
            let text = if text.is_empty() { " " } else { text };
            let mut builder = scratch.ranged_builder(context, text, 1.0, false);
            builder.push_default(StyleProperty::FontFamily(FontFamily::from(names.as_slice())));
            builder.push_default(StyleProperty::FontSize(NOMINAL));
            builder.push_default(StyleProperty::FontWeight(if style.bold {
                FontWeight::BOLD
            } else {
                FontWeight::NORMAL
            }));
            builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(style.line_height)));
            let wrap = if break_words { OverflowWrap::Anywhere } else { OverflowWrap::Normal };
            builder.push_default(StyleProperty::OverflowWrap(wrap));
            let mut layout = builder.build(text);
            layout.break_all_lines(None);
            collect_missing(&layout, text, &mut missing);
            layout
        });
        Self { paragraphs: paragraphs.collect(), missing }
    }

    /// Whether the text fits at this font size.
    pub(crate) fn fits(&mut self, size: f32, area: Area) -> bool {
        let (width, height) = self.measure(size, area.width);
        width <= area.width + 0.01 && height <= area.height + 0.01
    }

    /// The largest font size between the two at which the text fits, in steps of a quarter of a pixel.
    pub(crate) fn largest(&mut self, smallest: f32, largest: f32, area: Area) -> Option<f32> {
        let (mut low, mut high) = ((smallest / GRAIN).ceil() as u32, (largest / GRAIN).floor() as u32);
        if low > high || !self.fits(low as f32 * GRAIN, area) {
            return None;
        }
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.fits(middle as f32 * GRAIN, area) { low = middle } else { high = middle - 1 }
        }
        Some(low as f32 * GRAIN)
    }

    /// Breaks the text into lines at this font size; a few lines are made about equally long.
    pub(crate) fn set(mut self, size: f32, width: f32, alignment: Alignment) -> Block {
        let scale = size / NOMINAL;
        let measure = if alignment == Alignment::Start { width } else { self.balanced(size, width) };
        self.measure(size, measure);
        for layout in &mut self.paragraphs {
            layout.align(alignment, AlignmentOptions::default());
        }
        let height = self.height() * scale;
        Block { paragraphs: self.paragraphs, scale, width: measure, height }
    }

    /// The smallest width at which the text takes no more lines than at the full width.
    fn balanced(&mut self, size: f32, width: f32) -> f32 {
        self.measure(size, width);
        let lines = self.lines();
        if lines > MOST_BALANCED_LINES {
            return width;
        }
        let (mut low, mut high) = (0.0, width);
        while high - low > 1.0 {
            let middle = (low + high) / 2.0;
            let (needed, _) = self.measure(size, middle);
            if self.lines() <= lines && needed <= middle { high = middle } else { low = middle }
        }
        high
    }

    /// The width of the longest line where only the text itself breaks lines.
    pub(crate) fn natural_width(&mut self, size: f32) -> f32 {
        self.measure(size, f32::MAX).0
    }

    /// Breaks lines at the width in pixels; the size of the result in pixels.
    fn measure(&mut self, size: f32, width: f32) -> (f32, f32) {
        let scale = size / NOMINAL;
        let mut widest: f32 = 0.0;
        for layout in &mut self.paragraphs {
            layout.break_all_lines(Some(width / scale));
            widest = widest.max(layout.width());
        }
        (widest * scale, self.height() * scale)
    }

    fn height(&self) -> f32 {
        self.paragraphs.iter().map(Layout::height).sum()
    }

    fn lines(&self) -> usize {
        self.paragraphs.iter().map(Layout::len).sum()
    }
}

impl Block {
    /// Shows the outline of each glyph, with the text's upper left corner at the origin.
    pub(crate) fn visit(&self, see: &mut See<'_>) {
        let mut painter = GlyphPainter::default();
        let mut top = 0.0;
        for layout in &self.paragraphs {
            painter.visit(layout, Transform::from_row(self.scale, 0.0, 0.0, self.scale, 0.0, top), see);
            top += layout.height() * self.scale;
        }
    }

    /// Draws the text with its upper left corner at the point.
    pub(crate) fn draw(&self, pixmap: &mut Pixmap, paint: &Paint<'_>, x: f32, y: f32) {
        let mut painter = GlyphPainter::default();
        let mut top = y;
        for layout in &self.paragraphs {
            let transform = Transform::from_row(self.scale, 0.0, 0.0, self.scale, x, top);
            painter.draw(layout, pixmap, paint, transform);
            top += layout.height() * self.scale;
        }
    }
}

fn collect_missing(layout: &Layout<()>, text: &str, missing: &mut BTreeSet<char>) {
    for run in layout.lines().flat_map(|line| line.runs()) {
        for cluster in run.clusters() {
            if cluster.glyphs().any(|glyph| glyph.id == 0) {
                let characters = text.get(cluster.text_range()).unwrap_or_default().chars();
                missing.extend(characters.filter(|character| is_visible(*character)));
            }
        }
    }
}

/// Whether the character is one that a reader would miss: not a space, a joiner or a selector.
pub(crate) fn is_visible(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        && !matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
