//! Each mode orders the same candidates by what it is for.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{Aspect, Candidate, Criteria, Optimize, Weights};

use crate::lab::{With, candidate, plan};

/// Each is the best in one thing.
fn all() -> Vec<Candidate> {
    vec![
        candidate("cheap/m", "0.001", 9000).live(|live| live.success = 990_000),
        candidate("swift/m", "0.020", 500).live(|live| live.success = 900_000),
        candidate("wide/m", "0.020", 6000).live(|live| live.max_in_flight = 40),
        candidate("good/m", "0.080", 7000).offer(|offer| offer.quality = Some(5)),
        candidate("sure/m", "0.025", 4000).offer(|offer| offer.quality = Some(4)),
    ]
}

fn order(optimize: Optimize) -> Vec<String> {
    let plan = plan(Criteria { optimize, ..Criteria::default() }, all());
    plan.iter().map(|id| id.trim_end_matches("/m").to_owned()).collect()
}

#[test]
fn each_mode_orders_by_what_it_is_for() {
    // 1000 + 18000 + 190; 20000 + 1000 + 2100; 20000 + 12000; 80000 + 14000; 25000 + 8000.
    assert_eq!(order(Optimize::Balanced), ["cheap", "swift", "wide", "sure", "good"]);
    // 1000 + 1; 20000 + 200; 20000; 80000; 25000.
    assert_eq!(order(Optimize::Cost), ["cheap", "wide", "swift", "sure", "good"]);
    // 1801000 + 18010; 120000 + 12000; 1220000; 1480000; 825000.
    assert_eq!(order(Optimize::Latency), ["swift", "sure", "wide", "good", "cheap"]);
    // 150 ms a job; 500; 4000; 7000; 9000.
    assert_eq!(order(Optimize::Throughput), ["wide", "swift", "sure", "good", "cheap"]);
    // 5; 4; 3 for the others, among which money and time decide.
    assert_eq!(order(Optimize::Quality), ["good", "sure", "cheap", "swift", "wide"]);
    // 1000 + 18000 + 19000; 20000 + 1000 + 210000.
    assert_eq!(order(Optimize::Reliability), ["wide", "sure", "cheap", "good", "swift"]);
    let only_time = Weights { cost: 0, time: 1000, reliability: 0, quality: 0 };
    assert_eq!(order(Optimize::Weights(only_time)), ["swift", "sure", "wide", "good", "cheap"]);
}

#[test]
fn one_aspect_after_the_other() {
    let first = |aspects: &[Aspect]| order(Optimize::Lexicographic(aspects.to_vec()));
    assert_eq!(first(&[Aspect::Cost]), ["cheap", "swift", "wide", "sure", "good"], "among equals, as balanced");
    assert_eq!(first(&[Aspect::Cost, Aspect::Reliability]), ["cheap", "wide", "swift", "sure", "good"]);
    assert_eq!(first(&[Aspect::Latency]), ["swift", "sure", "wide", "good", "cheap"]);
    assert_eq!(first(&[Aspect::Throughput]), ["wide", "swift", "sure", "good", "cheap"]);
    assert_eq!(first(&[Aspect::Quality, Aspect::Latency]), ["good", "sure", "swift", "wide", "cheap"]);
    assert_eq!(first(&[Aspect::Reliability, Aspect::Cost]), ["wide", "sure", "good", "cheap", "swift"]);
}

#[test]
fn what_differs_by_less_than_a_hundredth_is_equal() {
    let two = |price: &str| [candidate("a/m", "0.01", 9000), candidate("b/m", price, 1000)];
    let by =
        || Criteria { optimize: Optimize::Lexicographic(vec![Aspect::Cost, Aspect::Latency]), ..Criteria::default() };
    assert_eq!(plan(by(), two("0.01001"))[0], "b/m");
    assert_eq!(plan(by(), two("0.0102"))[0], "a/m");
}

#[test]
fn free_and_local_come_before_what_is_only_cheap() {
    let paid = candidate("a/m", "0.000001", 100);
    let free = candidate("b/m", "0", 9000);
    let here = candidate("c/m", "0", 20_000).offer(|offer| offer.location = Location::Local);
    let all = || [paid.clone(), free.clone(), here.clone()];
    let by = |aspect| Criteria { optimize: Optimize::Lexicographic(vec![aspect]), ..Criteria::default() };
    assert_eq!(plan(by(Aspect::Free), all()), ["b/m", "c/m", "a/m"]);
    assert_eq!(plan(by(Aspect::Local), all()), ["c/m", "a/m", "b/m"]);
}

#[test]
fn a_quality_that_nobody_declares_counts_as_none() {
    let of = |id, quality| candidate(id, "0.01", 1000).offer(|offer| offer.quality = quality);
    let all = [of("a/m", None), of("b/m", Some(1)), of("c/m", Some(0))];
    let by = Criteria { optimize: Optimize::Quality, ..Criteria::default() };
    assert_eq!(plan(by, all), ["b/m", "a/m", "c/m"]);
}

#[test]
fn what_comes_to_the_same_is_ordered_by_price_time_and_name() {
    let by_cost = || Criteria { optimize: Optimize::Cost, ..Criteria::default() };
    let free = [candidate("a/m", "0", 9000), candidate("b/m", "0", 1000), candidate("c/m", "0", 1000)];
    assert_eq!(plan(by_cost(), free), ["b/m", "c/m", "a/m"]);
    // 10000 + 2000 is 6000 + 6000.
    let even = [candidate("a/m", "0.010", 1000), candidate("b/m", "0.006", 3000)];
    assert_eq!(plan(Criteria::default(), even), ["b/m", "a/m"]);
    let place = |id, place| candidate(id, "0.01", 1000).offer(|offer| offer.place = place);
    assert_eq!(plan(by_cost(), [place("a/x", 1), place("a/z", 0), place("a/y", 1)]), ["a/z", "a/x", "a/y"]);
}

#[test]
fn ones_own_come_before_what_came_with_the_program_while_nobody_says_what_counts() {
    let bundled = candidate("a/m", "0", 10).offer(|offer| offer.bundled = true);
    let all = || [bundled.clone(), candidate("b/m", "0.9", 60_000)];
    assert_eq!(plan(Criteria::default(), all()), ["b/m", "a/m"]);
    assert_eq!(plan(Criteria { optimize: Optimize::Cost, ..Criteria::default() }, all()), ["a/m", "b/m"]);
}
