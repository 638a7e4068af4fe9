//! Budgets against a model that a reader sees to be right.

use prizm_ledger::{BudgetTerms, Ledger, LedgerError};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Reserve { amount: u64, lease: u64 },
    Settle { which: usize, actual: u64 },
    Release { which: usize },
    Renew { which: usize, lease: u64 },
    Wait { time: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..60_u64, 1..400_u64).prop_map(|(amount, lease)| Step::Reserve { amount, lease }),
        3 => (any::<usize>(), 0..80_u64).prop_map(|(which, actual)| Step::Settle { which, actual }),
        1 => any::<usize>().prop_map(|which| Step::Release { which }),
        1 => (any::<usize>(), 1..400_u64).prop_map(|(which, lease)| Step::Renew { which, lease }),
        3 => (0..150_u64).prop_map(|time| Step::Wait { time }),
    ]
}

#[derive(Default)]
struct Model {
    now: u64,
    spent: Vec<(u64, u64)>,
    /// Id, amount, and the end of the lease.
    reserved: Vec<(i64, u64, u64)>,
}

impl Model {
    fn spent(&self, per: Option<u64>) -> u64 {
        let counts = |at: u64| per.is_none_or(|per| at + per > self.now);
        self.spent.iter().filter(|(at, _)| counts(*at)).map(|(_, amount)| amount).sum()
    }

    fn reserved(&self) -> u64 {
        self.reserved.iter().filter(|(_, _, until)| *until > self.now).map(|(_, amount, _)| amount).sum()
    }

    fn take(&mut self, which: usize) -> Option<(i64, u64, u64)> {
        let index = which.checked_rem(self.reserved.len())?;
        Some(self.reserved.swap_remove(index))
    }

    fn step(&mut self, ledger: &Ledger, terms: &BudgetTerms<'_>, step: &Step) {
        let now = self.now;
        match *step {
            Step::Wait { time } => self.now += time,
            Step::Reserve { amount, lease } => {
                let before = ledger.left(terms, now).unwrap();
                let fits = amount <= terms.limit.saturating_sub(before.spent + before.reserved);
                match ledger.reserve(terms, amount, now, lease) {
                    Ok(reserved) => {
                        assert!(fits);
                        self.reserved.push((reserved.id, amount, now + lease));
                    }
                    Err(LedgerError::Exhausted { left, next, .. }) => {
                        assert!(!fits && left == before.left);
                        assert!(next.is_none_or(|next| next > now && frees(ledger, terms, now, next)));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Settle { which, actual } => {
                let Some((id, ..)) = self.take(which) else { return };
                ledger.settle(id, actual, now).unwrap();
                self.spent.push((now, actual));
            }
            Step::Release { which } => {
                let Some((id, ..)) = self.take(which) else { return };
                ledger.release(id).unwrap();
            }
            Step::Renew { which, lease } => {
                let Some((id, amount, _)) = self.take(which) else { return };
                ledger.renew(id, now, lease).unwrap();
                self.reserved.push((id, amount, now + lease));
            }
        }
    }
}

/// Whether less is taken then, and not before.
fn frees(ledger: &Ledger, terms: &BudgetTerms<'_>, now: u64, next: u64) -> bool {
    let taken = |at| ledger.left(terms, at).map(|left| left.spent + left.reserved).unwrap();
    taken(next - 1) == taken(now) && taken(next) < taken(now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Slots of a window this short are a millisecond long.
    #[test]
    fn a_budget_is_what_its_model_says(
        per in prop_oneof![Just(None), (1..500_u64).prop_map(Some)],
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let ledger = Ledger::in_memory().unwrap();
        let terms = BudgetTerms { id: "b", limit: 200, per };
        let mut model = Model::default();
        for step in &steps {
            model.step(&ledger, &terms, step);
            let left = ledger.left(&terms, model.now).unwrap();
            prop_assert_eq!((left.spent, left.reserved), (model.spent(per), model.reserved()));
            prop_assert_eq!(left.left, 200_u64.saturating_sub(left.spent + left.reserved));
        }
    }

    /// Slots of this window are 64 ms long: what was spent counts for that much longer at most, and never less long.
    #[test]
    fn slots_never_count_less(steps in prop::collection::vec(step(), 1..60)) {
        const PER: u64 = 64 * 256;
        let ledger = Ledger::in_memory().unwrap();
        let terms = BudgetTerms { id: "b", limit: 200, per: Some(PER) };
        let mut model = Model::default();
        for step in &steps {
            // As if time went faster, so that a window ends now and then.
            let step = match *step {
                Step::Wait { time } => Step::Wait { time: time * time / 4 },
                ref step => step.clone(),
            };
            model.step(&ledger, &terms, &step);
            let spent = ledger.left(&terms, model.now).unwrap().spent;
            prop_assert!((model.spent(Some(PER))..=model.spent(Some(PER + 64))).contains(&spent));
        }
    }
}
