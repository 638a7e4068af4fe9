//! Several at once, and how far they are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::examine::Step;
use crate::{Error, Plan};

/// Who does the work, and whom they tell.
pub(crate) struct Crowd<'a> {
    plan: &'a Plan,
    watch: &'a (dyn Fn(Step<'_>) + Sync),
    done: AtomicUsize,
    of: AtomicUsize,
}

impl<'a> Crowd<'a> {
    /// Gathers a crowd for so many steps.
    pub(crate) fn new(plan: &'a Plan, watch: &'a (dyn Fn(Step<'_>) + Sync), of: usize) -> Self {
        Self { plan, watch, done: AtomicUsize::new(0), of: AtomicUsize::new(of) }
    }

    /// Expects more steps.
    pub(crate) fn expect(&self, more: usize) {
        self.of.fetch_add(more, Ordering::Relaxed);
    }

    /// Tells that a step is done.
    pub(crate) fn done(&self, title: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.watch)(Step { done, of: self.of.load(Ordering::Relaxed), title });
    }

    /// Does something with every item, several at once. Returns what came of it, in order.
    pub(crate) fn each<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Result<Vec<R>, Error> {
        let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let one_after_the_other = || {
            while !self.plan.stop.is_on() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return };
                let result = work(item);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = self.plan.jobs.unwrap_or(cores).clamp(1, items.len().max(1));
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(one_after_the_other);
            }
            one_after_the_other();
        });
        if self.plan.stop.is_on() {
            return Err(Error::Interrupted);
        }
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(index, _)| *index);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_steps_are_told() {
        let (plan, steps) = (Plan { jobs: Some(4), ..Plan::default() }, Mutex::new(Vec::new()));
        let watch = |step: Step<'_>| steps.lock().unwrap().push((step.done, step.of));
        let crowd = Crowd::new(&plan, &watch, 20);
        let items: Vec<usize> = (0..20).collect();
        let squares = crowd.each(&items, |item| {
            crowd.done("squared");
            item * item
        });
        assert_eq!(squares.unwrap(), items.iter().map(|item| item * item).collect::<Vec<_>>());
        let mut steps = steps.into_inner().unwrap();
        steps.sort_unstable();
        assert_eq!(steps, (1..=20).map(|done| (done, 20)).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_begins_after_the_end() {
        let plan = Plan::default();
        let crowd = Crowd::new(&plan, &|_| {}, 2);
        let result = crowd.each(&[1, 2, 3], |_| plan.stop.stop());
        assert!(matches!(result, Err(Error::Interrupted)));
    }
}
