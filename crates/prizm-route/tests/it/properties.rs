//! What holds of every choice, whatever is asked and whatever is true.

mod arbitrary;

use std::collections::BTreeMap;

use prizm_protocol::Capability;
use prizm_route::{Criteria, ReplayError, Report, Request, Snapshot, decide, replay};
use proptest::prelude::*;
use serde_json::{Value, json};

use self::arbitrary::{any_capability, any_criteria, any_snapshot, of_any_size, with_optimize};
use crate::change;
use crate::lab::request;

/// Each case is large, so that a quarter of the usual number will do.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases / 4, failure_persistence: None, ..usual }
}

/// The names of those that qualify, the best first.
fn ranking(request: &Request, snapshot: &Snapshot) -> Vec<String> {
    let decision = decide(request, snapshot);
    let ranked = decision.judged.iter().zip(&snapshot.candidates);
    let by_rank: BTreeMap<u32, String> =
        ranked.filter_map(|(judged, candidate)| Some((judged.rank?, candidate.offer.id()))).collect();
    assert!(by_rank.keys().copied().eq(1..=u32::try_from(by_rank.len()).unwrap()));
    by_rank.into_values().collect()
}

fn without(snapshot: &Snapshot, index: usize) -> Snapshot {
    let mut fewer = snapshot.clone();
    fewer.candidates.remove(index);
    fewer
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_comes_or_goes_never_changes_the_order_of_the_others(
        optimize in with_optimize(), criteria in any_criteria(), snapshot in any_snapshot(1..9),
    ) {
        // Of hard rules, most would exclude nearly everybody.
        for criteria in [criteria, Criteria::default()] {
            let request = request(Criteria { optimize: optimize.clone(), explore: 0, ..criteria });
            let all = ranking(&request, &snapshot);
            for index in 0..snapshot.candidates.len() {
                let gone = snapshot.candidates[index].offer.id();
                let others: Vec<String> = all.iter().filter(|id| **id != gone).cloned().collect();
                prop_assert_eq!(ranking(&request, &without(&snapshot, index)), others);
            }
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        criteria in any_criteria(), seed in any::<u64>(), snapshot in any_snapshot(1..9), turns in 0..9_usize,
    ) {
        let request = Request { seed, ..request(criteria) };
        let mut turned = snapshot.clone();
        let places = turned.candidates.len();
        turned.candidates.rotate_left(turns % places);
        turned.candidates.swap(0, places / 2);
        let (one, other) = (Report::of(request.clone(), snapshot), Report::of(request, turned));
        prop_assert_eq!(json!(one).to_string(), json!(other).to_string());
    }

    #[test]
    fn of_any_two_one_comes_first_and_three_make_no_circle(
        criteria in any_criteria(), snapshot in any_snapshot(3..4),
    ) {
        let request = request(Criteria { only: Vec::new(), exclude: Vec::new(), ..Criteria {
            optimize: criteria.optimize, order: criteria.order, ..Criteria::default()
        }});
        let all = ranking(&request, &snapshot);
        for index in 0..3 {
            let two = ranking(&request, &without(&snapshot, index));
            let mut turned = without(&snapshot, index);
            turned.candidates.reverse();
            prop_assert_eq!(&ranking(&request, &turned), &two);
            let in_all: Vec<&String> = all.iter().filter(|id| two.contains(id)).collect();
            prop_assert_eq!(in_all, two.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_decision_is_made_again_byte_for_byte(
        capability in any_capability(), criteria in any_criteria(), seed in any::<u64>(), snapshot in any_snapshot(0..5),
    ) {
        let report = Report::of(Request { capability, criteria, seed }, snapshot);
        let text = serde_json::to_string(&report).unwrap();
        let again = replay(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
        prop_assert!(replay(&serde_json::to_string_pretty(&report).unwrap()).is_ok(), "blanks do not count");
    }

    #[test]
    fn what_is_changed_is_found_out(criteria in any_criteria(), snapshot in any_snapshot(1..4)) {
        let report = Report::of(request(criteria), snapshot);
        let told = |change: &dyn Fn(&mut Value)| {
            let mut value = json!(report);
            change(&mut value);
            replay(&value.to_string()).unwrap_err()
        };
        let later = told(&|value| value["replay"]["snapshot"]["now"] = json!(report.replay.snapshot.now ^ 1));
        assert!(matches!(later, ReplayError::Changed { .. }));
        let more = told(&|value| value["replay"]["request"]["seed"] = json!(report.seed ^ 1));
        assert!(matches!(more, ReplayError::Changed { .. }));
        let other = told(&|value| value["plan"] = json!(["nobody/m"]));
        assert!(matches!(other, ReplayError::Different { field } if field == "plan"));
        let rank = told(&|value| value["candidates"][0]["verdict"] = json!("unheard"));
        assert!(matches!(rank, ReplayError::Different { field } if field == "candidates"));
        let none = told(&|value| drop(value.as_object_mut().unwrap().remove("replay")));
        assert!(matches!(none, ReplayError::Shape(_)));
    }

    #[test]
    fn what_would_admit_a_candidate_does(criteria in any_criteria(), snapshot in any_snapshot(1..2)) {
        // A gate beyond the calendar is told as its end.
        prop_assume!(snapshot.candidates[0].live.gates.iter().all(|gate| gate.until.is_none_or(|at| at < 1 << 45)));
        let request = request(criteria);
        let report = Report::of(request.clone(), snapshot.clone());
        let told = &report.candidates[0];
        if !told.would_be_eligible_if.is_empty() {
            prop_assert!(change::admits(&told.would_be_eligible_if, &request, &snapshot));
        }
    }

    #[test]
    fn criteria_are_read_as_they_are_written(criteria in any_criteria()) {
        let text = serde_json::to_string(&criteria).unwrap();
        let read: Criteria = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
        prop_assert_eq!(read, criteria);
    }

    #[test]
    fn a_job_of_any_size_is_counted_without_a_panic(numbers in proptest::array::uniform8(of_any_size())) {
        arbitrary::count_a_job(numbers);
    }
}

#[test]
fn criteria_that_nobody_knows_are_refused() {
    for wrong in [json!({"max_price": "1"}), json!({"max_cost": 0.01}), json!({"optimize": "fast"})] {
        assert!(serde_json::from_value::<Criteria>(wrong.clone()).is_err(), "{wrong}");
    }
    let right = json!({"fallback_on": ["content_policy"], "allow_duplicate_charge": true});
    let criteria: Criteria = serde_json::from_value(right).unwrap();
    assert!(criteria.latitude.allow_duplicate_charge && criteria.latitude.fallback_on.len() == 1);
    assert_eq!(
        serde_json::from_value::<Request>(json!({"capability": "text-to-image"})).unwrap(),
        request(Criteria::default())
    );
    assert_eq!(Request::new(Capability::TEXT_TO_IMAGE), request(Criteria::default()));
}
