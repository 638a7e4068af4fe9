//! One measurement: what a host says of itself, and how quiet the machine was meanwhile.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::hosts::{Group, Host, Work};
use crate::bench::machine::{self, Times};
use crate::bench::summary::Samples;
use crate::sh::Argv;

/// Per cent of the time that others may have had.
pub const QUIET: f64 = 15.0;
/// How often it is tried to measure on a quiet machine.
const TRIES: usize = 3;
/// Seconds after which a host hangs.
const PATIENCE: &str = "600";

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which one, from 0.
    pub round: u32,
    /// Who was measured.
    pub host: String,
    /// What was asked for.
    pub metrics: String,
    /// Whether both processes had one processor.
    pub one_core: bool,
    /// Per cent of the time that the hypervisor gave to others.
    pub steal: f64,
    /// The load before it.
    pub load: f64,
    /// Seconds that it took.
    pub seconds: f64,
    /// What was measured, or an `error`.
    pub figures: Value,
}

impl Sample {
    /// Measures; again where the machine was not quiet, and keeps the quietest.
    pub fn take(root: &Path, host: &Host, group: &Group, round: u32) -> Result<Self> {
        let mut best: Option<Self> = None;
        for _ in 0..TRIES {
            let (load, pin) = (machine::load(), group.one_core.then(machine::idlest));
            let (began, before) = (Instant::now(), Times::now());
            let figures = match &host.work {
                Work::Host(words) => ask(root, words, group, pin.as_deref()),
                Work::Measure(measure) => measure(),
            };
            let figures =
                figures.unwrap_or_else(|error| json!({"error": format!("{error:#}").trim().replace('\n', "; ")}));
            let sample = Self {
                round,
                host: host.name.clone(),
                metrics: group.metrics.clone(),
                one_core: group.one_core,
                steal: (Times::now().stolen_since(&before) * 10.0).round() / 10.0,
                load,
                seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
                figures,
            };
            let quiet = sample.is_quiet();
            if best.as_ref().is_none_or(|best| sample.steal < best.steal) {
                best = Some(sample);
            }
            if quiet {
                break;
            }
        }
        best.context("nothing was measured")
    }

    /// Returns whether the machine was its own.
    pub fn is_quiet(&self) -> bool {
        self.steal <= QUIET
    }

    /// Returns why there are no figures.
    pub fn error(&self) -> Option<&str> {
        self.figures.get("error")?.as_str()
    }

    /// Returns a line for who watches.
    pub fn line(&self) -> String {
        let Self { host, metrics, steal, seconds, .. } = self;
        let place = if self.one_core { ", one core" } else { "" };
        let noise = if self.is_quiet() { "" } else { ", not quiet" };
        let error = self.error().map(|error| format!("  FAILED: {error}")).unwrap_or_default();
        format!("{host}: {metrics}{place}  {seconds:.1} s  steal {steal} %{noise}{error}")
    }

    fn to_json(&self) -> Value {
        json!({
            "round": self.round, "host": self.host, "metrics": self.metrics, "oneCore": self.one_core,
            "steal": self.steal, "load": self.load, "seconds": self.seconds, "figures": self.figures,
        })
    }

    /// Returns what a line of a file says; nothing where it is no sample.
    pub fn of_json(value: &Value) -> Option<Self> {
        Some(Self {
            round: u32::try_from(value["round"].as_u64()?).ok()?,
            host: value["host"].as_str()?.to_owned(),
            metrics: value["metrics"].as_str()?.to_owned(),
            one_core: value["oneCore"].as_bool()?,
            steal: value["steal"].as_f64()?,
            load: value["load"].as_f64()?,
            seconds: value["seconds"].as_f64()?,
            figures: value["figures"].clone(),
        })
    }
}

/// Runs a host, and reads the last line of JSON that it prints.
fn ask(root: &Path, words: &[String], group: &Group, pin: Option<&str>) -> Result<Value> {
    let mut argv = Argv::from_words(["timeout", PATIENCE]);
    if let Some(processor) = pin {
        argv = argv.args(["taskset", "-c", processor]);
    }
    let argv = argv.args(words).args(["--metrics", &group.metrics]).without("LD_LIBRARY_PATH");
    let output = argv.output(root)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = || said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned();
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = printed.lines().rev().find(|line| line.starts_with('{'));
    let line = line.filter(|_| output.status.success()).with_context(|| format!("{}: {}", output.status, last()))?;
    let mut figures: Value = serde_json::from_str(line).context("the host printed no JSON")?;
    if let Some(bulk) = figures.get_mut("bulk")
        && let [Some(base), Some(peak)] = ["host_base_rss_mib", "host_peak_rss_mib"].map(|name| bulk[name].as_f64())
    {
        bulk["host_extra_mib"] = json!(peak - base);
    }
    Ok(figures)
}

/// The file of samples, a line each.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    samples: Samples,
}

impl Log {
    /// Makes the file.
    pub fn create(path: &Path) -> Result<Self> {
        let cannot = || format!("`{}` cannot be made", path.display());
        path.parent().map_or(Ok(()), fs::create_dir_all).with_context(cannot)?;
        let file = File::create(path).with_context(cannot)?;
        Ok(Self { path: path.to_owned(), file, samples: Samples::default() })
    }

    /// Notes under which conditions the samples are taken.
    pub fn conditions(&mut self, conditions: Value) -> Result<()> {
        writeln!(self.file, "{}", json!({"conditions": conditions}))?;
        self.samples.conditions = conditions;
        Ok(())
    }

    /// Notes a sample.
    pub fn add(&mut self, sample: Sample) -> Result<()> {
        writeln!(self.file, "{}", sample.to_json())?;
        self.samples.all.push(sample);
        Ok(())
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what was noted.
    pub fn into_samples(self) -> Samples {
        self.samples
    }
}
