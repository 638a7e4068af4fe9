//! Candidates, requests and snapshots to choose from.

use std::sync::Arc;

use prizm_protocol::Capability;
use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Candidate, Criteria, DataPolicy, Decision, Dimensions, Explained, Latency, Live, Millis, Offer, PriceSource,
    Pricing, Quantity, Report, Request, Shape, Snapshot, Trust, Unit, UnitRate, decide,
};

pub const NOW: Millis = 1_795_000_000_000;

/// One image of a megapixel at so much, measured just now to take so long, that never fails.
pub fn candidate(id: &str, price: &str, millis: u64) -> Candidate {
    let (provider, model) = id.split_once('/').unwrap();
    let offer = Offer {
        provider: provider.to_owned(),
        model: model.to_owned(),
        place: 0,
        bundled: false,
        location: Location::Remote,
        trust: Trust::Pinned,
        pricing: per(Unit::Image, price),
        features: ["seed".to_owned()].into(),
        quality: Some(3),
        data_policy: DataPolicy {
            retention_days: Some(30),
            training: Some(false),
            regions: Some(["eu".to_owned()].into()),
        },
        typical: None,
        defaults: Dimensions::default(),
    };
    let units = [(Unit::Call, 1), (Unit::Image, 1), (Unit::Megapixel, 1)];
    Candidate {
        offer: Arc::new(offer),
        shape: Shape { units: units.map(|(unit, n)| (unit, Quantity::whole(n))).into(), assumed: Vec::new() },
        faults: Vec::new(),
        live: Live { latency: Some(latency(millis)), success: 1_000_000, calls: 50, ..Live::default() },
    }
}

pub fn per(unit: Unit, price: &str) -> Pricing {
    let rates = vec![UnitRate { unit, rate: price.parse().unwrap() }];
    Pricing::Known { rates, source: PriceSource::Manifest, at: None }
}

pub fn unknown() -> Pricing {
    Pricing::Unknown("no price is declared".to_owned())
}

pub fn latency(millis: u64) -> Latency {
    Latency { expected: millis, p50: millis, p95: millis.saturating_mul(2), samples: 50, at: NOW - 1000 }
}

pub trait With: Sized {
    /// Changes what it has been.
    fn live(self, change: impl FnOnce(&mut Live)) -> Self;
    /// Changes what it declares.
    fn offer(self, change: impl FnOnce(&mut Offer)) -> Self;
}

impl With for Candidate {
    fn live(mut self, change: impl FnOnce(&mut Live)) -> Self {
        change(&mut self.live);
        self
    }

    fn offer(mut self, change: impl FnOnce(&mut Offer)) -> Self {
        change(Arc::make_mut(&mut self.offer));
        self
    }
}

pub fn request(criteria: Criteria) -> Request {
    Request { criteria, ..Request::new(Capability::TEXT_TO_IMAGE) }
}

pub fn snapshot(candidates: impl Into<Vec<Candidate>>) -> Snapshot {
    Snapshot { now: NOW, candidates: candidates.into(), budget: None, session: None }
}

pub fn report(criteria: Criteria, candidates: impl Into<Vec<Candidate>>) -> Report {
    Report::of(request(criteria), snapshot(candidates))
}

/// The plan, by its names.
pub fn plan(criteria: Criteria, candidates: impl Into<Vec<Candidate>>) -> Vec<String> {
    report(criteria, candidates).plan
}

pub fn names(request: &Request, snapshot: &Snapshot, decision: &Decision) -> Vec<String> {
    assert_eq!(*decision, decide(request, snapshot), "the same two give the same decision");
    decision.plan.iter().map(|index| snapshot.candidates[*index].offer.id()).collect()
}

pub fn told<'a>(report: &'a Report, id: &str) -> &'a Explained {
    report.candidates.iter().find(|candidate| candidate.id == id).unwrap()
}

pub fn codes(explained: &Explained) -> Vec<&'static str> {
    explained.reasons.iter().map(|reason| reason.code.as_str()).collect()
}
