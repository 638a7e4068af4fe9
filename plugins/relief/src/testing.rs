//! What the tests have in common: solids read back by readers that are not ours, and looked at edge by edge.

use std::collections::HashMap;
use std::io::Cursor;

use prizm_canvas::Spec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Raised;

/// A solid as an independent reader sees it.
pub(crate) struct Read {
    pub(crate) triangles: Vec<[[f32; 3]; 3]>,
}

/// Reads a file, and checks what can be checked of it alone.
pub(crate) fn read(raised: &Raised) -> Read {
    let triangles = if raised.mime == "model/stl" { stl(&raised.bytes) } else { glb(&raised.bytes) };
    assert_eq!(triangles.len(), raised.triangles);
    let read = Read { triangles };
    read.assert_closed();
    read
}

fn stl(bytes: &[u8]) -> Vec<[[f32; 3]; 3]> {
    let mut cursor = Cursor::new(bytes);
    let triangles = stl_io::create_stl_reader(&mut cursor).unwrap().map(|triangle| {
        let triangle = triangle.unwrap();
        let corners = triangle.vertices.map(|vertex| vertex.0);
        assert_is_normal_of(triangle.normal.0, corners, 0.999);
        corners
    });
    triangles.collect()
}

fn glb(bytes: &[u8]) -> Vec<[[f32; 3]; 3]> {
    // This reader checks the document: indices, accessors with their bounds, buffer views.
    let file = gltf::Gltf::from_slice(bytes).unwrap();
    let blob = file.blob.as_deref().unwrap();
    let primitive = file.meshes().next().unwrap().primitives().next().unwrap();
    let reader = primitive.reader(|_| Some(blob));
    let positions: Vec<_> = reader.read_positions().unwrap().collect();
    let normals: Vec<_> = reader.read_normals().unwrap().collect();
    let bounds = primitive.bounding_box();
    for axis in 0..3 {
        let parts = || positions.iter().map(|position| position[axis]);
        assert_eq!(
            (bounds.min[axis], bounds.max[axis]),
            (parts().fold(f32::MAX, f32::min), parts().fold(f32::MIN, f32::max))
        );
    }
    let indices: Vec<_> = reader.read_indices().unwrap().into_u32().map(|index| index as usize).collect();
    let triangles = indices.as_chunks::<3>().0.iter().map(|corners| {
        let triangle = corners.map(|corner| positions[corner]);
        for corner in corners {
            // Within the angle up to which faces are smoothed together.
            assert_is_normal_of(normals[*corner], triangle, 0.75);
        }
        triangle
    });
    triangles.collect()
}

fn assert_is_normal_of(normal: [f32; 3], triangle: [[f32; 3]; 3], least: f64) {
    let length = normal.iter().map(|part| part * part).sum::<f32>();
    assert!((length - 1.0).abs() < 1e-4, "{normal:?}");
    let real = crate::solid::unit(crate::solid::cross(triangle));
    let cosine = (0..3).map(|axis| real[axis] * f64::from(normal[axis])).sum::<f64>();
    assert!(cosine > least, "{normal:?} is no normal of {triangle:?}, which has {real:?}");
}

impl Read {
    /// Every edge is in two triangles that run along it in opposite directions.
    fn assert_closed(&self) {
        let key = |point: [f32; 3]| point.map(f32::to_bits);
        let mut edges: HashMap<_, u32> = HashMap::new();
        for triangle in &self.triangles {
            for corner in 0..3 {
                let (from, to) = (key(triangle[corner]), key(triangle[(corner + 1) % 3]));
                assert_ne!(from, to, "{triangle:?} has an edge of no length");
                *edges.entry((from, to)).or_default() += 1;
            }
        }
        for ((from, to), count) in &edges {
            let back = edges.get(&(*to, *from));
            assert_eq!((*count, back), (1, Some(&1)), "{:?} {:?}", from.map(f32::from_bits), to.map(f32::from_bits));
        }
    }

    /// The volume, positive where triangles run anticlockwise seen from outside.
    pub(crate) fn volume(&self) -> f64 {
        let six = self.triangles.iter().map(|triangle| {
            let [a, b, c] = triangle.map(|corner| corner.map(f64::from));
            a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
        });
        six.sum::<f64>() / 6.0
    }

    /// The smallest and the largest coordinates.
    pub(crate) fn bounds(&self) -> ([f32; 3], [f32; 3]) {
        let points = || self.triangles.iter().flatten();
        (
            std::array::from_fn(|axis| points().map(|point| point[axis]).fold(f32::MAX, f32::min)),
            std::array::from_fn(|axis| points().map(|point| point[axis]).fold(f32::MIN, f32::max)),
        )
    }

    pub(crate) fn size(&self) -> [f32; 3] {
        let (low, high) = self.bounds();
        std::array::from_fn(|axis| high[axis] - low[axis])
    }
}

pub(crate) fn assert_near(got: impl Into<f64>, expected: impl Into<f64>, relative: f64) {
    let (got, expected) = (got.into(), expected.into());
    assert!((got - expected).abs() <= expected.abs() * relative, "{got} is not {expected}");
}

/// Each option is described, has its default in the schema, and its bounds bite.
pub(crate) fn assert_in_step<T>(spec: &Spec)
where
    T: Default + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(spec.schema()["additionalProperties"], false);
    let defaults = serde_json::to_value(T::default()).unwrap();
    let properties = spec.schema()["properties"].as_object().unwrap();
    assert_eq!(properties.len(), defaults.as_object().unwrap().len());
    for (name, property) in properties {
        assert!(property["description"].as_str().is_some_and(|text| text.len() > 20), "{name} is not described");
        assert_eq!(property.get("default"), defaults.get(name), "the default of {name}");
        for (bound, outside) in [("minimum", -1.0), ("maximum", 1.0)] {
            let Some(limit) = property[bound].as_f64() else {
                assert_ne!(property["type"], "number", "{name} has no {bound}");
                continue;
            };
            spec.parse::<T>(json!({ name: limit })).unwrap();
            let error = spec.parse::<T>(json!({ name: limit + outside })).unwrap_err();
            assert_eq!(error.option(), Some(name.as_str()), "{error}");
        }
    }
    assert_eq!(spec.parse::<T>(Value::Object(Default::default())).unwrap(), T::default());
    assert_eq!(spec.parse::<T>(json!({"detph": 1})).unwrap_err().option(), Some("detph"));
}
