//! What is wanted.

use prizm_protocol::Capability;
use serde::{Deserialize, Serialize};

use crate::Criteria;

/// What is wanted. What the inputs come to is in the snapshot, for each candidate; their content is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is to be turned into what.
    pub capability: Capability,
    /// What the choice goes by.
    #[serde(default)]
    pub criteria: Criteria,
    /// What stands for chance: which of nearly equal candidates is taken, and when a runner-up is tried.
    #[serde(default)]
    pub seed: u64,
}

impl Request {
    /// Starts a request that goes by the usual.
    pub fn new(capability: Capability) -> Self {
        Self { capability, criteria: Criteria::default(), seed: 0 }
    }
}
