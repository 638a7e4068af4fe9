//! What a job comes to in units, before anybody has done it.

use std::collections::BTreeMap;

use prizm_protocol::{Capability, MediaKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Quantity, Unit};

/// How many characters a token has, about: English text and today's tokenizers.
const CHARS_A_TOKEN: u64 = 4;
/// How many characters are spoken in a second, about.
const CHARS_A_SECOND: u64 = 15;
/// How many tokens are written where nobody said.
const TOKENS_WRITTEN: u64 = 256;
/// How long a video is, in milliseconds, where nobody said.
const VIDEO_MS: u64 = 5000;
/// How large an image is, in pixels, where nobody said.
const PIXELS: u64 = 1 << 20;

/// What is known of an input. Its content is none of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is.
    pub kind: MediaKind,
    /// Its type, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its characters, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chars: Option<u64>,
    /// Its width, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Its height, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// How long it is, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
}

impl Input {
    /// Starts an input of which nothing else is known.
    pub const fn new(kind: MediaKind) -> Self {
        Self { kind, mime: None, bytes: None, chars: None, width: None, height: None, millis: None }
    }
}

/// What options say of the size of the output: those of a call, or the defaults of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dimensions {
    /// How many outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Their width, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Their height, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// How long they are, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// How many tokens are written at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// How many steps the model takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// What options are called that say how many outputs.
const COUNT: [&str; 7] = ["n", "count", "num_images", "numImages", "num_outputs", "numOutputs", "samples"];
/// Options of a length in seconds.
const SECONDS: [&str; 6] = ["duration", "seconds", "duration_seconds", "durationSeconds", "length", "length_seconds"];
/// Options of the most tokens that are written.
const TOKENS: [&str; 5] = ["max_tokens", "maxTokens", "max_output_tokens", "maxOutputTokens", "max_completion_tokens"];
/// Options of the steps of a model.
const STEPS: [&str; 4] = ["steps", "num_inference_steps", "numInferenceSteps", "inference_steps"];
/// Options of a size, such as `1024x768`.
const SIZE: [&str; 3] = ["size", "image_size", "resolution"];

impl Dimensions {
    /// Reads what options say of the size of an output, by the names that such options usually have. What is
    /// called otherwise, or is no number, says nothing.
    ///
    /// ```
    /// use prizm_route::Dimensions;
    ///
    /// let options = serde_json::json!({"size": "1024x768", "n": 2, "seed": 7});
    /// let asked = Dimensions::read(options.as_object().unwrap());
    /// assert_eq!((asked.width, asked.height, asked.count), (Some(1024), Some(768), Some(2)));
    /// ```
    pub fn read(options: &Map<String, Value>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| number(options.get(*name)?));
        let size = SIZE.iter().find_map(|name| match options.get(*name)? {
            Value::String(text) => {
                let (width, height) = text.split_once(['x', 'X', '\u{d7}'])?;
                Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
            }
            Value::Object(size) => Some((number(size.get("width")?)?, number(size.get("height")?)?)),
            _ => None,
        });
        Self {
            count: first(&COUNT),
            width: first(&["width"]).or(size.map(|(width, _)| width)),
            height: first(&["height"]).or(size.map(|(_, height)| height)),
            millis: SECONDS.iter().find_map(|name| millis(options.get(*name)?)),
            tokens: first(&TOKENS),
            steps: first(&STEPS),
        }
    }

    /// Fills what nobody said from others.
    #[must_use]
    pub fn or(self, defaults: Self) -> Self {
        // A width without a height is no size: they come from one side.
        let sized = if self.width.is_some() || self.height.is_some() { self } else { defaults };
        Self {
            count: self.count.or(defaults.count),
            width: sized.width,
            height: sized.height,
            millis: self.millis.or(defaults.millis),
            tokens: self.tokens.or(defaults.tokens),
            steps: self.steps.or(defaults.steps),
        }
    }

    fn pixels(self) -> Option<u64> {
        match (self.width, self.height) {
            (Some(width), Some(height)) => Some(width.saturating_mul(height)),
            (Some(side), None) | (None, Some(side)) => Some(side.saturating_mul(side)),
            (None, None) => None,
        }
    }
}

