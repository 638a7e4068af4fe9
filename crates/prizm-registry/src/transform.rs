//! One job: made, checked, awaited; cancelled when it is dropped.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use prizm_host::{Call, Event, Plugin, State};
use prizm_protocol::methods::estimate::EstimateResult as Estimate;
use prizm_protocol::methods::notifications::{Accepted, Progress};
use prizm_protocol::methods::transform::Usage;
use prizm_protocol::{Capability, InputSlot, MediaKind};
use serde_json::{Map, Value};

use crate::route::Watch;
use crate::wiring::Served;
use crate::{Error, ErrorKind, Media, Model, Result, suggest};

/// The longest time that is waited. A longer one is as good as for ever, and no clock can tell when it ends.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A job that has not begun. It begins when it is awaited; dropping it cancels it.
#[must_use = "a transform does nothing until it is awaited"]
pub struct Transform {
    model: Model,
    capability: Option<Capability>,
    inputs: Vec<Media>,
    options: Map<String, Value>,
    timeout: Option<Duration>,
    idempotency_key: Option<String>,
    listeners: Listeners,
}

#[derive(Default)]
struct Listeners {
    progress: Option<Box<dyn FnMut(Progress) + Send>>,
    chunk: Option<Box<dyn FnMut(Chunk) + Send>>,
    accepted: Option<Box<dyn FnMut(Accepted) + Send>>,
}

/// A part of a result, before the whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Chunk {
    /// The next piece of text.
    Text(String),
    /// The next file.
    File(Media),
}

/// What came of a job.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The media, in the provider's order; at least one.
    pub outputs: Vec<Media>,
    /// What it used.
    pub usage: Option<Usage>,
    /// What else the provider says, such as a seed or warnings.
    pub meta: Option<Map<String, Value>>,
    /// Which capability did it.
    pub capability: Capability,
    /// How long it took, the start of a process included.
    pub elapsed: Duration,
}

impl Transform {
    pub(crate) fn new(model: Model, input: Media) -> Self {
        Self {
            model,
            capability: None,
            inputs: vec![input],
            options: Map::new(),
            timeout: None,
            idempotency_key: None,
            listeners: Listeners::default(),
        }
    }

    /// Chooses the capability, where the input's kind leaves a choice.
    pub fn capability(mut self, capability: Capability) -> Self {
        self.capability = Some(capability);
        self
    }

    /// Sets an option. It is checked against the model's schema before anything starts.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// Sets options.
    pub fn options(mut self, options: Map<String, Value>) -> Self {
        self.options.extend(options);
        self
    }

    /// Adds an input, such as one with a role.
    pub fn input(mut self, input: impl Into<Media>) -> Self {
        self.inputs.push(input.into());
        self
    }

    /// Hears how far it is. A slow listener hears only the latest.
    pub fn on_progress(mut self, listener: impl FnMut(Progress) + Send + 'static) -> Self {
        self.listeners.progress = Some(Box::new(listener));
        self
    }

    /// Hears partial results in order. The outcome stands alone without them.
    pub fn on_chunk(mut self, listener: impl FnMut(Chunk) + Send + 'static) -> Self {
        self.listeners.chunk = Some(Box::new(listener));
        self
    }

    /// Hears when a remote system has taken the job: from then on it must not be submitted again.
    pub fn on_accepted(mut self, listener: impl FnMut(Accepted) + Send + 'static) -> Self {
        self.listeners.accepted = Some(Box::new(listener));
        self
    }

    /// Bounds how long it may take in all; unbounded by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Names the job: two with one key are one.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Checks everything that can be checked without starting anything, and returns the capability.
    ///
    /// # Errors
    /// An input or an option does not fit the model.
    pub fn check(&self) -> Result<Capability> {
        let capability = self.chosen()?;
        check_inputs(&self.model, &capability, &self.inputs)?;
        check_options(&self.model, &capability, &self.options)?;
        Ok(capability)
    }

