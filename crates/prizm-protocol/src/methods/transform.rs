//! `transform`: media in, media out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::methods::Method;
use crate::{Decimal, Media};

/// Does a job: media in, media out.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoTransform;

impl Method for DoTransform {
    const NAME: &'static str = "transform";
    type Params = TransformParams;
    type Result = TransformResult;
}

/// One job. It is self-contained: a plugin that was just restarted can do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TransformParams {
    /// Which model.
    #[cfg_attr(feature = "schema", schemars(with = "crate::ModelId"))]
    pub model: String,
    /// Which of its capabilities.
    #[cfg_attr(feature = "schema", schemars(with = "crate::Capability"))]
    pub capability: String,
    /// The media; paths are relative to `jobDir`, under `in/`.
    pub inputs: Vec<Media>,
    /// Options by the model's schema.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Names the job in logs.
    pub job_id: String,
    /// Absolute path of the job's directory; absent only when every medium is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub job_dir: Option<String>,
    /// Milliseconds from now within which an answer is of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// Two calls with one key are one job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Takes up a job that a remote system has already accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// A job that a remote system has already accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resume {
    /// The remote system's name for it, from `$/accepted`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub remote_id: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransformResult {
    /// The media; paths are relative to the job's directory, under `out/`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub outputs: Vec<Media>,
    /// What it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What else there is to say, such as a seed or warnings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

/// What a job used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Money charged, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// ISO 4217 code of `cost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Currency>"))]
    pub currency: Option<String>,
    /// Units counted, such as `tokens` or `seconds`.
    #[serde(flatten)]
    pub units: Map<String, Value>,
}
