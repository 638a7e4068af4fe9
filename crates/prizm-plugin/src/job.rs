//! One request between its arrival and its answer.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prizm_protocol::Charged;
use prizm_protocol::methods::notifications::{self as wire, ACCEPTED, CHUNK, PROGRESS};
use prizm_protocol::methods::transform::TransformParams;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Progress;
use crate::outbox::{Outbox, lock};

/// The least time between two progress frames of a job.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What is shared by the author's code, the task that runs it, and the session.
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) token: CancellationToken,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) job_id: String,
    pub(crate) job_dir: Option<PathBuf>,
    state: Mutex<State>,
    held_back: Notify,
}

#[derive(Default)]
struct State {
    answered: bool,
    seq: u64,
    fraction: Option<f64>,
    /// When the next progress frame may leave.
    due: Option<Instant>,
    /// Progress that came too early; a later one takes its place.
    pending: Option<Progress>,
    accepted: Option<Charged>,
}

impl Job {
    pub(crate) fn new(id: u64, outbox: Arc<Outbox>) -> Self {
        Self {
            id,
            token: CancellationToken::new(),
            outbox,
            deadline: None,
            job_id: String::new(),
            job_dir: None,
            state: Mutex::default(),
            held_back: Notify::new(),
        }
    }

    pub(crate) fn for_transform(mut self, params: &mut TransformParams) -> Self {
        let within = params.deadline_ms.map(Duration::from_millis);
        // A deadline beyond what the clock can count is none.
        self.deadline = within.and_then(|within| Instant::now().checked_add(within));
        self.job_id = std::mem::take(&mut params.job_id);
        self.job_dir = params.job_dir.take().map(PathBuf::from);
        self
    }

    pub(crate) fn report(&self, mut progress: Progress) {
        let mut state = lock(&self.state);
        if state.answered {
            return;
        }
        if let Some(fraction) = progress.fraction.filter(|fraction| !fraction.is_nan()) {
            let highest = state.fraction.unwrap_or(0.0).max(fraction.clamp(0.0, 1.0));
            state.fraction = Some(highest);
            progress.fraction = state.fraction;
        } else {
            progress.fraction = None;
        }
        let early = state.due.is_some_and(|due| Instant::now() < due);
        if early || !self.outbox.has_room() {
            state.pending = Some(progress);
            self.held_back.notify_one();
        } else {
            state.pending = None;
            self.send(&mut state, progress);
        }
    }

    fn send(&self, state: &mut State, progress: Progress) {
        state.due = Some(Instant::now() + PROGRESS_INTERVAL);
        if let Some(frame) = self.progress_frame(state, progress) {
            self.outbox.push(&frame);
        }
    }

    fn progress_frame(&self, state: &mut State, progress: Progress) -> Option<Vec<u8>> {
        state.seq += 1;
        let eta = progress.eta.map(|eta| u64::try_from(eta.as_millis()).unwrap_or(u64::MAX));
        let params = wire::Progress {
            id: self.id,
            seq: state.seq,
            fraction: progress.fraction,
            stage: progress.stage,
            message: progress.message,
            eta_ms: eta,
        };
        self.outbox.encode(PROGRESS, params)
    }

    /// Sends progress that was held back, as soon as it may leave. Never ends.
    pub(crate) async fn send_held_back(&self) -> Infallible {
        loop {
            self.held_back.notified().await;
            while let Some(due) = self.next_due() {
                sleep_until(due).await;
                self.outbox.room().await;
                let mut state = lock(&self.state);
                if let Some(progress) = state.pending.take_if(|_| self.outbox.has_room()) {
                    self.send(&mut state, progress);
                }
            }
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let state = lock(&self.state);
        state.pending.as_ref()?;
        Some(state.due.unwrap_or_else(Instant::now))
    }

    pub(crate) async fn chunk(&self, text: Option<String>, path: Option<String>) {
        self.outbox.room().await;
        let mut state = lock(&self.state);
        if !state.answered {
            state.seq += 1;
            let params = wire::Chunk { id: self.id, seq: state.seq, text, path };
            self.outbox.send(CHUNK, params);
        }
    }

    pub(crate) fn accepted(&self, remote_id: &str, charged: Charged) {
        let mut state = lock(&self.state);
        if state.answered || state.accepted.is_some() {
            return;
        }
        state.accepted = Some(charged);
        let params = wire::Accepted { id: self.id, remote_id: remote_id.to_owned(), charged };
        self.outbox.send(ACCEPTED, params);
    }

    /// Sends a notification that belongs to this request, unless it has been answered or the host
    /// does not read.
    pub(crate) fn notify(&self, method: &str, params: impl serde::Serialize) {
        let state = lock(&self.state);
        if !state.answered && self.outbox.has_room() {
            self.outbox.send(method, params);
        }
    }

    /// Ends the job: nothing is sent for it afterwards but what is returned, the frames that are
    /// due before the answer. Also returns what [`Job::accepted`] was told.
    pub(crate) fn close(&self) -> (Vec<u8>, Option<Charged>) {
        let mut state = lock(&self.state);
        state.answered = true;
        let last = state.pending.take();
        let frames = last.and_then(|progress| self.progress_frame(&mut state, progress));
        // Work that still runs, on a thread that cannot be dropped, learns that it is over.
        self.token.cancel();
        (frames.unwrap_or_default(), state.accepted)
    }
}
