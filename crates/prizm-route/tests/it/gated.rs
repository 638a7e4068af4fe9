//! Who is to be left alone for now: waited for, called all the same, or not at all.

use prizm_route::{Candidate, ChosenBy, Code, Criteria, Gate, GateKind, OnAllGated, Report, Verdict, decide};

use crate::lab::{NOW, With, candidate, codes, names, report, request, snapshot, told};

fn gate(kind: GateKind, after: Option<u64>) -> Gate {
    Gate { kind, until: after.map(|after| NOW + after), detail: "it asked to be left alone".to_owned() }
}

fn gated(id: &str, price: &str, gates: &[Gate]) -> Candidate {
    candidate(id, price, 1000).live(|live| live.gates = gates.to_vec())
}

/// The cheaper opens later; one waits for a configuration, and of one nobody knows.
fn all() -> [Candidate; 4] {
    [
        gated("a/m", "0.01", &[gate(GateKind::Rate, Some(1000)), gate(GateKind::Breaker, Some(20_000))]),
        gated("b/m", "0.02", &[gate(GateKind::Rate, Some(5000))]),
        gated("c/m", "0.005", &[gate(GateKind::Config, Some(100))]),
        gated("d/m", "0.001", &[gate(GateKind::Process, None)]),
    ]
}

fn on(on_all_gated: OnAllGated) -> Criteria {
    Criteria { on_all_gated, ..Criteria::default() }
}

#[test]
fn the_first_that_opens_is_waited_for() {
    let (request, snapshot) = (request(on(OnAllGated::Wait)), snapshot(all()));
    let decision = decide(&request, &snapshot);
    assert_eq!(names(&request, &snapshot, &decision), ["b/m", "a/m"], "a gate is as long as the longest of two");
    assert_eq!((decision.wait_until, decision.earliest), (Some(NOW + 5000), Some(NOW + 5000)));
    let report = Report::of(request, snapshot);
    assert_eq!(report.wait_until.as_deref(), Some("2026-11-18T11:06:45Z"));
    assert_eq!(told(&report, "b/m").verdict, Verdict::Selected);
    assert_eq!(told(&report, "a/m").verdict, Verdict::Fallback);
    assert_eq!(told(&report, "c/m").verdict, Verdict::Excluded);
    assert!(report.candidates.iter().all(|one| one.rank.is_none() && !one.reasons.is_empty()));
    assert_eq!(report.relaxations, []);
}

#[test]
fn nobody_is_waited_for_beyond_the_deadline_or_a_minute() {
    let within = |deadline_ms| Criteria { deadline_ms: Some(deadline_ms), ..Criteria::default() };
    assert_eq!(report(within(5000), all()).plan, ["b/m"]);
    let late = report(within(4999), all());
    assert_eq!(late.plan, [] as [&str; 0]);
    assert_eq!(late.earliest_available_at.as_deref(), Some("2026-11-18T11:06:45Z"));
    assert_eq!(late.relaxations.len(), 4);
    let long = [gated("a/m", "0.01", &[gate(GateKind::Rate, Some(60_001))])];
    assert_eq!(report(Criteria::default(), long.clone()).plan, [] as [&str; 0]);
    assert_eq!(report(within(60_001), long).plan, ["a/m"]);
}

#[test]
fn in_a_panic_the_best_is_called_all_the_same() {
    let report = report(on(OnAllGated::Panic), all());
    assert_eq!(report.plan[0], "d/m");
    assert_eq!((report.plan.len(), &report.wait_until), (4, &None));
    assert_eq!(told(&report, "d/m").rank, None, "it does not qualify");
}

#[test]
fn it_fails_at_once_where_that_is_asked() {
    let report = report(on(OnAllGated::Fail), all());
    assert_eq!((report.selected, report.wait_until), (None, None));
    assert_eq!(report.earliest_available_at.as_deref(), Some("2026-11-18T11:06:45Z"));
}

#[test]
fn a_gate_counts_only_where_nothing_else_speaks_against_it_and_somebody_else_goes_before() {
    let dear = Criteria { max_cost: Some("0.015".parse().unwrap()), ..Criteria::default() };
    assert_eq!(report(dear, all()).plan, ["a/m"]);
    let mut with_another = all().to_vec();
    with_another.push(candidate("z/m", "5", 60_000));
    let report = report(on(OnAllGated::Panic), with_another);
    assert_eq!(report.plan, ["z/m"]);
    assert!(report.earliest_available_at.is_some(), "the others are told all the same");
}

#[test]
fn a_gate_that_has_opened_is_none_but_a_configuration_is_not_mended_by_a_clock() {
    let open = gated("a/m", "0.01", &[gate(GateKind::Rate, Some(0)), gate(GateKind::Process, Some(0))]);
    assert_eq!(report(Criteria::default(), [open]).plan, ["a/m"]);
    let refused = gated("a/m", "0.01", &[gate(GateKind::Config, Some(0))]);
    let report = report(Criteria::default(), [refused]);
    assert_eq!(codes(&report.candidates[0]), ["gate.config"]);
    assert_eq!((report.plan.len(), report.earliest_available_at), (0, None));
}

#[test]
fn nobody_at_all_is_nobody() {
    let decision = decide(&request(Criteria::default()), &snapshot([]));
    assert_eq!((decision.plan.len(), decision.chosen_by, decision.earliest), (0, ChosenBy::Score, None));
    assert_eq!(report(Criteria::default(), []).selected, None);
    assert!(Code::all().iter().filter(|code| code.is_gate()).count() == 5);
}
