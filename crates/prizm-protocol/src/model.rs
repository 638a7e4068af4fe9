//! What a provider says of its models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::MediaKind;

/// A model as a plugin declares it. Names are unchecked text until the host has validated them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Its id, unique within the provider.
    #[cfg_attr(feature = "schema", schemars(with = "crate::ModelId"))]
    pub id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is good for, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The capabilities it has; each must be the provider's too.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::Capability>", transform = crate::schema::set))]
    pub capabilities: Vec<String>,
    /// JSON Schema 2020-12 of `transform`'s `options`, by capability.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::ByCapability<crate::schema::OptionsSchema>"))]
    pub options: BTreeMap<String, Value>,
    /// The inputs it takes, by capability; absent means one of the capability's input kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::ByCapability<Vec<InputSlot>>"))]
    pub inputs: BTreeMap<String, Vec<InputSlot>>,
    /// What a call costs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pricing: Vec<Price>,
    /// True where a call costs nothing. Absent means unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_free: Option<bool>,
    /// Bounds on media, such as `maxWidth` (pixels) or `maxDurationMs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Map<String, Value>>,
    /// MIME types that it reads; absent means any of the capability's input kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<crate::schema::Mime>>"))]
    pub input_formats: Option<Vec<String>>,
    /// MIME types that it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<crate::schema::Mime>>"))]
    pub output_formats: Option<Vec<String>>,
    /// What it can do beyond the plain call: lower-case words joined by `_`, such as `streaming`, `seed`, `cancel`,
    /// `progress`, `negative_prompt`, `transparency`, `word_timestamps`, `webhook` or `idempotency` (two calls with
    /// one `idempotencyKey` are one job).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Features"))]
    pub features: Vec<String>,
    /// How good its results are, in its author's own word: 0 to 5, the best. Absent means unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 5)))]
    pub quality: Option<u32>,
    /// How long a typical call takes, in milliseconds: a hint until it has been measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub typical_ms: Option<u64>,
}

impl Model {
    /// Starts a model with its id and capabilities.
    pub fn new(id: impl Into<String>, capabilities: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { id: id.into(), capabilities: capabilities.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// One input of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InputSlot {
    /// Its role; absent for the primary input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The kind of media it takes.
    pub kind: MediaKind,
    /// True, the default, where a call without it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}

/// A unit price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// The capability it is for; absent for all of the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::Capability>"))]
    pub capability: Option<String>,
    /// What is counted. Hosts understand `call`, `image`, `megapixel`, `input_megapixel`, `second` (of the output; of
    /// the input where the output has no duration), `video_second`, `audio_second`, `character` (of the input; also
    /// `input_char`), `token` (both ways), `input_token`, `output_token`, `step` and `gpu_second`. With any other word
    /// the price is unknown to them. What is asked per 1000 or per million is the amount of one: `0.00000015`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub unit: String,
    /// Price of one unit, a decimal string.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Decimal"))]
    pub amount: String,
    /// ISO 4217 code, such as `USD`.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Currency"))]
    pub currency: String,
}
