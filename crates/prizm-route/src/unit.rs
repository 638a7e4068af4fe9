//! What a call is counted in.

use prizm_protocol::{Capability, MediaKind};
use serde::{Deserialize, Serialize};

/// What is counted of a call, and priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// The call itself.
    Call,
    /// An image that is made.
    Image,
    /// A million pixels that are made.
    Megapixel,
    /// A million pixels that are read.
    InputMegapixel,
    /// A second of video: that is made, or read where none is made.
    VideoSecond,
    /// A second of audio: that is made, or read where none is made.
    AudioSecond,
    /// A character that is read.
    InputChar,
    /// A token that is read.
    InputToken,
    /// A token that is written.
    OutputToken,
    /// A step of the model.
    Step,
    /// A second of the machine's time.
    GpuSecond,
}

impl Unit {
    /// Returns what a unit of a price means for a capability; nothing for a name that is not known. A
    /// price of a `token` is for those that are read and for those that are written.
    ///
    /// ```
    /// use prizm_protocol::Capability;
    /// use prizm_route::Unit;
    ///
    /// assert_eq!(Unit::named("second", &Capability::AUDIO_TO_TEXT), [Unit::AudioSecond]);
    /// assert_eq!(Unit::named("tokens", &Capability::TEXT_TO_TEXT), [Unit::InputToken, Unit::OutputToken]);
    /// assert!(Unit::named("fortnight", &Capability::TEXT_TO_TEXT).is_empty());
    /// ```
    pub fn named(name: &str, capability: &Capability) -> &'static [Self] {
        let mut plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        plain.make_ascii_lowercase();
        match plain.strip_suffix('s').unwrap_or(&plain) {
            "call" | "request" => &[Self::Call],
            "image" => &[Self::Image],
            "megapixel" | "outputmegapixel" => &[Self::Megapixel],
            "inputmegapixel" => &[Self::InputMegapixel],
            "second" if is_timed(capability, MediaKind::Video) => &[Self::VideoSecond],
            "second" if is_timed(capability, MediaKind::Audio) => &[Self::AudioSecond],
            "videosecond" => &[Self::VideoSecond],
            "audiosecond" => &[Self::AudioSecond],
            "character" | "char" | "inputcharacter" | "inputchar" => &[Self::InputChar],
            "token" => &[Self::InputToken, Self::OutputToken],
            "inputtoken" => &[Self::InputToken],
            "outputtoken" => &[Self::OutputToken],
            "step" => &[Self::Step],
            "gpusecond" | "computesecond" => &[Self::GpuSecond],
            _ => &[],
        }
    }

    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Image => "image",
            Self::Megapixel => "megapixel",
            Self::InputMegapixel => "input_megapixel",
            Self::VideoSecond => "video_second",
            Self::AudioSecond => "audio_second",
            Self::InputChar => "input_char",
            Self::InputToken => "input_token",
            Self::OutputToken => "output_token",
            Self::Step => "step",
            Self::GpuSecond => "gpu_second",
        }
    }
}

/// The output's time counts, and the input's where the output has none. A video has its own sound.
fn is_timed(capability: &Capability, kind: MediaKind) -> bool {
    let timed = |kind: &Option<MediaKind>| matches!(kind, Some(MediaKind::Video | MediaKind::Audio));
    Some(capability.output()).filter(timed).unwrap_or(capability.input()) == Some(kind)
}
