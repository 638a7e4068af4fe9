//! What many samples come to: medians over rounds with their spread, and ratios within a round.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::sample::Sample;

/// All samples, and under which conditions they were taken.
#[derive(Debug, Default)]
pub struct Samples {
    /// The machine, the versions and the command.
    pub conditions: Value,
    /// In the order in which they were taken.
    pub all: Vec<Sample>,
}

/// Where a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Whose it is.
    pub host: &'a str,
    /// Whether both processes had one processor.
    pub one_core: bool,
    /// Its path, such as `seq_us/p50`; `last` is the last of a list.
    pub path: &'a str,
}

/// The median of the rounds, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// Of how many rounds.
    pub rounds: usize,
}

impl Spread {
    /// Returns that of some values; nothing of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Self { median, least, most, rounds: values.len() })
    }
}

impl Samples {
    /// Reads what a run has noted.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let mut samples = Self::default();
        for (number, line) in text.lines().enumerate() {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            if let Some(conditions) = value.get("conditions") {
                samples.conditions = conditions.clone();
            } else if let Some(sample) = Sample::of_json(&value) {
                samples.all.push(sample);
            } else {
                bail!("`{}`: line {} is no sample", path.display(), number + 1);
            }
        }
        Ok(samples)
    }

    /// Returns a figure of each round. What was taken while the machine was not quiet counts only when there is nothing
    /// else.
    fn rounds(&self, source: Source<'_>) -> BTreeMap<u32, f64> {
        let own = self.all.iter().filter(|sample| sample.host == source.host && sample.one_core == source.one_core);
        let all: Vec<_> = own.filter_map(|sample| Some((sample, number(&sample.figures, source.path)?))).collect();
        let is_quiet = all.iter().any(|(sample, _)| sample.is_quiet());
        let kept = all.into_iter().filter(|(sample, _)| sample.is_quiet() || !is_quiet);
        kept.map(|(sample, value)| (sample.round, value)).collect()
    }

    /// Returns a figure over all rounds.
    pub fn figure(&self, source: Source<'_>) -> Option<Spread> {
        Spread::of(self.rounds(source).into_values())
    }

    /// Returns how many times `over` a figure is, taken within each round that has both.
    pub fn ratio(&self, of: Source<'_>, over: Source<'_>) -> Option<Spread> {
        let over = self.rounds(over);
        let ratio = |(round, value): (u32, f64)| over.get(&round).filter(|over| **over > 0.0).map(|over| value / over);
        Spread::of(self.rounds(of).into_iter().filter_map(ratio))
    }

    /// Returns what a host last said by this name.
    pub fn last(&self, host: &str, name: &str) -> Option<&Value> {
        self.all.iter().rev().filter(|sample| sample.host == host).find_map(|sample| sample.figures.get(name))
    }

    /// Returns how many samples were taken while the machine was not quiet.
    pub fn noisy(&self) -> usize {
        self.all.iter().filter(|sample| !sample.is_quiet()).count()
    }

    /// Returns a line for each measurement that failed.
    pub fn failures(&self) -> Vec<String> {
        self.all.iter().filter(|sample| sample.error().is_some()).map(Sample::line).collect()
    }
}

fn number(figures: &Value, path: &str) -> Option<f64> {
    let mut value = figures;
    for name in path.split('/') {
        value = match value {
            Value::Array(all) if name == "last" => all.last()?,
            value => value.get(name)?,
        };
    }
    value.as_f64()
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// Makes a sample.
    pub fn sample(round: u32, host: &str, one_core: bool, steal: f64, figures: Value) -> Sample {
        let (host, metrics) = (host.to_owned(), "seq".to_owned());
        Sample { round, host, metrics, one_core, steal, load: 0.5, seconds: 1.0, figures }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::sample;
    use super::*;
    use serde_json::json;

    const PIPE: Source<'_> = Source { host: "pipe", one_core: true, path: "seq_us/p50" };
    const OURS: Source<'_> = Source { host: "prizm", one_core: true, path: "seq_us/p50" };

    fn seq(round: u32, host: &str, steal: f64, p50: f64) -> Sample {
        sample(round, host, true, steal, json!({"seq_us": {"p50": p50}}))
    }

    #[test]
    fn medians_and_what_is_between_two() {
        let spread = |median, least, most, rounds| Some(Spread { median, least, most, rounds });
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), spread(2.0, 1.0, 3.0, 3));
        assert_eq!(Spread::of([4.0, 1.0]), spread(2.5, 1.0, 4.0, 2));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let all = vec![
            seq(0, "pipe", 0.0, 2.0),
            seq(0, "prizm", 0.0, 6.0),
            seq(1, "pipe", 0.0, 4.0),
            seq(1, "prizm", 0.0, 20.0),
            seq(2, "prizm", 0.0, 7.0),
            sample(1, "prizm", false, 0.0, json!({"seq_us": {"p50": 90.0}})),
        ];
        let samples = Samples { all, ..Samples::default() };
        assert_eq!(samples.ratio(OURS, PIPE), Spread::of([3.0, 5.0]));
        assert_eq!(samples.figure(OURS), Spread::of([6.0, 7.0, 20.0]));
        assert_eq!(samples.ratio(PIPE, Source { host: "rmcp", ..OURS }), None);
    }

    #[test]
    fn what_is_not_quiet_counts_only_when_nothing_else_is_there() {
        let all = vec![seq(0, "prizm", 40.0, 9.0), seq(1, "prizm", 1.0, 5.0), seq(0, "pipe", 40.0, 3.0)];
        let samples = Samples { all, ..Samples::default() };
        assert_eq!(samples.figure(OURS), Spread::of([5.0]));
        assert_eq!(samples.figure(PIPE), Spread::of([3.0]));
        assert_eq!(samples.noisy(), 2);
    }

    #[test]
    fn paths_go_into_lists() {
        let figures = json!({"take": [{"ms": 1}, {"ms": 2.5}], "last": {"p50": 3}});
        assert_eq!(number(&figures, "take/last/ms"), Some(2.5));
        assert_eq!(number(&figures, "last/p50"), Some(3.0));
        assert_eq!(number(&figures, "take/ms"), None);
    }

    #[test]
    fn samples_are_read_as_they_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b.jsonl");
        let mut log = crate::bench::sample::Log::create(&path).unwrap();
        log.conditions(json!({"rounds": 1})).unwrap();
        log.add(seq(0, "pipe", 1.5, 2.0)).unwrap();
        let read = Samples::read(&path).unwrap();
        assert_eq!((&read.conditions, &read.all), (&json!({"rounds": 1}), &log.into_samples().all));
        fs::write(&path, "{}\n").unwrap();
        assert!(Samples::read(&path).unwrap_err().to_string().ends_with("line 1 is no sample"));
    }
}
