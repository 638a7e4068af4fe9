//! Sessions.

use prizm_ledger::Ledger;

#[test]
fn a_session_has_its_last_candidate() {
    let ledger = Ledger::in_memory().unwrap();
    assert_eq!(ledger.session("s", 1).unwrap(), None);
    ledger.remember("s", "one", 2).unwrap();
    ledger.remember("s", "two", 3).unwrap();
    assert_eq!(ledger.session("s", 4).unwrap().as_deref(), Some("two"));
    assert!(ledger.remember("s", &"x".repeat(65 * 1024), 5).is_err());
}

#[test]
fn those_that_were_used_last_are_kept() {
    const MINUTES: u64 = 60_000;
    let ledger = Ledger::in_memory().unwrap();
    for n in 0..1_000 {
        ledger.remember(&n.to_string(), "c", n).unwrap();
    }
    assert!(ledger.session("0", 5 * MINUTES).unwrap().is_some());
    ledger.remember("new", "c", 6 * MINUTES).unwrap();
    ledger.remember("newer", "c", 6 * MINUTES).unwrap();
    let has = |key: &str| ledger.session(key, 7 * MINUTES).unwrap().is_some();
    assert_eq!(["0", "1", "2", "3", "new", "newer"].map(has), [true, false, false, true, true, true]);
}
