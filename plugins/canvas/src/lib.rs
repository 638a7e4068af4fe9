//! The `canvas` provider: text or SVG onto a card, and edits of a picture.
//!
//! [`serve`] is the provider; [`render_card`] and [`edit_image`] are its core. Both are pure: bytes and options in,
//! bytes out. They write no file, open no connection, and give the same bytes for the same input. (System fonts are read
//! only for characters that no bundled font has.)
//!
//! [`read_picture`], [`outline_text`] and [`Spec`] are how it reads pictures, texts and options; the provider `relief`
//! reads them likewise, with these fonts.

mod card;
mod card_options;
mod decode;
mod edit;
mod edit_options;
mod encode;
mod error;
mod fonts;
mod glyphs;
mod options;
mod outlines;
mod paint;
mod pixels;
mod provider;
mod svg;
mod svg_cost;
mod svg_references;
mod system_fonts;
mod typeset;

pub use card::render_card;
pub use card_options::{Align, CardFormat, CardOptions, VerticalAlign, Weight};
pub use decode::{LONGEST_SIDE, read_picture};
pub use edit::edit_image;
pub use edit_options::{Crop, EditFormat, EditOptions, Fit, Flip};
pub use error::CanvasError;
pub use options::{Auto, Spec};
pub use outlines::{Contour, Lettering, Outlines, outline_text};
pub use paint::parse_color;
pub use provider::{MANIFEST, serve};

/// A finished picture.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// Its media type, such as `image/png`.
    pub mime: &'static str,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What the caller should know although the work succeeded, such as characters that no font has.
    pub warnings: Vec<String>,
}

/// A checkpoint: called with the fraction done (0 to 1) and the stage; returning `false` cancels the work.
pub type Step<'a> = &'a dyn Fn(f32, &str) -> bool;

/// Reports progress, or stops the work where the caller asked for it.
pub fn checkpoint(step: Step<'_>, fraction: f32, stage: &str) -> Result<(), CanvasError> {
    if step(fraction, stage) { Ok(()) } else { Err(CanvasError::Cancelled) }
}
