//! A job that is not done yet, only weighed.

use prizm_protocol::Capability;
use prizm_protocol::methods::estimate::MediaFacts;
use serde_json::{Map, Value};

/// A job whose cost is asked for. The model exists and has the capability: the SDK has checked both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EstimateRequest {
    /// Which model.
    pub model: String,
    /// Which of its capabilities.
    pub capability: Capability,
    /// What is known of the media, never the media themselves; empty where nothing is.
    pub inputs: Vec<MediaFacts>,
    /// Options by the model's schema.
    pub options: Map<String, Value>,
}

impl EstimateRequest {
    /// Returns what is known of the primary input: the first one without a role.
    pub fn input(&self) -> Option<&MediaFacts> {
        self.inputs.iter().find(|facts| facts.role.is_none())
    }

    /// Returns what is known of the input with this role.
    pub fn input_with_role(&self, role: &str) -> Option<&MediaFacts> {
        self.inputs.iter().find(|facts| facts.role.as_deref() == Some(role))
    }
}
