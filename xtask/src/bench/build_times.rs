//! How long a build from nothing takes, and which crates take the most of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::machine::{self, Times};
use crate::bench::sample::Sample;
use crate::sh::Argv;

/// How many crates are named.
const NAMED: usize = 5;
/// How cargo's report of a build begins its list of what was compiled.
const LIST: &str = "const UNIT_DATA = ";

/// Builds `prizm` in a directory of its own, which is removed again.
pub fn measure(root: &Path, directory: &Path) -> Result<Sample> {
    let _ = fs::remove_dir_all(directory);
    let text = directory.to_str().context("the target directory is not UTF-8")?;
    let argv = Argv::new("cargo build --release --timings -p prizm-cli --target-dir").args([text]);
    eprintln!("── build from nothing: {argv}");
    let (began, load, before) = (Instant::now(), machine::load(), Times::now());
    argv.run(root).context("the build failed")?;
    let seconds = began.elapsed().as_secs_f64();
    let report = directory.join("cargo-timings/cargo-timing.html");
    let html = fs::read_to_string(&report).with_context(|| format!("`{}` cannot be read", report.display()))?;
    let slowest: Vec<_> = slowest(&html)?.into_iter().map(|(name, seconds)| json!([name, seconds])).collect();
    fs::remove_dir_all(directory)?;
    Ok(Sample {
        round: 0,
        host: "build".to_owned(),
        metrics: "build".to_owned(),
        one_core: false,
        steal: Times::now().stolen_since(&before),
        load,
        seconds,
        figures: json!({"build_s": seconds, "slowest": slowest}),
    })
}

/// Returns the crates that took the longest, their build scripts included, with seconds.
fn slowest(html: &str) -> Result<Vec<(String, f64)>> {
    let list =
        html.split_once(LIST).map(|(_, rest)| rest).context("cargo's report has no list of what was compiled")?;
    let mut values = serde_json::Deserializer::from_str(list).into_iter::<Value>();
    let units = values.next().context("cargo's list is empty")?.context("cargo's list cannot be read")?;
    let mut crates = BTreeMap::<_, f64>::new();
    for unit in units.as_array().into_iter().flatten() {
        if let (Some(name), Some(seconds)) = (unit["name"].as_str(), unit["duration"].as_f64()) {
            *crates.entry(name.to_owned()).or_default() += seconds;
        }
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    crates.truncate(NAMED);
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_told_with_their_build_scripts() {
        let unit = |name: &str, duration: f64| json!({"i": 0, "name": name, "mode": "todo", "duration": duration});
        let units = json!([unit("a", 1.0), unit("b", 2.0), unit("a", 1.5), unit("c", 0.1)]);
        let html = format!("<script>\nDURATION = 3;\n{LIST}{units:#};\nconst OTHER = [];\n</script>");
        let expected = [("a", 2.5), ("b", 2.0), ("c", 0.1)].map(|(name, seconds)| (name.to_owned(), seconds));
        assert_eq!(slowest(&html).unwrap(), expected);
        assert!(slowest("<html>").is_err());
    }
}
