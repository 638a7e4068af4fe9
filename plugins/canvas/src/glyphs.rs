//! Glyph outlines as paths: what was measured is what is drawn, in pictures and in `relief`.

use std::collections::HashMap;

use parley::layout::{GlyphRun, Layout, PositionedLayoutItem};
use resvg::tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};
use skrifa::instance::{LocationRef, NormalizedCoord, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// How much a face without a bold of its own is thickened, in ems.
const EMBOLDEN: f32 = 0.035;

/// Takes an outline, the stroke that makes it bold, and its place.
pub(crate) type See<'a> = dyn FnMut(&Path, Option<&Stroke>, Transform) + 'a;

/// Draws laid-out text, and remembers outlines by font and glyph.
#[derive(Default)]
pub(crate) struct GlyphPainter {
    outlines: HashMap<(u64, u32, u32), Option<Path>>,
}

impl GlyphPainter {
    /// Draws every line of the layout; `transform` maps its units to pixels.
    pub(crate) fn draw(&mut self, layout: &Layout<()>, pixmap: &mut Pixmap, paint: &Paint<'_>, transform: Transform) {
        self.visit(layout, transform, &mut |path, bold, place| {
            pixmap.fill_path(path, paint, FillRule::Winding, place, None);
            if let Some(stroke) = bold {
                pixmap.stroke_path(path, paint, stroke, place, None);
            }
        });
    }

    /// Shows each glyph's outline, the stroke that thickens it where it has no bold of its own, and its place.
    pub(crate) fn visit(&mut self, layout: &Layout<()>, transform: Transform, see: &mut See<'_>) {
        for line in layout.lines() {
            for item in line.items() {
                if let PositionedLayoutItem::GlyphRun(run) = item {
                    self.visit_run(&run, transform, see);
                }
            }
        }
    }

    fn visit_run(&mut self, glyph_run: &GlyphRun<'_, ()>, transform: Transform, see: &mut See<'_>) {
        let run = glyph_run.run();
        let data = run.font();
        let Ok(font) = FontRef::from_index(data.data.as_ref(), data.index) else {
            return;
        };
        let coords: Vec<_> =
            run.normalized_coords().iter().map(|coord| NormalizedCoord::from_bits(coord.to_bits())).collect();
        let size = run.font_size();
        let skew = run.synthesis().skew().map_or(0.0, |degrees| degrees.to_radians().tan());
        let stroke = Stroke { width: size * EMBOLDEN, ..Stroke::default() };
        for glyph in glyph_run.positioned_glyphs() {
            let key = (data.data.id(), data.index, glyph.id);
            let path = self.outlines.entry(key).or_insert_with(|| outline(&font, glyph.id, size, &coords));
            let Some(path) = path else { continue };
            let place = transform
                .pre_translate(glyph.x, glyph.y)
                .pre_concat(Transform::from_row(1.0, 0.0, -skew, 1.0, 0.0, 0.0));
            see(path, run.synthesis().embolden().then_some(&stroke), place);
        }
    }
}

fn outline(font: &FontRef<'_>, glyph: u32, size: f32, coords: &[NormalizedCoord]) -> Option<Path> {
    let outline = font.outline_glyphs().get(GlyphId::new(glyph))?;
    let mut pen = Pen(PathBuilder::new());
    outline.draw(DrawSettings::unhinted(Size::new(size), LocationRef::new(coords)), &mut pen).ok()?;
    pen.0.finish()
}

/// Fonts measure upwards, pictures downwards.
struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, -cy, x, -y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0.cubic_to(cx0, -cy0, cx1, -cy1, x, -y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
