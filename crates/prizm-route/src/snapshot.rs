//! What is true when a choice is made: the one thing besides the request that it goes by.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Money, Offer, Shape};

/// A point in time, in milliseconds since 1970. Snapshots have their own; nothing here reads a clock.
pub type Millis = u64;

/// What is true when a choice is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was made.
    pub now: Millis,
    /// Everything that could be chosen, each model once, in no order that matters.
    pub candidates: Vec<Candidate>,
    /// What is left of the budget that the request names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Which candidate served the request's session last, as `provider/model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// What is left of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its name.
    pub id: String,
    /// What is left: its limit without what was spent and what is reserved.
    pub left: Money,
}

/// One model of one provider, as it is now and for one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it declares.
    pub offer: Arc<Offer>,
    /// What the job comes to with it, its defaults included.
    pub shape: Shape,
    /// What of the request it does not take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// How it has been.
    pub live: Live,
}

/// Something of a request that a model does not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// Its name: of an option, of a limit, of a setting.
    pub field: String,
    /// What it has, and what would fit, for people. No value of the request is in it.
    pub detail: String,
}

/// What of a request a model does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// It does something else.
    Capability,
    /// It has no such option.
    UnknownParameter,
    /// An option's value, or its absence, breaks the schema.
    Parameter,
    /// An input of another kind, or one too many or too few.
    Input,
    /// A type that it does not read, or does not write.
    Format,
    /// An input or an output over its limits.
    Limit,
    /// A setting that it needs is missing or wrong.
    Setting,
    /// A program that it needs is not there.
    Engine,
    /// It could not be loaded.
    Unavailable,
}

/// How a candidate has been: measured, and whole numbers, so that a choice can be made again from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// How long such a job takes; `None` where nobody has measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// How probable it is that the next call succeeds, in millionths.
    pub success: u32,
    /// How many calls, weighed by their age, that probability rests on.
    pub calls: u32,
    /// When the last call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Millis>,
    /// What was charged as a share of what was estimated, in thousandths, from 250 to 4000.
    pub correction: u32,
    /// Whether its process and the services that it needs run.
    pub warm: bool,
    /// Whether it would have to start a service.
    #[serde(default)]
    pub starts_service: bool,
    /// How long it takes to start, in milliseconds, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_start: Option<u64>,
    /// Calls that are under way.
    pub in_flight: u32,
    /// The most that it takes at once: declared, or learned where that is less.
    pub max_in_flight: u32,
    /// What keeps it from being called now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

impl Default for Live {
    /// Nothing has been measured.
    fn default() -> Self {
        Self {
            latency: None,
            success: 900_000,
            calls: 0,
            last: None,
            correction: 1000,
            warm: true,
            starts_service: false,
            cold_start: None,
            in_flight: 0,
            max_in_flight: 1,
            gates: Vec::new(),
        }
    }
}

/// How long jobs of one size take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// What is expected now: it jumps up at once and comes down slowly.
    pub expected: u64,
    /// Half of them took no longer.
    pub p50: u64,
    /// 95 of 100 took no longer.
    pub p95: u64,
    /// How many were measured.
    pub samples: u32,
    /// When the last was.
    pub at: Millis,
}

/// Something that keeps a candidate from being called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Which.
    pub kind: GateKind,
    /// When it opens by itself, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Why it is closed.
    pub detail: String,
}

impl Gate {
    /// Returns whether it is closed at a time. One that waits for the configuration is not opened by a clock.
    pub fn is_closed(&self, now: Millis) -> bool {
        self.kind == GateKind::Config || self.until.is_none_or(|until| until > now)
    }
}

/// What keeps a candidate from being called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateKind {
    /// It failed too often, or is being tried by another call.
    Breaker,
    /// Its key or its account is refused: the configuration must change.
    Config,
    /// It asked to be left alone for a while.
    Rate,
    /// Its process failed.
    Process,
    /// A service that it needs failed.
    Service,
}
