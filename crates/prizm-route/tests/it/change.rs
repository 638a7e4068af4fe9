//! Does what `would_be_eligible_if` says: a change that is told must be one.

use std::sync::Arc;

use jiff::Timestamp;
use prizm_protocol::methods::initialize::Location;
use prizm_route::{Criteria, Request, Snapshot, Trust, Unit, UnknownPrice};
use serde_json::{Value, json};

/// Makes a change to the request, or to what is true of the one candidate.
pub fn make(change: &str, request: &mut Request, snapshot: &mut Snapshot) {
    let done = set(change, &mut request.criteria)
        || list(change, &mut request.criteria)
        || policy(change, &mut request.criteria)
        || world(change, snapshot)
        || job(change, snapshot);
    assert!(done, "nobody knows how to `{change}`");
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(json!(text)).unwrap()
}

/// `name=value`, `name>=value`.
fn set(change: &str, criteria: &mut Criteria) -> bool {
    let Some((name, value)) = change.split_once(">=").or_else(|| change.split_once('=')) else {
        return false;
    };
    match name {
        "max_cost" => criteria.max_cost = Some(value.parse().unwrap()),
        "max_total_cost" => criteria.max_total_cost = Some(value.parse().unwrap()),
        "deadline_ms" => criteria.deadline_ms = Some(value.parse().unwrap()),
        "max_cold_start_ms" => criteria.max_cold_start_ms = Some(value.parse().unwrap()),
        "quality_min" => criteria.quality_min = Some(value.parse().unwrap()),
        "allow_cold_start" => criteria.allow_cold_start = value.parse().unwrap(),
        "free" => criteria.free = value.parse().unwrap(),
        "unknown_price" => criteria.unknown_price = Some(word::<UnknownPrice>(value)),
        "location" => criteria.location = Some(word::<Location>(value)),
        "trust" => criteria.trust = Some(word::<Trust>(value)),
        _ => match name.strip_prefix("max_unit_price.") {
            Some(unit) => drop(criteria.max_unit_price.insert(word::<Unit>(unit), value.parse().unwrap())),
            None => return false,
        },
    }
    true
}

fn list(change: &str, criteria: &mut Criteria) -> bool {
    if let Some(id) = change.strip_prefix("only includes ") {
        criteria.only.push(id.parse().unwrap());
    } else if let Some(pattern) = change.strip_prefix("exclude without ") {
        criteria.exclude.retain(|one| one.as_str() != pattern);
    } else if let Some(feature) = change.strip_prefix("features without ") {
        criteria.features.remove(feature);
    } else if change == "no quality_min" {
        criteria.quality_min = None;
    } else {
        return false;
    }
    true
}

fn policy(change: &str, criteria: &mut Criteria) -> bool {
    let Some(policy) = &mut criteria.data_policy else { return false };
    if let Some(days) = change.strip_prefix("data_policy.retention_days=") {
        policy.retention_days = Some(days.parse().unwrap());
    } else if let Some(regions) = change.strip_prefix("data_policy.regions includes ") {
        policy.regions.extend(regions.split(", ").map(str::to_owned));
    } else {
        match change {
            "no data_policy.retention_days" => policy.retention_days = None,
            "no data_policy.regions" => policy.regions.clear(),
            "data_policy.training=true" => policy.training = Some(true),
            _ => return false,
        }
    }
    true
}

/// What only whoever makes the snapshot can see: options, inputs, settings.
fn job(change: &str, snapshot: &mut Snapshot) -> bool {
    let candidate = &mut snapshot.candidates[0];
    let field = match change.split_once(' ') {
        Some(("drop" | "change" | "convert" | "reduce" | "install", field)) => field.to_owned(),
        Some(("set", name)) => match name.strip_prefix(&format!("{}.", candidate.offer.provider)) {
            Some(field) => field.to_owned(),
            None => return false,
        },
        _ => return false,
    };
    candidate.faults.retain(|fault| fault.field != field);
    true
}

fn world(change: &str, snapshot: &mut Snapshot) -> bool {
    let gates = &mut snapshot.candidates[0].live.gates;
    if let Some(at) = change.strip_prefix("wait until ") {
        let at = at.parse::<Timestamp>().unwrap().as_millisecond();
        snapshot.now = snapshot.now.max(at.try_into().unwrap());
    } else if let Some((held, id)) = change.split_once(" left in the budget ") {
        let budget = snapshot.budget.as_mut().unwrap();
        assert_eq!(budget.id, id);
        budget.left = held.parse().unwrap();
    } else {
        match change {
            "wait" => gates.retain(|gate| gate.until.is_some()),
            "change the configuration" => gates.retain(|gate| json!(gate.kind) != json!("config")),
            _ => return false,
        }
    }
    true
}

/// Makes all the changes that the report names for the one candidate, and returns whether it is chosen then.
pub fn admits(changes: &[String], request: &Request, snapshot: &Snapshot) -> bool {
    let (mut request, mut snapshot) = (request.clone(), snapshot.clone());
    assert_eq!(snapshot.candidates.len(), 1);
    changes.iter().for_each(|change| make(change, &mut request, &mut snapshot));
    let offer = Arc::clone(&snapshot.candidates[0].offer);
    let report = prizm_route::Report::of(request, snapshot);
    let told = &report.candidates[0];
    let left: Vec<Value> = told.reasons.iter().map(|reason| json!(reason)).collect();
    assert!(left.is_empty(), "after {changes:?}, {} speaks against {}", json!(left), offer.id());
    report.plan == [offer.id()]
}
