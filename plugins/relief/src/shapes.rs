//! Polygons in whole micrometres: overlapping outlines become clean shapes, and shapes triangles. Whole numbers make what
//! is computed exact, so that what touches shares its corners and what is closed stays closed.

use std::collections::{HashMap, HashSet};

use i_triangle::i_overlay::core::fill_rule::FillRule;
use i_triangle::i_overlay::core::overlay::Overlay;
use i_triangle::i_overlay::core::overlay_rule::OverlayRule;
use i_triangle::i_overlay::core::simplify::Simplify;
use i_triangle::i_overlay::i_float::int::point::IntPoint;
use i_triangle::i_overlay::i_shape::int::shape::{IntContour, IntShapes};
use i_triangle::int::unchecked::IntUncheckedTriangulatable;
use prizm_canvas::{CanvasError, Contour};

type Point = IntPoint<i32>;
/// Shapes that do not overlap: each an outer contour, anticlockwise, and then its holes.
pub(crate) type Shapes = IntShapes<i32>;

/// Micrometres in a millimetre.
const PER_MM: f32 = 1000.0;
/// How far corners that touch are moved apart, in micrometres.
const APART: f64 = 3.0;
/// Moving corners apart may make others touch.
const MOST_ROUNDS: usize = 8;

/// Returns what the glyphs cover together; `proceed` is asked before each whether to go on.
pub(crate) fn union(
    glyphs: &[Vec<Contour>],
    proceed: impl Fn(usize) -> Result<(), CanvasError>,
) -> Result<Shapes, CanvasError> {
    let point = |[x, y]: &[f32; 2]| Point::new((x * PER_MM).round() as i32, (-y * PER_MM).round() as i32);
    let mut all: Shapes = Vec::new();
    for (index, glyph) in glyphs.iter().enumerate() {
        proceed(index)?;
        // Fonts differ in which way their outlines run, so each is made clean before they meet.
        let contours: Vec<IntContour<i32>> = glyph.iter().map(|contour| contour.iter().map(point).collect()).collect();
        all.extend(contours.simplify(FillRule::NonZero, Default::default()));
    }
    let mut shapes = all.simplify(FillRule::NonZero, Default::default());
    for _ in 0..MOST_ROUNDS {
        if !separate(&mut shapes) {
            break;
        }
        shapes = shapes.simplify(FillRule::NonZero, Default::default());
    }
    Ok(shapes)
}

/// Moves corners that meet in one point into their own shapes: an edge that rose from it would belong to four faces.
/// Returns whether there were any.
fn separate(shapes: &mut Shapes) -> bool {
    let mut seen = HashSet::new();
    let points = shapes.iter().flatten().flatten();
    let shared: HashSet<Point> = points.filter(|point| !seen.insert(**point)).copied().collect();
    if shared.is_empty() {
        return false;
    }
    for contour in shapes.iter_mut().flatten() {
        let before = contour.clone();
        let count = before.len();
        for (index, point) in contour.iter_mut().enumerate().filter(|(_, point)| shared.contains(point)) {
            *point = moved_inside(before[(index + count - 1) % count], *point, before[(index + 1) % count]);
        }
    }
    true
}

/// The corner moved along its bisector to the left, which is where the shape is.
fn moved_inside(before: Point, corner: Point, after: Point) -> Point {
    let direction = |from: Point, to: Point| {
        let (x, y) = (f64::from(to.x) - f64::from(from.x), f64::from(to.y) - f64::from(from.y));
        let length = x.hypot(y).max(1.0);
        (x / length, y / length)
    };
    let ((in_x, in_y), (out_x, out_y)) = (direction(before, corner), direction(corner, after));
    let (mut x, mut y) = (-in_y - out_y, in_x + out_x);
    if x.hypot(y) < 1e-3 {
        // The corner is a needle's point.
        (x, y) = (-in_x, -in_y);
    }
    let length = x.hypot(y);
    Point::new(corner.x + (APART * x / length).round() as i32, corner.y + (APART * y / length).round() as i32)
}

/// The smallest and the largest coordinates.
pub(crate) fn bounds(shapes: &Shapes) -> ([i32; 2], [i32; 2]) {
    let (mut low, mut high) = ([i32::MAX; 2], [i32::MIN; 2]);
    for point in shapes.iter().flatten().flatten() {
        low = [low[0].min(point.x), low[1].min(point.y)];
        high = [high[0].max(point.x), high[1].max(point.y)];
    }
    (low, high)
}

/// Moves all shapes.
pub(crate) fn shift(shapes: &mut Shapes, [x, y]: [i32; 2]) {
    for point in shapes.iter_mut().flatten().flatten() {
        *point = Point::new(point.x + x, point.y + y);
    }
}

