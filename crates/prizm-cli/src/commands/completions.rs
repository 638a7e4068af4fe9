//! `prizm completions`: a script for a shell.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, Completions};

pub(crate) fn completions(args: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "prizm", &mut script);
    crate::output::piece(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
