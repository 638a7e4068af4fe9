//! SVG documents on a card. A document is hostile input: it reads no file, reaches no address, and its cost is bounded
//! before it is drawn.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use fontdb::{Database, ID, Source};
use image::ImageReader;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{FontResolver, ImageHrefResolver, ImageKind, Options, Tree};

use crate::card::missing_warning;
use crate::card_options::CardOptions;
use crate::typeset::{Area, is_visible};
use crate::{CanvasError, Step, checkpoint, fonts, svg_cost, svg_references, system_fonts};

const LARGEST_DOCUMENT: usize = 4 * 1024 * 1024;
/// All pictures inside a document together.
const MOST_EMBEDDED_PIXELS: u64 = 64_000_000;
/// Documents nest up to the parser's limit of 1024; each level takes stack in the parser and the renderer.
const STACK: usize = 512 * 1024 * 1024;

/// Whether the text is an SVG document rather than something to typeset.
pub(crate) fn is_svg(text: &str) -> bool {
    let mut text = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(rest) = prolog_item(text) {
        text = rest.trim_start();
    }
    text.strip_prefix("<svg")
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_whitespace() || matches!(next, '>' | '/')))
}

/// What follows an XML declaration, a comment or a document type at the start of the text.
fn prolog_item(text: &str) -> Option<&str> {
    if text.starts_with("<?xml") {
        return text.split_once("?>").map(|(_, rest)| rest);
    }
    if text.starts_with("<!--") {
        return text.split_once("-->").map(|(_, rest)| rest);
    }
    let doctype = text.strip_prefix("<!DOCTYPE")?;
    let end = doctype.find(['>', '['])?;
    let rest = if doctype[end..].starts_with('[') { doctype.split_once("]")?.1 } else { &doctype[end..] };
    rest.split_once('>').map(|(_, rest)| rest)
}

/// What the parser left out of the picture.
#[derive(Default)]
struct Refused {
    missing: BTreeSet<char>,
    external: usize,
    oversized: usize,
    embedded_pixels: u64,
}

impl Refused {
    fn warnings(&self) -> Vec<String> {
        let external = "left out: a document may not load files or addresses; embed them as data: URLs";
        let oversized = "left out: embedded pictures may have 64,000,000 pixels in all, as PNG, JPEG, GIF, WebP or SVG";
        let counted = |count: usize, why: &str| (count > 0).then(|| format!("{count} picture(s) {why}"));
        [missing_warning(&self.missing), counted(self.external, external), counted(self.oversized, oversized)]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Draws the document onto a new card, as large as the area allows.
pub(crate) fn draw(
    text: &str,
    options: &CardOptions,
    area: Area,
    corner: f32,
    new_card: impl FnOnce() -> Result<Pixmap, CanvasError> + Send,
    step: Step<'_>,
) -> Result<(Pixmap, Vec<String>), CanvasError> {
    if text.len() > LARGEST_DOCUMENT {
        let got = format!("{} bytes", text.len());
        return Err(CanvasError::too_large("the SVG document", got, format!("{LARGEST_DOCUMENT} bytes")));
    }
    checkpoint(step, 0.1, "parsing")?;
    let pixels = f64::from(options.width) * f64::from(options.height);
    let parse = || {
        let (tree, warnings) = parse(text)?;
        svg_cost::check(&tree, scale(&tree, area), pixels)?;
        Ok::<_, CanvasError>((tree, warnings))
    };
    let render = |tree: &Tree| {
        let mut pixmap = new_card()?;
        let scale = scale(tree, area);
        let (x, y) = options.place(area, tree.size().width() * scale, tree.size().height() * scale);
        let transform = Transform::from_row(scale, 0.0, 0.0, scale, corner + x, corner + y);
        resvg::render(tree, transform, &mut pixmap.as_mut());
        Ok::<_, CanvasError>(pixmap)
    };
    // The deep stack is also where a deep tree is dropped.
    on_deep_stack(|| {
        let (tree, warnings) = parse()?;
        Ok((render(&tree)?, warnings))
    })
    .and_then(|drawn| checkpoint(step, 0.7, "drawing").map(|()| drawn))
}

fn scale(tree: &Tree, area: Area) -> f32 {
    (area.width / tree.size().width()).min(area.height / tree.size().height())
}

/// Runs the work on a thread with a stack for documents as deep as the parser takes.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, CanvasError> + Send) -> Result<T, CanvasError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("svg".into()).stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread
            .map_err(|error| CanvasError::too_large("the SVG document", error.to_string(), "a thread's stack"))?;
        thread.join().unwrap_or_else(|_| Err(CanvasError::invalid("the SVG document broke the renderer")))
    })
}

