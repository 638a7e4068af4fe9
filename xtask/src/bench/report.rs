//! The tables, and the page that has them among what people wrote.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::plots::Plot;
use crate::bench::sample::QUIET;
use crate::bench::summary::{Samples, Source, Spread};
use crate::bench::targets::{Goal, Outcome, TARGETS, Target};

/// Between these, the page is the command's; the rest is written by people.
const MARKERS: [&str; 2] = ["<!-- bench -->", "<!-- /bench -->"];

/// What is told of everybody: a head, whether on one core, and where it is.
const COLUMNS: [(&str, bool, &str); 10] = [
    ("cold start, ms", false, "cold_ms/p50"),
    ("call p50, µs, one core", true, "seq_us/p50"),
    ("p99", true, "seq_us/p99"),
    ("64 in flight, calls/s, one core", true, "tput/calls_s"),
    ("CPU µs", true, "tput/cpu_us_per_call"),
    ("call p50, µs, all cores", false, "seq_us/p50"),
    ("64 in flight, calls/s, all cores", false, "tput/calls_s"),
    ("64 MiB and back, MB/s", false, "bulk/mb_s"),
    ("idle, KiB each", false, "idle/host_kib_per_plugin"),
    ("killed to failed, µs", false, "crash_us/p50"),
];

/// Returns the part of the page that is the command's.
pub fn text(samples: &Samples, plots: &[Plot]) -> String {
    let mut text = conditions(samples);
    text += "\n| what | limit or peer in this run | ours: median (min..max) | ratio (min..max) | target | |\n";
    text += "|---|---|---|---|---|---|\n";
    TARGETS.iter().for_each(|target| text += &row(samples, target));
    let everybody = everybody(samples);
    if !everybody.is_empty() {
        text += &format!("\n### Everybody in this run\n\nMedians of the rounds.\n\n{everybody}");
    }
    text += &build(samples).map(|build| format!("\n### A build from nothing\n\n{build}\n")).unwrap_or_default();
    if !plots.is_empty() {
        text += "\n### Growth\n";
        plots.iter().for_each(|plot| text += &format!("\n{}:\n\n![{0}]({}.svg)\n", plot.title, plot.name));
    }
    text
}

fn conditions(samples: &Samples) -> String {
    let of = |name: &str| match &samples.conditions[name] {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let steal = samples.all.iter().map(|sample| sample.steal).fold(0.0, f64::max);
    let load = Spread::of(samples.all.iter().map(|sample| sample.load));
    let load = load.map(|load| format!("{:.1} ({:.1}..{:.1})", load.median, load.least, load.most));
    let quick = samples.conditions["quick"] == true;
    let quick = if quick { "**By small numbers, which say no more than that it works.**\n\n" } else { "" };
    format!(
        "{quick}`{}`, {}, revision {}, {} rounds.\n\n{}, {} cores, {}; {}, {}, node {}. Load {}; hypervisor steal at most {steal} %, \
         {} of {} samples above {QUIET} %.\n",
        of("command"),
        of("date"),
        of("revision"),
        of("rounds"),
        of("processor"),
        of("cores"),
        of("kernel"),
        of("rustc"),
        of("python"),
        of("node"),
        load.unwrap_or_default(),
        samples.noisy(),
        samples.all.len(),
    )
}

fn row(samples: &Samples, target: &Target) -> String {
    let figure = |source| samples.figure(source);
    let limit = target.limit.map(|(name, source)| match figure(source) {
        Some(limit) => format!("{name}: {} {}", number(limit.median), target.unit),
        None => format!("{name}: –"),
    });
    let ours = figure(target.ours).map(|ours| format!("{} {}{}", number(ours.median), target.unit, range(&ours)));
    let ratio = target.ratio(samples).map(|ratio| format!("{} ×{}", number(ratio.median), range(&ratio)));
    let goal = match target.goal {
        Goal::AtMost(most) => format!("≤ {} {}", number(most), target.unit),
        Goal::Times(most) => format!("≤ {most} ×"),
        Goal::Share(least) => format!("≥ {least} ×"),
        Goal::Faster(least) => format!("≥ {least} × faster"),
    };
    let outcome = match target.outcome(samples) {
        Outcome::Met => "met",
        Outcome::Missed => "**missed**",
        Outcome::NoPeers => "not measured: it takes `--peers DIR`",
        Outcome::NotMeasured => "not measured",
    };
    let cell = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    format!("| {} | {} | {} | {} | {goal} | {outcome} |\n", target.what, cell(limit), cell(ours), cell(ratio))
}

fn range(spread: &Spread) -> String {
    if spread.rounds == 1 { String::new() } else { format!(" ({}..{})", number(spread.least), number(spread.most)) }
}

/// A row for each host that answers calls, in the order in which they took turns; nothing where there is none.
fn everybody(samples: &Samples) -> String {
    let mut names: Vec<&str> = Vec::new();
    for sample in &samples.all {
        if !names.contains(&sample.host.as_str()) {
            names.push(&sample.host);
        }
    }
    let mut rows = String::new();
    for host in names {
        let cells = COLUMNS.map(|(_, one_core, path)| {
            let figure = samples.figure(Source { host, one_core, path });
            figure.map_or_else(|| "–".to_owned(), |figure| number(figure.median))
        });
        if cells.iter().any(|cell| cell != "–") {
            let _ = writeln!(rows, "| {host} | {} |", cells.join(" | "));
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let heads = COLUMNS.map(|(head, ..)| head).join(" | ");
    format!("| | {heads} |\n|---|{}\n{rows}", "---:|".repeat(COLUMNS.len()))
}

fn build(samples: &Samples) -> Option<String> {
    let seconds = samples.last("build", "build_s")?.as_f64()?;
    let slowest = samples.last("build", "slowest")?.as_array()?.iter();
    let slowest: Vec<_> =
        slowest.filter_map(|one| Some(format!("{} {} s", one[0].as_str()?, number(one[1].as_f64()?)))).collect();
    Some(format!("{} s; the slowest crates: {}.", number(seconds), slowest.join(", ")))
}

/// Returns three digits of it that count, or all before the point.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = if rest.is_empty() { "" } else { rest.trim_end_matches('0').trim_end_matches('.') };
    format!("{sign}{grouped}{rest}")
}

/// Writes the command's part of the page, and makes the page where there is none.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let page = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            format!("# Benchmarks\n\n{}\n{}\n", MARKERS[0], MARKERS[1])
        }
        page => page.with_context(|| format!("`{}` cannot be read", path.display()))?,
    };
    let page = replaced(&page, text).with_context(|| {
        format!(
            "`{}` has no `{}` before a `{}`; write them where the tables belong",
            path.display(),
            MARKERS[0],
            MARKERS[1]
        )
    })?;
    fs::write(path, page).with_context(|| format!("`{}` cannot be written", path.display()))
}

