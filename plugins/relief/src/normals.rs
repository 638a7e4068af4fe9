//! Normals for the screen: smooth over curves, sharp at edges.

use crate::solid::{Solid, cross, unit};

/// The cosine of the angle from which two faces meet in an edge that is seen: 40 degrees.
const CREASE: f64 = 0.766;

/// A surface whose corners have normals; where faces meet in an edge, a corner is there once for each.
pub(crate) struct Shaded {
    pub(crate) positions: Vec<[f32; 3]>,
    pub(crate) normals: Vec<[f32; 3]>,
    pub(crate) indices: Vec<u32>,
}

/// The faces around a corner that lie in one plane.
struct Plane {
    normal: [f64; 3],
    /// The normal times their area.
    weight: [f64; 3],
    shaded: u32,
}

/// Gives every corner of every triangle its normal.
pub(crate) fn shade(solid: &Solid) -> Shaded {
    let weights: Vec<_> = solid.triangles.iter().map(|triangle| cross(solid.corners(*triangle))).collect();
    let around = Around::new(solid);
    let corners = solid.triangles.len() * 3;
    let mut shaded = Shaded { positions: Vec::new(), normals: Vec::new(), indices: vec![0; corners] };
    let mut planes: Vec<Plane> = Vec::new();
    let mut plane_of = Vec::new();
    for (vertex, position) in solid.positions.iter().enumerate() {
        planes.clear();
        plane_of.clear();
        for corner in around.corners(vertex) {
            plane_of.push(add(&mut planes, weights[*corner as usize / 3]));
        }
        let first = shaded.positions.len();
        for index in 0..planes.len() {
            let normal = blend(&planes, planes[index].normal);
            let same = shaded.normals[first..].iter().position(|known| *known == normal);
            planes[index].shaded = (first + same.unwrap_or(shaded.normals.len() - first)) as u32;
            if same.is_none() {
                shaded.positions.push(*position);
                shaded.normals.push(normal);
            }
        }
        for (corner, plane) in around.corners(vertex).iter().zip(&plane_of) {
            shaded.indices[*corner as usize] = planes[*plane].shaded;
        }
    }
    shaded
}

/// Counts a face to its plane, and returns which that is.
fn add(planes: &mut Vec<Plane>, weight: [f64; 3]) -> usize {
    let normal = unit(weight);
    let known = planes.iter().position(|plane| dot(plane.normal, normal) > 1.0 - 1e-9);
    let index = known.unwrap_or(planes.len());
    if known.is_none() {
        planes.push(Plane { normal, weight: [0.0; 3], shaded: 0 });
    }
    planes[index].weight = std::array::from_fn(|axis| planes[index].weight[axis] + weight[axis]);
    index
}

/// The mean normal of the planes that meet this one without an edge.
fn blend(planes: &[Plane], normal: [f64; 3]) -> [f32; 3] {
    let near = planes.iter().filter(|plane| dot(plane.normal, normal) >= CREASE);
    let sum = near.fold([0.0; 3], |sum, plane| std::array::from_fn(|axis| sum[axis] + plane.weight[axis]));
    unit(sum).map(|part| part as f32)
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Which corners of triangles are at each vertex: corner 3·t + k is the k-th of triangle t.
struct Around {
    starts: Vec<u32>,
    corners: Vec<u32>,
}

impl Around {
    fn new(solid: &Solid) -> Self {
        let mut starts = vec![0_u32; solid.positions.len() + 1];
        for vertex in solid.triangles.iter().flatten() {
            starts[*vertex as usize + 1] += 1;
        }
        for vertex in 1..starts.len() {
            starts[vertex] += starts[vertex - 1];
        }
        let mut next = starts.clone();
        let mut corners = vec![0; solid.triangles.len() * 3];
        for (corner, vertex) in solid.triangles.iter().flatten().enumerate() {
            let place = &mut next[*vertex as usize];
            corners[*place as usize] = corner as u32;
            *place += 1;
        }
        Self { starts, corners }
    }

    fn corners(&self, vertex: usize) -> &[u32] {
        &self.corners[self.starts[vertex] as usize..self.starts[vertex + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extrude::extrude;
    use crate::shapes::Flat;

    /// A prism over a regular polygon.
    fn prism(sides: u32) -> Solid {
        let corner = |side: u32| {
            let angle = f64::from(side) / f64::from(sides) * std::f64::consts::TAU;
            [(angle.cos() * 1e4) as i32, (angle.sin() * 1e4) as i32]
        };
        let triangles = (2..sides).map(|side| [0, side - 1, side]).collect();
        extrude(&Flat { points: (0..sides).map(corner).collect(), triangles }, 5.0)
    }

    #[test]
    fn a_cube_is_sharp_and_a_cylinder_round() {
        let cube = shade(&prism(4));
        assert_eq!(cube.positions.len(), 24, "three normals at each of eight corners");
        let cylinder = shade(&prism(48));
        assert_eq!(cylinder.positions.len(), 48 * 2 * 2, "one normal for the wall and one for the cap");
        for (position, normal) in cylinder.positions.iter().zip(&cylinder.normals) {
            let length = normal.iter().map(|part| part * part).sum::<f32>();
            assert!((length - 1.0).abs() < 1e-5, "{normal:?}");
            if normal[2] == 0.0 {
                let radial = (position[0] * normal[0] + position[1] * normal[1]) / position[0].hypot(position[1]);
                assert!(radial > 0.995, "{position:?} {normal:?}");
            }
        }
    }
}
