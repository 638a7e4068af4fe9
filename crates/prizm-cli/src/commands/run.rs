//! `prizm run`: a medium in, a medium out.

mod target;
mod work;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prizm_registry::{Capability, Chunk, Media, MediaKind, Registry, RoutedTransform};
use serde_json::{Value, json};

use self::target::Doer;
use self::work::{Done, Work};
use super::best;
use crate::args::{Global, Run};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{interrupt, open, options, output};

/// A job that is ready to be done.
struct Job {
    capability: Capability,
    work: Work,
}

pub(crate) async fn run(args: &Run, global: &Global) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.output {
        output::check_writable(path)?;
    }
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let done = interrupt::or_interrupted(work(args, global, &registry, &bar)).await;
    bar.clear();
    interrupt::or_second_interrupt(registry.shutdown()).await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(args: &Run, global: &Global, registry: &Registry, bar: &Bar) -> Result<(), Failure> {
    bar.stage("getting ready");
    let job = match args.timeout {
        Some(timeout) => prepare_within(timeout, args, registry).await?,
        None => prepare(args, registry).await?,
    };
    let shown_bar = bar.clone();
    let streamed: Arc<Mutex<String>> = Arc::default();
    let to_stdout = job.capability.output() == Some(MediaKind::Text) && args.output.is_none() && !global.json;
    let (keep, quiet_bar) = (Arc::clone(&streamed), bar.clone());
    let mut work = job.work.on_progress(move |progress| shown_bar.progress(&progress));
    // Who has heard a part is not given another's whole: nobody listens who does not show it.
    if to_stdout {
        work = work.on_chunk(move |chunk| {
            if let Chunk::Text(text) = chunk {
                quiet_bar.clear();
                output::piece(&text);
                keep.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
    }
    let work = match work {
        Work::Routed(routed) => Work::Routed(Box::new(tell_tries(*routed, global, bar))),
        named @ Work::Named(..) => named,
    };
    let done = work.outcome().await?;
    bar.clear();
    let streamed = std::mem::take(&mut *streamed.lock().unwrap_or_else(PoisonError::into_inner));
    deliver(args, global, &done, &streamed).await
}

/// Says who is tried after somebody has failed.
fn tell_tries(routed: RoutedTransform, global: &Global, bar: &Bar) -> RoutedTransform {
    let (bar, quiet) = (bar.clone(), global.quiet);
    routed.on_attempt(move |candidate, failure| {
        bar.stage(format!("trying {candidate}"));
        let Some(error) = failure.filter(|_| !quiet) else { return };
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default();
        bar.suspend(|| output::note(&format!("warning: {} ({}); trying {candidate}", first, error.class().as_str())));
    })
}

/// Prepares the job, and gives it what is left of its time.
async fn prepare_within(timeout: Duration, args: &Run, registry: &Registry) -> Result<Job, Failure> {
    let started = Instant::now();
    let job = tokio::time::timeout(timeout, prepare(args, registry)).await;
    let job = job.unwrap_or_else(|_| Err(Failure::late(timeout)))?;
    let work = job.work.timeout(timeout.saturating_sub(started.elapsed()));
    Ok(Job { work, ..job })
}

async fn prepare(args: &Run, registry: &Registry) -> Result<Job, Failure> {
    let chosen = target::choose(args, registry).await?;
    let capability = chosen.capability;
    let mut work = match chosen.by {
        Doer::Named(model) => {
            let schema = model.info().options.get(&capability);
            let mut values = options::options(&args.options, schema)?;
            options::format_by_name(&mut values, schema, args.output.as_deref());
            let transform = model.transform(chosen.input).capability(capability.clone()).options(values);
            Work::Named(Box::new(transform), (model.provider().id.to_string(), model.id().to_owned()))
        }
        Doer::Best(criteria) => {
            let values = options::of_any(&args.options, registry, &capability)?;
            let routed = registry.transform(capability.clone(), chosen.input).criteria(*criteria).options(values);
            Work::Routed(Box::new(routed.wish("format", options::formats_of(args.output.as_deref()))))
        }
    };
    for pair in &args.inputs {
        let (role, path) = options::split(pair, "--input")?;
        work = work.input(Media::from_path(path).await?.with_role(role));
    }
    if let (Work::Routed(routed), true) = (&work, args.explain) {
        best::explain(&routed.explain()?);
    }
    work.check()?;
    if args.output.is_none() && capability.output() != Some(MediaKind::Text) {
        output::check_here()?;
    }
    Ok(Job { capability, work })
}

/// Puts the outputs where they belong and says where that is.
async fn deliver(args: &Run, global: &Global, done: &Done, streamed: &str) -> Result<(), Failure> {
    let Done { outcome, provider, model, routing } = done;
    let mut outputs = Vec::new();
    for (index, media) in outcome.outputs.iter().enumerate() {
        let mut shown = json!({"kind": media.kind(), "mime": media.mime()});
        let place = match (&args.output, media.kind()) {
            (Some(path), _) => Some(output::numbered(path, index + 1)),
            (None, MediaKind::Text) => None,
            (None, _) => Some(output::made_up(&format!("{provider}-{model}"), media.mime())),
        };
        match place {
            Some(path) => {
                media.save(&path).await?;
                announce(global, media, &path);
                shown["path"] = Value::String(path.to_string_lossy().into_owned());
            }
            None => {
                // A provider may give a text as a file.
                let text = String::from_utf8_lossy(&media.bytes().await?).into_owned();
                if !global.json {
                    print_rest(&text, if index == 0 { streamed } else { "" });
                }
                shown["text"] = text.into();
            }
        }
        outputs.push(shown);
    }
    if let Some(warnings) = outcome.meta.as_ref().and_then(|meta| meta.get("warnings")?.as_array()) {
        warnings.iter().filter_map(Value::as_str).for_each(|warning| note(global, &format!("warning: {warning}")));
    }
    if global.json {
        output::json(&json!({
            "provider": provider,
            "model": model,
            "capability": outcome.capability,
            "outputs": outputs,
            "usage": outcome.usage,
            "routing": routing,
            "elapsedMs": u64::try_from(outcome.elapsed.as_millis()).unwrap_or(u64::MAX),
        }));
    }
    Ok(())
}

/// Prints what of a text has not been streamed.
fn print_rest(text: &str, streamed: &str) {
    match text.strip_prefix(streamed) {
        Some(rest) => output::result(rest),
        // The outcome stands alone: where the chunks were something else, it is printed whole.
        None => output::result(&format!("\n{text}")),
    }
}

fn announce(global: &Global, media: &Media, path: &Path) {
    if !output::says(path, media.mime()) {
        note(global, &format!("warning: `{}` holds {} ({})", path.display(), media.kind(), media.mime()));
    }
    if !global.json && !global.quiet {
        output::result(&path.display().to_string());
    }
}

fn note(global: &Global, text: &str) {
    if !global.quiet {
        output::note(&text.replace('\n', " "));
    }
}
