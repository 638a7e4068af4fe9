//! Kinds of media and the capabilities between them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A kind of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MediaKind {
    /// Text, always UTF-8.
    Text,
    /// A still or animated picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures, with or without sound.
    Video,
    /// A three-dimensional model.
    #[serde(rename = "3d")]
    ThreeD,
}

impl MediaKind {
    /// Every kind, in the order of the specification.
    pub const ALL: [MediaKind; 5] = [Self::Text, Self::Image, Self::Audio, Self::Video, Self::ThreeD];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::ThreeD => "3d",
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a provider can do: one kind of media in, one out, or a vendor's own `x-vendor/name`.
///
/// ```
/// use prizm_protocol::{Capability, MediaKind};
///
/// let capability: Capability = "text-to-image".parse()?;
/// assert_eq!(capability, Capability::TEXT_TO_IMAGE);
/// assert_eq!(capability.input(), Some(MediaKind::Text));
/// # Ok::<(), prizm_protocol::ParseCapabilityError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Capability(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Standard(usize),
    Vendor(Arc<str>),
}

macro_rules! capabilities {
    ($($constant:ident = $name:literal, $input:ident => $output:ident;)*) => {
        const STANDARD: &[(&str, MediaKind, MediaKind)] =
            &[$(($name, MediaKind::$input, MediaKind::$output)),*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($constant),* }

        impl Capability {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Capability = Capability(Repr::Standard(Index::$constant as usize));
            )*
        }
    };
}

capabilities! {
    TEXT_TO_TEXT = "text-to-text", Text => Text;
    TEXT_TO_IMAGE = "text-to-image", Text => Image;
    TEXT_TO_AUDIO = "text-to-audio", Text => Audio;
    TEXT_TO_VIDEO = "text-to-video", Text => Video;
    TEXT_TO_3D = "text-to-3d", Text => ThreeD;
    IMAGE_TO_TEXT = "image-to-text", Image => Text;
    IMAGE_TO_IMAGE = "image-to-image", Image => Image;
    IMAGE_TO_VIDEO = "image-to-video", Image => Video;
    IMAGE_TO_3D = "image-to-3d", Image => ThreeD;
    AUDIO_TO_TEXT = "audio-to-text", Audio => Text;
    AUDIO_TO_AUDIO = "audio-to-audio", Audio => Audio;
    VIDEO_TO_TEXT = "video-to-text", Video => Text;
    VIDEO_TO_IMAGE = "video-to-image", Video => Image;
    VIDEO_TO_AUDIO = "video-to-audio", Video => Audio;
    VIDEO_TO_VIDEO = "video-to-video", Video => Video;
}

impl Capability {
    /// Returns the capabilities of protocol 1.0, in the order of the specification.
    pub fn standard() -> impl Iterator<Item = Capability> {
        (0..STANDARD.len()).map(|index| Capability(Repr::Standard(index)))
    }

    /// Returns the name on the wire.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Standard(index) => STANDARD[*index].0,
            Repr::Vendor(name) => name,
        }
    }

    /// Returns the kind of media it takes; `None` for a vendor's own.
    pub fn input(&self) -> Option<MediaKind> {
        match self.0 {
            Repr::Standard(index) => Some(STANDARD[index].1),
            Repr::Vendor(_) => None,
        }
    }

    /// Returns the kind of media it gives; `None` for a vendor's own.
    pub fn output(&self) -> Option<MediaKind> {
        match self.0 {
            Repr::Standard(index) => Some(STANDARD[index].2),
            Repr::Vendor(_) => None,
        }
    }
}

/// A name that is no capability of protocol 1.0 and no well-formed `x-vendor/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a capability: expected one of protocol 1.0 (such as `text-to-image`) or `x-vendor/name`", name.escape_debug())]
pub struct ParseCapabilityError {
    /// What was given, cut to 80 characters.
    pub name: String,
}

impl FromStr for Capability {
    type Err = ParseCapabilityError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some(index) = STANDARD.iter().position(|(standard, ..)| *standard == name) {
            return Ok(Capability(Repr::Standard(index)));
        }
        if is_vendor(name) {
            return Ok(Capability(Repr::Vendor(name.into())));
        }
        Err(ParseCapabilityError { name: name.chars().take(80).collect() })
    }
}

fn is_vendor(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.len() <= 128
        && name
            .strip_prefix("x-")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(vendor, what)| word(vendor) && word(what))
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capability({self})")
    }
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_name_is_its_two_kinds() {
        for capability in Capability::standard() {
            let (input, output) = (capability.input().unwrap(), capability.output().unwrap());
            assert_eq!(capability.as_str(), format!("{input}-to-{output}"));
            assert_eq!(capability.as_str().parse(), Ok(capability.clone()));
            let json = serde_json::to_string(&capability).unwrap();
            assert_eq!(serde_json::from_str::<Capability>(&json).unwrap(), capability);
        }
        assert_eq!(Capability::standard().count(), 15);
        assert_eq!(Capability::VIDEO_TO_VIDEO.as_str(), "video-to-video");
    }

    #[test]
    fn vendor_names_are_well_formed_or_refused() {
        assert_eq!("x-acme/upscale-4k".parse::<Capability>().unwrap().input(), None);
        for bad in ["", "x-", "x-/", "x-acme/", "x-/a", "x-Acme/a", "x-a/b/c", "text-to-imag", "Text-to-image"] {
            assert!(bad.parse::<Capability>().is_err(), "{bad}");
        }
        let long = "y".repeat(10_000);
        assert_eq!(long.parse::<Capability>().unwrap_err().name.len(), 80);
    }
}
