//! What is measured, and how often: the words that other hosts of the benchmark take, too.

use std::path::PathBuf;
use std::str::FromStr;

/// What is measured, and how often.
pub struct Settings {
    pub metrics: Vec<String>,
    pub peer: String,
    /// `ct` for one thread, `mt` for many.
    pub runtime: String,
    /// Another plugin than the one beside this program.
    pub plugin: Option<PathBuf>,
    pub cold_n: usize,
    pub seq_n: usize,
    pub tput_secs: f64,
    pub inflight: usize,
    pub bulk_mib: usize,
    pub bulk_reps: usize,
    pub idle_n: usize,
    pub crash_n: usize,
}

impl Settings {
    /// Reads `--name value` pairs; names that are not known are left to other hosts.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut all = Self {
            metrics: ["idle", "cold", "seq", "tput", "crash", "bulk"].map(str::to_owned).to_vec(),
            peer: "prizm".to_owned(),
            runtime: "mt".to_owned(),
            plugin: None,
            cold_n: 30,
            seq_n: 10_000,
            tput_secs: 2.0,
            inflight: 64,
            bulk_mib: 64,
            bulk_reps: 3,
            idle_n: 50,
            crash_n: 10,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` has no value"))?;
            match name.as_str() {
                "--metrics" => all.metrics = value.split(',').map(str::to_owned).collect(),
                "--peer" => all.peer = value,
                "--rt" => all.runtime = value,
                "--plugin" => all.plugin = Some(value.into()),
                "--cold-n" => all.cold_n = number(&name, &value)?,
                "--seq-n" => all.seq_n = number(&name, &value)?,
                "--tput-secs" => all.tput_secs = number(&name, &value)?,
                "--inflight" => all.inflight = number(&name, &value)?,
                "--bulk-mib" => all.bulk_mib = number(&name, &value)?,
                "--bulk-reps" => all.bulk_reps = number(&name, &value)?,
                "--idle-n" => all.idle_n = number(&name, &value)?,
                "--crash-n" => all.crash_n = number(&name, &value)?,
                _ => {}
            }
        }
        Ok(all)
    }

    /// Returns whether something is measured.
    pub fn has(&self, metric: &str) -> bool {
        self.metrics.iter().any(|one| one == metric)
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{name} {value}`: expected a number"))
}