/// A rectangle with these corners.
pub(crate) fn rectangle([left, bottom]: [i32; 2], [right, top]: [i32; 2]) -> Shapes {
    let corners = [(left, bottom), (right, bottom), (right, top), (left, top)];
    vec![vec![corners.map(|(x, y)| Point::new(x, y)).to_vec()]]
}

/// What of the shapes the others leave.
pub(crate) fn difference(shapes: &Shapes, others: &Shapes) -> Shapes {
    Overlay::from_subj_and_clip(shapes, others).overlay(OverlayRule::Difference, FillRule::NonZero)
}

/// Shapes as triangles, which run anticlockwise.
pub(crate) struct Flat {
    pub(crate) points: Vec<[i32; 2]>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Flat {
    /// Cuts shapes into triangles whose corners are the shapes' own.
    pub(crate) fn of(shapes: &Shapes) -> Self {
        let cut = shapes.uncheck_triangulate().into_triangulation::<u32>();
        let points = cut.points.iter().map(|point| [point.x, point.y]).collect();
        Self { points, triangles: cut.indices.as_chunks().0.to_vec() }
    }

    /// The edges that belong to one triangle only, in its direction.
    pub(crate) fn rim(&self) -> Vec<[u32; 2]> {
        let edges = || self.triangles.iter().flat_map(|[a, b, c]| [[*a, *b], [*b, *c], [*c, *a]]);
        let known: HashSet<_> = edges().collect();
        edges().filter(|[from, to]| !known.contains(&[*to, *from])).collect()
    }

    /// Where each point is in the list.
    pub(crate) fn places(&self) -> HashMap<[i32; 2], u32> {
        self.points.iter().enumerate().map(|(index, point)| (*point, index as u32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f32, y: f32) -> Vec<Contour> {
        vec![vec![[x, y], [x, y + 1.0], [x + 1.0, y + 1.0], [x + 1.0, y]]]
    }

    fn united(glyphs: &[Vec<Contour>]) -> Shapes {
        union(glyphs, |_| Ok(())).unwrap()
    }

    /// Twice the area in square micrometres.
    fn area(flat: &Flat) -> i64 {
        let point = |index: u32| flat.points[index as usize].map(i64::from);
        let doubled = flat.triangles.iter().map(|triangle| {
            let [a, b, c] = triangle.map(point);
            (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        });
        doubled.inspect(|area| assert!(*area > 0, "a triangle is turned over or is none")).sum()
    }

    #[test]
    fn overlapping_glyphs_become_one_shape_whichever_way_they_run() {
        let mut turned = square(0.5, 0.5);
        turned[0].reverse();
        let shapes = united(&[square(0.0, 0.0), turned]);
        assert_eq!((shapes.len(), shapes[0].len(), shapes[0][0].len()), (1, 1, 8));
        assert_eq!(area(&Flat::of(&shapes)), 2 * 1_750_000);
    }

    #[test]
    fn corners_that_touch_are_moved_apart() {
        let four = [square(0.0, 0.0), square(1.0, 1.0), square(-1.0, 1.0), square(0.0, 2.0)];
        let shapes = united(&four);
        let mut points: Vec<_> = shapes.iter().flatten().flatten().copied().collect();
        let count = points.len();
        points.sort_unstable();
        points.dedup();
        assert_eq!(points.len(), count, "{shapes:?}");
        let doubled = area(&Flat::of(&shapes));
        assert!((doubled - 8_000_000).abs() < 40_000, "{doubled}");
    }

    #[test]
    fn what_is_left_has_the_same_corners() {
        let ring = vec![
            vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]],
            vec![[3.0, 3.0], [3.0, 6.0], [6.0, 6.0], [6.0, 3.0]],
        ];
        let island = vec![vec![[4.0, 4.0], [5.0, 4.0], [5.0, 5.0]]];
        let shapes = united(&[ring, island]);
        let (low, high) = bounds(&shapes);
        let plate = rectangle(low.map(|side| side - 1000), high.map(|side| side + 1000));
        let (letters, rest) = (Flat::of(&shapes), Flat::of(&difference(&plate, &shapes)));
        assert_eq!(area(&letters) + area(&rest), 2 * 11_000 * 11_000);
        let ends = |flat: &Flat, [from, to]: [u32; 2]| [flat.points[from as usize], flat.points[to as usize]];
        let around: HashSet<_> = rest.rim().into_iter().map(|edge| ends(&rest, edge)).collect();
        assert_eq!(around.len(), 4 + 4 + 4 + 3);
        for edge in letters.rim() {
            let [from, to] = ends(&letters, edge);
            assert!(around.contains(&[to, from]), "{from:?} {to:?}");
        }
    }
}
