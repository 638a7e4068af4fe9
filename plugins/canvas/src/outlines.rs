//! The outlines of a text as polygons, for who makes more of them than a picture.

use parley::layout::Alignment;
use resvg::tiny_skia::{Path, PathSegment, Point};

use crate::card::{clean, missing_warning};
use crate::typeset::{Shaped, Style};
use crate::{Align, CanvasError};

/// The most points of all outlines together.
const MOST_POINTS: usize = 1_000_000;

/// How a text is set. Lengths are in one unit, whichever the caller likes.
#[derive(Clone, Copy, Debug)]
pub struct Lettering {
    /// The font size.
    pub size: f32,
    /// Whether the letters are bold.
    pub bold: bool,
    /// The distance of lines, in font sizes.
    pub line_height: f32,
    /// Where lines stand between left and right; `Auto` is the side where they are read from.
    pub align: Align,
    /// Where lines are broken; absent where only the text itself breaks them.
    pub width: Option<f32>,
    /// How far a polygon may be from its curve.
    pub tolerance: f32,
}

/// A closed polygon: its last point is joined to its first.
pub type Contour = Vec<[f32; 2]>;

/// The outlines of a text.
#[derive(Clone, Debug)]
pub struct Outlines {
    /// What is filled, glyph by glyph, each by its own non-zero winding; x runs to the right and y down. They may overlap.
    pub glyphs: Vec<Vec<Contour>>,
    /// What the caller should know, such as characters that no font has.
    pub warnings: Vec<String>,
}

/// Sets a text and returns the outlines of its glyphs.
pub fn outline_text(text: &str, lettering: &Lettering) -> Result<Outlines, CanvasError> {
    let text = clean(text)?;
    let style = Style { bold: lettering.bold, line_height: lettering.line_height };
    let mut shaped = Shaped::new(&text, style, lettering.width.is_some())?;
    let warnings = missing_warning(&shaped.missing).into_iter().collect();
    let natural = shaped.natural_width(lettering.size);
    // A hair more, or the longest line may be broken where it was measured.
    let width = lettering.width.unwrap_or(f32::MAX).min(natural * 1.0001);
    let alignment = match lettering.align {
        Align::Auto => Alignment::Start,
        Align::Left => Alignment::Left,
        Align::Center => Alignment::Center,
        Align::Right => Alignment::Right,
    };
    let mut glyphs = Vec::new();
    let mut points = 0;
    shaped.set(lettering.size, width, alignment).visit(&mut |path, bold, place| {
        if points > MOST_POINTS {
            return;
        }
        let stroked = bold.and_then(|stroke| path.stroke(stroke, place.get_scale().0));
        for path in [Some(path.clone()), stroked].into_iter().flatten().filter_map(|path| path.transform(place)) {
            let contours = flatten(&path, lettering.tolerance);
            points += contours.iter().map(Vec::len).sum::<usize>();
            glyphs.push(contours);
        }
    });
    if points > MOST_POINTS {
        let got = format!("more than {MOST_POINTS} points");
        return Err(CanvasError::too_large("the outline of the text", got, format!("{MOST_POINTS} points")));
    }
    Ok(Outlines { glyphs, warnings })
}

fn flatten(path: &Path, tolerance: f32) -> Vec<Contour> {
    let mut contours: Vec<Contour> = Vec::new();
    let mut last = Point::zero();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(point) => {
                contours.push(vec![[point.x, point.y]]);
                last = point;
            }
            PathSegment::Close => {}
            PathSegment::LineTo(end) => last = curve(&mut contours, [last, last, end, end], 0.0, tolerance),
            PathSegment::QuadTo(control, end) => {
                let (first, second) = (between(last, control, 2.0 / 3.0), between(end, control, 2.0 / 3.0));
                last = curve(&mut contours, [last, first, second, end], bend(last, control, end) / 3.0, tolerance);
            }
            PathSegment::CubicTo(first, second, end) => {
                let bend = bend(last, first, second).max(bend(first, second, end));
                last = curve(&mut contours, [last, first, second, end], bend, tolerance);
            }
        }
    }
    contours.retain(|contour| contour.len() > 2);
    contours
}

