//! The task that watches one instance: its death, its idleness, its unanswered cancellations.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use prizm_protocol::methods::initialize::CancelMode;
use tokio::time::{Instant, sleep_until};

use super::{Shared, Timing};
use crate::Stage;
use crate::instance::{Instance, Signals};
use crate::wire::{Abandoned, soon};

/// Everything that can happen to an instance.
enum Event {
    Ended,
    Abandoned(Abandoned),
    /// A cancelled call may have gone unanswered for too long.
    Overdue,
    /// Nobody may have used it for a while.
    Quiet,
    /// It is tainted, and its last user has left.
    Drained,
    /// Nobody holds it any more.
    Orphaned,
}

pub(super) async fn run(shared: Weak<Shared>, instance: Weak<Instance>, mut signals: Signals, timing: Timing) {
    let mut cancelled: VecDeque<Abandoned> = VecDeque::new();
    let mut look_again = soon(timing.idle_stop);
    loop {
        let overdue = cancelled.front().map(|first| soon(timing.cancel_grace.saturating_sub(first.at.elapsed())));
        let event = next(&instance, &mut signals, overdue, look_again).await;
        let (Some(shared), Some(instance)) = (shared.upgrade(), instance.upgrade()) else { return };
        match event {
            Event::Orphaned => return,
            // It is being stopped, rung by rung: a `shutdown` that it did not answer taints nothing.
            Event::Abandoned(_) | Event::Overdue if instance.is_stopping() => cancelled.clear(),
            Event::Ended => return ended(&shared, &instance),
            Event::Abandoned(call) if instance.info().cancel == CancelMode::Restart => {
                if instance.connection.calls.contains(call.id) {
                    instance.taint();
                    if instance.users() == 0 {
                        withdraw(&shared, &instance, |_| true);
                        return instance.kill().await;
                    }
                }
            }
            Event::Abandoned(call) => {
                // Answered ones need no watching; this keeps the list short in a storm.
                while cancelled.front().is_some_and(|first| !instance.connection.calls.contains(first.id)) {
                    cancelled.pop_front();
                }
                cancelled.push_back(call);
            }
            Event::Overdue => {
                if cancelled.pop_front().is_some_and(|call| instance.connection.calls.contains(call.id)) {
                    tracing::warn!(
                        plugin = shared.label,
                        pid = instance.pid(),
                        "a cancelled call was not answered; restarting"
                    );
                    instance.taint();
                }
            }
            Event::Quiet => match instance.idle_since() {
                Some(since) if since.elapsed() >= timing.idle_stop => {
                    // Somebody may have taken it since.
                    if withdraw(&shared, &instance, |instance| instance.idle_since().is_some()) {
                        tracing::debug!(plugin = shared.label, pid = instance.pid(), "idle: stopping");
                        return instance.stop().await;
                    }
                    look_again = soon(timing.idle_stop);
                }
                Some(since) => look_again = soon(timing.idle_stop.saturating_sub(since.elapsed())),
                None => look_again = soon(timing.idle_stop),
            },
            Event::Drained => {
                // A plugin that did not honour a cancellation is deaf to `shutdown` as well.
                withdraw(&shared, &instance, |_| true);
                return instance.kill().await;
            }
        }
    }
}

async fn next(
    instance: &Weak<Instance>,
    signals: &mut Signals,
    overdue: Option<Instant>,
    look_again: Instant,
) -> Event {
    tokio::select! {
        biased;
        ended = signals.ended.wait_for(Option::is_some) => if ended.is_ok() { Event::Ended } else { Event::Orphaned },
        Some(call) = signals.abandoned.recv() => Event::Abandoned(call),
        () = at(overdue) => Event::Overdue,
        () = drained(instance) => Event::Drained,
        () = sleep_until(look_again) => Event::Quiet,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn drained(instance: &Weak<Instance>) {
    // The instance lives as long as somebody else holds it; this wait must not be what holds it.
    let Some(drained) = instance.upgrade().map(|instance| instance.drained()) else { return };
    drained.await;
}

fn ended(shared: &Arc<Shared>, instance: &Arc<Instance>) {
    let end = instance.connection.ended.borrow().clone();
    {
        let mut slot = shared.slot();
        slot.supervisor.lived(instance.born.elapsed());
        if slot.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, instance)) {
            slot.current = None;
        }
    }
    if let Some(end) = end.filter(|end| end.is_failure()) {
        shared.note_failure(&end.to_error(Stage::Call, None));
    }
}

/// Takes an instance out of use, provided that it is as it should be; nobody gets a lease meanwhile.
fn withdraw(shared: &Shared, instance: &Arc<Instance>, provided: impl FnOnce(&Instance) -> bool) -> bool {
    let mut slot = shared.slot();
    let as_it_should = provided(instance);
    if as_it_should && slot.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, instance)) {
        slot.current = None;
    }
    as_it_should
}
