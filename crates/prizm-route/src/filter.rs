//! The hard rules: who may be taken at all. Every rule is looked at for every candidate, in a fixed order, so
//! that whoever is excluded knows all there is against them.

mod money;

use std::collections::BTreeSet;

use prizm_protocol::methods::initialize::Location;

use crate::estimate::Estimate;
use crate::reason::{Code, Reason};
use crate::request::Request;
use crate::snapshot::{Candidate, Fault, FaultKind, Gate, GateKind, Snapshot};
use crate::{AllowedUse, Criteria, Offer, Trust};

/// Returns all that speaks against a candidate; nothing where it may be taken.
pub(crate) fn reasons(
    request: &Request,
    snapshot: &Snapshot,
    candidate: &Candidate,
    expected: &Estimate,
) -> Vec<Reason> {
    let (criteria, offer) = (&request.criteria, &*candidate.offer);
    let mut against = Vec::new();
    names(criteria, offer, &mut against);
    declared(criteria, offer, &mut against);
    faults(criteria, candidate, &mut against);
    if !candidate.is_nothing() {
        money::reasons(request, snapshot, candidate, expected, &mut against);
        against.extend(candidate.live.gates.iter().filter(|gate| gate.is_closed(snapshot.now)).map(gate));
        time(criteria, candidate, expected, &mut against);
    }
    // The codes are declared in the order of the rules.
    against.sort_by_key(|reason| reason.code);
    against
}

impl Candidate {
    /// It is there to say why it is not: there is no sense in saying that it is dear and slow, too.
    fn is_nothing(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Capability | FaultKind::Unavailable))
    }
}

fn names(criteria: &Criteria, offer: &Offer, against: &mut Vec<Reason>) {
    if criteria.only.is_empty() && criteria.exclude.is_empty() {
        return;
    }
    let id = offer.id();
    let named = |pattern: &&crate::Pattern| pattern.matches(&offer.provider, &id);
    if !criteria.only.is_empty() && !criteria.only.iter().any(|pattern| named(&pattern)) {
        against.push(Reason::new(Code::NotInOnly).unless(format!("only includes {id}")));
    }
    for pattern in criteria.exclude.iter().filter(named) {
        against
            .push(Reason::new(Code::Excluded).have(pattern.to_string()).unless(format!("exclude without {pattern}")));
    }
}

/// What the author says, and what is known of the code.
fn declared(criteria: &Criteria, offer: &Offer, against: &mut Vec<Reason>) {
    if let Some(least) = criteria.trust.filter(|least| offer.trust < *least) {
        let (have, want) = (offer.trust.as_str(), least.as_str());
        against.push(Reason::new(Code::Trust).have(have).want(want).unless(format!("trust={have}")));
    }
    if let Some(allowed) = &criteria.data_policy {
        data(allowed, offer, against);
    }
    if let Some(wanted) = criteria.location.filter(|wanted| *wanted != offer.location) {
        let have = offer.location.as_str();
        against.push(Reason::new(Code::Location).have(have).want(wanted.as_str()).unless(format!("location={have}")));
    }
    for feature in criteria.features.difference(&offer.features) {
        against.push(Reason::new(Code::Feature).field(feature.clone()).unless(format!("features without {feature}")));
    }
    if let Some(least) = criteria.quality_min.filter(|least| offer.quality.is_none_or(|has| has < *least)) {
        let reason = Reason::new(Code::Quality).want(format!(">={least}"));
        against.push(match offer.quality {
            Some(has) => reason.have(has.to_string()).unless(format!("quality_min={has}")),
            None => reason.have("unknown").unless("no quality_min"),
        });
    }
}

