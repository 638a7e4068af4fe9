//! How far an SVG document unfolds when its references are followed.
//!
//! Patterns, masks, clips, filters and markers may refer to one another. A few lines can unfold to more elements than
//! any machine has time for, already while the document is read, so they are counted in its XML beforehand.

use std::collections::{HashMap, HashSet};

use resvg::usvg::roxmltree::{Document, Node, NodeId};
use simplecss::{AttributeOperator, DeclarationTokenizer, PseudoClass, StyleSheet};

use crate::CanvasError;

/// Elements of the unfolded document.
const MOST_ELEMENTS: f64 = 3e6;
/// Levels of elements and references; each takes stack wherever the document is walked.
const DEEPEST: usize = 1_200;

/// Refuses a document that refers to itself in a circle or unfolds to too many elements.
pub(crate) fn check(document: &Document<'_>) -> Result<(), CanvasError> {
    let mut styles = StyleSheet::new();
    let mut ids: HashMap<&str, Vec<Node<'_, '_>>> = HashMap::new();
    for element in document.descendants().filter(Node::is_element) {
        if let Some(id) = element.attribute("id") {
            ids.entry(id).or_default().push(element);
        }
        if element.tag_name().name() == "style" {
            styles.parse_more(element.text().unwrap_or_default());
        }
    }
    let mut unfolding = Unfolding { ids, styles, known: HashMap::new(), open: HashSet::new() };
    let elements = unfolding.count(document.root_element(), 0)?;
    if elements > MOST_ELEMENTS {
        let got = format!("about {elements:.0e} elements once its references are followed");
        return Err(CanvasError::too_large("the SVG document", got, format!("{MOST_ELEMENTS:.0e}")));
    }
    Ok(())
}

struct Unfolding<'a, 'input> {
    ids: HashMap<&'a str, Vec<Node<'a, 'input>>>,
    styles: StyleSheet<'a>,
    known: HashMap<NodeId, f64>,
    /// Elements that are being counted further up.
    open: HashSet<NodeId>,
}

impl<'a, 'input> Unfolding<'a, 'input> {
    fn count(&mut self, element: Node<'a, 'input>, depth: usize) -> Result<f64, CanvasError> {
        if let Some(count) = self.known.get(&element.id()) {
            return Ok(*count);
        }
        if depth > DEEPEST {
            let limit = format!("{DEEPEST} levels of elements and references");
            return Err(CanvasError::too_large("the depth of the SVG document", "more", limit));
        }
        if !self.open.insert(element.id()) {
            let name = element.attribute("id").unwrap_or_default();
            let reason = format!("the SVG document is broken: #{name} refers to itself, directly or through others");
            return Err(CanvasError::invalid(reason));
        }
        let mut inside = 1.0;
        for child in element.children().filter(Node::is_element) {
            inside += self.count(child, depth + 1)?;
        }
        let mut total = inside;
        for reference in self.references(element) {
            let times = match reference.property {
                // What is inherited may be used by every element inside, a marker at each of its points.
                Property::Paint => inside,
                Property::Marker => inside * points(element),
                Property::Other => 1.0,
            };
            for target in self.ids.get(reference.id.as_str()).cloned().unwrap_or_default() {
                total += times * self.count(target, depth + 1)?;
            }
        }
        self.open.remove(&element.id());
        self.known.insert(element.id(), total);
        Ok(total)
    }

    /// What the element refers to by attributes and styles. Of several rules for a property all count, not only the
    /// one that wins.
    fn references(&self, element: Node<'a, 'input>) -> Vec<Reference> {
        let mut references = Vec::new();
        for attribute in element.attributes() {
            match attribute.name() {
                "href" if element.tag_name().name() != "a" => {
                    let id = attribute.value().trim().strip_prefix('#').map(str::to_owned);
                    references.extend(id.map(|id| Reference { property: Property::Other, id }));
                }
                "style" => {
                    for declaration in DeclarationTokenizer::from(attribute.value()) {
                        references.extend(Reference::all(declaration.name, declaration.value));
                    }
                }
                name => references.extend(Reference::all(name, attribute.value())),
            }
        }
        for rule in self.styles.rules.iter().filter(|rule| rule.selector.matches(&Element(element))) {
            for declaration in &rule.declarations {
                references.extend(Reference::all(declaration.name, declaration.value));
            }
        }
        references
    }
}

#[derive(Clone, Copy)]
enum Property {
    Paint,
    Marker,
    Other,
}

