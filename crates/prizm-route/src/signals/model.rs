//! What is learned of one model of a provider, for one capability.

use serde::{Deserialize, Serialize};

use crate::signals::breaker::{Breaker, Verdict};
use crate::signals::config::ConfigGate;
use crate::signals::correction::Correction;
use crate::signals::latency::Latencies;
use crate::signals::rate::RateGate;
use crate::signals::success::Success;
use crate::signals::{Admission, Observation, Outcome, both, is_default};
use crate::snapshot::{Latency, Live, Millis};
use crate::{Class, Closes};

/// What is learned of one model of a provider, for one capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSignals {
    #[serde(skip_serializing_if = "is_default")]
    latency: Latencies,
    #[serde(skip_serializing_if = "is_default")]
    success: Success,
    #[serde(skip_serializing_if = "is_default")]
    correction: Correction,
    #[serde(skip_serializing_if = "is_default")]
    breaker: Breaker,
    /// The key may be good for other models, and not for this one.
    #[serde(skip_serializing_if = "is_default")]
    config: ConfigGate,
    /// It has no room, and has said for how long.
    #[serde(skip_serializing_if = "is_default")]
    pause: RateGate,
    #[serde(skip_serializing_if = "is_default")]
    last: Option<Millis>,
}

impl ModelSignals {
    /// Learns from a call.
    pub fn observe(&mut self, observation: &Observation) {
        let Observation { at, work, outcome, estimated, charged, .. } = *observation;
        let (took, began) = (observation.took(), observation.began());
        self.last = Some(at);
        let (class, retry_after) = match outcome {
            Outcome::Success => {
                self.latency.learn(work, took, at);
                self.success.succeed(at);
                self.config.succeed(began);
                self.breaker.observe(began, at, Verdict::Works);
                if let (Some(estimated), Some(charged)) = (estimated, charged) {
                    self.correction.learn(estimated, charged);
                }
                return;
            }
            Outcome::Failure { class, retry_after, .. } => (class, retry_after),
        };
        self.success.fail(class.blame(), at);
        // That it failed fast does not make it fast.
        if class == Class::Timeout {
            self.latency.outlast(work, took, at);
        }
        let verdict = match class.closes() {
            Closes::Breaker => Verdict::Fails,
            Closes::Config => {
                self.config.refuse(began, at);
                Verdict::Nothing
            }
            Closes::Nothing | Closes::Rate | Closes::Process => Verdict::Nothing,
        };
        self.breaker.observe(began, at, verdict);
        if verdict == Verdict::Fails && retry_after.is_some_and(|wait| wait > 0) {
            self.pause.refuse(began, at, retry_after);
        }
    }

    /// Asks whether it may be called now. A permit leads to an observation, or is withdrawn. The provider is
    /// asked as well.
    pub fn admit(&mut self, now: Millis) -> Admission {
        let gates = [self.pause.gate(now), self.config.gate(now), self.breaker.gate(now)];
        if gates.iter().any(Option::is_some) {
            return Admission::Refused;
        }
        both(self.config.admit(now), self.breaker.admit(now))
    }

    /// Gives back a permit that has led to no call, or to one that was cancelled.
    pub fn withdraw(&mut self, admission: Admission, now: Millis) {
        if admission == Admission::Probe {
            self.config.withdraw(now);
            self.breaker.withdraw();
        }
    }

    /// Learns that the provider's configuration is another.
    pub fn configured(&mut self, now: Millis) {
        self.config.configured(now);
    }

    /// Returns how long the jobs take of the size of which most were measured.
    pub fn usual_latency(&self) -> Option<Latency> {
        self.latency.usual()
    }

    /// Says how it has been, for a job of so much work.
    pub fn fill(&self, now: Millis, work: u64, live: &mut Live) {
        live.latency = self.latency.of(work);
        (live.success, live.calls) = self.success.estimate(now);
        live.last = self.last;
        live.correction = self.correction.permille();
        live.gates.extend([self.pause.gate(now), self.config.gate(now), self.breaker.gate(now)].into_iter().flatten());
    }
}
