//! The notifications, both ways.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Charged;

/// Host → plugin: stop working on a request. It is still answered, exactly once.
pub const CANCEL_REQUEST: &str = "$/cancelRequest";
/// Host → plugin: leave.
pub const EXIT: &str = "exit";
/// Plugin → host: how far a job is.
pub const PROGRESS: &str = "$/progress";
/// Plugin → host: a part of the result.
pub const CHUNK: &str = "$/chunk";
/// Plugin → host: a remote system has taken the job.
pub const ACCEPTED: &str = "$/accepted";
/// Plugin → host: how far `configure` is.
pub const STARTUP: &str = "$/startup";
/// Plugin → host: a line for the log.
pub const LOG: &str = "$/log";

/// Asks to stop working on a request. It is still answered, exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CancelParams {
    /// The request to stop.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::RequestId"))]
    pub id: u64,
}

/// Says how far a request is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The request.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::RequestId"))]
    pub id: u64,
    /// Strictly grows within a request.
    pub seq: u64,
    /// From 0 to 1; never falls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Fraction>"))]
    pub fraction: Option<f64>,
    /// What is being done, in a word: `queued`, `rendering`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Milliseconds that it will still take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_ms: Option<u64>,
}

/// Hands over a part of the result in advance: exactly one of `text` and `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::chunk))]
pub struct Chunk {
    /// The request.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::RequestId"))]
    pub id: u64,
    /// Strictly grows within a request.
    pub seq: u64,
    /// The next piece of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The next file, relative to the job's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::JobPath>"))]
    pub path: Option<String>,
}

/// Says that a remote system has taken the job, so that nobody submits it twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The request.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::RequestId"))]
    pub id: u64,
    /// The remote system's name for the job.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub remote_id: String,
    /// Whether the call has cost money.
    pub charged: Charged,
}

/// Says how far `configure` is. It extends that deadline and no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Startup {
    /// What is being loaded.
    pub stage: String,
    /// From 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Fraction>"))]
    pub fraction: Option<f64>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Writes a line to the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Log {
    /// How grave it is.
    pub level: LogLevel,
    /// What happened.
    pub message: String,
    /// Details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Value>>,
}

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    #[serde(alias = "warning")]
    Warn,
    /// For authors.
    Debug,
    /// For authors with patience.
    Trace,
    /// Good to know; also what any unknown word means.
    #[serde(other)]
    Info,
}
