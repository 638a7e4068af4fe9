//! `prizm conformance`: whether a plugin keeps the rules of the protocol.

mod human;
mod subject;

use std::path::Path;
use std::process::ExitCode;

use prizm_conformance::{Error, Plan, Report, Step, StopSwitch, examine, protocol, requirements};
use prizm_registry::Progress;
use serde_json::json;

use crate::args::{Conformance, Global};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{interrupt, open, options, output};

/// Exit code of a plugin that does not conform: as that of one that failed.
const NONCONFORMING: u8 = 6;

pub(crate) async fn conformance(args: &Conformance, global: &Global) -> Result<ExitCode, Failure> {
    if args.list {
        list(args, global);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(path) = &args.junit {
        output::check_writable(path)?;
    }
    let bar = Bar::new(global);
    let plan = plan(args, global)?;
    // What was installed is there as long as its registry.
    let registry = open::registry(global, &bar)?;
    let subject = interrupt::or_interrupted(subject::subject(args, &registry)).await?;
    let report = examined(subject, plan, &bar).await;
    bar.clear();
    let report = report?;
    if let Some(path) = &args.junit {
        save(path, &report.to_junit(args.strict))?;
    }
    match global.json {
        true => output::json(&report.to_json_as(args.strict)),
        false => human::print(&report, args.strict, global.quiet),
    }
    Ok(if report.conforms(args.strict) { ExitCode::SUCCESS } else { ExitCode::from(NONCONFORMING) })
}

/// Examines the plugin on threads of their own; an interrupt ends all of them, and every process.
async fn examined(subject: prizm_conformance::Subject, plan: Plan, bar: &Bar) -> Result<Report, Failure> {
    let (stop, shown) = (plan.stop.clone(), bar.clone());
    let mut examination = tokio::task::spawn_blocking(move || examine(&subject, &plan, &|step| show(&shown, step)));
    let joined = interrupt::or_interrupted(async { Ok((&mut examination).await) }).await;
    match joined {
        Ok(Ok(report)) => report.map_err(failure),
        Ok(Err(error)) => Err(Failure::io(format!("the examination failed: {error}"))),
        Err(cancelled) => {
            end(&stop, examination).await;
            Err(cancelled)
        }
    }
}

async fn end<T>(stop: &StopSwitch, examination: tokio::task::JoinHandle<T>) {
    stop.stop();
    interrupt::or_second_interrupt(async {
        // It ends as it was told to; what it found is of no interest.
        let _ = examination.await;
    })
    .await;
}

fn show(bar: &Bar, step: Step<'_>) {
    #[expect(clippy::cast_precision_loss, reason = "there are about a hundred checks")]
    let fraction = step.done as f64 / step.of as f64;
    bar.progress(&Progress { fraction: Some(fraction), message: Some(step.title.to_owned()), ..Progress::default() });
}

fn plan(args: &Conformance, global: &Global) -> Result<Plan, Failure> {
    let input = |given: &String| match given.split_once('=') {
        Some((role, path)) if !Path::new(given).exists() => (role.to_owned(), path.into()),
        _ => (String::new(), given.into()),
    };
    Ok(Plan {
        only: args.only.clone(),
        skip: args.skip.clone(),
        no_jobs: args.no_jobs,
        model: args.model.clone(),
        capability: args.capability.clone(),
        inputs: args.inputs.iter().map(input).collect(),
        options: options::untyped(&args.options, "--option")?,
        settings: options::untyped(&args.settings, "--set")?,
        patience: args.patience,
        jobs: args.jobs.map(usize::from),
        keep_sessions: global.verbose > 0,
        stop: StopSwitch::default(),
    })
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Interrupted => Failure::cancelled(),
        Error::NoSuchRule { .. } => {
            Failure::usage(error.to_string()).hint("`prizm conformance --list` lists the rules")
        }
        Error::NoProgram { ref program, .. } => {
            let hint = match program.contains('/') {
                true => format!("check that `{program}` exists and is executable (chmod +x)"),
                false => format!("install `{program}` or put it on PATH; a program of this directory is `./{program}`"),
            };
            Failure::usage(error.to_string()).hint(hint)
        }
        Error::NoCommand | Error::Start { .. } | Error::Input(_) => Failure::usage(error.to_string()),
        error => Failure::io(error.to_string()),
    }
}

fn save(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::io(format!("cannot write the report `{}`: {error}", path.display())))
}

fn list(args: &Conformance, global: &Global) {
    let wanted = |id: &str| {
        let named = |list: &[String]| list.iter().any(|rule| rule.eq_ignore_ascii_case(id));
        (args.only.is_empty() || named(&args.only)) && !named(&args.skip)
    };
    let rules: Vec<_> = requirements().filter(|rule| wanted(&rule.id)).collect();
    match global.json {
        true => output::json(&json!({"protocol": protocol(), "requirements": rules})),
        false => human::list(&rules),
    }
}
