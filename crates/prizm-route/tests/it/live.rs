//! What has been measured, and what stands in for it.

use prizm_protocol::Capability;
use prizm_route::{Candidate, Criteria, Estimate, Gate, GateKind, Latency, Report, Request, TimeSource, decide};

use crate::lab::{NOW, With, candidate, request, snapshot, told};

fn expected(candidate: Candidate) -> Estimate {
    decide(&request(Criteria::default()), &snapshot([candidate])).judged[0].expected
}

fn any() -> Candidate {
    candidate("acme/sd", "0.01", 4000)
}

#[test]
fn a_start_takes_what_it_took_or_what_starts_take() {
    let start = |starts_service, cold_start| {
        expected(any().live(|live| {
            (live.warm, live.starts_service, live.cold_start) = (false, starts_service, cold_start);
        }))
        .time
    };
    assert_eq!(start(true, Some(7000)).start, 7000);
    assert_eq!(start(true, None).start, 15_000);
    assert_eq!(start(false, None).start, 500);
    assert_eq!((start(true, Some(7000)).expected(), start(true, Some(7000)).p95), (11_000, 15_000));
    assert_eq!(expected(any().live(|live| live.cold_start = Some(7000))).time.start, 0, "it runs");
}

#[test]
fn what_is_under_way_comes_first() {
    let work = |in_flight, max_in_flight| {
        expected(any().live(|live| (live.in_flight, live.max_in_flight) = (in_flight, max_in_flight))).time
    };
    assert_eq!((work(0, 1).work, work(1, 1).work, work(1, 4).work, work(6, 4).work), (4000, 8000, 5000, 10_000));
    assert_eq!((work(1, 0).work, work(1, 1).alone, work(1, 1).p95), (8000, 4000, 16_000));
}

#[test]
fn a_wait_is_part_of_the_time() {
    let gates = vec![
        Gate { kind: GateKind::Rate, until: Some(NOW + 3000), detail: String::new() },
        Gate { kind: GateKind::Breaker, until: Some(NOW + 2000), detail: String::new() },
        Gate { kind: GateKind::Config, until: Some(NOW + 9000), detail: String::new() },
    ];
    let time = expected(any().live(|live| live.gates = gates)).time;
    assert_eq!((time.wait, time.expected(), time.p95, time.p50), (3000, 7000, 11_000, 4000));
}

#[test]
fn charges_correct_the_estimate_within_bounds() {
    let cost = |correction| expected(any().live(|live| live.correction = correction)).cost.value.to_string();
    assert_eq!([1000, 1500, 100, 9000].map(cost), ["0.01", "0.015", "0.0025", "0.04"]);
    let report = Report::of(request(Criteria::default()), snapshot([any().live(|live| live.correction = 1500)]));
    let cost = told(&report, "acme/sd").estimates.clone().unwrap().cost;
    assert_eq!((cost.value.as_str(), cost.correction.as_deref()), ("0.015", Some("1.5")));
}

#[test]
fn the_word_of_an_author_counts_for_three_measurements() {
    let time = |samples, typical| {
        let latency = Latency { expected: 4000, p50: 3000, p95: 3500, samples, at: NOW };
        expected(any().live(|live| live.latency = Some(latency)).offer(|offer| offer.typical = typical)).time
    };
    assert_eq!((time(1, Some(8000)).work, time(1, Some(8000)).source), (7000, TimeSource::Measured));
    assert_eq!((time(1, None).work, time(1, None).p50, time(1, None).p95), (4000, 3000, 4000));
    let nothing = time(0, Some(8000));
    assert_eq!((nothing.work, nothing.p50, nothing.p95), (8000, 8000, 16_000));
    assert_eq!((nothing.source, time(0, None).source), (TimeSource::Manifest, TimeSource::Assumed));
}

#[test]
fn of_a_new_one_the_usual_is_expected() {
    let usual = |capability: Capability| {
        let fresh = any().live(|live| *live = prizm_route::Live::default());
        decide(&Request::new(capability), &snapshot([fresh])).judged[0].expected
    };
    let times =
        [Capability::TEXT_TO_TEXT, Capability::TEXT_TO_AUDIO, Capability::TEXT_TO_IMAGE, Capability::TEXT_TO_3D];
    assert_eq!(times.map(|capability| usual(capability).time.work), [2000, 5000, 8000, 60_000]);
    assert_eq!(usual(Capability::TEXT_TO_TEXT).success, 900_000);
}
