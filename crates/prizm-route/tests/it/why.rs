//! The sentence that says why: each is true.

use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Aspect, Candidate, Criteria, Gate, GateKind, MaxLatency, OnAllGated, Optimize, Report, Request, Snapshot,
};

use crate::lab::{NOW, With, candidate, report, request, snapshot, unknown};

fn why(criteria: Criteria, candidates: impl Into<Vec<Candidate>>) -> String {
    report(criteria, candidates).selected.unwrap().why
}

fn usual(candidates: impl Into<Vec<Candidate>>) -> String {
    why(Criteria::default(), candidates)
}

fn swift() -> Candidate {
    candidate("fal-ai/flux", "0.003", 3140)
}

#[test]
fn it_says_what_it_comes_to_and_what_the_next_best_lacks() {
    assert_eq!(usual([swift()]), "$0.003 + 3.1 s (= $0.00628); nothing else qualifies");
    let slow = candidate("replicate/flux", "0.003", 5140);
    assert_eq!(
        usual([slow.clone(), swift()]),
        "$0.003 + 3.1 s (= $0.00628); next best replicate/flux comes to $0.004 more, because it is 2.0 s slower \
         (measured, n=50, 1 s ago)"
    );
    let alone = Criteria { allow_fallbacks: false, ..Criteria::default() };
    assert!(why(alone, [slow, swift()]).contains("next best replicate/flux comes to $0.004 more"));
    let dear = candidate("openai/m", "0.042", 3140);
    assert!(usual([swift(), dear]).ends_with("comes to $0.039 more, because it costs $0.039 more"));
    let flaky = candidate("z/m", "0.003", 3140).live(|live| live.success = 900_000);
    assert!(usual([swift(), flaky]).ends_with("comes to $0.000928 more, because it fails more often (90.0 % succeed)"));
}

#[test]
fn parts_of_a_second_are_told_as_such() {
    let near = candidate("z/m", "0.003", 3180);
    assert!(usual([swift(), near]).contains("because it is 40 ms slower"));
    let assumed = candidate("z/m", "0.003", 0).live(|live| live.latency = None);
    assert!(usual([swift(), assumed]).ends_with("because it is 4.9 s slower (assumed)"));
}

#[test]
fn free_unknown_and_preferred() {
    let free = candidate("a/m", "0", 1000).live(|live| live.success = 950_000);
    assert!(usual([free]).starts_with("free + 1.0 s (= $0.002) + $0.0001 for failures;"));
    let unknown = candidate("a/m", "0", 1000).offer(|offer| offer.pricing = unknown());
    assert!(usual([unknown]).starts_with("an unknown price, assumed as $0.02 + 1.0 s (= $0.002);"));
    let prefer = Criteria { prefer: vec!["a:0.01".parse().unwrap()], ..Criteria::default() };
    let two = || [candidate("a/m", "0.01", 1000), candidate("b/m", "0.009", 1000)];
    assert_eq!(
        why(prefer, two()),
        "$0.01 + 1.0 s (= $0.002) - $0.01 for what is preferred; next best b/m comes to $0.009 more, because it is \
         preferred less"
    );
    let better = [candidate("a/m", "0.01", 1000).offer(|offer| offer.quality = Some(5)), swift()];
    let by_quality = Criteria { optimize: Optimize::Quality, ..Criteria::default() };
    assert!(why(by_quality, better).ends_with("because its results are not as good"));
}