fn parse(text: &str) -> Result<(Tree, Vec<String>), CanvasError> {
    let refused = Mutex::new(Refused::default());
    let options = Options {
        font_family: "Inter".into(),
        image_href_resolver: image_resolver(&refused),
        font_resolver: FontResolver {
            select_font: FontResolver::default_font_selector(),
            select_fallback: Box::new(|character, used, database| fallback(character, used, database, &refused)),
        },
        fontdb: fonts::database(),
        ..Options::default()
    };
    let broken = |error: &dyn std::fmt::Display| CanvasError::invalid(format!("the SVG document is broken: {error}"));
    let parsing = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, parsing).map_err(|error| broken(&error))?;
    svg_references::check(&document)?;
    let tree = Tree::from_xmltree(&document, &options).map_err(|error| broken(&error))?;
    let warnings = refused.lock().unwrap_or_else(PoisonError::into_inner).warnings();
    Ok((tree, warnings))
}

fn image_resolver(refused: &Mutex<Refused>) -> ImageHrefResolver<'_> {
    let resolve = ImageHrefResolver::default_data_resolver();
    ImageHrefResolver {
        resolve_data: Box::new(move |mime, data, options| {
            let kind = resolve(mime, Arc::clone(&data), options);
            let fits = match &kind {
                None => false,
                Some(ImageKind::SVG(_)) => true,
                Some(_) => take_pixels(&data, &mut refused.lock().unwrap_or_else(PoisonError::into_inner)),
            };
            if !fits {
                refused.lock().unwrap_or_else(PoisonError::into_inner).oversized += 1;
            }
            kind.filter(|_| fits)
        }),
        resolve_string: Box::new(|_, _| {
            refused.lock().unwrap_or_else(PoisonError::into_inner).external += 1;
            None
        }),
    }
}

/// Whether the embedded picture's stated size is still within the document's allowance.
fn take_pixels(data: &[u8], refused: &mut Refused) -> bool {
    let size =
        ImageReader::new(Cursor::new(data)).with_guessed_format().ok().and_then(|reader| reader.into_dimensions().ok());
    let Some((width, height)) = size else {
        return false;
    };
    let total = refused.embedded_pixels.saturating_add(u64::from(width) * u64::from(height));
    let fits = total <= MOST_EMBEDDED_PIXELS;
    if fits {
        refused.embedded_pixels = total;
    }
    fits
}

/// A font for a character that the chosen one lacks: a bundled one, else one of the system, else it is reported.
fn fallback(character: char, used: &[ID], database: &mut Arc<Database>, refused: &Mutex<Refused>) -> Option<ID> {
    let able = |face: &&fontdb::FaceInfo| {
        !used.contains(&face.id)
            && database.with_face_data(face.id, |data, index| fonts::draws(data, index, character)) == Some(true)
    };
    let wanted = used.first().and_then(|id| database.face(*id)).map_or(400, |face| face.weight.0);
    if let Some(face) = database.faces().filter(able).min_by_key(|face| face.weight.0.abs_diff(wanted)) {
        return Some(face.id);
    }
    if let Some(found) = system_fonts::covering([character], wanted > 500).pop() {
        let info = fontdb::FaceInfo { source: Source::Binary(Arc::new(found.bytes)), ..found.info };
        return Some(Arc::make_mut(database).push_face_info(info));
    }
    if is_visible(character) {
        refused.lock().unwrap_or_else(PoisonError::into_inner).missing.insert(character);
    }
    None
}

#[cfg(test)]
mod tests;
