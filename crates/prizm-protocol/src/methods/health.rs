//! `health`: how a plugin feels.

use serde::{Deserialize, Serialize};

use crate::methods::{Empty, Method};

/// Asks how the plugin feels.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetHealth;

impl Method for GetHealth {
    const NAME: &'static str = "health";
    type Params = Empty;
    type Result = Health;
}

/// How a plugin feels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// In a word.
    pub status: HealthStatus,
    /// Milliseconds since it started.
    pub uptime_ms: u64,
    /// Jobs that run.
    pub active_jobs: u32,
    /// Jobs that wait.
    pub queued_jobs: u32,
    /// The last thing that went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Health in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// All is well.
    Healthy,
    /// It cannot work.
    Unhealthy,
    /// It works, with something missing; also what any unknown word means.
    #[serde(other)]
    Degraded,
}

impl HealthStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}
