//! What has no known price is neither dear nor free: it is excluded, allowed or assumed.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Aspect, Budget, Candidate, Criteria, Money, Optimize, Report, Snapshot, Unit, UnitRate, UnknownPrice,
};

use crate::change;
use crate::lab::{With, candidate, codes, per, plan, report, request, snapshot, told, unknown};

fn nobody_knows() -> Candidate {
    candidate("acme/sd", "0", 1000).offer(|offer| offer.pricing = unknown())
}

/// Everything that depends on a price.
fn dependent() -> Vec<(&'static str, Criteria)> {
    let usual = Criteria::default;
    let money = |text: &str| Some(text.parse::<Money>().unwrap());
    vec![
        ("free", Criteria { free: true, ..usual() }),
        ("max_cost", Criteria { max_cost: money("0.001"), ..usual() }),
        ("max_total_cost", Criteria { max_total_cost: money("0.001"), ..usual() }),
        ("max_unit_price", Criteria { max_unit_price: [(Unit::Image, "1".parse().unwrap())].into(), ..usual() }),
        ("budget", Criteria { budget: Some("team".to_owned()), ..usual() }),
        ("cost", Criteria { optimize: Optimize::Cost, ..usual() }),
        ("cost first", Criteria { optimize: Optimize::Lexicographic(vec![Aspect::Cost]), ..usual() }),
    ]
}

fn with_budget(left: u64) -> Snapshot {
    let budget = Some(Budget { id: "team".to_owned(), left: Money::from_nanos(left) });
    Snapshot { budget, ..snapshot([nobody_knows()]) }
}

#[test]
fn it_is_excluded_where_something_depends_on_it_and_only_there() {
    for (name, criteria) in dependent() {
        let report = Report::of(request(criteria), with_budget(1_000_000_000));
        assert_eq!(codes(&report.candidates[0])[0], "price.unknown", "{name}");
        assert_eq!(report.plan.len(), 0, "{name}");
    }
    for optimize in [Optimize::Balanced, Optimize::Latency, Optimize::Quality, Optimize::Reliability] {
        assert_eq!(plan(Criteria { optimize, ..Criteria::default() }, [nobody_knows()]), ["acme/sd"]);
    }
    let exclude = Criteria { unknown_price: Some(UnknownPrice::Exclude), ..Criteria::default() };
    assert_eq!(codes(&report(exclude, [nobody_knows()]).candidates[0]), ["price.unknown"]);
}

#[test]
fn it_is_allowed_where_the_caller_says_so_but_is_never_free() {
    for (name, criteria) in dependent() {
        let criteria = Criteria { unknown_price: Some(UnknownPrice::Allow), ..criteria };
        let report = Report::of(request(criteria), with_budget(1_000_000_000));
        let expected: &[&str] = if name == "free" { &["price.not_free"] } else { &[] };
        assert_eq!(codes(&report.candidates[0]), expected, "{name}: what is usual is held against no limit");
    }
}

#[test]
fn what_would_admit_it_does() {
    for left in [0, 1_000_000_000] {
        for (name, criteria) in dependent() {
            let (request, snapshot) = (request(criteria), with_budget(left));
            let report = Report::of(request.clone(), snapshot.clone());
            let changes = &report.candidates[0].would_be_eligible_if;
            assert!(change::admits(changes, &request, &snapshot), "{name}: {changes:?}");
        }
    }
}

#[test]
fn an_assumption_is_held_against_every_limit() {
    let assume = |most: &str| Criteria {
        max_cost: Some(most.parse().unwrap()),
        unknown_price: Some(UnknownPrice::Assume("0.03".parse().unwrap())),
        ..Criteria::default()
    };
    assert_eq!(plan(assume("0.03"), [nobody_knows()]), ["acme/sd"]);
    assert_eq!(codes(&report(assume("0.02"), [nobody_knows()]).candidates[0]), ["price.over_max_cost"]);
    let told = report(assume("0.03"), [nobody_knows()]).candidates.remove(0);
    assert_eq!(told.estimates.map(|all| (all.cost.value, all.cost.source)), Some(("0.03".to_owned(), "unknown")));
}

#[test]
fn in_the_order_it_counts_as_usual_and_as_nothing_where_the_work_is_done_here() {
    let here = nobody_knows().offer(|offer| {
        offer.provider = "here".to_owned();
        offer.location = Location::Local;
    });
    let report = report(Criteria::default(), [nobody_knows(), here, candidate("fal-ai/flux", "0.019", 1000)]);
    assert_eq!(report.plan, ["here/sd", "fal-ai/flux", "acme/sd"]);
    assert_eq!(told(&report, "acme/sd").score.unwrap().cost, 20_000);
    let free = Criteria { free: true, ..Criteria::default() };
    assert_eq!(plan(free, [nobody_knows().offer(|offer| offer.location = Location::Local)]), [] as [&str; 0]);
}

#[test]
fn free_is_free() {
    let free = || Criteria { free: true, ..Criteria::default() };
    let declared = candidate("acme/sd", "0", 1000).offer(|offer| offer.pricing = per(Unit::Call, "0"));
    let nothing = candidate("acme/sd", "0.000000000001", 1000);
    assert_eq!(plan(free(), [declared]), ["acme/sd"]);
    assert_eq!(plan(free(), [nothing]), ["acme/sd"], "less than a billionth of a dollar for the call is nothing");
    assert_eq!(codes(&report(free(), [candidate("acme/sd", "0.001", 1)]).candidates[0]), ["price.not_free"]);
}

#[test]
fn two_prices_of_a_unit_add_up() {
    let both = candidate("acme/sd", "0.02", 1000).offer(|offer| {
        if let prizm_route::Pricing::Known { rates, .. } = &mut offer.pricing {
            rates.push(UnitRate { unit: Unit::Image, rate: "0.01".parse().unwrap() });
        }
    });
    let at_most = |price: &str| {
        let criteria =
            Criteria { max_unit_price: [(Unit::Image, price.parse().unwrap())].into(), ..Criteria::default() };
        report(criteria, [both.clone()]).candidates.remove(0)
    };
    assert_eq!(at_most("0.03").estimates.map(|all| all.cost.value).as_deref(), Some("0.03"));
    assert_eq!(codes(&at_most("0.03")), [] as [&str; 0]);
    assert_eq!(at_most("0.025").would_be_eligible_if, ["max_unit_price.image>=0.03"]);
}

#[test]
fn another_budget_is_not_this_one() {
    let criteria = Criteria { budget: Some("private".to_owned()), ..Criteria::default() };
    let mut snapshot = with_budget(1_000_000_000);
    snapshot.candidates = vec![candidate("acme/sd", "0.01", 1000)];
    let told = Report::of(request(criteria), snapshot).candidates.remove(0);
    assert_eq!(codes(&told), ["budget.exhausted"]);
    assert_eq!(told.reasons[0].detail.as_deref(), Some("what is left of it is not known"));
    assert!(told.would_be_eligible_if.is_empty());
}