    fn chosen(&self) -> Result<Capability> {
        let Some(capability) = &self.capability else {
            let primary = self.inputs.first().map_or(MediaKind::Text, Media::kind);
            return self.model.capability_for(primary, None);
        };
        let capabilities = &self.model.info().capabilities;
        if capabilities.contains(capability) {
            return Ok(capability.clone());
        }
        let names: Vec<_> = capabilities.iter().map(Capability::as_str).collect();
        Err(Error::new(ErrorKind::NotFound, format!("model `{}` has no capability `{capability}`", self.model.id()))
            .hinted(suggest::hint(capability.as_str(), "capabilities", &names)))
    }

    /// Asks what the job would cost, and does not do it.
    ///
    /// # Errors
    /// It does not fit the model, or the provider cannot be started, does not answer, or does not implement
    /// estimates.
    pub async fn estimate(self) -> Result<Estimate> {
        let capability = self.check()?;
        let mut call = Call::new(self.model.id(), capability);
        call.inputs = self.inputs.iter().map(Media::to_input).collect();
        call.options = self.options;
        let plugin = self.model.entry.plugin(&self.model.around).await?;
        Ok(plugin.estimate(call).await?)
    }

    /// Does the job and returns everything that came of it.
    ///
    /// # Errors
    /// It does not fit the model, the provider cannot be started, fails, breaks the protocol, or
    /// does not answer in time.
    pub async fn outcome(self) -> Result<Outcome> {
        let started = Instant::now();
        let capability = self.check()?;
        let Self { model, inputs, options, timeout, idempotency_key, mut listeners, .. } = self;
        let timeout = timeout.map(|timeout| timeout.min(LONGEST));
        let watch = Watch::begin(&model, &capability, &inputs, &options);
        let learn = |done: Result<Option<&Usage>, &Error>, elapsed, start| {
            watch.iter().for_each(|watch| watch.ended(&model.around.routing, done, elapsed, start));
        };
        let at_hand = model.entry.at_hand();
        let was_warm = at_hand.is_some() || model.entry.is_warm();
        let (plugin, _served) = match at_hand {
            Some(plugin) => (plugin, Served::default()),
            None => model.ready(timeout).await.inspect_err(|error| learn(Err(error), started.elapsed(), None))?,
        };
        let begun = if at_hand.is_some() { started } else { Instant::now() };
        let start = (!was_warm).then(|| begun - started);
        let call = Call {
            inputs: inputs.iter().map(Media::to_input).collect(),
            options,
            timeout: timeout.map(|timeout| timeout.saturating_sub(begun - started)),
            idempotency_key,
            ..Call::new(model.id(), capability.clone())
        };
        let result = plugin.transform(call, |event| listeners.hear(event, &capability)).await;
        // An input that is itself an output lives until its copy has been made.
        drop(inputs);
        let taken = result.map_err(Error::from).and_then(|result| {
            let outputs = result.outputs.into_iter().map(Media::from_output).collect::<Result<_>>()?;
            Ok((outputs, result.usage, result.meta, result.waited))
        });
        let waited = taken.as_ref().map_or(Duration::ZERO, |(.., waited)| *waited);
        let done = taken.as_ref().map(|(_, usage, ..)| usage.as_ref());
        let elapsed = started.elapsed();
        learn(done, elapsed.saturating_sub(begun - started).saturating_sub(waited), start);
        let (outputs, usage, meta, _) = taken?;
        Ok(Outcome { outputs, usage, meta, capability, elapsed })
    }
}

impl Model {
    /// Waits until its provider and the services that this needs are there, in time. Boxed: most calls need not wait.
    fn ready(&self, timeout: Option<Duration>) -> BoxFuture<'_, Result<(&Plugin, Served)>> {
        let ready = async {
            let (plugin, served) = self.entry.serve(&self.around).await?;
            if plugin.state() != State::Ready {
                plugin.start().await?;
            }
            Ok((plugin, served))
        };
        Box::pin(async move {
            let Some(timeout) = timeout else { return ready.await };
            tokio::time::timeout(timeout, ready).await.unwrap_or_else(|_| Err(late(self, timeout)))
        })
    }
}

