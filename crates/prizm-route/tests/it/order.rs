//! `order`, `allow_fallbacks`, and wishes: what comes before the score.

use prizm_route::{Candidate, Criteria, MaxLatency, Pattern, Quantity, Verdict};

use crate::lab::{With, candidate, plan, report, told};

fn three() -> [Candidate; 3] {
    [candidate("a/m", "0.01", 1000), candidate("b/m", "0.02", 2000), candidate("c/m", "0.03", 3000)]
}

fn patterns(all: &[&str]) -> Vec<Pattern> {
    all.iter().map(|one| one.parse().unwrap()).collect()
}

#[test]
fn those_that_are_named_come_first_and_the_others_by_their_score() {
    let ordered = |order: &[&str]| plan(Criteria { order: patterns(order), ..Criteria::default() }, three());
    assert_eq!(ordered(&["c", "b/m"]), ["c/m", "b/m", "a/m"]);
    assert_eq!(ordered(&["nobody", "c/*"]), ["c/m", "a/m", "b/m"]);
    assert_eq!(ordered(&["{b,c}"]), ["b/m", "c/m", "a/m"], "the score decides within a pattern");
}

#[test]
fn without_fallbacks_there_is_one_and_the_others_are_not_used() {
    let report = report(Criteria { allow_fallbacks: false, order: patterns(&["b"]), ..Criteria::default() }, three());
    assert_eq!(report.plan, ["b/m"]);
    let of = |id| (told(&report, id).verdict, told(&report, id).rank);
    assert_eq!(of("b/m"), (Verdict::Selected, Some(1)));
    assert_eq!((of("a/m"), of("c/m")), ((Verdict::Unused, Some(2)), (Verdict::Unused, Some(3))));
}

#[test]
fn who_misses_a_wish_comes_after_all_who_do_not() {
    let wish = |p50, p95| Criteria { prefer_max_latency: Some(MaxLatency { p50, p95 }), ..Criteria::default() };
    // The cheapest is the slowest.
    let all = || [candidate("a/m", "0", 9000), candidate("b/m", "0.5", 4000), candidate("c/m", "0.9", 3000)];
    assert_eq!(plan(Criteria::default(), all()), ["a/m", "b/m", "c/m"]);
    assert_eq!(plan(wish(Some(4000), None), all()), ["b/m", "c/m", "a/m"]);
    assert_eq!(plan(wish(Some(3999), None), all()), ["c/m", "a/m", "b/m"]);
    assert_eq!(plan(wish(Some(4000), Some(6000)), all()), ["c/m", "b/m", "a/m"], "fewer misses first");
    let deadline = Criteria { deadline_ms: Some(8000), ..Criteria::default() };
    assert_eq!(plan(deadline.clone(), all()), ["b/m", "c/m", "a/m"]);
    assert_eq!(plan(Criteria { strict_deadline: true, ..deadline }, all()), ["b/m", "c/m"]);
    let missed: Vec<u32> =
        report(wish(Some(4000), Some(6000)), all()).candidates.iter().map(|one| one.missed).collect();
    assert_eq!(missed, [0, 1, 2]);
}

#[test]
fn throughput_is_what_is_made_in_a_second_behind_what_is_under_way() {
    let least = |text: &str| Criteria { prefer_min_throughput: Some(text.parse().unwrap()), ..Criteria::default() };
    // Four megapixels in 2 s, and one in 1 s; both are made at once.
    let mut large = candidate("b/m", "0.9", 2000).live(|live| live.max_in_flight = 2);
    large.shape.units.insert(prizm_route::Unit::Megapixel, Quantity::whole(4));
    let all = |in_flight| [candidate("a/m", "0", 1000), large.clone().live(|live| live.in_flight = in_flight)];
    assert_eq!(plan(least("1"), all(0)), ["a/m", "b/m"]);
    assert_eq!(plan(least("1.5"), all(0)), ["b/m", "a/m"]);
    assert_eq!(plan(least("2"), all(0)), ["b/m", "a/m"]);
    assert_eq!(plan(least("2"), all(1)), ["a/m", "b/m"], "behind another it makes 1.33");
}
