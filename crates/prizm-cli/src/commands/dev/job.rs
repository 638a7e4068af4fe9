//! What a command asks of the provider, from the words to what is shown.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use prizm_registry::{Capability, Media, MediaKind, Model, Outcome, Provider, Transform};
use serde_json::{Value, json};

use super::command::Job;
use super::event::{Done, Output, Place, What};
use super::show::span;
use crate::commands::models;
use crate::failure::Failure;
use crate::{input, options, output};

/// The files that results were saved to.
pub(super) type Saved = Arc<Mutex<Vec<PathBuf>>>;

/// Runs a transform, and saves what comes of it.
pub(super) async fn run(job: Job, provider: Provider, saved: Saved) -> Result<What, Failure> {
    if let Some(path) = &job.output {
        output::check_writable(path)?;
    }
    let (model, transform) = prepare(&job, &provider).await?;
    let capability = transform.check()?;
    if job.output.is_none() && capability.output() != Some(MediaKind::Text) {
        output::check_here()?;
    }
    let outcome = transform.outcome().await?;
    deliver(&job, &model, outcome, &saved).await.map(|done| What::Done(Box::new(done)))
}

/// Transforms a text with the first model that takes one.
pub(super) async fn say(text: String, provider: Provider, saved: Saved) -> Result<What, Failure> {
    let takes_text = |model: &Model| {
        let found = model.info().capabilities.iter().find(|capability| capability.input() == Some(MediaKind::Text));
        found.map(|capability| (model.id().to_owned(), capability.to_string()))
    };
    let Some((model, capability)) = provider.models().iter().find_map(takes_text) else {
        let word = text.split_whitespace().next().unwrap_or_default().to_owned();
        return Err(Failure::usage(format!("no model takes a text, and there is no command `{word}`"))
            .hint("such as `run image.png`; `help` lists what there is"));
    };
    let job = Job { words: vec![model, capability], literal: vec![text], ..Job::default() };
    run(job, provider, saved).await
}

/// Asks what a transform would cost.
pub(super) async fn estimate(job: Job, provider: Provider) -> Result<What, Failure> {
    let (_, transform) = prepare(&job, &provider).await?;
    let estimate = transform.estimate().await?;
    let mut parts = Vec::new();
    let currency = estimate.currency.as_deref().unwrap_or_default();
    parts.extend(estimate.cost.as_ref().map(|cost| format!("{cost} {currency}").trim_end().to_owned()));
    parts.extend(estimate.time_ms.map(|ms| format!("about {}", span(std::time::Duration::from_millis(ms)))));
    let text = if parts.is_empty() { "it does not say".to_owned() } else { parts.join(", ") };
    Ok(What::Answer { command: "estimate", text, value: json!(estimate) })
}

/// Asks for the models.
pub(super) async fn models(provider: Provider) -> Result<What, Failure> {
    let models = provider.refresh_models().await?;
    let lines: Vec<_> = models.iter().map(|model| row(model).join("  ")).collect();
    let value = models.iter().map(|model| models::describe(model, true)).collect();
    Ok(What::Answer { command: "models", text: lines.join("\n"), value })
}

/// Describes a model: its id, what it can do, what it costs.
pub(super) fn row(model: &Model) -> [String; 3] {
    let capabilities: Vec<_> = model.info().capabilities.iter().map(Capability::as_str).collect();
    let price = match models::price(model) {
        unknown if unknown == "unknown" => "price unknown".to_owned(),
        price => price,
    };
    [model.id().to_owned(), capabilities.join(", "), price]
}

/// Asks how the provider is.
pub(super) async fn health(provider: Provider) -> Result<What, Failure> {
    let health = provider.health().await?;
    let value = json!(health);
    let text = format!(
        "{}, up for {}, {} active, {} queued{}",
        value["status"].as_str().unwrap_or("unknown"),
        span(std::time::Duration::from_millis(health.uptime_ms)),
        health.active_jobs,
        health.queued_jobs,
        health.last_error.as_ref().map(|error| format!(", last error: {error}")).unwrap_or_default()
    );
    Ok(What::Answer { command: "health", text, value })
}