/// What a job comes to: how many of each unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// How many, by unit. One that is missing is not known.
    pub units: BTreeMap<Unit, Quantity>,
    /// Those among them that are guesses, because nobody said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Unit>,
}

impl Shape {
    /// Derives it from what goes in and what is asked for.
    ///
    /// ```
    /// use prizm_protocol::{Capability, MediaKind};
    /// use prizm_route::{Dimensions, Input, Quantity, Shape, Unit};
    ///
    /// let asked = Dimensions { count: Some(2), width: Some(1024), height: Some(768), ..Dimensions::default() };
    /// let shape = Shape::of(&Capability::TEXT_TO_IMAGE, &[Input::new(MediaKind::Text)], asked);
    /// assert_eq!(shape.units[&Unit::Image], Quantity::whole(2));
    /// assert_eq!(shape.units[&Unit::Megapixel].to_string(), "1.572864");
    /// ```
    pub fn of(capability: &Capability, inputs: &[Input], asked: Dimensions) -> Self {
        let mut shape = Self::default();
        shape.know(Unit::Call, Quantity::whole(1));
        shape.read(inputs);
        let chars = sum(inputs, |input| input.chars);
        let played = sum(inputs, |input| input.millis);
        match capability.output() {
            Some(MediaKind::Image) => shape.image(asked, input_pixels(inputs)),
            Some(MediaKind::Video) => shape.time(Unit::VideoSecond, asked.millis.or(played), VIDEO_MS),
            Some(MediaKind::Audio) => {
                let spoken = chars.map_or(VIDEO_MS, |chars| chars.saturating_mul(1000) / CHARS_A_SECOND);
                shape.time(Unit::AudioSecond, asked.millis.or(played), spoken.max(1000));
            }
            Some(MediaKind::Text) => {
                shape.known_or(Unit::OutputToken, asked.tokens.map(Quantity::whole), TOKENS_WRITTEN)
            }
            _ => {}
        }
        if let Some(steps) = asked.steps {
            shape.know(Unit::Step, Quantity::whole(steps.saturating_mul(asked.count.unwrap_or(1))));
        }
        shape
    }

    /// Counts what is read.
    fn read(&mut self, inputs: &[Input]) {
        if let Some(chars) = sum(inputs, |input| input.chars) {
            self.know(Unit::InputChar, Quantity::whole(chars));
            self.guess(Unit::InputToken, Quantity::whole(chars.div_ceil(CHARS_A_TOKEN)));
        }
        if let Some(pixels) = input_pixels(inputs) {
            self.know(Unit::InputMegapixel, Quantity::from_micros(pixels));
        }
        for (kind, unit) in [(MediaKind::Video, Unit::VideoSecond), (MediaKind::Audio, Unit::AudioSecond)] {
            let of_kind = inputs.iter().filter(|input| input.kind == kind);
            let millis = of_kind.filter_map(|input| input.millis).reduce(u64::saturating_add);
            if let Some(millis) = millis {
                self.know(unit, Quantity::from_millis(millis));
            }
        }
    }

    fn image(&mut self, asked: Dimensions, read: Option<u64>) {
        let count = asked.count.unwrap_or(1);
        self.know(Unit::Image, Quantity::whole(count));
        let pixels = asked.pixels().or(read).map(|pixels| Quantity::from_micros(pixels.saturating_mul(count)));
        self.units.insert(Unit::Megapixel, pixels.unwrap_or(Quantity::from_micros(PIXELS.saturating_mul(count))));
        if pixels.is_none() {
            self.assumed.push(Unit::Megapixel);
        }
    }

    fn time(&mut self, unit: Unit, millis: Option<u64>, otherwise: u64) {
        match millis {
            Some(millis) => self.know(unit, Quantity::from_millis(millis)),
            None => self.guess(unit, Quantity::from_millis(otherwise)),
        }
    }

    fn known_or(&mut self, unit: Unit, known: Option<Quantity>, otherwise: u64) {
        match known {
            Some(quantity) => self.know(unit, quantity),
            None => self.guess(unit, Quantity::whole(otherwise)),
        }
    }

