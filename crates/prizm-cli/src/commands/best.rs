//! `prizm best`: which provider, and why. A dry run: nothing is called.

mod show;

use std::path::Path;
use std::process::ExitCode;

use prizm_registry::{Capability, Error, Explain, Registry, Report, replay};
use serde_json::{Value, json};

pub(crate) use show::explain;

use super::capability;
use crate::args::{Best, Global};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{input, open, options, output};

/// The largest recorded decision that is read, in bytes.
const LIMIT: u64 = 256 * 1024 * 1024;

pub(crate) async fn best(args: &Best, global: &Global) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.replay {
        return again(path, global);
    }
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let done = match (&args.request, &args.capability) {
        (Some(id), _) => recorded(id, &registry, global).await,
        (None, Some(name)) => choose(args, capability(name)?, &registry, global).await,
        (None, None) => Err(Failure::usage("CAPABILITY is missing").hint("see `prizm best --help`")),
    };
    registry.shutdown().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn choose(args: &Best, wanted: Capability, registry: &Registry, global: &Global) -> Result<(), Failure> {
    let mut criteria = args.choice.criteria(registry.default_criteria())?;
    if args.explain {
        criteria.explain = Explain::Full;
    }
    registry.initialize().await?;
    let report = if args.input.is_some() || !args.options.is_empty() {
        let input = match &args.input {
            None if wanted.input().is_none_or(|kind| kind == prizm_registry::MediaKind::Text) => "".into(),
            given => input::for_capability(given.as_deref(), &wanted).await?,
        };
        let options = options::of_any(&args.options, registry, &wanted)?;
        registry.transform(wanted, input).criteria(criteria).options(options).explain()?
    } else {
        registry.decide(&wanted, &criteria)?
    };
    show(&report, args.explain, global);
    Ok(Error::unless_qualified(&report)?)
}

/// Shows a decision: who, and why.
fn show(report: &Report, explains: bool, global: &Global) {
    match &report.selected {
        // What is not there is an error, which has the decision.
        None if global.json => {}
        _ if global.json => output::json(&json!(report)),
        Some(selected) => output::line(&format!("{}/{}: {}", selected.provider, selected.model, selected.why)),
        None => {}
    }
    if explains && !global.json {
        explain(report);
    }
}

/// Makes a decision again that was recorded in a file.
fn again(path: &Path, global: &Global) -> Result<ExitCode, Failure> {
    let shown = path.display();
    let read = || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(std::fs::File::open(path)?, LIMIT), &mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error: std::io::Error| {
        Failure::usage(format!("the decision `{shown}` cannot be read: {error}"))
            .hint("name a file that `prizm best CAPABILITY --json` was written to")
    })?;
    let report = replay(&text).map_err(|error| {
        Failure::new(4, "mismatch", format!("`{shown}`: {error}")).hint("decide anew: `prizm best CAPABILITY --json`")
    })?;
    show(&report, !global.json, global);
    Error::unless_qualified(&report)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a decision that was carried out, and what came of it.
async fn recorded(id: &str, registry: &Registry, global: &Global) -> Result<(), Failure> {
    let Some(found) = registry.recorded(id).await? else {
        return Err(Failure::not_found(format!("no decision `{id}` is kept"))
            .hint("`prizm run CAPABILITY … --json` prints the name of its decision; the last 200 are kept"));
    };
    let attempts: Vec<Value> = found.attempts.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if global.json {
        let decision: Value = serde_json::from_str(&found.decision).unwrap_or_default();
        output::json(&json!({"decision": decision, "attempts": attempts}));
        return Ok(());
    }
    let report = replay(&found.decision).map_err(|error| Failure::new(4, "mismatch", error.to_string()))?;
    show(&report, true, global);
    output::note("");
    show::attempts(&attempts);
    Ok(())
}
