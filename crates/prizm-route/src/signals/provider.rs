//! What is learned of one provider: of the credential, and of the process.

use serde::{Deserialize, Serialize};

use crate::Closes;
use crate::signals::config::ConfigGate;
use crate::signals::limit::Limit;
use crate::signals::rate::RateGate;
use crate::signals::{Admission, LONGEST_CALL, Observation, Outcome, is_default};
use crate::snapshot::{Live, Millis};

/// How many starts are remembered.
const STARTS: usize = 9;
/// How many refusals in a row, of whatever models, it takes where calls have succeeded: a key may be good for
/// one model, and not for another.
const REFUSALS: u32 = 2;

/// What is learned of one provider, for one configuration of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderSignals {
    #[serde(skip_serializing_if = "is_default")]
    rate: RateGate,
    #[serde(skip_serializing_if = "is_default")]
    config: ConfigGate,
    /// A call has succeeded with this configuration.
    #[serde(skip_serializing_if = "is_default")]
    has_worked: bool,
    /// Refusals of the key or the account since then.
    #[serde(skip_serializing_if = "is_default")]
    refusals: u32,
    #[serde(skip_serializing_if = "is_default")]
    limit: Limit,
    /// How long the last starts took, in milliseconds, the latest last.
    #[serde(skip_serializing_if = "is_default")]
    starts: Vec<u64>,
}

impl ProviderSignals {
    /// Learns from a call to any of its models.
    pub fn observe(&mut self, observation: &Observation) {
        let (began, at) = (observation.began(), observation.at);
        let (class, retry_after, too_many_at_once) = match observation.outcome {
            Outcome::Success => {
                self.learn_start(observation);
                self.limit.raise(observation.at_once);
                if !self.config.is_of_before(began) {
                    (self.has_worked, self.refusals) = (true, 0);
                }
                return self.config.succeed(began);
            }
            Outcome::Failure { class, retry_after, too_many_at_once } => (class, retry_after, too_many_at_once),
        };
        match class.closes() {
            Closes::Process => return,
            Closes::Config if !self.config.is_of_before(began) => {
                self.refusals = self.refusals.saturating_add(1);
                if !self.has_worked || self.refusals >= REFUSALS {
                    self.config.refuse(began, at);
                }
            }
            Closes::Rate => {
                // Fewer at once is the remedy then, unless it was the only one, or it asks for a wait.
                let is_crowd = too_many_at_once && observation.at_once > 1;
                if too_many_at_once {
                    self.limit.lower(observation.at_once);
                }
                if !is_crowd || retry_after.is_some_and(|wait| wait > 0) {
                    self.rate.refuse(began, at, retry_after);
                }
            }
            Closes::Config | Closes::Breaker | Closes::Nothing => {}
        }
        self.learn_start(observation);
    }

    /// Asks whether it may be called now. A permit leads to an observation, or is withdrawn. The model is
    /// asked as well.
    pub fn admit(&mut self, now: Millis) -> Admission {
        if self.rate.gate(now).is_some() { Admission::Refused } else { self.config.admit(now) }
    }

    /// Gives back a permit that has led to no call, or to one that was cancelled.
    pub fn withdraw(&mut self, admission: Admission, now: Millis) {
        if admission == Admission::Probe {
            self.config.withdraw(now);
        }
    }

    /// Learns that its configuration is another: what was learned of the account is of the old one.
    pub fn configured(&mut self, now: Millis) {
        *self = Self { starts: std::mem::take(&mut self.starts), ..Self::default() };
        self.config.configured(now);
    }

    /// Says how it has been: gates, the most at once where less than declared was learned, and the start.
    pub fn fill(&self, now: Millis, live: &mut Live) {
        live.gates.extend([self.rate.gate(now), self.config.gate(now)].into_iter().flatten());
        if let Some(calls) = self.limit.calls() {
            live.max_in_flight = live.max_in_flight.min(calls);
        }
        live.cold_start = self.cold_start();
    }

    /// Returns how many calls it takes at once, where that was learned.
    pub fn learned_limit(&self) -> Option<u32> {
        self.limit.calls()
    }

    fn cold_start(&self) -> Option<u64> {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        starts.get(starts.len().checked_sub(1)? / 2).copied()
    }

    fn learn_start(&mut self, observation: &Observation) {
        if let Some(took) = observation.cold_start {
            let surplus = (self.starts.len() + 1).saturating_sub(STARTS);
            self.starts.drain(..surplus);
            self.starts.push(took.min(LONGEST_CALL));
        }
    }
}
