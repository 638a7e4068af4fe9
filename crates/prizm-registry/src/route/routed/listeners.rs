//! Who hears of a job, whoever does it.

use std::sync::{Arc, Mutex, PoisonError};

use prizm_protocol::methods::notifications::{Accepted, Progress};

use crate::route::attempt::Trace;
use crate::{Chunk, Error, Transform};

type Hears<T> = Option<Box<dyn FnMut(T) + Send>>;

type HearsTries = Option<Box<dyn FnMut(&str, Option<&Error>) + Send>>;

/// Who hears of a job. Clones share them: one try after the other speaks to the same.
#[derive(Clone, Default)]
pub(super) struct Listeners(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    progress: Hears<Progress>,
    chunk: Hears<Chunk>,
    accepted: Hears<Accepted>,
    attempt: HearsTries,
}

impl Listeners {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_progress(&self, listener: impl FnMut(Progress) + Send + 'static) {
        self.with(|inner| inner.progress = Some(Box::new(listener)));
    }

    pub(super) fn set_chunk(&self, listener: impl FnMut(Chunk) + Send + 'static) {
        self.with(|inner| inner.chunk = Some(Box::new(listener)));
    }

    pub(super) fn set_accepted(&self, listener: impl FnMut(Accepted) + Send + 'static) {
        self.with(|inner| inner.accepted = Some(Box::new(listener)));
    }

    pub(super) fn set_attempt(&self, listener: impl FnMut(&str, Option<&Error>) + Send + 'static) {
        self.with(|inner| inner.attempt = Some(Box::new(listener)));
    }

    /// Says that a try begins, and what failed before it.
    pub(super) fn begins(&self, candidate: &str, after: Option<&Error>) {
        self.with(|inner| inner.attempt.iter_mut().for_each(|listener| listener(candidate, after)));
    }

    /// Lets them hear a try, and keeps a trace of what they have heard.
    pub(super) fn listen(&self, transform: Transform, trace: &Arc<Mutex<Trace>>) -> Transform {
        let (hears_progress, hears_chunks) = self.with(|inner| (inner.progress.is_some(), inner.chunk.is_some()));
        let (all, noted) = (self.clone(), Arc::clone(trace));
        let mut transform = transform.on_accepted(move |accepted| {
            note(&noted).accepted = Some(accepted.charged);
            all.with(|inner| inner.accepted.iter_mut().for_each(|listener| listener(accepted.clone())));
        });
        if hears_progress {
            let all = self.clone();
            transform = transform.on_progress(move |progress| {
                all.with(|inner| inner.progress.iter_mut().for_each(|listener| listener(progress.clone())));
            });
        }
        if hears_chunks {
            let (all, noted) = (self.clone(), Arc::clone(trace));
            transform = transform.on_chunk(move |chunk| {
                note(&noted).committed = true;
                all.with(|inner| inner.chunk.iter_mut().for_each(|listener| listener(chunk.clone())));
            });
        }
        transform
    }
}

pub(super) fn note(trace: &Mutex<Trace>) -> std::sync::MutexGuard<'_, Trace> {
    trace.lock().unwrap_or_else(PoisonError::into_inner)
}
