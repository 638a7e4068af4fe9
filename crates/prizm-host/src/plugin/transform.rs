//! One job from end to end: slot → inputs → call → outputs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use prizm_protocol::methods::estimate::{EstimateParams, EstimateResult, MediaFacts};
use prizm_protocol::methods::transform::{TransformParams, TransformResult};
use prizm_protocol::methods::{DoTransform, Estimate};
use prizm_protocol::{Media, MediaKind};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::{Plugin, Shared};
use crate::call::{Call, Event, InputSource, Outcome, Output, OutputSource};
use crate::instance::Lease;
use crate::job::{self, JobDir};
use crate::wire::{Notice, Patience, soon};
use crate::{Error, ErrorKind, Stage};

impl Plugin {
    /// Does a job, starting the plugin if need be. Events are handed over in order while the
    /// returned future is polled; dropping it cancels the job.
    ///
    /// # Errors
    /// The plugin cannot be started, dies, breaks the protocol, answers with an error, or does not
    /// answer within the call's time.
    pub async fn transform(&self, call: Call, on_event: impl FnMut(Event) + Send) -> Result<Outcome, Error> {
        let deadline = call.timeout.map(soon);
        let (lease, permit, waited) = match self.0.at_hand()? {
            Some((lease, permit)) => (lease, permit, Duration::ZERO),
            None => {
                let asked = Instant::now();
                let (lease, permit) = self.0.admit(deadline).await?;
                (lease, permit, asked.elapsed())
            }
        };
        let text_only = job::is_text_only(&call.inputs, call.capability.output());
        let Call { model, capability, inputs, options, idle_timeout, idempotency_key, resume, .. } = call;
        let work_dir = self.0.spec.work_dir.clone();
        let (job, inputs) = if text_only {
            (None, inputs.into_iter().filter_map(inline).collect())
        } else {
            let (job, media) = blocking(Stage::Input, move || job::prepare(&work_dir, inputs)).await?;
            (Some(job), media)
        };
        let patience = Patience { deadline, idle: idle_timeout };
        let mut events = Events { job: job.clone(), on_event };
        // The slot and the directory are the plugin's until it has answered, cancelled or not.
        let keep = Box::new((permit, job.clone()));
        let params = TransformParams {
            model,
            capability: capability.to_string(),
            inputs,
            options,
            job_id: job.as_ref().map_or_else(new_id, JobDir::id),
            job_dir: job.as_ref().map(|job| job.path().to_string_lossy().into_owned()),
            deadline_ms: deadline.map(|deadline| {
                u64::try_from(deadline.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX)
            }),
            idempotency_key,
            resume,
        };
        let answer = lease
            .connection
            .call::<DoTransform, _>(&params, Stage::Call, patience, Some(keep), |notice| events.take(notice));
        // They are on the wire: what waits for the answer is smaller without them.
        drop(params);
        let result = answer.await?;
        let outcome = outcome(job, result, capability.output());
        let outcome = match deadline {
            Some(deadline) => timeout_at(deadline, outcome).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Deadline, Stage::Output, "the outputs could not be taken in time")
                    .with_hint("give the call more time"))
            }),
            None => outcome.await,
        };
        outcome.map(|outcome| Outcome { waited, ..outcome })
    }

    /// Asks what a job would cost, starting the plugin if need be. Of the inputs it is told the kinds,
    /// and how long a text is.
    ///
    /// # Errors
    /// The plugin cannot be started, does not answer, or does not implement it, which is optional.
    pub async fn estimate(&self, call: Call) -> Result<EstimateResult, Error> {
        let lease = self.0.lease().await?;
        let params = EstimateParams {
            model: call.model,
            capability: call.capability.to_string(),
            options: call.options,
            inputs: call.inputs.into_iter().map(facts).collect(),
        };
        let deadline = soon(self.0.spec.timing.query);
        lease.connection.request::<Estimate>(&params, Stage::Call, deadline).await
    }
}

fn new_id() -> String {
    format!("job-{:08x}", fastrand::u32(..))
}

impl Shared {
    /// Returns an instance that takes work, and a slot of it, where both are there.
    fn at_hand(&self) -> Result<Option<(Lease, OwnedSemaphorePermit)>, Error> {
        let Some(lease) = self.running()? else { return Ok(None) };
        let permit = Arc::clone(&lease.slots).try_acquire_owned().ok();
        // It may have been tainted meanwhile.
        Ok(permit.filter(|_| lease.is_usable()).map(|permit| (lease, permit)))
    }