fn data(allowed: &AllowedUse, offer: &Offer, against: &mut Vec<Reason>) {
    let known = &offer.data_policy;
    // What is done here stays here, unless its author says that it does not.
    let unknown_is_bad = offer.location != Location::Local;
    let in_days = |days: u32| format!("{days} {}", if days == 1 { "day" } else { "days" });
    let is_too_long = |days: &u32| known.retention_days.map_or(unknown_is_bad, |kept| kept > *days);
    if let Some(days) = allowed.retention_days.filter(is_too_long) {
        let reason = Reason::new(Code::Retention).want(format!("<={}", in_days(days)));
        against.push(match known.retention_days {
            Some(kept) => reason.have(in_days(kept)).unless(format!("data_policy.retention_days={kept}")),
            None => reason.have("unknown").unless("no data_policy.retention_days"),
        });
    }
    if allowed.training == Some(false) && known.training.unwrap_or(unknown_is_bad) {
        let have = if known.training.is_some() { "yes" } else { "unknown" };
        against.push(Reason::new(Code::Training).have(have).want("no").unless("data_policy.training=true"));
    }
    let goes_elsewhere = |regions: &BTreeSet<String>| !regions.is_subset(&allowed.regions);
    if !allowed.regions.is_empty() && known.regions.as_ref().map_or(unknown_is_bad, goes_elsewhere) {
        let listed = |regions: &BTreeSet<String>| regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let have = known.regions.as_ref().map_or_else(|| "unknown".to_owned(), listed);
        let reason = Reason::new(Code::Region).want(listed(&allowed.regions));
        let change = if known.regions.is_some() {
            format!("data_policy.regions includes {have}")
        } else {
            "no data_policy.regions".to_owned()
        };
        against.push(reason.have(have).unless(change));
    }
}

fn faults(criteria: &Criteria, candidate: &Candidate, against: &mut Vec<Reason>) {
    let counts = |fault: &&Fault| fault.kind != FaultKind::UnknownParameter || criteria.require_parameters;
    for fault in candidate.faults.iter().filter(counts) {
        let field = &fault.field;
        let (code, change): (_, Option<String>) = match fault.kind {
            FaultKind::Capability => (Code::Capability, None),
            FaultKind::Unavailable => (Code::Unavailable, None),
            FaultKind::UnknownParameter => (Code::UnknownParameter, Some(format!("drop {field}"))),
            FaultKind::Parameter => (Code::Parameter, Some(format!("change {field}"))),
            FaultKind::Input => (Code::Input, None),
            FaultKind::Format => (Code::Format, Some(format!("convert {field}"))),
            FaultKind::Limit => (Code::Limit, Some(format!("reduce {field}"))),
            FaultKind::Engine => (Code::Engine, Some(format!("install {field}"))),
            FaultKind::Setting => (Code::NotConfigured, Some(format!("set {}.{field}", candidate.offer.provider))),
        };
        let reason = Reason::new(code).detail(fault.detail.clone());
        let reason = if field.is_empty() { reason } else { reason.field(field.clone()) };
        against.push(Reason { unless: change.map(Into::into), ..reason });
    }
}

fn gate(gate: &Gate) -> Reason {
    let (code, change) = match gate.kind {
        GateKind::Breaker => (Code::GateBreaker, "wait"),
        GateKind::Config => (Code::GateConfig, "change the configuration"),
        GateKind::Rate => (Code::GateRate, "wait"),
        GateKind::Process => (Code::GateProcess, "wait"),
        GateKind::Service => (Code::GateService, "wait"),
    };
    Reason { retry_at: gate.until, ..Reason::new(code).detail(gate.detail.clone()).unless(change) }
}

fn time(criteria: &Criteria, candidate: &Candidate, expected: &Estimate, against: &mut Vec<Reason>) {
    let (live, time) = (&candidate.live, &expected.time);
    if !live.warm && live.starts_service && !criteria.allow_cold_start {
        against.push(Reason::new(Code::ColdStart).unless("allow_cold_start=true"));
    }
    if let Some(most) = criteria.max_cold_start_ms.filter(|most| time.start > *most) {
        let reason = Reason::new(Code::SlowStart).have(format!("{} ms", time.start)).want(format!("<={most} ms"));
        against.push(reason.unless(format!("max_cold_start_ms>={}", time.start)));
    }
    if let Some(most) = criteria.deadline_ms.filter(|most| criteria.strict_deadline && time.p95 > *most) {
        let reason = Reason::new(Code::Deadline).have(format!("{} ms", time.p95)).want(format!("<={most} ms"));
        against.push(reason.unless(format!("deadline_ms>={}", time.p95)));
    }
}

impl Trust {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Pinned => "pinned",
            Self::Own => "own",
        }
    }
}