    fn know(&mut self, unit: Unit, quantity: Quantity) {
        self.units.insert(unit, quantity);
    }

    fn guess(&mut self, unit: Unit, quantity: Quantity) {
        self.units.insert(unit, quantity);
        self.assumed.push(unit);
    }

    /// Returns how much work it is, in thousandths of the unit that its time goes with: at least one. Jobs
    /// of one capability are compared by it.
    pub fn work(&self, capability: &Capability) -> u64 {
        let of = |unit| self.units.get(&unit).map(|quantity: &Quantity| quantity.micros() / 1000);
        let work = match (capability.input(), capability.output()) {
            (_, Some(MediaKind::Image)) => of(Unit::Megapixel),
            (_, Some(MediaKind::Video)) => of(Unit::VideoSecond),
            (_, Some(MediaKind::Audio)) => of(Unit::AudioSecond),
            (Some(MediaKind::Video), _) => of(Unit::VideoSecond),
            (Some(MediaKind::Audio), _) => of(Unit::AudioSecond),
            (Some(MediaKind::Image), _) => of(Unit::InputMegapixel),
            (_, Some(MediaKind::Text)) => of(Unit::OutputToken),
            _ => None,
        };
        work.unwrap_or(1000).max(1)
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Reads seconds, which need not be whole.
fn millis(value: &Value) -> Option<u64> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim_end_matches('s').parse().ok())?;
    let is_sane = (0.0..1e9).contains(&seconds);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    is_sane.then_some((seconds * 1000.0).round() as u64)
}

fn sum(inputs: &[Input], of: impl Fn(&Input) -> Option<u64>) -> Option<u64> {
    inputs.iter().filter_map(of).reduce(u64::saturating_add)
}

fn input_pixels(inputs: &[Input]) -> Option<u64> {
    sum(inputs, |input| Some(input.width?.saturating_mul(input.height?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_a_guess_and_says_so() {
        let text = Input { chars: Some(150), ..Input::new(MediaKind::Text) };
        let shape = Shape::of(&Capability::TEXT_TO_AUDIO, std::slice::from_ref(&text), Dimensions::default());
        assert_eq!(shape.units[&Unit::AudioSecond], Quantity::whole(10));
        assert_eq!(shape.assumed, [Unit::InputToken, Unit::AudioSecond]);
        assert_eq!(shape.work(&Capability::TEXT_TO_AUDIO), 10_000);

        let shape = Shape::of(&Capability::TEXT_TO_IMAGE, &[text], Dimensions::default());
        assert_eq!(shape.units[&Unit::Megapixel], Quantity::from_micros(PIXELS));
        assert!(shape.assumed.contains(&Unit::Megapixel) && !shape.units.contains_key(&Unit::Step));
    }

    #[test]
    fn what_is_read_counts_where_nothing_of_its_kind_is_made() {
        let talk = Input { millis: Some(90_500), ..Input::new(MediaKind::Audio) };
        let shape = Shape::of(&Capability::AUDIO_TO_TEXT, &[talk], Dimensions::default());
        assert_eq!(shape.units[&Unit::AudioSecond].to_string(), "90.5");
        assert_eq!(shape.work(&Capability::AUDIO_TO_TEXT), 90_500);

        let photo = Input { width: Some(4000), height: Some(3000), ..Input::new(MediaKind::Image) };
        let asked = Dimensions { width: Some(100), ..Dimensions::default() };
        let shape = Shape::of(&Capability::IMAGE_TO_IMAGE, &[photo], asked);
        assert_eq!(shape.units[&Unit::InputMegapixel], Quantity::whole(12));
        assert_eq!(shape.units[&Unit::Megapixel], Quantity::from_micros(10_000));
    }

    #[test]
    fn a_size_comes_from_one_side() {
        let asked = Dimensions { width: Some(100), ..Dimensions::default() };
        let defaults = Dimensions { height: Some(900), count: Some(3), ..Dimensions::default() };
        assert_eq!(asked.or(defaults), Dimensions { width: Some(100), count: Some(3), ..Dimensions::default() });
        assert_eq!(Dimensions::default().or(defaults), defaults);
    }
}
