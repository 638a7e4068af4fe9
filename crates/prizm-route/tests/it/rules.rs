//! Each hard rule excludes by its name, says what it has and what is wanted, and what would have to change.

use std::collections::BTreeSet;

use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    AllowedUse, Budget, Candidate, Code, Criteria, Fault, FaultKind, Gate, GateKind, Money, Optimize, Quantity,
    Snapshot, Trust, Unit,
};
use serde_json::{Value, json};

use crate::change;
use crate::lab::{NOW, With, candidate, per, report, request, snapshot, unknown};

struct Case {
    criteria: Criteria,
    candidate: Candidate,
    /// The one reason, as it is told.
    reason: Value,
    unless: Option<&'static str>,
}

fn any() -> Candidate {
    candidate("acme/sd", "0.042", 4000)
}

/// Excluded by what is asked.
fn asked(criteria: Value, candidate: Candidate, reason: Value, unless: &'static str) -> Case {
    let criteria = serde_json::from_value(criteria).unwrap();
    Case { criteria, candidate, reason, unless: Some(unless) }
}

/// Excluded by something of the request that it does not take.
fn fault(kind: FaultKind, code: &str, unless: Option<&'static str>) -> Case {
    let mut candidate = any();
    candidate.faults.push(Fault { kind, field: "size".to_owned(), detail: "at most 512".to_owned() });
    let reason = json!({"code": code, "field": "size", "detail": "at most 512"});
    Case { criteria: Criteria::default(), candidate, reason, unless }
}

fn gated(kind: GateKind, code: &str, until: Option<u64>, unless: &'static str) -> Case {
    let gate = Gate { kind, until, detail: "exited 137 twice".to_owned() };
    let mut reason = json!({"code": code, "detail": "exited 137 twice"});
    if until.is_some() {
        reason["retry_at"] = json!("2026-11-18T11:06:50Z");
    }
    let criteria = Criteria { on_all_gated: prizm_route::OnAllGated::Fail, ..Criteria::default() };
    Case { criteria, candidate: any().live(|live| live.gates = vec![gate]), reason, unless: Some(unless) }
}

fn of_the_job() -> Vec<Case> {
    vec![
        fault(FaultKind::Capability, "capability.unsupported", None),
        fault(FaultKind::Unavailable, "provider.unavailable", None),
        fault(FaultKind::UnknownParameter, "param.unsupported", Some("drop size")),
        fault(FaultKind::Parameter, "param.invalid", Some("change size")),
        fault(FaultKind::Input, "input.unsupported", None),
        fault(FaultKind::Format, "input.format", Some("convert size")),
        fault(FaultKind::Limit, "input.limit", Some("reduce size")),
        fault(FaultKind::Setting, "config.missing", Some("set acme.size")),
        fault(FaultKind::Engine, "engine.missing", Some("install size")),
    ]
}

fn of_the_declaration() -> Vec<Case> {
    let silent = || {
        any().offer(|offer| {
            offer.quality = None;
            offer.data_policy = prizm_route::DataPolicy::default();
        })
    };
    let policy = |policy: Value| json!({ "data_policy": policy });
    vec![
        asked(json!({"only": ["fal-ai"]}), any(), json!({"code": "name.not_in_only"}), "only includes acme/sd"),
        asked(
            json!({"exclude": ["acme/*"]}),
            any(),
            json!({"code": "name.excluded", "have": "acme/*"}),
            "exclude without acme/*",
        ),
        asked(
            json!({"trust": "own"}),
            any(),
            json!({"code": "trust.too_low", "have": "pinned", "want": "own"}),
            "trust=pinned",
        ),
        asked(
            policy(json!({"retention_days": 1})),
            any(),
            json!({"code": "data.retention", "have": "30 days", "want": "<=1 day"}),
            "data_policy.retention_days=30",
        ),
        asked(
            policy(json!({"retention_days": 7})),
            silent(),
            json!({"code": "data.retention", "have": "unknown", "want": "<=7 days"}),
            "no data_policy.retention_days",
        ),
        asked(
            policy(json!({"training": false})),
            silent(),
            json!({"code": "data.training", "have": "unknown", "want": "no"}),
            "data_policy.training=true",
        ),
        asked(
            policy(json!({"regions": ["ch", "us"]})),
            any(),
            json!({"code": "data.region", "have": "eu", "want": "ch, us"}),
            "data_policy.regions includes eu",
        ),
        asked(
            policy(json!({"regions": ["eu"]})),
            silent(),
            json!({"code": "data.region", "have": "unknown", "want": "eu"}),
            "no data_policy.regions",
        ),
        asked(
            json!({"location": "local"}),
            any(),
            json!({"code": "location.mismatch", "have": "remote", "want": "local"}),
            "location=remote",
        ),
        asked(
            json!({"features": ["seed", "streaming"]}),
            any(),
            json!({"code": "feature.missing", "field": "streaming"}),
            "features without streaming",
        ),
        asked(
            json!({"quality_min": 4}),
            any(),
            json!({"code": "quality.too_low", "have": "3", "want": ">=4"}),
            "quality_min=3",
        ),
        asked(
            json!({"quality_min": 0}),
            silent(),
            json!({"code": "quality.too_low", "have": "unknown", "want": ">=0"}),
            "no quality_min",
        ),
    ]
}

