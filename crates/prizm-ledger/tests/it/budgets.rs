//! Budgets: nobody spends what somebody else is about to.

use std::sync::atomic::{AtomicU64, Ordering};

use prizm_ledger::{BudgetTerms, Ledger, LedgerError, Left};

use crate::{Home, in_threads};

const EVER: BudgetTerms<'_> = BudgetTerms { id: "ever", limit: 1_000, per: None };
const HOURLY: BudgetTerms<'_> = BudgetTerms { id: "hourly", limit: 1_000, per: Some(3_600_000) };

#[test]
fn a_reservation_becomes_what_was_spent() {
    let ledger = Ledger::in_memory().unwrap();
    let first = ledger.reserve(&EVER, 600, 1, 1_000).unwrap();
    assert_eq!(ledger.left(&EVER, 2).unwrap(), Left { left: 400, spent: 0, reserved: 600 });
    ledger.settle(first.id, 250, 3).unwrap();
    assert_eq!(ledger.left(&EVER, 4).unwrap(), Left { left: 750, spent: 250, reserved: 0 });
    let second = ledger.reserve(&EVER, 750, 5, 1_000).unwrap();
    ledger.release(second.id).unwrap();
    ledger.release(second.id).unwrap();
    assert_eq!(ledger.left(&EVER, 6).unwrap().left, 750);
    for ended in [first.id, second.id] {
        let error = ledger.settle(ended, 1, 7).unwrap_err();
        assert!(matches!(error, LedgerError::Unknown { what: "reservation", .. }), "{error:?}");
        assert!(ledger.renew(ended, 7, 10).is_err());
    }
    assert_eq!(ledger.left(&EVER, 8).unwrap().spent, 250, "nothing is charged twice");
}

#[test]
fn more_than_is_left_is_refused_and_told_when() {
    let ledger = Ledger::in_memory().unwrap();
    let refused = |terms: &BudgetTerms<'_>, amount, now| match ledger.reserve(terms, amount, now, 100) {
        Err(LedgerError::Exhausted { id, left, limit, next }) => {
            assert_eq!((id.as_str(), limit), (terms.id, terms.limit));
            (left, next)
        }
        other => panic!("{other:?}"),
    };
    let spent = ledger.reserve(&HOURLY, 900, 10, 500).unwrap();
    assert_eq!(refused(&HOURLY, 101, 20), (100, Some(510)), "its lease may end");
    ledger.settle(spent.id, 900, 30).unwrap();
    assert_eq!(refused(&HOURLY, 101, 40), (100, Some(3_600_030)), "it leaves the window");
    assert_eq!(refused(&HOURLY, 1_001, 40), (100, None), "there is never as much");
    let _rest = ledger.reserve(&HOURLY, 101, 3_600_030, 100).unwrap();
    ledger.settle(ledger.reserve(&EVER, 900, 10, 100).unwrap().id, 1_200, 20).unwrap();
    assert_eq!(refused(&EVER, 1, u64::MAX / 4), (0, None), "nothing comes back");
    let _nothing = ledger.reserve(&BudgetTerms { limit: 1_200, ..EVER }, 0, 40, 100).unwrap();
}

#[test]
fn a_lease_that_is_over_does_not_count_and_can_be_settled() {
    let ledger = Ledger::in_memory().unwrap();
    let slow = ledger.reserve(&EVER, 1_000, 0, 100).unwrap();
    assert!(ledger.reserve(&EVER, 1, 99, 100).is_err());
    ledger.renew(slow.id, 99, 101).unwrap();
    assert!(ledger.reserve(&EVER, 1, 199, 100).is_err());
    let other = ledger.reserve(&EVER, 400, 200, 100).unwrap();
    ledger.settle(slow.id, 900, 210).unwrap();
    assert_eq!(ledger.left(&EVER, 220).unwrap(), Left { left: 0, spent: 900, reserved: 400 });
    ledger.settle(other.id, 400, 230).unwrap();
    assert_eq!(ledger.left(&EVER, 240).unwrap(), Left { left: 0, spent: 1_300, reserved: 0 });
}

#[test]
fn a_window_can_become_wider_and_none_is_for_ever() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let ledger = Ledger::in_memory().unwrap();
    let of = |per| BudgetTerms { id: "one", limit: 100_000, per };
    for day in 0..100 {
        let reserved = ledger.reserve(&of(Some(DAY)), 10, day * DAY, 100).unwrap();
        ledger.settle(reserved.id, 10, day * DAY).unwrap();
    }
    let spent = |per| ledger.left(&of(per), 99 * DAY).unwrap().spent;
    assert_eq!([spent(Some(DAY)), spent(Some(30 * DAY)), spent(None)], [10, 300, 1_000]);
    assert_eq!(spent(Some(u64::MAX)), 320, "slots are kept for 32 windows");
}

#[test]
fn what_cannot_be_counted_is_the_most() {
    let ledger = Ledger::in_memory().unwrap();
    for per in [None, Some(10_000)] {
        let terms = BudgetTerms { id: "much", limit: u64::MAX, per };
        assert!(ledger.reserve(&terms, u64::MAX, 0, 100).is_err());
        for now in [1, 2, 3] {
            let reserved = ledger.reserve(&terms, 0, now, u64::MAX).unwrap();
            ledger.settle(reserved.id, u64::MAX, now).unwrap();
        }
        let left = ledger.left(&terms, 4).unwrap();
        assert!(left.left == 0 && left.spent >= i64::MAX as u64, "{left:?}");
    }
}

/// Threads and connections, each of which takes more than its share.
#[test]
fn threads_and_connections_never_overspend() {
    const THREADS: usize = 100;
    let home = Home::new();
    let terms = BudgetTerms { id: "shared", limit: 10_000, per: Some(1_000_000) };
    let (settled, kept) = (AtomicU64::new(0), AtomicU64::new(0));
    in_threads(&home, THREADS, 4, |thread, ledger| {
        for round in 0..10_u64 {
            let now = 1_000 + round;
            let reserved = match ledger.reserve(&terms, 37, now, 1_000_000) {
                Ok(reserved) => reserved,
                Err(LedgerError::Exhausted { left, .. }) => {
                    assert!(left < 37);
                    return;
                }
                Err(error) => panic!("{error}"),
            };
            match (thread as u64 + round) % 3 {
                0 => drop(kept.fetch_add(37, Ordering::Relaxed)),
                1 => ledger.release(reserved.id).unwrap(),
                _ => {
                    ledger.settle(reserved.id, 30, now).unwrap();
                    settled.fetch_add(30, Ordering::Relaxed);
                }
            }
            let left = ledger.left(&terms, now).unwrap();
            assert!(left.spent + left.reserved <= terms.limit, "{left:?}");
        }
    });
    let left = home.open().left(&terms, 2_000).unwrap();
    assert_eq!((left.spent, left.reserved), (settled.into_inner(), kept.into_inner()));
    assert!(left.spent + left.reserved <= terms.limit, "{left:?}");
    assert!(left.spent + left.reserved > terms.limit - 37, "all of it was wanted: {left:?}");
}
