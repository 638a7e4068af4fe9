//! A call that is watched: how long it takes, how it ends, and what it costs teaches something.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prizm_protocol::Capability;
use prizm_protocol::methods::transform::Usage;
use prizm_route::{Closes, Dimensions, Money, Observation, Offer, Outcome as Seen, Rate, Shape};
use serde_json::{Map, Value};

use super::attempt::{Trace, failure, lesson};
use super::memory::{InFlight, Memory, ModelMemory};
use super::{Offers, Routing, millis, now};
use crate::{Error, Media, Model, Outcome};

/// A call that is watched. One that is given up says nothing.
pub(crate) struct Watch {
    offer: Arc<Offer>,
    offers: Arc<Offers>,
    model: Arc<ModelMemory>,
    shape: Shape,
    work: u64,
    at_once: u32,
    _in_flight: InFlight,
}

impl Watch {
    pub(crate) fn begin(
        model: &Model,
        capability: &Capability,
        inputs: &[Media],
        options: &Map<String, Value>,
    ) -> Option<Self> {
        let offers = model.entry.offers(&model.around, now())?;
        let listed = offers.of_model(capability, model.index)?;
        let facts: Vec<_> = inputs.iter().map(Media::facts).collect();
        let shape = Shape::of(capability, &facts, Dimensions::read(options).or(listed.offer.defaults));
        let in_flight = Memory::enter(&listed.memory, &offers.provider);
        Some(Self {
            offer: Arc::clone(&listed.offer),
            model: Arc::clone(&listed.memory),
            work: shape.work(capability),
            shape,
            at_once: offers.provider.in_flight.load(Ordering::Relaxed),
            _in_flight: in_flight,
            offers,
        })
    }

    /// Learns from how it ended. `elapsed` is without the start of a process and without waiting for a turn.
    pub(crate) fn ended(
        &self,
        routing: &Routing,
        done: Result<Option<&Usage>, &Error>,
        elapsed: Duration,
        cold_start: Option<Duration>,
    ) {
        let at = now();
        let (outcome, charged) = match done {
            Ok(usage) => (Seen::Success, usage.and_then(|usage| routing.charged(usage))),
            Err(error) => {
                let class = failure(error, &Trace::default(), self.offer.location, false).class;
                if !error.teaches(class) {
                    return;
                }
                if class.closes() == Closes::Config {
                    // The gate opens when the settings are others than these.
                    routing.memory.refused(&self.offer.provider, self.offers.settings);
                }
                (lesson(error, class), None)
            }
        };
        let elapsed = millis(elapsed);
        let seen = Observation {
            at,
            work: self.work,
            elapsed,
            cold_start: cold_start.map(millis),
            at_once: self.at_once,
            outcome,
            estimated: self.offer.pricing.price(&self.shape, elapsed).ok(),
            charged,
        };
        routing.memory.observe(&self.model, &self.offers.provider, seen);
    }
}

impl Routing {
    /// Returns what a call was charged, in US dollars, where that can be said.
    pub(crate) fn charged(&self, usage: &Usage) -> Option<Money> {
        let cost = usage.cost.as_ref()?;
        let dollars = match usage.currency.as_deref() {
            None | Some("USD") => return cost.as_str().parse().ok(),
            Some(other) => self.config.dollars(other)?,
        };
        let rate: Rate = cost.as_str().parse().ok()?;
        Some(rate.times(dollars)?.per_unit())
    }

    /// Returns what a job was charged.
    pub(crate) fn charged_for(&self, outcome: &Outcome) -> Option<Money> {
        self.charged(outcome.usage.as_ref()?)
    }
}
