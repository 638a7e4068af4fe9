//! The decision as JSON: names are a contract, and one that changes is seen here. `WRITE_GOLDEN=<folder>` writes what
//! it is now.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Candidate, Criteria, Fault, FaultKind, Gate, GateKind, PriceSource, Pricing, Quantity, Report, Request, Unit,
    UnitRate, replay,
};
use serde_json::Value;

use crate::lab::{NOW, With, candidate, latency, request, snapshot};

const GOLDEN: &str = include_str!("data/decision.json");
const NOBODY: &str = include_str!("data/nobody.json");

fn candidates() -> Vec<Candidate> {
    let rates = |price: &str| vec![UnitRate { unit: Unit::Image, rate: price.parse().unwrap() }];
    let swift = candidate("fal-ai/flux/schnell", "0", 3100).offer(|offer| {
        offer.pricing = Pricing::Known { rates: rates("0.003"), source: PriceSource::Live, at: Some(NOW - 60_000) };
    });
    let slow = candidate("replicate/black-forest-labs/flux-schnell", "0.003", 5100).live(|live| {
        live.latency = Some(prizm_route::Latency { p95: 9800, samples: 41, at: NOW - 12_000, ..latency(5100) });
        (live.success, live.calls, live.correction) = (980_000, 41, 1100);
    });
    let mut dear = candidate("openai/gpt-image-1", "0.042", 9000).live(|live| live.latency = None);
    let unknown = FaultKind::UnknownParameter;
    dear.faults.push(Fault {
        kind: unknown,
        field: "negative_prompt".to_owned(),
        detail: "it has no such option".to_owned(),
    });
    let mut here = candidate("sd-local/sd15", "0", 20_000).offer(|offer| {
        offer.location = Location::Local;
        offer.typical = Some(20_000);
    });
    (here.live.warm, here.live.starts_service, here.live.latency) = (false, true, None);
    here.shape.units.insert(Unit::Step, Quantity::whole(20));
    here.live.gates.push(Gate {
        kind: GateKind::Process,
        until: Some(NOW + 70_000),
        detail: "exited 137 twice".to_owned(),
    });
    vec![swift, slow, dear, here]
}

fn decision(max_cost: &str) -> Report {
    let criteria = Criteria { max_cost: Some(max_cost.parse().unwrap()), ..Criteria::default() };
    Report::of(Request { seed: 7, ..request(criteria) }, snapshot(candidates()))
}

fn assert_golden(report: &Report, golden: &str, name: &str) {
    let pretty = serde_json::to_string_pretty(report).unwrap() + "\n";
    if let Some(folder) = std::env::var_os("WRITE_GOLDEN") {
        std::fs::write(std::path::Path::new(&folder).join(name), &pretty).unwrap();
    }
    let (is, was): (Value, Value) = (serde_json::from_str(&pretty).unwrap(), serde_json::from_str(golden).unwrap());
    assert_eq!(is, was, "{name} says something else:\n{pretty}");
    assert_eq!(pretty, golden, "{name} says it in another order");
}

#[test]
fn a_decision_keeps_its_shape() {
    assert_golden(&decision("0.01"), GOLDEN, "decision.json");
}

#[test]
fn a_decision_for_nobody_keeps_its_shape() {
    assert_golden(&decision("0.001"), NOBODY, "nobody.json");
}

#[test]
fn a_recorded_decision_is_made_again_in_this_process_too() {
    for golden in [GOLDEN, NOBODY] {
        let again = serde_json::to_string_pretty(&replay(golden).unwrap()).unwrap() + "\n";
        assert_eq!(again, golden);
    }
}
