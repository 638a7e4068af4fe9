//! `cargo xtask bench`: what the seam between a program and its plugins costs, beside the raw limit and beside peers.

mod build_times;
mod command;
mod home;
mod hosts;
mod machine;
mod plots;
mod report;
mod sample;
mod summary;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;
use clap::Args;

use crate::bench::hosts::Host;
use crate::bench::sample::{Log, Sample};
use crate::bench::summary::Samples;
use crate::sh::Argv;
use crate::steps::Steps;

/// Where the report is, from the top.
const REPORT: &str = "tests/benches";

/// What is measured, and how often.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// How often everything is measured, in turn; 5 by default, and 1 with --quick
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Small numbers, to see that it works: less than a minute after the build. Nothing is written into the repository
    #[arg(long)]
    quick: bool,
    /// Only these, such as pipe,json,prizm
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// A directory of peers that were built: `rust/target/release/` there has rmcp-host, jrpsee-host and lean-host
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// Another host that takes the same words, such as `mine=/path/to/host --fast`; may be given many times
    #[arg(long, value_name = "NAME=COMMAND", value_parser = extra)]
    extra: Vec<(String, Vec<String>)>,
    /// Build everything anew once, too, and note how long that takes
    #[arg(long)]
    build_times: bool,
    /// Where README.md and the plots are written [default: tests/benches, with --quick bench/ in cargo's target directory]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Measure nothing: make the tables again of the samples in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rounds", "quick", "only", "peers", "extra", "build_times"])]
    report: Option<PathBuf>,
}

fn extra(word: &str) -> Result<(String, Vec<String>), String> {
    let (name, command) = word.split_once('=').ok_or("expected NAME=COMMAND")?;
    let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or("the command cannot be read")?;
    Ok((name.to_owned(), words))
}

/// Measures, prints the table, and writes the report and the plots.
#[expect(clippy::print_stdout, reason = "the tables are the command's result")]
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let target = metadata.target_directory.into_std_path_buf();
    let own = target.join("bench");
    let samples = match &options.report {
        Some(file) => Samples::read(file)?,
        None => measure(root, &target, options)?,
    };
    let out = match &options.out {
        Some(out) => out.clone(),
        None if options.quick => own,
        None => root.join(REPORT),
    };
    fs::create_dir_all(&out).with_context(|| format!("`{}` cannot be made", out.display()))?;
    let plots = plots::write(&samples, &out)?;
    let text = report::text(&samples, &plots);
    println!("{text}");
    report::write(&out.join("README.md"), &text)?;
    eprintln!("written: {}", out.join("README.md").display());
    let failed = samples.failures();
    if !failed.is_empty() {
        bail!("some could not be measured:\n{}", failed.join("\n"));
    }
    Ok(())
}

/// Builds what is measured, and measures it.
fn measure(root: &Path, target: &Path, options: &Options) -> Result<Samples> {
    let release = target.join("release");
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 5 });
    let hosts = hosts::all(root, &release, options)?;
    build(root)?;
    let stamp = machine::line(root, "date -u +%Y%m%d-%H%M%S");
    let mut log = Log::create(&target.join("bench").join(format!("{stamp}.jsonl")))?;
    log.conditions(machine::conditions(root, rounds, options))?;
    let mut counter = Counter { rounds, steps: 0 };
    for round in 0..rounds {
        for host in &hosts {
            in_turn(root, host, round, &mut counter, &mut log)?;
        }
    }
    if options.build_times {
        log.add(build_times::measure(root, &target.join("bench/fresh"))?)?;
    }
    eprintln!("samples: {}", log.path().display());
    Ok(log.into_samples())
}

/// What is measured is what is built for people, and the SDKs as they are published.
fn build(root: &Path) -> Result<()> {
    let mut steps = Steps::new(root);
    // The SDK's own dependencies are those of its compiler.
    let sdk = "protocol/typescript";
    if which::which("npm").is_ok() && !root.join(sdk).join("dist/index.js").is_file() {
        let fetch = Argv::new("npm ci --ignore-scripts --no-audit --no-fund").directory(sdk);
        steps.command("TypeScript SDK, dependencies", &fetch)?;
        steps.command("TypeScript SDK", &Argv::new("npm run build").directory(sdk))?;
    }
    let binaries =
        "cargo build --release -p prizm-cli -p prizm-tests --bin prizm --bin seam --bin seam_plugin --bin limit";
    steps.command("release build", &Argv::new(binaries))
}

/// How far it is.
struct Counter {
    rounds: u32,
    steps: usize,
}

/// Takes a host's measurements of a round.
fn in_turn(root: &Path, host: &Host, round: u32, counter: &mut Counter, log: &mut Log) -> Result<()> {
    for group in host.groups.iter().filter(|group| round == 0 || !group.once) {
        let sample = Sample::take(root, host, group, round)?;
        counter.steps += 1;
        eprintln!("[{:>3}] round {}/{}  {}", counter.steps, round + 1, counter.rounds, sample.line());
        log.add(sample)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, clap::Error> {
        let words = shlex::split(line).unwrap();
        Line::try_parse_from(["bench".to_owned()].into_iter().chain(words)).map(|line| line.options)
    }

    #[test]
    fn the_words_are_understood() {
        let options = parsed("--rounds 3 --only pipe,json --extra 'a=/x/y --z \"1 2\"' --extra b=c --quick").unwrap();
        assert_eq!((options.rounds, options.quick), (Some(3), true));
        assert_eq!(options.only, ["pipe", "json"]);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let extra = [("a".to_owned(), words(&["/x/y", "--z", "1 2"])), ("b".to_owned(), words(&["c"]))];
        assert_eq!(options.extra, extra);
    }

    #[test]
    fn words_that_make_no_sense_are_refused() {
        for line in ["--rounds 0", "--rounds x", "--extra nobody", "--extra a=", "--report f --quick"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
