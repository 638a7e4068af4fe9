//! `estimate`: what a job would cost, optional.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::methods::Method;
use crate::{Decimal, MediaKind};

/// Asks what a job would cost. A plugin without it answers −32601.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Estimate;

impl Method for Estimate {
    const NAME: &'static str = "estimate";
    type Params = EstimateParams;
    type Result = EstimateResult;
}

/// A job that is not done yet: what is known of its media, never the media themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EstimateParams {
    /// Which model.
    #[cfg_attr(feature = "schema", schemars(with = "crate::ModelId"))]
    pub model: String,
    /// Which of its capabilities.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Capability"))]
    pub capability: String,
    /// Options by the model's schema.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// The media, as far as they are known.
    #[serde(default)]
    pub inputs: Vec<MediaFacts>,
}

/// What is known of a medium that is not sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MediaFacts {
    /// What it is.
    pub kind: MediaKind,
    /// Its MIME type, such as `image/png`.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Mime"))]
    pub mime: String,
    /// Which of a model's inputs it is; absent for the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is known of it: `width`, `height`, `durationMs` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

/// What a job would cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EstimateResult {
    /// Money, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// ISO 4217 code of `cost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Currency>"))]
    pub currency: Option<String>,
    /// Time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
}
