//! What a choice of providers is known to get wrong elsewhere, and must get right here.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{Candidate, Criteria, Fault, FaultKind, Liked, Offer, Optimize, Unit, Verdict};

use crate::lab::{With, candidate, codes, per, plan, report, told};

fn local(offer: &mut Offer) {
    offer.location = Location::Local;
}

/// A dear one, a local one that is not there, and a cheap one.
fn three() -> Vec<Candidate> {
    let mut gone = candidate("here/sd", "0", 1000).offer(local);
    gone.faults.push(Fault {
        kind: FaultKind::Unavailable,
        field: String::new(),
        detail: "it did not start".to_owned(),
    });
    vec![candidate("dear/m", "0.08", 1000), gone, candidate("cheap/m", "0.01", 1000)]
}

fn named(patterns: &[&str]) -> Criteria {
    Criteria { exclude: patterns.iter().map(|one| one.parse().unwrap()).collect(), ..Criteria::default() }
}

fn prefer_local(criteria: Criteria) -> Criteria {
    Criteria { prefer: vec!["local:100%".parse().unwrap()], ..criteria }
}

#[test]
fn a_limit_of_the_cost_is_kept() {
    let at_most = |cost: &str| Criteria { max_cost: Some(cost.parse().unwrap()), ..Criteria::default() };
    assert_eq!(plan(at_most("0.02"), three()), ["cheap/m"]);
    assert_eq!(plan(at_most("0.001"), three()), [] as [&str; 0]);
}

#[test]
fn who_is_preferred_but_not_there_is_not_chosen() {
    assert_eq!(plan(prefer_local(Criteria::default()), three()), ["cheap/m", "dear/m"]);
    let mut all = three();
    all[1].faults.clear();
    assert_eq!(plan(prefer_local(Criteria::default()), all)[0], "here/sd");
    assert_eq!("local".parse(), Ok(Liked::Local));
}

#[test]
fn who_is_excluded_is_not_chosen_whatever_is_preferred() {
    let mut all = three();
    all[1].faults.clear();
    assert_eq!(plan(prefer_local(named(&["here"])), all), ["cheap/m", "dear/m"]);
}

#[test]
fn where_all_are_excluded_nobody_is_chosen() {
    for patterns in [&["*"][..], &["dear", "here", "cheap"], &["*/*"]] {
        let report = report(prefer_local(named(patterns)), three());
        assert_eq!((report.selected, report.plan.len()), (None, 0));
    }
}

#[test]
fn free_is_what_is_known_to_cost_nothing() {
    let free = Criteria { free: true, ..Criteria::default() };
    let mut all = three();
    all[1].faults.clear();
    all.push(candidate("silent/m", "0", 1).offer(|offer| offer.pricing = crate::lab::unknown()));
    let report = report(free, all);
    assert_eq!(report.plan, ["here/sd"]);
    assert_eq!(codes(told(&report, "silent/m")), ["price.unknown", "price.not_free"]);
}

#[test]
fn media_are_ordered_by_what_they_cost_and_not_by_who_came_first() {
    // By the image, by the megapixel, by the call, by the second of a machine: all of one image.
    let by = |id, unit, price| candidate(id, "0", 2000).offer(|offer| offer.pricing = per(unit, price));
    let mut all = vec![
        by("openai/dall-e-3", Unit::Image, "0.04"),
        by("openai/dall-e-2", Unit::Image, "0.02"),
        by("fal-ai/flux", Unit::Megapixel, "0.025"),
        by("acme/sd", Unit::Call, "0.03"),
        by("replicate/sdxl", Unit::GpuSecond, "0.000975"),
    ];
    let expected = ["replicate/sdxl", "openai/dall-e-2", "fal-ai/flux", "acme/sd", "openai/dall-e-3"];
    for _ in 0..all.len() {
        all.rotate_left(1);
        let by_cost = || Criteria { optimize: Optimize::Cost, ..Criteria::default() };
        assert_eq!(plan(by_cost(), all.clone()), expected);
        let backwards: Vec<Candidate> = all.iter().rev().cloned().collect();
        assert_eq!(plan(by_cost(), backwards), expected);
    }
}

#[test]
fn each_of_fifty_has_a_verdict_and_a_reason_or_a_rank() {
    let fifty: Vec<Candidate> = (0..50_u32)
        .map(|i| {
            let mut one = candidate(&format!("p{i:02}/m"), &format!("0.0{}", i % 5), u64::from(i % 7) * 900);
            if i % 3 == 0 {
                let kind = [FaultKind::Capability, FaultKind::Setting, FaultKind::Limit][i as usize / 3 % 3];
                one.faults.push(Fault { kind, field: "size".to_owned(), detail: String::new() });
            }
            one
        })
        .collect();
    for allow_fallbacks in [true, false] {
        let criteria = Criteria { max_cost: Some("0.03".parse().unwrap()), allow_fallbacks, ..Criteria::default() };
        let report = report(criteria, fifty.clone());
        assert_eq!(report.candidates.len(), 50);
        let mut ranks: Vec<u32> = report.candidates.iter().filter_map(|one| one.rank).collect();
        ranks.sort_unstable();
        assert_eq!(ranks, (1..=26).collect::<Vec<u32>>());
        for one in &report.candidates {
            assert_eq!(one.reasons.is_empty(), one.rank.is_some(), "{}", one.id);
            assert_eq!(one.verdict == Verdict::Excluded, one.rank.is_none(), "{}", one.id);
            assert_eq!(one.verdict == Verdict::Selected, one.rank == Some(1), "{}", one.id);
        }
    }
}
