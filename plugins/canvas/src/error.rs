//! What can go wrong, by kind.

/// Why a picture could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanvasError {
    /// An option has the wrong type, is out of bounds, does not exist or contradicts the input.
    #[error("option {name:?}: expected {expected}, got {got}")]
    BadOption {
        /// The option's name.
        name: String,
        /// What it takes.
        expected: String,
        /// What it was given.
        got: String,
    },
    /// The input is not what it should be: empty, broken, or of an unknown format.
    #[error("{reason}")]
    InvalidMedia {
        /// What is wrong with it.
        reason: String,
    },
    /// The input or the picture asked for exceeds a limit that keeps memory and time bounded.
    #[error("{what} is too large: {got}; the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is.
        got: String,
        /// How large it may be.
        limit: String,
    },
    /// The text does not fit on the card at the smallest legible font size.
    #[error(
        "the text of {characters} characters does not fit on a card of {width}x{height} even at {smallest} px; \
         a card of {fitting_width}x{fitting_height} would hold it"
    )]
    TextTooLong {
        /// The length of the text, in characters.
        characters: usize,
        /// The card's width.
        width: u32,
        /// The card's height.
        height: u32,
        /// The smallest font size that is tried, in pixels.
        smallest: u32,
        /// The width of a card of the same shape on which the text would fit.
        fitting_width: u32,
        /// The height of that card.
        fitting_height: u32,
    },
    /// The picture exists, but the format asked for cannot hold it.
    #[error("cannot write the picture as {format}: {reason}")]
    Encode {
        /// The format's name.
        format: String,
        /// What the encoder said.
        reason: String,
    },
    /// The caller's checkpoint asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl CanvasError {
    /// The option to blame, where there is one.
    pub fn option(&self) -> Option<&str> {
        match self {
            Self::BadOption { name, .. } => Some(name),
            _ => None,
        }
    }

    /// An option has a value that it cannot have.
    pub fn option_value(name: &str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::BadOption { name: name.into(), expected: expected.into(), got: got.into() }
    }

    /// The input is not what it should be.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidMedia { reason: reason.into() }
    }

    /// Something exceeds a limit.
    pub fn too_large(what: impl Into<String>, got: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::TooLarge { what: what.into(), got: got.into(), limit: limit.into() }
    }
}
