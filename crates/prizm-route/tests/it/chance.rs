//! Who is taken instead of the best, and why: the session, the load, and what nobody has looked at for long.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{Aspect, Candidate, Criteria, MaxLatency, Optimize, Report, Request, Snapshot};

use crate::lab::{NOW, With, candidate, request, snapshot, told};

/// Comes to 20000 millionths of a dollar.
fn best() -> Candidate {
    candidate("a/m", "0.018", 1000)
}

fn chosen(report: &Report) -> (&str, &str) {
    let selected = report.selected.as_ref().unwrap();
    (&selected.provider, selected.chosen_by)
}

fn in_session(last: &str, criteria: Criteria, candidates: Vec<Candidate>) -> Report {
    let criteria = Criteria { session_key: Some("talk".to_owned()), ..criteria };
    Report::of(request(criteria), Snapshot { session: Some(last.to_owned()), ..snapshot(candidates) })
}

#[test]
fn a_session_stays_while_it_is_within_ten_per_cent() {
    let other = |price| vec![best(), candidate("b/m", price, 1000)];
    let of = |last, price| in_session(last, Criteria::default(), other(price));
    assert_eq!(chosen(&of("b/m", "0.020")), ("b", "session"), "22000 is ten per cent more");
    assert_eq!(chosen(&of("b/m", "0.020001")), ("a", "score"));
    assert_eq!(chosen(&of("a/m", "0.020")), ("a", "score"), "it is the best anyway");
    assert_eq!(chosen(&of("gone/m", "0.020")), ("a", "score"));
    let report = of("b/m", "0.020");
    assert_eq!(report.plan, ["b/m", "a/m"]);
    assert_eq!((told(&report, "a/m").rank, told(&report, "b/m").rank), (Some(1), Some(2)));
    let wish = Criteria { prefer_max_latency: Some(MaxLatency { p50: Some(1000), p95: None }), ..Criteria::default() };
    let slower = vec![best(), candidate("b/m", "0.018", 1001)];
    assert_eq!(chosen(&in_session("b/m", wish, slower)), ("a", "score"), "a wish counts for more");
    let without = Snapshot { session: Some("b/m".to_owned()), ..snapshot(other("0.019")) };
    assert_eq!(chosen(&Report::of(request(Criteria::default()), without)), ("a", "score"));
}

#[test]
fn about_as_good_is_a_share_of_what_it_costs_and_not_of_what_it_is_preferred_by() {
    let other = vec![best(), candidate("b/m", "0.2", 1000)];
    let by_quality = Criteria { optimize: Optimize::Quality, ..Criteria::default() };
    assert_eq!(chosen(&in_session("b/m", by_quality, other)), ("a", "score"), "three dollars of quality are no ten");
}

fn explorers() -> Vec<Candidate> {
    let stale = |id, price| {
        candidate(id, price, 1500).live(|live| live.latency.iter_mut().for_each(|one| one.at = NOW - 600_000))
    };
    vec![best(), candidate("fresh/m", "0.018", 1500), stale("stale/m", "0.0199"), stale("dear/m", "0.028")]
}

/// How often of so many seeds who was explored.
fn explored(criteria: &Criteria, candidates: &[Candidate], seeds: u64) -> Vec<String> {
    let criteria = Criteria { explore: 100, ..criteria.clone() };
    let of = |seed| Report::of(Request { seed, ..request(criteria.clone()) }, snapshot(candidates));
    let reports = (0..seeds).map(of).filter(|report| chosen(report).1 == "explore");
    reports.map(|report| report.plan[0].clone()).collect()
}

#[test]
fn a_share_of_the_seeds_tries_what_nobody_has_looked_at_for_long() {
    let explored = explored(&Criteria::default(), &explorers(), 3000);
    assert!((240..=360).contains(&explored.len()), "{} of 3000 for a tenth", explored.len());
    assert!(explored.iter().all(|id| id == "stale/m"), "the others are fresh, or cost half as much again");
    let none = Report::of(Request { seed: 5, ..request(Criteria::default()) }, snapshot(explorers()));
    assert_eq!(chosen(&none), ("a", "score"));
}

#[test]
fn an_exploration_changes_nobodys_rank() {
    let of = |explore| {
        let request = Request { seed: 1, ..request(Criteria { explore, ..Criteria::default() }) };
        Report::of(request, snapshot(explorers()))
    };
    let (plain, explored) = (of(0), of(1000));
    assert_eq!(chosen(&explored), ("stale", "explore"));
    for candidate in &plain.candidates {
        assert_eq!(told(&explored, &candidate.id).rank, candidate.rank);
    }
}