#[test]
fn what_comes_before_the_score_is_named() {
    let two = || [candidate("a/m", "0.01", 1000), candidate("b/m", "0", 500)];
    let order = Criteria { order: vec!["a".parse().unwrap()], ..Criteria::default() };
    assert!(why(order, two()).ends_with("next best b/m comes after it by `order`"));
    let wish = |p50| Criteria {
        prefer_max_latency: Some(MaxLatency { p50: Some(p50), p95: Some(p50) }),
        ..Criteria::default()
    };
    let slower = || [candidate("a/m", "0.01", 1000), candidate("b/m", "0", 3000)];
    assert!(why(wish(2000), slower()).ends_with("next best b/m is expected to miss 2 wishes, and it 0"));
    assert!(why(wish(1000), slower()).ends_with("next best b/m is expected to miss 2 wishes, and it 1"));
    let bundled = [candidate("a/m", "0.01", 1000), candidate("b/m", "0", 1).offer(|offer| offer.bundled = true)];
    assert!(
        usual(bundled)
            .ends_with("next best b/m came with the program: one's own come before it while nobody says what counts")
    );
    let local = candidate("a/m", "0.01", 1000).offer(|offer| offer.location = Location::Local);
    let by = Criteria { optimize: Optimize::Lexicographic(vec![Aspect::Local]), ..Criteria::default() };
    assert!(why(by, [local, candidate("b/m", "0", 1)]).ends_with("next best b/m is behind in local"));
}

#[test]
fn what_decides_among_equals_is_named() {
    let by_cost = |millis| {
        let two = [candidate("a/m", "0", 1000), candidate("b/m", "0", millis)];
        why(Criteria { optimize: Optimize::Cost, ..Criteria::default() }, two)
    };
    assert!(by_cost(1000).ends_with("next best b/m comes to the same, and the name decides"));
    assert!(by_cost(1500).ends_with("next best b/m comes to the same, and is 500 ms slower"));
    let even = [candidate("a/m", "0.010", 1000), candidate("b/m", "0.006", 3000)];
    assert!(usual(even).ends_with("next best a/m comes to the same, and costs $0.004 more"));
}

#[test]
fn the_reason_is_the_one_that_the_mode_goes_by() {
    let many = Criteria { optimize: Optimize::Throughput, ..Criteria::default() };
    let wide = candidate("a/m", "0.01", 5000).live(|live| live.max_in_flight = 10);
    let narrow = candidate("b/m", "0.01", 3000);
    assert!(why(many, [wide, narrow]).ends_with("because each of many jobs takes 2.5 s longer"));
    let sure = Criteria { optimize: Optimize::Reliability, ..Criteria::default() };
    let cheap = candidate("a/m", "0.01", 1000).live(|live| live.success = 900_000);
    let dear = candidate("b/m", "0.5", 1000).live(|live| live.success = 950_000);
    assert!(why(sure, [cheap, dear]).ends_with("because a failure of it costs more"));
}

#[test]
fn who_is_taken_instead_of_the_best_is_told_why() {
    let two = || vec![candidate("a/m", "0.01", 1000), candidate("b/m", "0.01", 1000)];
    let criteria = Criteria { session_key: Some("talk".to_owned()), ..Criteria::default() };
    let session = Snapshot { session: Some("b/m".to_owned()), ..snapshot(two()) };
    let told = Report::of(request(criteria), session).selected.unwrap().why;
    assert!(told.ends_with("; it served the session last, and is about as good as the best"), "{told}");
    let stale = two().into_iter().map(|one| one.live(|live| live.latency = None)).collect::<Vec<_>>();
    let explore = Criteria { explore: 1000, ..Criteria::default() };
    let told = Report::of(Request { seed: 3, ..request(explore) }, snapshot(stale)).selected.unwrap().why;
    assert!(told.ends_with("; nothing new is known of it, and this is the time to learn"), "{told}");
}

#[test]
fn who_is_waited_for_or_called_all_the_same_is_told_so() {
    let gated = |id, after| {
        let gate = Gate { kind: GateKind::Rate, until: Some(NOW + after), detail: String::new() };
        candidate(id, "0.01", 1000).live(|live| live.gates.push(gate))
    };
    let all = || [gated("a/m", 2000), gated("b/m", 1000)];
    assert_eq!(usual(all()), "$0.01 + 2.0 s (= $0.004); it is the first that may be called again");
    let panic = Criteria { on_all_gated: OnAllGated::Panic, ..Criteria::default() };
    assert!(
        why(panic, all()).contains(
            "; all are to be left alone for now, and it is called all the same, without a wait; next best a/m"
        )
    );
}
