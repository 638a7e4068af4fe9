//! What `prizm conformance` takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args as ClapArgs;

#[derive(ClapArgs)]
#[command(after_help = "Examples:
  prizm conformance -- python3 provider.py
  prizm conformance ./my-provider --strict
  prizm conformance github:acme/sd@v1.0.0 --set apiKey=KEY --model tiny
  prizm conformance --only CH-5,CA-1 -- ./echo
  prizm conformance --list --json

A provider whose options include `delayMs`, the milliseconds that a job takes, is examined more
sharply: what must hold while a job runs can then be seen. Of each capability the first model is
tried, with a small sample of what it takes.

Exit codes: 0 it conforms, 2 usage, 3 not found, 4 refused by policy, 5 fetch or build failed,
6 it does not conform, 130 cancelled.")]
pub(crate) struct Conformance {
    /// A directory, the URL of a provider, or the id of one that is known
    #[arg(value_name = "TARGET", conflicts_with = "command")]
    pub(crate) target: Option<String>,
    /// The plugin's program and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    /// List the rules, and check nothing
    #[arg(long, conflicts_with_all = ["target", "command"])]
    pub(crate) list: bool,
    /// Only these rules, separated by commas; may be given many times
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Not these rules, separated by commas; may be given many times
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Let a SHOULD that is broken count like a MUST
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write the report to a file as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Do no jobs, which may cost money: what needs them is left out
    #[arg(long)]
    pub(crate) no_jobs: bool,
    /// The model to try, instead of the first of each capability
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The only capability to try
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) capability: Option<String>,
    /// A file to be worked on instead of a sample, such as `photo.jpg` or `audio=song.mp3`; may be given many times
    #[arg(long = "input", value_name = "[ROLE=]FILE")]
    pub(crate) inputs: Vec<String>,
    /// An option of the jobs; may be given many times
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
    /// A setting of the provider, such as `apiKey=KEY`; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Let the plugin see an environment variable; may be given many times
    #[arg(long, value_name = "NAME")]
    pub(crate) grant_env: Vec<String>,
    /// The manifest that COMMAND's declaration is compared with; that of TARGET is its own
    #[arg(long, value_name = "FILE", requires = "command")]
    pub(crate) manifest: Option<PathBuf>,
    /// Sessions at once; as many as there are cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// The factor of every deadline, such as 3 on a slow machine
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    pub(crate) patience: Option<f64>,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "expected a number, such as 2 or 0.5".to_owned())?;
    if (0.01..=100.0).contains(&factor) { Ok(factor) } else { Err("expected a number from 0.01 to 100".to_owned()) }
}
