//! What drawing an SVG document would cost, told from its tree before a pixel is touched.
//!
//! A short document can ask for hours of work (nested patterns, filters with huge radii) or for all memory (nested
//! layers). The renderer cannot be interrupted, so what is too costly is refused by name.

use std::collections::HashMap;

use resvg::usvg::filter::{Filter, Kind};
use resvg::usvg::{Group, ImageKind, Node, Paint, Path, Tree};

use crate::CanvasError;

/// Pixel operations: some ten seconds of work.
const MOST_WORK: f64 = 1e10;
/// Bytes of layers that are alive at once.
const MOST_MEMORY: f64 = 2e9;
/// Work for one element however small it is.
const ELEMENT: f64 = 2_000.0;
/// A layer may be larger than the card by the renderer's margin.
const MARGIN: f64 = 25.0;

/// Refuses the document if drawing it on a card of so many pixels at this scale would take too long or too much memory.
pub(crate) fn check(tree: &Tree, scale: f32, pixels: f64) -> Result<(), CanvasError> {
    let mut estimate = Estimate { scale: f64::from(scale), pixels, known: HashMap::new() };
    let cost = estimate.group(tree.root());
    let refuse =
        |got: String, limit: String| Err(CanvasError::too_large("the work of drawing the SVG document", got, limit));
    if cost.work > MOST_WORK {
        return refuse(format!("about {:.0e} pixel operations", cost.work), format!("{MOST_WORK:.0e}"));
    }
    if cost.memory > MOST_MEMORY {
        return refuse(format!("about {:.0} MB of layers", cost.memory / 1e6), format!("{:.0} MB", MOST_MEMORY / 1e6));
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Cost {
    work: f64,
    memory: f64,
}

impl Cost {
    /// Both one after the other.
    fn then(self, next: Self) -> Self {
        Self { work: self.work + next.work, memory: self.memory.max(next.memory) }
    }

    /// With a layer of so many pixels alive meanwhile, drawn and read a few times.
    fn inside_layer(self, pixels: f64, layers: f64) -> Self {
        Self { work: self.work + pixels * layers, memory: self.memory + pixels * layers * 4.0 }
    }
}

struct Estimate {
    scale: f64,
    pixels: f64,
    /// What is shared (patterns, clips, masks) is drawn at each use but estimated once.
    known: HashMap<*const Group, Cost>,
}

impl Estimate {
    fn group(&mut self, group: &Group) -> Cost {
        let key = std::ptr::from_ref(group);
        if let Some(cost) = self.known.get(&key) {
            return *cost;
        }
        let mut cost = Cost::default();
        for node in group.children() {
            cost = cost.then(self.node(node));
        }
        if group.should_isolate() {
            cost = self.isolated(group, cost);
        }
        self.known.insert(key, cost);
        cost
    }

    fn isolated(&mut self, group: &Group, inner: Cost) -> Cost {
        let bounds = group.abs_layer_bounding_box();
        let own = self.area(bounds.width(), bounds.height());
        let mut cost = inner.inside_layer(own, 1.0);
        let mut clip = group.clip_path();
        while let Some(path) = clip {
            cost = cost.then(self.group(path.root()).inside_layer(own, 2.0));
            clip = path.clip_path();
        }
        let mut mask = group.mask();
        while let Some(next) = mask {
            cost = cost.then(self.group(next.root()).inside_layer(own, 2.0));
            mask = next.mask();
        }
        for filter in group.filters() {
            cost = cost.then(self.filter(filter, own));
        }
        cost
    }

    fn node(&mut self, node: &Node) -> Cost {
        let element = Cost { work: ELEMENT, memory: 0.0 };
        element.then(match node {
            Node::Group(group) => self.group(group),
            Node::Text(text) => self.group(text.flattened()),
            Node::Path(path) => self.path(path),
            Node::Image(image) => match image.kind() {
                ImageKind::SVG(tree) => self.group(tree.root()).inside_layer(self.pixels, 1.0),
                _ => {
                    let bounds = image.abs_bounding_box();
                    Cost { work: self.area(bounds.width(), bounds.height()) * 4.0, memory: 0.0 }
                }
            },
        })
    }

    fn path(&mut self, path: &Path) -> Cost {
        let bounds = path.abs_stroke_bounding_box();
        let area = self.area(bounds.width(), bounds.height()).min(self.pixels);
        let points = path.data().len() as f64;
        let mut cost = Cost { work: area + points * 100.0, memory: 0.0 };
        for paint in
            [path.fill().map(|fill| fill.paint()), path.stroke().map(|stroke| stroke.paint())].into_iter().flatten()
        {
            if let Paint::Pattern(pattern) = paint {
                // The tile is drawn at the size that it has on the card, which no card bounds.
                let transform = path.abs_transform().pre_concat(pattern.transform());
                let (sx, sy) = transform.get_scale();
                let tile = f64::from(pattern.rect().width() * sx)
                    * f64::from(pattern.rect().height() * sy)
                    * self.scale
                    * self.scale;
                cost = cost.then(self.group(pattern.root()).inside_layer(tile, 1.0));
            }
        }
        cost
    }

    fn filter(&mut self, filter: &Filter, own: f64) -> Cost {
        let scale = self.scale;
        let mut cost = Cost::default();
        for primitive in filter.primitives() {
            let passes = match primitive.kind() {
                Kind::GaussianBlur(_) | Kind::DropShadow(_) => 60.0,
                Kind::Turbulence(noise) => 100.0 * f64::from(noise.num_octaves().max(1)),
                Kind::ConvolveMatrix(fe) => 8.0 * f64::from(fe.matrix().columns()) * f64::from(fe.matrix().rows()),
                Kind::Morphology(fe) => {
                    let side = |radius: f32| (2.0 * f64::from(radius) * scale + 1.0).min(own.max(1.0));
                    8.0 * (side(fe.radius_x().get()) * side(fe.radius_y().get())).min(own.max(1.0))
                }
                Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 60.0,
                _ => 10.0,
            };
            // Each primitive's result is kept until the filter is done.
            cost = Cost { work: cost.work + own * passes, memory: cost.memory + own * 8.0 };
            if let Kind::Image(image) = primitive.kind() {
                cost = cost.then(self.group(image.root()));
            }
        }
        cost
    }

    fn area(&self, width: f32, height: f32) -> f64 {
        let area = f64::from(width) * f64::from(height) * self.scale * self.scale;
        area.clamp(1.0, self.pixels * MARGIN)
    }
}
