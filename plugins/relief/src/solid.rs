//! A closed surface of triangles, in millimetres with Z up.

/// A closed surface. Triangles run anticlockwise seen from outside, and share their corners by index.
pub(crate) struct Solid {
    pub(crate) positions: Vec<[f32; 3]>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Solid {
    /// The smallest and the largest coordinates.
    pub(crate) fn bounds(&self) -> ([f32; 3], [f32; 3]) {
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for position in &self.positions {
            low = std::array::from_fn(|axis| low[axis].min(position[axis]));
            high = std::array::from_fn(|axis| high[axis].max(position[axis]));
        }
        (low, high)
    }

    pub(crate) fn size(&self) -> [f32; 3] {
        let (low, high) = self.bounds();
        std::array::from_fn(|axis| high[axis] - low[axis])
    }

    /// Stands it on its lower side, so that its top faces along -Y.
    pub(crate) fn upright(mut self) -> Self {
        let (low, _) = self.bounds();
        for position in &mut self.positions {
            let [x, y, z] = *position;
            // Not -z, or there would be a negative zero.
            *position = [x, 0.0 - z, y - low[1]];
        }
        self
    }

    pub(crate) fn corners(&self, triangle: [u32; 3]) -> [[f32; 3]; 3] {
        triangle.map(|corner| self.positions[corner as usize])
    }
}

/// The normal of a triangle, as long as twice its area.
pub(crate) fn cross(corners: [[f32; 3]; 3]) -> [f64; 3] {
    let [a, b, c] = corners.map(|corner| corner.map(f64::from));
    let (u, v): ([f64; 3], [f64; 3]) = (std::array::from_fn(|i| b[i] - a[i]), std::array::from_fn(|i| c[i] - a[i]));
    [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
}

/// The vector of length 1 in this direction.
pub(crate) fn unit(vector: [f64; 3]) -> [f64; 3] {
    let length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
    vector.map(|part| part / length)
}
