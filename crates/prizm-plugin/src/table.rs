//! The requests that wait for an answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::job::Job;
use crate::outbox::lock;

/// A session with more than this unanswered reads no further until there is less.
const MOST_REQUESTS: usize = 4096;
const MOST_BYTES: usize = 64 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Table {
    requests: Mutex<Requests>,
    removed: Notify,
}

#[derive(Default)]
struct Requests {
    by_id: HashMap<u64, Pending>,
    bytes: usize,
}

struct Pending {
    job: Arc<Job>,
    bytes: usize,
    /// The session's own end, which is not work.
    is_shutdown: bool,
    task: Option<AbortHandle>,
}

impl Table {
    /// Adds a request of `bytes`; false where one with its id still waits.
    pub(crate) fn insert(&self, job: &Arc<Job>, bytes: usize, is_shutdown: bool) -> bool {
        let mut requests = lock(&self.requests);
        let Entry::Vacant(entry) = requests.by_id.entry(job.id) else { return false };
        entry.insert(Pending { job: job.clone(), bytes, is_shutdown, task: None });
        requests.bytes += bytes;
        true
    }

    pub(crate) fn set_task(&self, id: u64, task: AbortHandle) {
        if let Some(pending) = lock(&self.requests).by_id.get_mut(&id) {
            pending.task = Some(task);
        }
    }

    pub(crate) fn remove(&self, id: u64) {
        let mut requests = lock(&self.requests);
        if let Some(pending) = requests.by_id.remove(&id) {
            requests.bytes -= pending.bytes;
            drop(requests);
            self.removed.notify_waiters();
        }
    }

    pub(crate) fn cancel(&self, id: u64) {
        let job = lock(&self.requests).by_id.get(&id).map(|pending| pending.job.clone());
        if let Some(job) = job {
            job.token.cancel();
        }
    }

    /// Cancels all work.
    pub(crate) fn cancel_all(&self) {
        let requests = lock(&self.requests);
        let work = requests.by_id.values().filter(|pending| !pending.is_shutdown);
        let jobs: Vec<_> = work.map(|pending| pending.job.clone()).collect();
        drop(requests);
        jobs.iter().for_each(|job| job.token.cancel());
    }

    /// Drops everything: nobody listens any more.
    pub(crate) fn abort_all(&self) {
        let pending: Vec<_> = lock(&self.requests).by_id.drain().map(|(_, pending)| pending).collect();
        for Pending { job, task, .. } in pending {
            job.token.cancel();
            task.inspect(AbortHandle::abort);
        }
    }

    /// Waits until there is room for another request.
    pub(crate) async fn room(&self) {
        self.until(|requests| requests.by_id.len() < MOST_REQUESTS && requests.bytes < MOST_BYTES).await;
    }

    /// Waits until no work is left.
    pub(crate) async fn idle(&self) {
        self.until(|requests| requests.by_id.values().all(|pending| pending.is_shutdown)).await;
    }

    async fn until(&self, enough: impl Fn(&Requests) -> bool) {
        loop {
            let removed = self.removed.notified();
            if enough(&lock(&self.requests)) {
                return;
            }
            removed.await;
        }
    }
}
