//! Every check of the conformance crate, tried on a plugin that breaks its rule and no other: a matrix
//! of modes of the hostile plugin and rules.

mod grid;
mod run;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use prizm_conformance::requirements;

use grid::Grid;
use run::{Found, examine};
use table::{ROWS, Row};

/// Examinations at once. They mostly wait: for deadlines, and for each other's processes.
const AT_ONCE: usize = 4;

/// Rows that wait for what never comes, and so are begun first.
const LONGEST: &[&str] = &["ST-2", "TR-11", "CO-3"];

/// Rules to try instead of all, separated by commas.
const ONLY: &str = "PRIZM_MATRIX";

#[test]
fn every_rule_has_a_row_and_every_row_a_rule() {
    let rules: Vec<_> = requirements().map(|rule| rule.id.as_str()).collect();
    let rows: Vec<_> = ROWS.iter().map(|row| row.rule).collect();
    assert_eq!(rows, rules, "the rows are those of the specification, in its order");
    for row in ROWS {
        for (rule, reason) in row.also {
            assert!(rules.contains(rule) && *rule != row.rule && reason.ends_with('.'), "{}: {rule}", row.rule);
        }
    }
}

#[test]
fn the_good_provider_passes_every_check() {
    let found = examine("good");
    let (passed, all) = (found.passed().count(), requirements().count());
    assert_eq!(passed, all, "{}", found.complaints());
    assert_eq!(found.confessions, 0);
}

#[test]
fn every_check_fails_for_its_own_rule_and_no_other() {
    let only = std::env::var(ONLY).unwrap_or_default();
    let only: BTreeSet<_> = only.split(',').filter(|rule| !rule.is_empty()).collect();
    let rows: Vec<_> = ROWS.iter().filter(|row| only.is_empty() || only.contains(row.rule)).collect();
    assert!(!rows.is_empty(), "{ONLY} names no rule");
    let began = Instant::now();
    let found = examine_all(&rows);
    println!("{}", Grid(&rows, &found));
    let seconds: f64 = found.iter().map(|found| found.took.as_secs_f64()).sum();
    println!("{} modes in {:.0} s, {seconds:.0} s one after the other", rows.len(), began.elapsed().as_secs_f64());
    let wrong: Vec<_> = rows.iter().zip(&found).filter_map(|(row, found)| wrong(row, found)).collect();
    assert!(wrong.is_empty(), "{} of {} rows are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Examines the mode of every row, several at once.
fn examine_all(rows: &[&Row]) -> Vec<Found> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let mut order: Vec<_> = (0..rows.len()).collect();
    order.sort_by_key(|index| !LONGEST.contains(&rows[*index].rule));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(rows.len()) {
            scope.spawn(|| {
                while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = examine(rows[*index].mode);
                    found.lock().unwrap().push((*index, one));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, found)| found).collect()
}

/// What is wrong with what was found of a row.
fn wrong(row: &Row, found: &Found) -> Option<String> {
    let expected: BTreeSet<_> = std::iter::once(row.rule).chain(row.also.iter().map(|(rule, _)| *rule)).collect();
    let failed: BTreeSet<_> = found.failed().map(|(rule, _)| rule).collect();
    let mut wrong = Vec::new();
    if found.confessions == 0 {
        wrong.push("the mode has not misbehaved".to_owned());
    }
    wrong.extend(expected.difference(&failed).map(|rule| format!("{rule} did not fail")));
    let others = found.failed().filter(|(rule, _)| !expected.contains(rule));
    wrong.extend(others.map(|(rule, why)| format!("{rule} failed too: {why}")));
    let mut blocked: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (rule, by, why) in found.blocked().filter(|(_, by, _)| !by.is_some_and(|by| expected.contains(by))) {
        blocked.entry((by.unwrap_or("nothing"), why)).or_default().push(rule);
    }
    wrong.extend(blocked.iter().map(|((by, why), rules)| format!("{by} blocked {}: {why}", rules.join(" "))));
    wrong.extend(found.inapplicable().map(|(rule, why)| format!("{rule} did not apply: {why}")));
    (!wrong.is_empty()).then(|| format!("{} ({}):\n    {}", row.rule, row.mode, wrong.join("\n    ")))
}
