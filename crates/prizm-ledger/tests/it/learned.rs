//! What was learned.

use prizm_ledger::{Ledger, LedgerError};

use crate::{Home, in_threads};

fn learn(ledger: &Ledger, key: &str, now: u64, json: &str) {
    ledger.learn(key, now, &mut |_| Some(json.to_owned())).unwrap();
}

/// Adds one to a number.
pub fn count(ledger: &Ledger, key: &str, now: u64) {
    let mut add = |known: Option<&str>| Some((known.map_or(0, |known| known.parse::<u64>().unwrap()) + 1).to_string());
    ledger.learn(key, now, &mut add).unwrap();
}

#[test]
fn what_was_learned_stays() {
    let home = Home::new();
    let ledger = home.open();
    learn(&ledger, "b%/1", 1, "{}");
    learn(&ledger, "a/2", 2, "[1]");
    ledger.learn("a/2", 3, &mut |known| (known != Some("[1]")).then(String::new)).unwrap();
    ledger.learn("c", 3, &mut |known| known.map(str::to_owned)).unwrap();
    drop(ledger);
    let ledger = home.open();
    let row = |key: &str, json: &str| (key.to_owned(), json.to_owned());
    assert_eq!(ledger.learned().unwrap(), [row("a/2", "[1]"), row("b%/1", "{}")]);
    assert_eq!(ledger.forget(Some("b%")).unwrap(), 1);
    assert_eq!(ledger.forget(Some("%")).unwrap(), 0, "it is no pattern");
    assert_eq!(ledger.forget(None).unwrap(), 1);
    assert_eq!(ledger.learned().unwrap(), []);
}

#[test]
fn threads_and_connections_learn_all() {
    let home = Home::new();
    in_threads(&home, 50, 4, |thread, ledger| {
        for round in 0..20 {
            count(ledger, "all", round);
            count(ledger, &format!("some/{}", thread % 5), round);
        }
    });
    let learned = home.open().learned().unwrap();
    assert_eq!(learned.len(), 6);
    for (key, json) in learned {
        assert_eq!(json, if key == "all" { "1000" } else { "200" }, "{key}");
    }
}

#[test]
fn the_oldest_of_too_many_go() {
    let ledger = Ledger::in_memory().unwrap();
    for n in 0..20_000_u64 {
        learn(&ledger, &n.to_string(), 1_000 + n, "x");
    }
    learn(&ledger, "0", 90_000, "y");
    learn(&ledger, "new", 90_001, "x");
    learn(&ledger, "newer", 90_002, "x");
    let learned = ledger.learned().unwrap();
    let has = |key: &str| learned.iter().any(|(known, _)| known == key);
    assert!((19_900..=20_000).contains(&learned.len()), "{}", learned.len());
    assert_eq!(["0", "1", "2", "19999", "new", "newer"].map(has), [true, false, false, true, true, true]);
}

#[test]
fn what_is_too_large_is_refused() {
    let ledger = Ledger::in_memory().unwrap();
    learn(&ledger, "k", 1, &"x".repeat(64 * 1024 - 1));
    let error = ledger.learn("k", 2, &mut |_| Some("y".repeat(64 * 1024))).unwrap_err();
    assert!(matches!(error, LedgerError::TooLarge { size: 65_537, limit: 65_536, .. }), "{error}");
    assert!(ledger.learned().unwrap()[0].1.starts_with('x'), "what there was is still there");
}

#[test]
fn a_panic_changes_nothing() {
    let ledger = Ledger::in_memory().unwrap();
    learn(&ledger, "k", 1, "x");
    let panics = || ledger.learn("k", 2, &mut |_| panic!("on purpose"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    count(&ledger, "n", 3);
    assert_eq!(ledger.learned().unwrap().len(), 2);
}
