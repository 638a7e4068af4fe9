//! A request's task and its one answer.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use crate::service::Service;
use crate::supervise::supervise;
use crate::{Context, Error, Provider, note};

impl<P: Provider> Service<P> {
    /// Runs a request's work in a task of its own and answers it.
    pub(crate) fn start<T: Serialize + Send + 'static>(
        self: &Arc<Self>,
        cx: Context,
        bytes: usize,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) {
        self.start_as(cx, bytes, false, work);
    }

    /// As [`Service::start`], or for the request that ends the session.
    pub(crate) fn start_as<T: Serialize + Send + 'static>(
        self: &Arc<Self>,
        cx: Context,
        bytes: usize,
        is_shutdown: bool,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) {
        let id = cx.0.id;
        if !self.table.insert(&cx.0, bytes, is_shutdown) {
            // An answer would be taken for that of the first.
            note(format_args!("ignored a second request with the id {id} of one that runs"));
            return;
        }
        let reply = Reply { service: self.clone(), cx, sent: false };
        // It is moved several times from here on, and may be large.
        let work = Box::pin(work);
        let task = tokio::spawn(async move {
            let outcome = supervise(&reply.cx.0, work).await;
            reply.send(outcome).await;
        });
        self.table.set_task(id, task.abort_handle());
    }
}

/// A request's one answer: sent by [`Reply::send`] or, where its task ends otherwise, on drop.
struct Reply<P: Provider> {
    service: Arc<Service<P>>,
    cx: Context,
    sent: bool,
}

impl<P: Provider> Reply<P> {
    async fn send<T: Serialize>(mut self, outcome: Result<T, Error>) {
        self.service.outbox.room().await;
        self.finish(outcome);
    }

    fn finish<T: Serialize>(&mut self, mut outcome: Result<T, Error>) {
        self.sent = true;
        let (mut frames, accepted) = self.cx.0.close();
        if let Err(error) = &mut outcome {
            self.service.remember(error);
            if let Some(charged) = accepted {
                error.data_mut().accepted = Some(true);
                error.data_mut().charged = Some(charged);
            }
        }
        self.service.table.remove(self.cx.0.id);
        frames.extend(self.service.outbox.encode_answer(self.cx.0.id, outcome));
        self.service.outbox.push(&frames);
    }
}

impl<P: Provider> Drop for Reply<P> {
    fn drop(&mut self) {
        if !self.sent {
            let message = "the provider panicked while the request's work was dropped";
            self.finish::<()>(Err(Error::internal(message)));
        }
    }
}