    /// Waits for an instance that takes work, and for a slot of it. Boxed: most calls need not wait.
    fn admit(
        self: &Arc<Self>,
        deadline: Option<Instant>,
    ) -> BoxFuture<'_, Result<(Lease, OwnedSemaphorePermit), Error>> {
        let admitted = async {
            loop {
                let lease = self.lease().await?;
                let slots = Arc::clone(&lease.slots);
                if let Ok(permit) = slots.acquire_owned().await {
                    // It may have ended, or been tainted, while we waited.
                    if lease.is_usable() {
                        return Ok((lease, permit));
                    }
                }
            }
        };
        Box::pin(async move {
            let Some(deadline) = deadline else { return admitted.await };
            timeout_at(deadline, admitted).await.unwrap_or_else(|_| {
                let message = format!("the plugin `{}` had no slot free in time", self.label);
                Err(Error::new(ErrorKind::Deadline, Stage::Call, message)
                    .with_hint("give the call more time, or send fewer at once"))
            })
        })
    }
}

fn inline(input: crate::Input) -> Option<Media> {
    let InputSource::Text(text) = input.source else { return None };
    Some(Media { kind: input.kind, mime: input.mime, role: input.role, name: input.name, ..Media::text(text) })
}

/// What is known of an input without a look into files.
fn facts(input: crate::Input) -> MediaFacts {
    let known = match &input.source {
        InputSource::Text(text) => Some(("characters", text.chars().count())),
        InputSource::Bytes(bytes) => Some(("bytes", bytes.len())),
        InputSource::File(_) => None,
    };
    let meta = known.map(|(name, count)| [(name.to_owned(), count.into())].into_iter().collect());
    MediaFacts { kind: input.kind, mime: input.mime, role: input.role, meta }
}

/// Turns notices into events.
struct Events<F> {
    job: Option<JobDir>,
    on_event: F,
}

impl<F: FnMut(Event) + Send> Events<F> {
    fn take(&mut self, notice: Notice) -> Result<Option<Instant>, Error> {
        let event = match notice {
            Notice::Progress(progress) => Event::Progress(progress),
            Notice::Accepted(accepted) => Event::Accepted(accepted),
            Notice::Startup(_) | Notice::Overflow => return Ok(None),
            Notice::Chunk(chunk) => match (chunk.text, chunk.path) {
                (Some(text), _) => Event::TextChunk(text),
                (None, Some(path)) => Event::FileChunk(self.take_chunk(&path)?),
                (None, None) => return Ok(None),
            },
        };
        (self.on_event)(event);
        Ok(None)
    }

    fn take_chunk(&self, path: &str) -> Result<crate::TakenFile, Error> {
        let job = self.job.as_ref().ok_or_else(no_directory)?;
        // A chunk is any kind of file; what it is is for the reader to tell.
        job::take_chunk(job, path)
    }
}

fn no_directory() -> Error {
    Error::new(
        ErrorKind::Protocol,
        Stage::Output,
        "the plugin names a file, but the job has only text and no directory",
    )
    .with_hint("report it to the plugin's author")
}

async fn outcome(job: Option<JobDir>, result: TransformResult, expected: Option<MediaKind>) -> Result<Outcome, Error> {
    if result.outputs.is_empty() {
        let message = "the plugin answered without any output";
        return Err(
            Error::new(ErrorKind::Protocol, Stage::Output, message).with_hint("report it to the plugin's author")
        );
    }
    let mut outputs = Vec::with_capacity(result.outputs.len());
    for media in result.outputs {
        if let Some(expected) = expected.filter(|expected| *expected != media.kind && media.role.is_none()) {
            let message = format!("the plugin gave {} where the capability gives {expected}", media.kind);
            return Err(
                Error::new(ErrorKind::Protocol, Stage::Output, message).with_hint("report it to the plugin's author")
            );
        }
        outputs.push(output(job.as_ref(), media).await?);
    }
    Ok(Outcome { outputs, usage: result.usage, meta: result.meta, waited: Duration::ZERO })
}

async fn output(job: Option<&JobDir>, media: Media) -> Result<Output, Error> {
    let Media { kind, mime, text, path, url, role, name, meta } = media;
    let (source, mime) = match (text, path, url) {
        (Some(text), None, None) if kind == MediaKind::Text => (OutputSource::Text(text), mime),
        (None, Some(path), None) => {
            let job = job.ok_or_else(no_directory)?.clone();
            let declared = mime.clone();
            let (file, found) = blocking(Stage::Output, move || job::take(&job, &path, kind, &declared)).await?;
            // Content decides between types of one kind: a JPEG that is called PNG is a JPEG.
            let mime = found.filter(|found| found.kind == kind).map_or(mime, |found| found.mime.to_owned());
            (OutputSource::File(file), mime)
        }
        (None, None, Some(url)) => (OutputSource::Url(url), mime),
        _ => {
            let message =
                format!("the plugin's {kind} output needs exactly one of `path` and `url`, or `text` for text");
            return Err(
                Error::new(ErrorKind::Protocol, Stage::Output, message).with_hint("report it to the plugin's author")
            );
        }
    };
    Ok(Output { kind, mime, source, role, name, meta })
}

async fn blocking<T: Send + 'static>(
    stage: Stage,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Io, stage, format!("the host failed: {error}"))))
}