#[test]
fn what_failed_just_now_is_not_tried_for_news() {
    let mut candidates = explorers();
    candidates[2].live.last = Some(NOW - 1);
    assert_eq!(explored(&Criteria::default(), &candidates, 300), [] as [&str; 0]);
    candidates[2].live.last = None;
    candidates[2].live.latency = None;
    assert!(!explored(&Criteria::default(), &candidates, 300).is_empty(), "nothing is known of it at all");
}

#[test]
fn what_is_not_a_matter_of_measurement_is_not_explored() {
    let none: [&str; 0] = [];
    let mut candidates = explorers();
    let of =
        |optimize, candidates: &[Candidate]| explored(&Criteria { optimize, ..Criteria::default() }, candidates, 300);
    assert_eq!(of(Optimize::Cost, &candidates), none, "that it is dearer is known");
    assert_eq!(of(Optimize::Lexicographic(vec![Aspect::Cost]), &candidates), none);
    assert!(!of(Optimize::Lexicographic(vec![Aspect::Latency]), &candidates).is_empty());
    candidates[2] = candidates[2].clone().offer(|offer| offer.bundled = true);
    assert_eq!(of(Optimize::Balanced, &candidates), none, "one's own come first");
    candidates[2] = candidates[2].clone().offer(|offer| (offer.bundled, offer.quality) = (false, Some(2)));
    assert_eq!(of(Optimize::Quality, &candidates), none);
    candidates[0] = best().offer(|offer| offer.location = Location::Local);
    assert_eq!(of(Optimize::Lexicographic(vec![Aspect::Local, Aspect::Latency]), &candidates), none);
}

#[test]
fn where_the_best_is_free_only_what_is_free_is_explored() {
    let mut candidates = explorers();
    candidates[0] = candidate("a/m", "0", 9000);
    assert_eq!(explored(&Criteria::default(), &candidates, 300), [] as [&str; 0]);
    candidates[2] =
        candidates[2].clone().offer(|offer| offer.pricing = prizm_route::Pricing::free(prizm_route::PriceSource::User));
    candidates[2].live.latency.iter_mut().for_each(|latency| latency.expected = 60_000);
    assert!(!explored(&Criteria::default(), &candidates, 300).is_empty());
}

fn loaded(id: &str, price: &str, in_flight: u32) -> Candidate {
    // What is under way counts as time too: at a ten thousandth of a dollar a second it hardly does.
    candidate(id, price, 1000).live(|live| (live.in_flight, live.max_in_flight) = (in_flight, 10))
}

fn spread(candidates: &[Candidate]) -> Vec<(String, &'static str)> {
    let criteria = Criteria { second: Some("0.0001".parse().unwrap()), ..Criteria::default() };
    let of = |seed| Report::of(Request { seed, ..request(criteria.clone()) }, snapshot(candidates));
    let selected = (0..200).map(|seed| of(seed).selected.unwrap());
    selected.map(|selected| (selected.provider, selected.chosen_by)).collect()
}

#[test]
fn a_busy_best_shares_with_those_within_five_per_cent_that_have_less_to_do() {
    let all = [
        loaded("a/m", "0.0200", 5),
        loaded("b/m", "0.0201", 1),
        loaded("c/m", "0.0202", 9),
        loaded("d/m", "0.0300", 0),
    ];
    let spread = spread(&all);
    let count = |provider: &str| spread.iter().filter(|(one, _)| one == provider).count();
    assert_eq!((count("c"), count("d")), (0, 0), "one has more to do, and the other costs more");
    assert!(count("b") > 100 && count("a") > 20, "{} and {}", count("b"), count("a"));
    assert!(spread.iter().all(|(provider, by)| *by == if provider == "b" { "spread" } else { "score" }));
}

#[test]
fn a_busy_best_shares_nothing_with_those_that_have_more_to_do() {
    let all = [loaded("a/m", "0.0200", 5), loaded("b/m", "0.0201", 8), loaded("c/m", "0.0201", 9)];
    assert!(spread(&all).iter().all(|one| *one == ("a".to_owned(), "score")));
}

#[test]
fn an_idle_best_shares_nothing() {
    let all = [loaded("a/m", "0.0200", 0), loaded("b/m", "0.0200", 0)];
    assert!(spread(&all).iter().all(|one| *one == ("a".to_owned(), "score")));
}