/// Adds the points of a cubic after its first, as many as its bend wants, and returns the last.
fn curve(contours: &mut [Contour], [a, b, c, d]: [Point; 4], bend: f32, tolerance: f32) -> Point {
    // A piece of a cubic is at most an eighth of its second derivative from its chord; that is six times the bend.
    let pieces = (0.75 * bend / tolerance).sqrt().ceil().clamp(1.0, 256.0) as u32;
    if let Some(contour) = contours.last_mut() {
        for piece in 1..pieces {
            let t = piece as f32 / pieces as f32;
            let (ab, bc, cd) = (between(a, b, t), between(b, c, t), between(c, d, t));
            let point = between(between(ab, bc, t), between(bc, cd, t), t);
            contour.push([point.x, point.y]);
        }
        contour.push([d.x, d.y]);
    }
    d
}

/// How far the middle point is from being in the middle, twice.
fn bend(a: Point, b: Point, c: Point) -> f32 {
    (a.x - 2.0 * b.x + c.x).hypot(a.y - 2.0 * b.y + c.y)
}

fn between(from: Point, to: Point, part: f32) -> Point {
    Point::from_xy(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlined(text: &str, align: Align, width: Option<f32>) -> Outlines {
        let lettering = Lettering { size: 100.0, bold: true, line_height: 1.2, align, width, tolerance: 0.1 };
        outline_text(text, &lettering).unwrap()
    }

    /// The left and right ends of the glyphs, and their top.
    fn ends(outlines: &Outlines) -> Vec<(f32, f32, f32)> {
        let far = |points: &[[f32; 2]], axis: usize, sign: f32| {
            points.iter().map(|point| point[axis] * sign).fold(f32::MAX, f32::min) * sign
        };
        let glyphs = outlines.glyphs.iter().map(|contours| contours.concat());
        glyphs.map(|points| (far(&points, 0, 1.0), far(&points, 0, -1.0), far(&points, 1, 1.0))).collect()
    }

    #[test]
    fn a_letter_with_a_counter_has_two_contours_and_a_flat_one_few_points() {
        assert_eq!(outlined("o", Align::Left, None).glyphs[0].len(), 2);
        assert_eq!(outlined("l", Align::Left, None).glyphs[0].concat().len(), 4);
    }

    #[test]
    fn lines_are_set_one_below_the_other_on_the_side_that_is_asked_for() {
        let [left, right] = [Align::Left, Align::Right].map(|align| ends(&outlined("HHH\nH", align, None)));
        assert_eq!(left.len(), 4);
        assert!((left[3].0 - left[0].0).abs() < 0.1 && (right[3].1 - right[2].1).abs() < 0.1, "{left:?} {right:?}");
        assert!((left[3].2 - left[0].2 - 120.0).abs() < 0.1, "{left:?}");
        let wrapped = ends(&outlined("HH HH", Align::Left, Some(200.0)));
        assert!((wrapped[2].2 - wrapped[0].2 - 120.0).abs() < 0.1, "{wrapped:?}");
    }

    #[test]
    fn a_face_without_a_bold_is_thickened_and_what_no_font_has_is_told() {
        assert_eq!(outlined("中", Align::Left, None).glyphs.len(), 2, "the glyph and its rim");
        let outlines = outlined("a\u{378}", Align::Left, None);
        assert!(outlines.warnings[0].contains("U+0378"), "{:?}", outlines.warnings);
    }

    #[test]
    fn a_circle_is_as_round_as_is_asked() {
        let path = resvg::tiny_skia::PathBuilder::from_circle(0.0, 0.0, 100.0).unwrap();
        let mut sizes = Vec::new();
        for tolerance in [1.0, 0.1, 0.01] {
            let contour = flatten(&path, tolerance).concat();
            let inside =
                |pair: [[f32; 2]; 2]| 100.0 - ((pair[0][0] + pair[1][0]) / 2.0).hypot((pair[0][1] + pair[1][1]) / 2.0);
            let worst = contour.windows(2).map(|pair| inside([pair[0], pair[1]])).fold(0.0, f32::max);
            // The circle itself is made of curves that are a little off.
            assert!(worst < tolerance + 0.06, "{worst}");
            sizes.push(contour.len());
        }
        assert!(sizes.is_sorted() && sizes[2] < 250, "{sizes:?}");
    }
}
