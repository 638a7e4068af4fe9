//! What is known of an instance: written by its owner, read by everybody.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::Error;

/// What an instance is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It does not run.
    #[default]
    Stopped,
    /// It is being prepared and started; it is not ready.
    Starting,
    /// It can be used.
    Ready,
    /// It runs, and did not answer the last time it was asked.
    Degraded,
    /// It ended by itself, and is started again after a while.
    Waiting,
    /// It is being stopped.
    Stopping,
    /// It cannot be used.
    Failed,
}

impl Condition {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Waiting => "waiting",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }

    /// Whether it can be used.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Ready | Self::Degraded)
    }
}

/// The state of an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// What it is doing.
    pub condition: Condition,
    /// How far a start is: a stage, such as `build` or `ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What is being done in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The URLs of its endpoints, by name, as they were observed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, String>,
    /// Grows with every start: with another number, the endpoints are others.
    pub generation: u64,
    /// Who owns it: a pid, for people.
    pub owner: u32,
    /// When the condition began, in milliseconds since 1970.
    pub since_ms: u64,
    /// How long the last start took until it was ready, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// Whether what runs was there before its owner: it was taken over, not started.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// How often it ended by itself since it was started by a user.
    pub restarts: u32,
    /// Why it waits, is degraded or has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Error>,
    /// Until when nobody tries to start it again, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at_ms: Option<u64>,
}

impl State {
    /// Returns how long it must still be waited before it may be started again.
    pub fn blocked_for(&self) -> Option<Duration> {
        let left = self.retry_at_ms?.saturating_sub(now_ms());
        (self.condition == Condition::Failed && left > 0).then(|| Duration::from_millis(left))
    }
}

/// Returns the time in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
