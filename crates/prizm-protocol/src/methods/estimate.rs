//! `estimate`: what a job would cost, optional.

use serde::{Deserialize, Serialize};

use crate::Decimal;
use crate::methods::{Method, transform::TransformParams};

/// Asks what a job would cost. A plugin without it answers −32601.
pub struct Estimate;

impl Method for Estimate {
    const NAME: &'static str = "estimate";
    type Params = TransformParams;
    type Result = EstimateResult;
}

/// What a job would cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimateResult {
    /// Money, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// ISO 4217 code of `cost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
}
