//! Scores that were worked out by hand, in millionths of a dollar.

use prizm_protocol::Capability;
use prizm_route::{Bonus, Candidate, Criteria, Liked, Optimize, Preferred, Report, Score, Weights};

use crate::lab::{With, candidate, report, request, snapshot, told};

/// $0.003 and 3.1 s, never fails: what A second costs is $0.002.
fn swift() -> Candidate {
    candidate("fal-ai/flux", "0.003", 3100)
}

/// $0.0025 and 5.1 s, 2 of 100 fail.
fn slow() -> Candidate {
    candidate("replicate/flux", "0.0025", 5100).live(|live| live.success = 980_000)
}

fn scores(optimize: Optimize) -> [Score; 2] {
    let report = report(Criteria { optimize, ..Criteria::default() }, [swift(), slow()]);
    ["fal-ai/flux", "replicate/flux"].map(|id| told(&report, id).score.unwrap())
}

fn score(cost: i64, time: i64, reliability: i64, prefer: i64) -> Score {
    Score { total: cost + time + reliability - prefer, cost, time, reliability, prefer }
}

#[test]
fn money_time_and_failures_add_up() {
    // 2 % of 2500 + 10200.
    assert_eq!(scores(Optimize::Balanced), [score(3000, 6200, 0, 0), score(2500, 10_200, 254, 0)]);
    // Time counts for nothing, a failure for a tenth: 0.2 % of 2500.
    assert_eq!(scores(Optimize::Cost), [score(3000, 0, 0, 0), score(2500, 0, 5, 0)]);
    // A second counts for 100: 2 % of 2500 + 1020000.
    assert_eq!(scores(Optimize::Latency), [score(3000, 620_000, 0, 0), score(2500, 1_020_000, 20_450, 0)]);
    // A failure counts for 100.
    assert_eq!(scores(Optimize::Reliability), [score(3000, 6200, 0, 0), score(2500, 10_200, 25_400, 0)]);
    // A step of quality is a dollar.
    assert_eq!(scores(Optimize::Quality), [score(3000, 6200, 0, 3_000_000), score(2500, 10_200, 254, 3_000_000)]);
    let weights = Weights { cost: 2000, time: 500, reliability: 0, quality: 1 };
    assert_eq!(scores(Optimize::Weights(weights)), [score(6000, 3100, 0, 3000), score(5000, 5100, 0, 3000)]);
}

#[test]
fn throughput_counts_what_many_jobs_at_once_take() {
    let wide = slow().live(|live| (live.max_in_flight, live.in_flight, live.success) = (10, 5, 1_000_000));
    let report = report(Criteria { optimize: Optimize::Throughput, ..Criteria::default() }, [swift(), wide]);
    assert_eq!(told(&report, "replicate/flux").score, Some(score(2500, 102_000, 0, 0)));
    assert_eq!(report.plan[0], "replicate/flux");
}

#[test]
fn a_second_is_worth_what_the_caller_says_and_more_for_text() {
    let criteria = Criteria { second: Some("0.1".parse().unwrap()), ..Criteria::default() };
    assert_eq!(told(&report(criteria, [swift()]), "fal-ai/flux").score, Some(score(3000, 310_000, 0, 0)));
    let text = prizm_route::Request { capability: Capability::IMAGE_TO_TEXT, ..request(Criteria::default()) };
    assert_eq!(Report::of(text, snapshot([swift()])).candidates[0].score, Some(score(3000, 31_000, 0, 0)));
}

#[test]
fn what_is_preferred_is_worth_money_or_a_share() {
    let prefer = |text: &str| text.parse::<Preferred>().unwrap();
    let criteria = Criteria { prefer: vec![prefer("remote:20%"), prefer("fal-ai:0.001")], ..Criteria::default() };
    let report = report(criteria, [swift(), slow()]);
    assert_eq!(told(&report, "fal-ai/flux").score, Some(score(3000, 6200, 0, 1840 + 1000)));
    assert_eq!(told(&report, "replicate/flux").score, Some(score(2500, 10_200, 254, 2540)));
    assert_eq!(prefer("free:5%"), Preferred { what: Liked::Free, bonus: Bonus::Percent(5) });
}
