//! What is true now, taken down for a choice.

use std::sync::Arc;

use prizm_protocol::Capability;
use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Candidate, Dimensions, Explain, Fault, FaultKind, Live, Offer, Pricing, Request, Shape, Snapshot, Trust,
};

use super::fit::{self, Job};
use super::live::ProviderLive;
use super::memory::{ModelMemory, ProviderMemory};
use super::{Offers, now};
use crate::Result;
use crate::entry::Entry;
use crate::registry::Registry;

/// A request, what was true when it was made, and who is behind the candidates.
pub(crate) struct Survey {
    pub(crate) request: Request,
    pub(crate) snapshot: Snapshot,
    /// Of the first candidates: those that have the capability.
    pub(crate) seats: Vec<Seat>,
}

/// Who is behind a candidate.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) entry: Arc<Entry>,
    pub(crate) offers: Arc<Offers>,
    /// The model's place in its provider's list.
    pub(crate) index: usize,
    pub(crate) model: Arc<ModelMemory>,
}

impl Seat {
    pub(crate) fn provider(&self) -> &Arc<ProviderMemory> {
        &self.offers.provider
    }
}

impl Registry {
    /// Takes down what is true of everybody who has the capability; of everybody who is known, where all is
    /// to be explained.
    pub(crate) fn survey(&self, request: Request, job: Option<&Job>) -> Result<Survey> {
        let (around, at) = (self.around(), now());
        let facts = job.map(Job::facts).unwrap_or_default();
        let asked = job.map(|job| Dimensions::read(&job.options)).unwrap_or_default();
        let (mut candidates, mut others, mut seats) = (Vec::new(), Vec::new(), Vec::new());
        let capability = &request.capability;
        let explains_all = request.criteria.explain == Explain::Full;
        for entry in self.entries().iter() {
            let Some(offers) = entry.offers(around, at) else {
                others.extend(explains_all.then(|| unavailable(entry)).flatten());
                continue;
            };
            let listed = offers.with(capability);
            if listed.is_empty() {
                others.extend(explains_all.then(|| incapable(&offers, capability)));
                continue;
            }
            let provider = ProviderLive::of(entry, &offers, at);
            for listed in listed {
                let shape = Shape::of(capability, &facts, asked.or(listed.offer.defaults));
                let live = provider.model(&offers, listed, shape.work(capability), at);
                let mut faults = offers.faults(capability);
                if let Some(job) = job {
                    faults.extend(fit::faults(&offers.info.models[listed.index], capability, job, &facts));
                }
                candidates.push(Candidate { offer: Arc::clone(&listed.offer), shape, faults, live });
                seats.push(Seat {
                    entry: Arc::clone(entry),
                    offers: Arc::clone(&offers),
                    index: listed.index,
                    model: Arc::clone(&listed.memory),
                });
            }
        }
        candidates.append(&mut others);
        let (routing, criteria) = (&around.routing, &request.criteria);
        let left = |name: &String| routing.memory.left(name, &routing.config.budget(name)?, at);
        let budget = criteria.budget.as_ref().map(left).transpose()?;
        let session = criteria.session_key.as_ref().and_then(|key| routing.memory.session(key, at));
        Ok(Survey { snapshot: Snapshot { now: at, candidates, budget, session }, request, seats })
    }
}

/// A provider that could not be loaded.
fn unavailable(entry: &Entry) -> Option<Candidate> {
    let failure = entry.failure()?;
    let detail = failure.to_string().lines().next().unwrap_or_default().chars().take(200).collect();
    let fault = Fault { kind: FaultKind::Unavailable, field: String::new(), detail };
    let provider = entry.id.as_ref().map_or_else(|| entry.origin.shown(), ToString::to_string);
    Some(nothing(provider, Location::Remote, Trust::Unverified, fault))
}

/// A provider that does something else.
fn incapable(offers: &Offers, capability: &Capability) -> Candidate {
    let has: Vec<_> = offers.info.capabilities.iter().map(Capability::as_str).collect();
    let detail = format!("it has {}", has.join(", "));
    let fault = Fault { kind: FaultKind::Capability, field: capability.to_string(), detail };
    nothing(offers.info.id.to_string(), offers.info.location, offers.origins().trust, fault)
}

/// Somebody who is only there to say why they are not.
fn nothing(provider: String, location: Location, trust: Trust, fault: Fault) -> Candidate {
    let offer = Offer {
        provider,
        model: "*".to_owned(),
        place: 0,
        bundled: false,
        location,
        trust,
        pricing: Pricing::Unknown("nobody asked".to_owned()),
        features: std::collections::BTreeSet::new(),
        quality: None,
        data_policy: prizm_route::DataPolicy::default(),
        typical: None,
        defaults: Dimensions::default(),
    };
    Candidate { offer: Arc::new(offer), shape: Shape::default(), faults: vec![fault], live: Live::default() }
}
