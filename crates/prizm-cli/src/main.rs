//! The `prizm` command.
//!
//! It knows the registry and the terminal, and nothing of the protocol's frames. `prizm __plugin
//! canvas` is the bundled provider `canvas`: the program re-executes itself, so that the first run
//! needs no second build.

mod approve;
mod args;
mod bundled;
mod commands;
mod failure;
mod input;
mod interrupt;
mod open;
mod options;
mod output;
mod progress;
mod secret;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, Global};
use failure::Failure;
use interrupt::or_interrupted;

fn main() -> ExitCode {
    if let Some(served) = bundled::serve_if_asked() {
        return served;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::usage(&error),
    };
    start_log(&args);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(&args));
            // A thread that waits for an answer from the terminal may wait for ever.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Failure::io(format!("cannot start: {error}"))),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(args.global.json),
    }
}

async fn dispatch(args: &Args) -> Result<ExitCode, Failure> {
    let global = &args.global;
    match &args.command {
        Command::Run(run) => commands::run::run(run, global).await,
        Command::Providers(providers) => or_interrupted(commands::providers::providers(providers, global)).await,
        Command::Models(models) => or_interrupted(commands::models::models(models, global)).await,
        Command::Inspect(inspect) => or_interrupted(commands::inspect::inspect(inspect, global)).await,
        Command::Best(best) => or_interrupted(commands::best::best(best, global)).await,
        Command::Add(add) => or_interrupted(commands::project::add(add, global)).await,
        Command::Remove(remove) => or_interrupted(commands::project::remove(remove, global)).await,
        Command::Update(update) => or_interrupted(commands::project::update(update, global)).await,
        Command::List => or_interrupted(commands::project::list(global)).await,
        Command::New(new) => commands::new::new(new, global),
        Command::Key { command } => or_interrupted(commands::key::key(command, global)).await,
        Command::Cache { command } => or_interrupted(commands::cache::cache(command, global)).await,
        Command::Conformance(conformance) => commands::conformance::conformance(conformance, global).await,
        Command::Service { command } => commands::service::service(command, global).await,
        Command::Stats => or_interrupted(commands::stats::stats(global)).await,
        Command::Dev(dev) => commands::dev::dev(dev, global).await,
        Command::Doctor => or_interrupted(commands::doctor::doctor(global)).await,
        Command::Completions(completions) => Ok(commands::completions::completions(completions)),
    }
}

fn start_log(args: &Args) {
    let Global { quiet, verbose, .. } = args.global;
    // What becomes an error of the command is printed once, as that error.
    let level = match (quiet, verbose) {
        // It shows what plugins say by itself.
        (_, 0 | 1) if matches!(args.command, Command::Dev(_)) => "error,prizm::plugin=off,stdout-noise=off",
        _ if matches!(args.command, Command::Dev(_)) => "debug,prizm::plugin=off,stdout-noise=off",
        (true, _) => "error,stdout-noise=off",
        (_, 0) => "warn,prizm_host=error,stdout-noise=off",
        (_, 1) => "info",
        (_, 2) => "debug",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PRIZM_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(console::colors_enabled_stderr())
        // It would be reported on the stderr that cannot be written.
        .log_internal_errors(false)
        .without_time()
        .init();
}
