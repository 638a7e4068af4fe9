//! Decisions.

use prizm_ledger::{Ledger, LedgerError};

use crate::{Home, in_threads};

#[test]
fn a_decision_is_found_by_its_beginning() {
    let ledger = Ledger::in_memory().unwrap();
    for id in ["d-1a", "d-1b", "d-1", "e%"] {
        ledger.record(id, 7, &format!("of {id}")).unwrap();
    }
    ledger.attempt("d-1a", "first").unwrap();
    ledger.attempt("d-1a", "second").unwrap();
    ledger.record("d-1a", 8, "again").unwrap();
    let found = ledger.decision("d-1a").unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.at, found.json.as_str()), ("d-1a", 8, "again"));
    assert_eq!(found.attempts, ["first", "second"]);
    assert_eq!(ledger.decision("d-1").unwrap().unwrap().id, "d-1", "all of an id is no beginning");
    assert_eq!(ledger.decision("e").unwrap().unwrap().id, "e%");
    assert_eq!(ledger.decision("%").unwrap(), None);
    let error = ledger.decision("d-").unwrap_err();
    assert_eq!(error.to_string(), "`d-` begins the ids of 3 decisions: `d-1`, `d-1b`, `d-1a`");
    assert_eq!(error.hint(), "write more of the id");
    let error = ledger.attempt("none", "x").unwrap_err();
    assert_eq!(error.to_string(), "the ledger has no decision `none`");
}

#[test]
fn the_last_200_are_kept() {
    let home = Home::new();
    in_threads(&home, 8, 4, |thread, ledger| {
        for n in 0..30 {
            let id = format!("{thread}-{n}");
            ledger.record(&id, n, "{}").unwrap();
            ledger.attempt(&id, "{}").unwrap();
        }
    });
    let ledger = home.open();
    ledger.record("last", 0, "{}").unwrap();
    let all = ledger.decisions(1_000).unwrap();
    assert_eq!((all.len(), all[0].id.as_str()), (200, "last"), "a clock that goes back loses nothing");
    assert!(all[1..].iter().all(|decision| decision.attempts == ["{}"]));
    assert_eq!(ledger.decisions(3).unwrap(), all[..3]);
    assert_eq!(ledger.decisions(0).unwrap(), []);
}

#[test]
fn what_is_too_large_is_refused() {
    let ledger = Ledger::in_memory().unwrap();
    let large = "x".repeat(3 * 1024 * 1024);
    ledger.record("a", 1, &large).unwrap();
    for error in
        [ledger.record("b", 1, &"x".repeat(5 * 1024 * 1024)).unwrap_err(), ledger.attempt("a", &large).unwrap_err()]
    {
        assert!(matches!(error, LedgerError::TooLarge { limit: 0x40_0000, .. }), "{error}");
    }
    assert_eq!(ledger.decisions(9).unwrap().len(), 1);
}
