//! Solids from flat shapes: letters alone, or letters that grow out of a plate.

use std::collections::HashSet;

use prizm_canvas::CanvasError;

use crate::shapes::{Flat, Shapes, difference, rectangle};
use crate::solid::Solid;

/// Raises shapes from the ground.
pub(crate) fn extrude(flat: &Flat, depth: f32) -> Solid {
    let count = flat.points.len() as u32;
    let mut positions = level(flat, depth);
    positions.extend(level(flat, 0.0));
    let mut triangles = flat.triangles.clone();
    triangles.extend(flat.triangles.iter().map(|[a, b, c]| [a + count, c + count, b + count]));
    for [from, to] in flat.rim() {
        triangles.extend(wall([from, to], [from + count, to + count]));
    }
    Solid { positions, triangles }
}

/// Raises shapes from a rectangular plate with these corners: one solid, in which nothing overlaps.
pub(crate) fn extrude_on_plate(
    shapes: &Shapes,
    (low, high): ([i32; 2], [i32; 2]),
    base: f32,
    depth: f32,
) -> Result<Solid, CanvasError> {
    let rectangle = rectangle(low, high);
    let (letters, around, ground) = (Flat::of(shapes), Flat::of(&difference(&rectangle, shapes)), Flat::of(&rectangle));
    let mut positions = level(&around, base);
    let (first_letter, letter_places) = (positions.len() as u32, letters.places());
    positions.extend(level(&letters, base + depth));
    let (first_ground, ground_places) = (positions.len() as u32, ground.places());
    positions.extend(level(&ground, 0.0));
    let mut triangles = around.triangles.clone();
    triangles.extend(letters.triangles.iter().map(|corners| corners.map(|corner| corner + first_letter)));
    triangles.extend(ground.triangles.iter().map(|[a, b, c]| [a + first_ground, c + first_ground, b + first_ground]));
    let mut open: HashSet<_> = letters.rim().into_iter().collect();
    for [from, to] in around.rim() {
        let ends = [from, to].map(|end| around.points[end as usize]);
        let above = ends.map(|end| letter_places.get(&end).copied());
        let below = ends.map(|end| ground_places.get(&end).copied());
        match (above, below) {
            ([Some(a), Some(b)], _) if open.remove(&[b, a]) => {
                triangles.extend(wall([b + first_letter, a + first_letter], [to, from]));
            }
            (_, [Some(a), Some(b)]) => triangles.extend(wall([from, to], [a + first_ground, b + first_ground])),
            _ => return Err(apart()),
        }
    }
    if open.is_empty() { Ok(Solid { positions, triangles }) } else { Err(apart()) }
}

fn apart() -> CanvasError {
    CanvasError::Encode { format: "a solid".into(), reason: "the letters and the plate have no common edge".into() }
}

fn level(flat: &Flat, z: f32) -> Vec<[f32; 3]> {
    flat.points.iter().map(|[x, y]| [mm(*x), mm(*y), z]).collect()
}

fn mm(micrometres: i32) -> f32 {
    (f64::from(micrometres) / 1000.0) as f32
}

/// The wall below an edge whose shape is on its left.
fn wall([from, to]: [u32; 2], [below_from, below_to]: [u32; 2]) -> [[u32; 3]; 2] {
    [[below_from, below_to, to], [below_from, to, from]]
}
