//! What is measured, and how often: the words of the other hosts of the benchmark.

use std::str::FromStr;

/// What a call is.
#[derive(Clone, Copy)]
pub enum Mode {
    /// A line of bytes, which comes back: the raw pipe.
    Bytes,
    /// A request of JSON-RPC 2.0, by types.
    Json,
    /// A file in memory, which is named over the pipe.
    Tmpfs,
}

/// Each by its name.
const MODES: [(&str, Mode); 3] = [("bytes", Mode::Bytes), ("json", Mode::Json), ("tmpfs", Mode::Tmpfs)];

impl Mode {
    /// Returns the one of this name.
    pub fn of(name: &str) -> Result<Self, String> {
        let found = MODES.into_iter().find(|(own, _)| *own == name);
        found.map(|(_, mode)| mode).ok_or_else(|| format!("`--mode {name}`: expected `bytes`, `json` or `tmpfs`"))
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        MODES[self as usize].0
    }
}

/// What is measured, and how often.
pub struct Settings {
    pub mode: Mode,
    metrics: Vec<String>,
    pub peer: String,
    pub cold_n: usize,
    pub seq_n: usize,
    pub tput_secs: f64,
    pub inflight: usize,
    pub bulk_mib: usize,
    pub bulk_reps: usize,
    pub crash_n: usize,
}

impl Settings {
    /// Reads `--name value` pairs; names that are not known are left to other hosts.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut all = Self {
            mode: Mode::Bytes,
            metrics: ["cold", "seq", "tput", "crash", "bulk"].map(str::to_owned).to_vec(),
            peer: String::new(),
            cold_n: 30,
            seq_n: 10_000,
            tput_secs: 2.0,
            inflight: 64,
            bulk_mib: 64,
            bulk_reps: 3,
            crash_n: 10,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` has no value"))?;
            match name.as_str() {
                "--mode" => all.mode = Mode::of(&value)?,
                "--metrics" => all.metrics = value.split(',').map(str::to_owned).collect(),
                "--peer" => all.peer = value,
                "--cold-n" => all.cold_n = number(&name, &value)?,
                "--seq-n" => all.seq_n = number(&name, &value)?,
                "--tput-secs" => all.tput_secs = number(&name, &value)?,
                "--inflight" => all.inflight = number(&name, &value)?,
                "--bulk-mib" => all.bulk_mib = number(&name, &value)?,
                "--bulk-reps" => all.bulk_reps = number(&name, &value)?,
                "--crash-n" => all.crash_n = number(&name, &value)?,
                _ => {}
            }
        }
        // Both sides block, so that what is under way must fit into the pipes.
        if !(1..=256).contains(&all.inflight) {
            return Err(format!("`--inflight {}`: expected 1 to 256", all.inflight));
        }
        if all.peer.is_empty() {
            all.peer = format!("limit-{}", all.mode.name());
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
