//! `prizm service`: what providers need, started, looked at and stopped by hand.

mod show;

use std::process::ExitCode;

use prizm_registry::{Instance, Registry, ServiceRegistry, ServiceStatus};
use serde_json::{Value, json};

use crate::args::{Gc, Global, Logs, ServiceCommand, Start, Status, Stop};
use crate::failure::Failure;
use crate::interrupt::or_interrupted;
use crate::progress::Bar;
use crate::{interrupt, open, options, output};

pub(crate) async fn service(command: &ServiceCommand, global: &Global) -> Result<ExitCode, Failure> {
    if let ServiceCommand::Keep { directory } = command {
        prizm_registry::keep(directory, interrupt::terminated()?).await.map_err(prizm_registry::Error::from)?;
        return Ok(ExitCode::SUCCESS);
    }
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let done = or_interrupted(work(command, global, &registry, &bar)).await;
    bar.clear();
    interrupt::or_second_interrupt(registry.shutdown()).await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(command: &ServiceCommand, global: &Global, registry: &Registry, bar: &Bar) -> Result<(), Failure> {
    let services = registry.services();
    match command {
        ServiceCommand::Start(args) => start(args, global, &services, bar).await,
        ServiceCommand::Stop(args) => stop(args, global, &services, bar).await,
        ServiceCommand::Status(args) => status(args, global, &services, bar).await,
        ServiceCommand::Logs(args) => logs(args, global, &services, bar).await,
        ServiceCommand::Gc(args) => gc(args, global, &services, bar).await,
        ServiceCommand::Keep { .. } => Ok(()),
    }
}

async fn start(args: &Start, global: &Global, services: &ServiceRegistry, bar: &Bar) -> Result<(), Failure> {
    bar.stage("getting ready");
    let config = options::untyped(&args.settings, "--set")?;
    let service = services.get_service_with(&args.service, config).await?;
    let state = service.start().await?;
    bar.clear();
    let status = ServiceStatus { instance: service.instance().clone(), state };
    if global.json {
        output::json(&show::document(&status, &[]));
    } else if !global.quiet {
        show::ready(&status);
    }
    Ok(())
}

async fn stop(args: &Stop, global: &Global, services: &ServiceRegistry, bar: &Bar) -> Result<(), Failure> {
    let asked = if args.all { Vec::new() } else { found(&args.services, services)? };
    let chosen = if args.all { services.status()? } else { asked };
    let mut stopped = Vec::new();
    for ServiceStatus { instance, .. } in chosen {
        bar.stage(format!("stopping {}", instance.spec().instance));
        let ran = instance.stop(args.purge).await.map_err(prizm_registry::Error::from)?;
        let name = instance.spec().instance.clone();
        if !global.json && !global.quiet && (ran || !args.all) {
            let what = if ran { "stopped" } else { "did not run" };
            bar.suspend(|| output::line(&format!("{name} {what}")));
        }
        stopped.push(json!({"instance": name, "ran": ran}));
    }
    if global.json {
        output::json(&Value::Array(stopped));
    }
    Ok(())
}

async fn status(args: &Status, global: &Global, services: &ServiceRegistry, bar: &Bar) -> Result<(), Failure> {
    let chosen = match &*args.services {
        [] => services.status()?,
        names => found(names, services)?,
    };
    let mut shown = Vec::new();
    for status in chosen {
        // An engine that is gone hides nothing of what is known without it.
        let parts = status.instance.parts().await.unwrap_or_default();
        shown.push((status, parts));
    }
    bar.clear();
    if global.json {
        let all = shown.iter().map(|(status, parts)| show::document(status, parts));
        output::json(&Value::Array(all.collect()));
    } else {
        show::table(&shown, &services.services());
    }
    Ok(())
}

async fn logs(args: &Logs, global: &Global, services: &ServiceRegistry, bar: &Bar) -> Result<(), Failure> {
    bar.clear();
    let chosen = found(std::slice::from_ref(&args.service), services)?;
    let several = chosen.len() > 1;
    let mut lines = Vec::new();
    let (follow, json) = (args.follow, global.json);
    if follow && several {
        let names: Vec<_> = chosen.iter().map(|status| format!("`{}`", status.instance.spec().instance)).collect();
        return Err(Failure::usage(format!("`{}` has several instances, and only one can be followed", args.service))
            .hint(format!("name one of {}", names.join(", "))));
    }
    for ServiceStatus { instance, .. } in &chosen {
        let of = instance.spec().instance.as_str();
        let mut print = |source: &str, line: &str| {
            let entry = json!({"instance": of, "source": source, "line": line});
            match (json, follow) {
                (true, true) => output::result(&entry.to_string()),
                (true, false) => lines.push(entry),
                _ if several => output::line(&format!("{of} {source} | {line}")),
                _ => output::line(&format!("{source} | {line}")),
            }
        };
        instance.logs(args.lines, follow, &mut print).await.map_err(prizm_registry::Error::from)?;
    }
    if json && !follow {
        output::json(&Value::Array(lines));
    }
    Ok(())
}

async fn gc(args: &Gc, global: &Global, services: &ServiceRegistry, bar: &Bar) -> Result<(), Failure> {
    bar.stage("looking for what nobody owns");
    let collected = services.collect_garbage(args.dry_run).await?;
    bar.clear();
    if global.json {
        output::json(&json!(collected));
    } else if !global.quiet {
        let verb = if args.dry_run { "would remove" } else { "removed" };
        collected.iter().for_each(|one| output::line(&format!("{verb} {}: {}", one.instance, one.what)));
        if collected.is_empty() {
            output::line("nothing is left behind");
        }
    }
    Ok(())
}

/// Returns the instances that a user means: by their own names, or by that or the URL of their service.
fn found(names: &[String], services: &ServiceRegistry) -> Result<Vec<ServiceStatus>, Failure> {
    let all = services.status()?;
    let mut found: Vec<ServiceStatus> = Vec::new();
    for name in names {
        let source = services.services().into_iter().find(|known| known.id == *name).map(|known| known.source);
        let is_it = |instance: &Instance| {
            let spec = instance.spec();
            [&spec.instance, &spec.identifier].contains(&name)
                || spec.manifest.service.name == name.as_str()
                || source.as_ref() == Some(&spec.identifier)
        };
        let before = found.len();
        found.extend(all.iter().filter(|status| is_it(&status.instance)).cloned());
        if found.len() == before {
            return Err(Failure::not_found(format!("no instance of `{name}` was ever started"))
                .hint("`prizm service status` lists those that were; `prizm service start` starts one"));
        }
    }
    Ok(found)
}