fn of_money() -> Vec<Case> {
    let free = json!({"code": "price.not_free", "have": "0.042", "want": "0", "detail": "manifest"});
    let dear = |field: &str, have: &str, detail: &str| json!({"code": "price.over_max_cost", "field": field, "have": have, "want": "<=0.01", "detail": detail});
    let unit = json!({
        "code": "price.over_max_unit_price", "field": "image", "have": "0.042", "want": "<=0.04", "detail": "manifest"
    });
    let budget = json!({"code": "budget.exhausted", "field": "team", "have": "0.05", "want": ">=0.0504"});
    let nobody_knows = json!({"code": "price.unknown", "detail": "no price is declared"});
    let without_price = || any().offer(|offer| offer.pricing = unknown());
    vec![
        asked(json!({"free": true}), any(), free, "free=false"),
        asked(json!({"max_cost": "0.01"}), any(), dear("max_cost", "0.042", "manifest"), "max_cost>=0.042"),
        asked(
            json!({"max_cost": "0.01", "cost_safety": 1500}),
            any(),
            dear("max_cost", "0.063", "manifest"),
            "max_cost>=0.063",
        ),
        asked(
            json!({"max_total_cost": "0.01"}),
            any(),
            dear("max_total_cost", "0.042", "manifest"),
            "max_total_cost>=0.042",
        ),
        asked(
            json!({"max_cost": "0.01", "unknown_price": {"assume": "0.02"}}),
            without_price(),
            dear("max_cost", "0.02", "assumed"),
            "max_cost>=0.02",
        ),
        asked(json!({"max_unit_price": {"image": "0.04"}}), any(), unit, "max_unit_price.image>=0.042"),
        asked(json!({"budget": "team"}), any(), budget, "0.0504 left in the budget team"),
        asked(json!({"optimize": "cost"}), without_price(), nobody_knows, "unknown_price=allow"),
    ]
}

fn of_now() -> Vec<Case> {
    let cold = || any().live(|live| (live.warm, live.starts_service, live.cold_start) = (false, true, Some(9000)));
    let until = Some(NOW + 10_000);
    vec![
        gated(GateKind::Breaker, "gate.breaker", until, "wait until 2026-11-18T11:06:50Z"),
        gated(GateKind::Rate, "gate.rate", until, "wait until 2026-11-18T11:06:50Z"),
        gated(GateKind::Process, "gate.process", until, "wait until 2026-11-18T11:06:50Z"),
        gated(GateKind::Service, "gate.service", None, "wait"),
        gated(GateKind::Config, "gate.config", None, "change the configuration"),
        asked(
            json!({"allow_cold_start": false}),
            cold(),
            json!({"code": "service.cold_start"}),
            "allow_cold_start=true",
        ),
        asked(
            json!({"max_cold_start_ms": 8000}),
            cold(),
            json!({"code": "service.slow_start", "have": "9000 ms", "want": "<=8000 ms"}),
            "max_cold_start_ms>=9000",
        ),
        asked(
            json!({"deadline_ms": 7000, "strict_deadline": true}),
            any(),
            json!({"code": "deadline.too_late", "have": "8000 ms", "want": "<=7000 ms"}),
            "deadline_ms>=8000",
        ),
    ]
}

fn true_now(candidate: Candidate) -> Snapshot {
    let budget = Some(Budget { id: "team".to_owned(), left: Money::from_nanos(50_000_000) });
    Snapshot { budget, ..snapshot([candidate]) }
}

