//! `cargo xtask`: the contributor's commands.
//!
//! It depends on no crate of the workspace, so that it still runs when they do not compile: everything is a child
//! process started by argument vector ([`sh::Argv`]).

mod bench;
mod cli;
mod codegen;
mod conformance;
mod demo;
mod markdown;
mod new;
mod setup;
mod sh;
mod steps;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let root = root();
    let outcome = match Cli::parse().command {
        Command::Setup => setup::run(&root),
        Command::Test { fast } => test::run(&root, fast),
        Command::Codegen { check } => codegen::run(&root, check),
        Command::Tidy => tidy::run(&root),
        Command::Conformance { rules } => conformance::run(&root, &rules),
        Command::Bench(options) => bench::run(&root, &options),
        Command::Demo { what } => demo::run(&root, what),
        Command::New { language, id } => new::run(&root, language, &id),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the repository.
///
/// Cargo says at run time where the package is; what was true at compile time is the fallback, since a shared target
/// directory may hold a binary that another checkout built.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    package.parent().map(Path::to_path_buf).unwrap_or(package)
}