fn late(model: &Model, timeout: Duration) -> Error {
    let message = format!("provider `{}` was not ready to begin within {timeout:?}", model.provider().id);
    Error::new(ErrorKind::Deadline, message).at("start").hinted("give it more time")
}

impl Listeners {
    fn hear(&mut self, event: Event, capability: &Capability) {
        match event {
            Event::Progress(progress) => self.progress.iter_mut().for_each(|listener| listener(progress.clone())),
            Event::Accepted(accepted) => self.accepted.iter_mut().for_each(|listener| listener(accepted.clone())),
            Event::TextChunk(text) => self.chunk.iter_mut().for_each(|listener| listener(Chunk::Text(text.clone()))),
            Event::FileChunk(file) => {
                let kind = capability.output().unwrap_or(MediaKind::Text);
                let media = Media::from_taken(file, kind);
                self.chunk.iter_mut().for_each(|listener| listener(Chunk::File(media.clone())));
            }
            _ => {}
        }
    }
}

fn check_inputs(model: &Model, capability: &Capability, inputs: &[Media]) -> Result<()> {
    let slots = model.info().inputs_for(capability);
    let refuse = |message: String| {
        let wanted: Vec<_> = slots.iter().map(described).collect();
        let wanted = format!("`{capability}` of model `{}` takes {}", model.id(), wanted.join(", "));
        Err(Error::new(ErrorKind::Usage, message).hinted(wanted))
    };
    for input in inputs {
        let slot = slots.iter().find(|slot| slot.role.as_deref() == input.role());
        if slot.is_none_or(|slot| slot.kind != input.kind()) {
            let role = input.role().map(|role| format!(" as `{role}`")).unwrap_or_default();
            let name = input.name().map(|name| format!(" `{name}`")).unwrap_or_default();
            return refuse(format!("the input{name} is {}{role}, which does not fit", input.kind()));
        }
    }
    let missing = slots
        .iter()
        .find(|slot| slot.required != Some(false) && !inputs.iter().any(|input| input.role() == slot.role.as_deref()));
    match missing {
        Some(slot) => refuse(format!("an input is missing: {}", described(slot))),
        None => Ok(()),
    }
}

fn described(slot: &InputSlot) -> String {
    match &slot.role {
        Some(role) => format!("{} as `{role}`", slot.kind),
        None => slot.kind.to_string(),
    }
}

fn check_options(model: &Model, capability: &Capability, options: &Map<String, Value>) -> Result<()> {
    let Some(schema) = model.info().options.get(capability) else { return Ok(()) };
    let faults = schema.check(options);
    let Some(first) = faults.first() else { return Ok(()) };
    let message = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let names: Vec<_> = schema.names().collect();
    let hint = match schema.properties().find(|(name, _)| **name == first.name) {
        Some((name, schema)) => match schema.get("description").and_then(Value::as_str) {
            Some(description) => format!("`{name}`: {description}"),
            None => format!("see `prizm inspect {}`", model.provider().id),
        },
        None => suggest::hint(&first.name, "options", &names),
    };
    Err(Error::new(ErrorKind::Usage, format!("model `{}`: {message}", model.id())).hinted(hint))
}

impl IntoFuture for Transform {
    type Output = Result<Media>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Media>> + Send>>;

    /// Does the job and returns its first output.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let model = Arc::clone(&self.model.provider);
            let outcome = self.outcome().await?;
            outcome.outputs.into_iter().next().ok_or_else(|| {
                Error::new(ErrorKind::Plugin, format!("provider `{}` answered without any output", model.id))
            })
        })
    }
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform").field("model", &self.model).field("options", &self.options).finish_non_exhaustive()
    }
}
