//! What a call may cost.

use crate::estimate::{self, Cost, Estimate};
use crate::reason::{Code, Reason};
use crate::request::Request;
use crate::snapshot::{Candidate, Snapshot};
use crate::{Criteria, Money, Pricing, Rate, UnknownPrice};

/// By how much an estimate is multiplied when a budget is asked to hold it, in thousandths: estimates err.
pub(crate) const RESERVE: u64 = 1200;

pub(super) fn reasons(
    request: &Request,
    snapshot: &Snapshot,
    candidate: &Candidate,
    expected: &Estimate,
    against: &mut Vec<Reason>,
) {
    let (criteria, cost) = (&request.criteria, &expected.cost);
    if !cost.is_known() && criteria.unknown_price() == UnknownPrice::Exclude {
        let why = estimate::cost(candidate, expected.time.alone).err().unwrap_or_default();
        against.push(Reason::new(Code::PriceUnknown).detail(why).unless("unknown_price=allow"));
    }
    free(criteria, cost, against);
    amount(criteria, cost, against);
    unit_prices(criteria, candidate, against);
    budget(request, snapshot, cost, against);
}

fn free(criteria: &Criteria, cost: &Cost, against: &mut Vec<Reason>) {
    if criteria.free && (cost.value > Money::ZERO || !cost.is_known()) {
        let reason = Reason::new(Code::NotFree).want("0").unless("free=false");
        against.push(match cost.source {
            Some(source) => reason.have(cost.value.to_string()).detail(source.as_str()),
            None => reason.have("unknown"),
        });
    }
}

/// What is usual stands in for an unknown price in the order, and excludes nobody: only what is known, or what
/// the caller said to assume, is held against a limit.
fn amount(criteria: &Criteria, cost: &Cost, against: &mut Vec<Reason>) {
    let source = match (cost.source, criteria.unknown_price()) {
        (Some(source), _) => source.as_str(),
        (None, UnknownPrice::Assume(_)) => "assumed",
        (None, _) => return,
    };
    let safe = cost.value.times_permille(u64::from(criteria.cost_safety));
    let limits = [("max_cost", criteria.max_cost), ("max_total_cost", criteria.max_total_cost)];
    for (name, limit) in limits {
        let Some(limit) = limit.filter(|limit| safe > *limit) else { continue };
        let reason = Reason::new(Code::OverMaxCost).field(name).have(safe.to_string()).want(format!("<={limit}"));
        against.push(reason.detail(source).unless(format!("{name}>={safe}")));
    }
}

fn unit_prices(criteria: &Criteria, candidate: &Candidate, against: &mut Vec<Reason>) {
    let Pricing::Known { rates, source, .. } = &candidate.offer.pricing else { return };
    for (unit, limit) in &criteria.max_unit_price {
        // A price of tokens and one of those that are read add up.
        let of_unit = rates.iter().filter(|rate| rate.unit == *unit).map(|rate| rate.rate);
        let Some(rate) = of_unit.reduce(Rate::plus).filter(|rate| rate > limit) else { continue };
        let unit = unit.as_str();
        let reason = Reason::new(Code::OverMaxUnitPrice).field(unit).have(rate.to_string()).want(format!("<={limit}"));
        against.push(reason.detail(source.as_str()).unless(format!("max_unit_price.{unit}>={rate}")));
    }
}

fn budget(request: &Request, snapshot: &Snapshot, cost: &Cost, against: &mut Vec<Reason>) {
    let Some(id) = &request.criteria.budget else { return };
    let Some(budget) = snapshot.budget.as_ref().filter(|budget| budget.id == *id) else {
        against.push(Reason::new(Code::Budget).field(id.clone()).detail("what is left of it is not known"));
        return;
    };
    let held = cost.value.times_permille(RESERVE);
    if held > budget.left {
        let reason =
            Reason::new(Code::Budget).field(budget.id.clone()).have(budget.left.to_string()).want(format!(">={held}"));
        against.push(reason.unless(format!("{held} left in the budget {}", budget.id)));
    }
}
