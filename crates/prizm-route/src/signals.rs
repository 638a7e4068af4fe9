//! What is learned of candidates from the calls that are made: one state for each model of a provider, and one
//! for each provider. Both are small, serialise, and know no clock: the time comes with what is observed.

mod breaker;
mod config;
mod correction;
mod fading;
mod histogram;
mod latency;
mod limit;
mod model;
mod provider;
mod rate;
mod success;
#[cfg(test)]
mod tests;
mod window;

pub use model::ModelSignals;
pub use provider::ProviderSignals;

use crate::{Class, Money, snapshot::Millis};

/// The longest that a call counts for, in milliseconds: 4 hours. A single measurement cannot say more.
const LONGEST_CALL: u64 = 4 * 60 * 60 * 1000;
/// How long a probe may be under way before it is taken for lost, in milliseconds.
const PROBE_LEASE: u64 = 5 * 60 * 1000;

/// A call that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When it ended.
    pub at: Millis,
    /// How much work it was: [`Shape::work`](crate::Shape::work).
    pub work: u64,
    /// How long it took in milliseconds, without its wait for a place and without a start.
    pub elapsed: u64,
    /// How long the start took that it waited for, in milliseconds.
    pub cold_start: Option<u64>,
    /// How many calls the provider had at once when it began, itself included.
    pub at_once: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was to cost by the prices alone, without what was learned of them.
    pub estimated: Option<Money>,
    /// What the provider says that it has cost.
    pub charged: Option<Money>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked.
    Success,
    /// It did not.
    Failure {
        /// What kind of failure.
        class: Class,
        /// For how long the provider asked to be left alone, in milliseconds.
        retry_after: Option<u64>,
        /// It was refused because the provider had too many calls at once, not too many in a time.
        too_many_at_once: bool,
    },
}

/// Whether a call may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a permit leads to an observation, or is withdrawn"]
pub enum Admission {
    /// As any other.
    Normal,
    /// As the one call that finds out whether it works again.
    Probe,
    /// No.
    Refused,
}

impl Observation {
    /// How long it took, within what a single call can say.
    fn took(&self) -> u64 {
        self.elapsed.clamp(1, LONGEST_CALL)
    }

    /// When it was sent, about.
    fn began(&self) -> Millis {
        self.at.saturating_sub(self.took())
    }
}

/// A permit of two gates that both admit.
fn both(one: Admission, other: Admission) -> Admission {
    match (one, other) {
        (Admission::Refused, _) | (_, Admission::Refused) => Admission::Refused,
        (Admission::Probe, _) | (_, Admission::Probe) => Admission::Probe,
        _ => Admission::Normal,
    }
}

/// Leaves out of a serialised state what is as at the beginning.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