#[test]
fn each_rule_excludes_by_its_name_and_its_remedy_helps() {
    let mut seen = BTreeSet::new();
    for case in [of_the_job(), of_the_declaration(), of_money(), of_now()].into_iter().flatten() {
        let (request, snapshot) = (request(case.criteria), true_now(case.candidate));
        let report = prizm_route::Report::of(request.clone(), snapshot.clone());
        let told = &report.candidates[0];
        assert_eq!(json!(told.reasons), json!([case.reason]));
        assert_eq!((report.selected, report.plan.len()), (None, 0), "{}", case.reason);
        assert_eq!(told.would_be_eligible_if, Vec::from_iter(case.unless), "{}", case.reason);
        if case.unless.is_some() {
            assert!(change::admits(&told.would_be_eligible_if, &request, &snapshot), "{}", case.reason);
            assert_eq!(report.relaxations.len(), 1);
        } else {
            assert!(report.relaxations.is_empty());
        }
        seen.extend(told.reasons.iter().map(|reason| reason.code));
    }
    assert_eq!(seen, Code::all().iter().copied().collect(), "every rule has a case");
}

#[test]
fn what_is_asked_of_one_that_has_it_excludes_nobody() {
    let criteria = json!({
        "only": ["acme", "fal-ai"], "exclude": ["sd"], "trust": "pinned", "location": "remote", "features": ["seed"],
        "data_policy": {"retention_days": 30, "training": false, "regions": ["eu", "us"]}, "quality_min": 3,
        "max_cost": "0.042", "max_total_cost": "0.042", "max_unit_price": {"image": "0.042", "step": "0"},
        "deadline_ms": 8000, "strict_deadline": true, "allow_cold_start": false, "max_cold_start_ms": 0,
    });
    let report = report(serde_json::from_value(criteria).unwrap(), [any()]);
    assert_eq!(report.plan, ["acme/sd"], "{}", json!(report.candidates));
}

#[test]
fn what_is_done_here_stays_here_unless_it_says_otherwise() {
    let policy = AllowedUse { retention_days: Some(0), training: Some(false), regions: ["eu".to_owned()].into() };
    let criteria = Criteria { data_policy: Some(policy), ..Criteria::default() };
    let local = any().offer(|offer| {
        offer.location = Location::Local;
        offer.data_policy = prizm_route::DataPolicy::default();
    });
    assert_eq!(report(criteria.clone(), [local.clone()]).plan, ["acme/sd"]);
    let trains = local.offer(|offer| offer.data_policy.training = Some(true));
    assert_eq!(report(criteria, [trains]).plan, [] as [&str; 0]);
}

#[test]
fn an_option_that_it_does_not_know_is_left_out_where_that_is_allowed() {
    let mut candidate = any();
    for (kind, field) in [(FaultKind::UnknownParameter, "seed"), (FaultKind::Parameter, "size")] {
        candidate.faults.push(Fault { kind, field: field.to_owned(), detail: String::new() });
    }
    let criteria = Criteria { require_parameters: false, ..Criteria::default() };
    let told = report(criteria.clone(), [candidate.clone()]);
    assert_eq!(told.candidates[0].would_be_eligible_if, ["change size"], "a wrong value is wrong all the same");
    candidate.faults.pop();
    assert_eq!(report(criteria, [candidate]).plan, ["acme/sd"]);
}

#[test]
fn the_price_of_machine_time_is_that_of_this_job_alone() {
    let timed = any().offer(|offer| offer.pricing = per(Unit::GpuSecond, "0.001"));
    let busy = timed.live(|live| (live.in_flight, live.max_in_flight) = (6, 2));
    let criteria = Criteria { optimize: Optimize::Cost, ..Criteria::default() };
    let told = report(criteria, [busy]).candidates.remove(0);
    let estimates = told.estimates.unwrap();
    assert_eq!((estimates.cost.value.as_str(), estimates.time_s.expected), ("0.004", 16.0));
}

#[test]
fn a_number_that_is_not_known_matters_only_where_it_costs() {
    let stepped = |price| any().offer(|offer| offer.pricing = per(Unit::Step, price));
    let free = || Criteria { free: true, ..Criteria::default() };
    assert_eq!(report(free(), [stepped("0")]).plan, ["acme/sd"]);
    let told = report(free(), [stepped("0.01")]).candidates.remove(0);
    assert_eq!(told.reasons[0].detail.as_deref(), Some("how many of the unit `step` it will be is not known"));
    let mut known = stepped("0.01");
    known.shape.units.insert(Unit::Step, Quantity::whole(4));
    assert_eq!(report(Criteria { trust: Some(Trust::Pinned), ..Criteria::default() }, [known]).plan, ["acme/sd"]);
}
