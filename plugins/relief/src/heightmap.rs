//! Image-to-3d: a picture as a relief on a plate.

use prizm_canvas::{CanvasError, Step, checkpoint};

use crate::file::check_size;
use crate::picture::{Heights, heights};
use crate::solid::Solid;
use crate::{HeightmapOptions, Raised};

/// Makes a relief of a picture: what is light rises.
pub fn raise_picture(input: &[u8], options: &HeightmapOptions, step: Step<'_>) -> Result<Raised, CanvasError> {
    HeightmapOptions::spec().check(options)?;
    options.outfit().check()?;
    checkpoint(step, 0.0, "decoding")?;
    let heights = heights(input, options, step)?;
    let size = [options.width, options.width * heights.aspect];
    check_size(size[0] as f32, size[1] as f32)?;
    checkpoint(step, 0.5, "raising the relief")?;
    let solid = relief(&heights, size, options);
    checkpoint(step, 0.7, "writing")?;
    let raised = options.outfit().dress(solid, heights.warnings)?;
    checkpoint(step, 1.0, "done")?;
    Ok(raised)
}

/// The surface, walls down from its rim, and the ground as a fan around the middle.
fn relief(heights: &Heights, [width, depth]: [f64; 2], options: &HeightmapOptions) -> Solid {
    let (columns, rows) = (heights.columns, heights.rows);
    let mut positions = Vec::with_capacity(heights.values.len());
    for (index, value) in (0..).zip(&heights.values) {
        let (row, column) = (index / columns, index % columns);
        let x = width * (f64::from(column) / f64::from(columns - 1) - 0.5);
        let y = depth * (0.5 - f64::from(row) / f64::from(rows - 1));
        positions.push([x as f32, y as f32, (options.base + options.depth * f64::from(*value)) as f32]);
    }
    let mut triangles = surface(heights);
    let rim = rim(columns, rows);
    let ground = positions.len() as u32;
    positions
        .extend(rim.iter().map(|place| positions[*place as usize]).map(|[x, y, _]| [x, y, 0.0]).collect::<Vec<_>>());
    let middle = positions.len() as u32;
    positions.push([0.0; 3]);
    for (index, from) in rim.iter().enumerate() {
        let next = (index + 1) % rim.len();
        let (to, below_from, below_to) = (rim[next], ground + index as u32, ground + next as u32);
        triangles.extend([[below_from, below_to, to], [below_from, to, *from], [middle, below_to, below_from]]);
    }
    Solid { positions, triangles }
}

/// Two triangles for each four neighbours, which meet along the flatter diagonal.
fn surface(heights: &Heights) -> Vec<[u32; 3]> {
    let (columns, rows) = (heights.columns, heights.rows);
    let step = |from: u32, to: u32| (heights.values[from as usize] - heights.values[to as usize]).abs();
    let mut triangles = Vec::with_capacity(2 * heights.values.len());
    for row in 0..rows - 1 {
        for column in 0..columns - 1 {
            let (a, c) = (row * columns + column, (row + 1) * columns + column);
            let (b, d) = (a + 1, c + 1);
            triangles.extend(if step(a, d) <= step(b, c) { [[a, c, d], [a, d, b]] } else { [[a, c, b], [b, c, d]] });
        }
    }
    triangles
}

/// The points around the surface, anticlockwise from the lower left.
fn rim(columns: u32, rows: u32) -> Vec<u32> {
    let place = |row: u32, column: u32| row * columns + column;
    let lower = (0..columns - 1).map(|column| place(rows - 1, column));
    let right = (1..rows).rev().map(|row| place(row, columns - 1));
    let upper = (1..columns).rev().map(|column| place(0, column));
    let left = (0..rows - 1).map(|row| place(row, 0));
    lower.chain(right).chain(upper).chain(left).collect()
}

#[cfg(test)]
mod tests;