struct Reference {
    property: Property,
    id: String,
}

impl Reference {
    /// Every `url(#id)` in the value of a property.
    fn all(name: &str, value: &str) -> Vec<Self> {
        let property = match name {
            "fill" | "stroke" => Property::Paint,
            name if name.starts_with("marker") => Property::Marker,
            _ => Property::Other,
        };
        let links = value.split("url(").skip(1).filter_map(|rest| rest.split_once(')'));
        let ids = links
            .filter_map(|(link, _)| link.trim().trim_matches(['\'', '"']).trim().strip_prefix('#').map(str::to_owned));
        ids.map(|id| Self { property, id }).collect()
    }
}

/// At most so many points does the longest outline inside the element have.
fn points(element: Node<'_, '_>) -> f64 {
    let outlines = element.descendants().filter_map(|inner| inner.attribute("d").or(inner.attribute("points")));
    outlines.map(|outline| outline.len() / 2 + 1).max().unwrap_or(1) as f64
}

struct Element<'a, 'input>(Node<'a, 'input>);

impl simplecss::Element for Element<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Element)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Element)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        matches!(class, PseudoClass::FirstChild) && self.prev_sibling_element().is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::svg;

    fn checked(content: &str) -> Result<(), CanvasError> {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg'>{content}</svg>");
        svg::on_deep_stack(|| check(&Document::parse(&text).unwrap()))
    }

    /// Ten levels of patterns, each painting ten elements with the one below; `link` writes how.
    fn tower(link: impl Fn(usize) -> String) -> String {
        let mut content = "<pattern id='p0'><rect/></pattern>".to_owned();
        for level in 1..=10 {
            let inner = format!("<rect {}/>", link(level - 1)).repeat(10);
            write!(content, "<pattern id='p{level}'>{inner}</pattern>").unwrap();
        }
        content
    }

    #[test]
    fn plain_documents_pass() {
        checked("<style>.a { fill: url(#g); clip-path: url(#c) }</style><linearGradient id='g'/><clipPath id='c'><rect/></clipPath><g class='a'><rect/></g>").unwrap();
        checked(&format!(
            "<pattern id='p'><rect/></pattern><g fill='url(#p)'>{}</g>",
            "<path d='M0 0h1'/>".repeat(10_000)
        ))
        .unwrap();
        checked(&format!(
            "<clipPath id='c'><rect/></clipPath>{}{}",
            "<g clip-path='url(#c)'>".repeat(50),
            "</g>".repeat(50)
        ))
        .unwrap();
        checked("<g id='top'><a href='#top'><rect/></a><rect fill='url(#none)'/></g>").unwrap();
    }

    #[test]
    fn a_tower_of_references_is_refused_however_it_is_written() {
        let styles = (0..10).map(|level| format!(".l{level} {{ fill: url('#p{level}') }}")).collect::<String>();
        for content in [
            tower(|level| format!("fill='url(#p{level})'")),
            tower(|level| format!("style='stroke: url(#p{level})'")),
            tower(|level| format!("mask='url( \"#p{level}\" )'")),
            format!("<style>{styles}</style>{}", tower(|level| format!("class='l{level}'"))),
            tower(|level| format!("href='#p{level}'")),
        ] {
            assert!(matches!(checked(&content), Err(CanvasError::TooLarge { .. })), "{content}");
        }
        let marker = format!(
            "<marker id='m'>{}</marker><path marker-mid='url(#m)' d='{}'/>",
            "<rect/>".repeat(1000),
            "L1 1".repeat(10_000)
        );
        assert!(matches!(checked(&marker), Err(CanvasError::TooLarge { .. })));
    }

    #[test]
    fn circles_are_refused_by_name() {
        for content in [
            "<pattern id='a'><rect fill='url(#a)'/></pattern>",
            "<pattern id='a'><rect fill='url(#b)'/></pattern><pattern id='b'><g><rect fill='url(#c)'/></g></pattern><pattern id='c'><rect fill='url(#a)'/></pattern>",
            "<g id='a'><use href='#a'/></g>",
        ] {
            let error = checked(content).unwrap_err();
            assert!(error.to_string().contains("#a refers to itself"), "{error}");
        }
    }

    #[test]
    fn a_long_chain_is_refused() {
        let chain =
            (0..5000).map(|index| format!("<mask id='m{index}' mask='url(#m{})'/>", index + 1)).collect::<String>();
        assert!(matches!(checked(&chain), Err(CanvasError::TooLarge { .. })));
    }
}