fn replaced(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKERS[0])?;
    let (_, after) = rest.split_once(MARKERS[1])?;
    Some(format!("{before}{}\n\n{}\n\n{}{after}", MARKERS[0], text.trim(), MARKERS[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::summary::testing::sample;
    use serde_json::json;

    #[test]
    fn what_people_wrote_stays() {
        let page = "# Title\n\nOurs.\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nTheirs.\n";
        let expected = "# Title\n\nOurs.\n\n<!-- bench -->\n\nnew\n\n<!-- /bench -->\n\nTheirs.\n";
        assert_eq!(replaced(page, "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(expected, "new").as_deref(), Some(expected));
        for page in ["# Title\n", "<!-- /bench -->\n<!-- bench -->\n"] {
            assert_eq!(replaced(page, "new"), None);
        }
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [(0.804, "0.8"), (3.457, "3.46"), (12.34, "12.3"), (20.0, "20"), (123.6, "124"), (1e3, "1,000")];
        for (value, expected) in numbers.into_iter().chain([(1_234_567.0, "1,234,567"), (-140.2, "-140"), (0.0, "0")]) {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn the_report_of_recorded_samples() {
        let seq = |round, host: &str, p50: f64| sample(round, host, true, 1.5, json!({"seq_us": {"p50": p50}}));
        let command = json!({"version_ms": 25.0, "added_ms": 9.0, "plugin_ms": 3.0});
        let build = json!({"build_s": 321.4, "slowest": [["a", 20.0], ["b", 3.0]]});
        let all = vec![
            seq(0, "pipe", 2.0),
            seq(0, "prizm", 6.0),
            seq(1, "pipe", 2.0),
            seq(1, "prizm", 8.0),
            sample(0, "command", false, 20.0, command),
            sample(0, "build", false, 0.0, build),
        ];
        let conditions = json!({"command": "cargo xtask bench", "rounds": 2, "cores": 2});
        let text = text(&Samples { conditions, all }, &[]);
        for expected in [
            "`cargo xtask bench`",
            "1 of 6 samples above 15 %",
            "| small call, p50, one core | raw pipe: 2 µs | 7 µs (6..8) | 3.5 × (3..4) | ≤ 3.5 × | met |",
            "| small call, p50, one core | rmcp: – | 7 µs (6..8) | – | ≥ 4 × faster | not measured: it takes `--peers DIR` |",
            "| `prizm --version` | – | 25 ms | – | ≤ 20 ms | **missed** |",
            "| cold start | raw JSON: – | – | – | ≤ 1.5 × | not measured |",
            "| prizm | – | 7 |",
            "321 s; the slowest crates: a 20 s, b 3 s.",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