/// Asks whether the provider is there.
pub(super) async fn ping(provider: Provider) -> Result<What, Failure> {
    let started = std::time::Instant::now();
    provider.ping().await?;
    let took = started.elapsed();
    let value = json!({"ms": super::event::milliseconds(took)});
    Ok(What::Answer { command: "ping", text: format!("it answered in {}", span(took)), value })
}

/// Holds the words against what the provider has.
async fn prepare(job: &Job, provider: &Provider) -> Result<(Model, Transform), Failure> {
    let mut words = job.words.as_slice();
    let mut model = None;
    if let [first, rest @ ..] = words
        && let Some(found) = provider.models().into_iter().find(|model| model.id() == *first)
    {
        (model, words) = (Some(found), rest);
    }
    let mut capability = None;
    if let [first, rest @ ..] = words
        && let Some(found) = named_capability(first, provider)
    {
        (capability, words) = (Some(found), rest);
    }
    let text = words.iter().chain(&job.literal).map(String::as_str).collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(Failure::usage("INPUT is missing: a text or a path").hint("`help` lists what there is"));
    }
    if text == "-" {
        return Err(Failure::usage("stdin has the commands: it cannot be an input").hint("name a file"));
    }
    let wanted = job.output.as_deref().and_then(output::kind_of);
    let (media, model, capability) = match capability {
        Some(capability) => {
            let model = match model {
                Some(model) => model,
                None => provider.model_for(&capability)?,
            };
            (input::for_capability(Some(&text), &capability).await?, model, capability)
        }
        None => input::for_provider(Some(&text), provider, model.as_ref(), wanted).await?,
    };
    let transform = model.transform(media).capability(capability.clone());
    let transform = add_pairs(job, &model, &capability, transform).await?;
    Ok((model, transform))
}

/// A word is a capability where the provider has it.
fn named_capability(word: &str, provider: &Provider) -> Option<Capability> {
    let info = provider.info()?;
    info.capabilities.iter().find(|capability| capability.as_str() == word).cloned()
}

/// `NAME=VALUE` is an input where the model has one of that role, else an option.
async fn add_pairs(
    job: &Job,
    model: &Model,
    capability: &Capability,
    mut transform: Transform,
) -> Result<Transform, Failure> {
    let slots = model.info().inputs_for(capability);
    let is_role = |name: &str| slots.iter().any(|slot| slot.role.as_deref() == Some(name));
    let schema = model.info().options.get(capability);
    let mut given = Vec::new();
    for pair in &job.pairs {
        match pair.split_once('=') {
            Some((role, path)) if is_role(role) => {
                transform = transform.input(Media::from_path(path).await?.with_role(role));
            }
            _ => given.push(pair.clone()),
        }
    }
    let mut values = options::options(&given, schema)?;
    options::format_by_name(&mut values, schema, job.output.as_deref());
    Ok(transform.options(values))
}

/// Saves what came out, and says where it is.
async fn deliver(job: &Job, model: &Model, outcome: Outcome, saved: &Saved) -> Result<Done, Failure> {
    let mut outputs = Vec::new();
    for (index, media) in outcome.outputs.iter().enumerate() {
        let path = match (&job.output, media.kind()) {
            (Some(path), _) => Some(output::numbered(path, index + 1)),
            (None, MediaKind::Text) => None,
            (None, _) => Some(output::made_up(&format!("{}-{}", model.provider().id, model.id()), media.mime())),
        };
        let place = match path {
            Some(path) => {
                media.save(&path).await?;
                saved.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
                let bytes = length(&path);
                Place::File(path, bytes)
            }
            // A provider may give a text as a file.
            None => Place::Text(String::from_utf8_lossy(&media.bytes().await?).into_owned()),
        };
        outputs.push(Output { kind: media.kind().to_string(), mime: media.mime().to_owned(), place });
    }
    let warnings = outcome.meta.as_ref().and_then(|meta| meta.get("warnings")?.as_array());
    let warnings = warnings.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Done {
        model: model.id().to_owned(),
        capability: outcome.capability.to_string(),
        outputs,
        usage: json!(outcome.usage),
        warnings,
        elapsed: outcome.elapsed,
    })
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}
