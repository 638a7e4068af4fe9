//! Several rules at once, and what is told where nobody qualifies.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{Budget, Code, Criteria, Fault, FaultKind, Gate, GateKind, Money, Report, Verdict};
use serde_json::json;

use crate::change;
use crate::lab::{NOW, With, candidate, codes, plan, report, request, snapshot, told};

const KINDS: [FaultKind; 9] = [
    FaultKind::Engine,
    FaultKind::Setting,
    FaultKind::Limit,
    FaultKind::Format,
    FaultKind::Input,
    FaultKind::Parameter,
    FaultKind::UnknownParameter,
    FaultKind::Unavailable,
    FaultKind::Capability,
];
const GATES: [GateKind; 5] =
    [GateKind::Service, GateKind::Process, GateKind::Rate, GateKind::Config, GateKind::Breaker];

fn demanding() -> Criteria {
    serde_json::from_value(json!({
        "only": ["other"], "exclude": ["acme", "acme/*"], "trust": "own", "location": "local",
        "data_policy": {"retention_days": 0, "training": false, "regions": ["us"]},
        "features": ["streaming"], "quality_min": 4, "free": true, "max_cost": "0.01", "max_total_cost": "0.02",
        "max_unit_price": {"image": "0.01"}, "budget": "team", "allow_cold_start": false, "max_cold_start_ms": 10,
        "deadline_ms": 10, "strict_deadline": true,
    }))
    .unwrap()
}

#[test]
fn all_that_fails_is_listed_in_the_order_of_the_rules() {
    let mut worst = candidate("acme/sd", "0.042", 4000).offer(|offer| offer.data_policy.training = Some(true));
    worst.live.gates = GATES.map(|kind| Gate { kind, until: Some(NOW + 1000), detail: "failed".to_owned() }).to_vec();
    (worst.live.warm, worst.live.starts_service) = (false, true);
    let fault = |kind| Fault { kind, field: "size".to_owned(), detail: String::new() };
    worst.faults = KINDS[..7].iter().copied().map(fault).collect();
    let budget = Some(Budget { id: "team".to_owned(), left: Money::ZERO });
    let snapshot = prizm_route::Snapshot { budget, ..snapshot([worst]) };
    let told = Report::of(request(demanding()), snapshot).candidates.remove(0);
    let listed: Vec<Code> = told.reasons.iter().map(|reason| reason.code).collect();
    assert!(listed.is_sorted(), "{listed:?}");
    let mut rules = listed.clone();
    rules.dedup();
    let without = [Code::Capability, Code::Unavailable, Code::PriceUnknown];
    let expected: Vec<Code> = Code::all().iter().copied().filter(|code| !without.contains(code)).collect();
    assert_eq!(rules, expected);
    assert_eq!(listed.len(), expected.len() + 2, "two patterns exclude it, and two limits of cost");
    assert_eq!(told.would_be_eligible_if, [] as [&str; 0], "an input that it does not take is nobody's to change");
}

#[test]
fn all_changes_together_admit_it() {
    let worst = candidate("acme/sd", "0.042", 4000)
        .live(|live| (live.warm, live.starts_service) = (false, true))
        .live(|live| live.gates = GATES.map(|kind| Gate { kind, until: None, detail: String::new() }).to_vec());
    let budget = Some(Budget { id: "team".to_owned(), left: Money::ZERO });
    let (request, snapshot) = (request(demanding()), prizm_route::Snapshot { budget, ..snapshot([worst]) });
    let told = Report::of(request.clone(), snapshot.clone()).candidates.remove(0);
    assert_eq!(told.would_be_eligible_if.len(), told.reasons.len());
    assert!(change::admits(&told.would_be_eligible_if, &request, &snapshot));
}

#[test]
fn who_does_something_else_is_not_said_to_be_dear_and_late_too() {
    let mut other = candidate("acme/tts", "0.042", 4000).live(|live| {
        live.gates.push(Gate { kind: GateKind::Rate, until: None, detail: String::new() });
    });
    other.faults.push(Fault { kind: FaultKind::Capability, field: String::new(), detail: "text-to-audio".to_owned() });
    let told = report(demanding(), [other]).candidates.remove(0);
    assert_eq!(codes(&told)[0], "capability.unsupported");
    assert!(!codes(&told).iter().any(|code| code.starts_with("price.") || code.starts_with("gate.")));
    assert!(told.score.is_none() && told.estimates.is_none() && told.would_be_eligible_if.is_empty());
}

#[test]
fn exclude_wins_over_only_and_nobody_is_nobody() {
    let all = || [candidate("acme/sd", "0.01", 1000), candidate("fal-ai/flux", "0.02", 2000)];
    let named = |only: &[&str], exclude: &[&str]| Criteria {
        only: only.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        exclude: exclude.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        ..Criteria::default()
    };
    assert_eq!(plan(named(&["fal-ai"], &[]), all()), ["fal-ai/flux"]);
    assert_eq!(plan(named(&["*"], &["acme/*"]), all()), ["fal-ai/flux"]);
    let report = report(named(&["acme", "fal-ai"], &["acme", "*/flux"]), all());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((json.get("selected"), json.get("plan")), (Some(&json!(null)), Some(&json!([]))));
    assert_eq!(
        json["relaxations"],
        json!([
            {"change": ["exclude without acme"], "admits": "acme/sd"},
            {"change": ["exclude without */flux"], "admits": "fal-ai/flux"},
        ])
    );
}

#[test]
fn the_smallest_change_is_told_first() {
    let dear = candidate("acme/sd", "0.05", 1000);
    let dear_and_elsewhere = candidate("aaa/sd", "0.04", 1000);
    let here = dear.offer(|offer| offer.location = Location::Local);
    let criteria =
        Criteria { location: Some(Location::Local), max_cost: Some("0.01".parse().unwrap()), ..Criteria::default() };
    let report = report(criteria, [dear_and_elsewhere, here]);
    let relaxations: Vec<_> = report.relaxations.iter().map(|one| (one.admits.as_str(), one.change.len())).collect();
    assert_eq!(relaxations, [("acme/sd", 1), ("aaa/sd", 2)]);
    assert!(report.candidates.iter().all(|one| one.verdict == Verdict::Excluded && one.rank.is_none()));
    assert_eq!(report.earliest_available_at, None);
}

#[test]
fn two_patterns_must_both_go() {
    let criteria =
        Criteria { exclude: vec!["acme".parse().unwrap(), "acme/s*".parse().unwrap()], ..Criteria::default() };
    let report = report(criteria, [candidate("acme/sd", "0.01", 1000)]);
    let change = &told(&report, "acme/sd").would_be_eligible_if;
    assert_eq!(*change, ["exclude without acme", "exclude without acme/s*"]);
}
