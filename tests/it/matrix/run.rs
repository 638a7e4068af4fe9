//! One examination of the hostile plugin.

use std::time::{Duration, Instant};

use prizm_conformance::{Plan, Report, Subject, Verdict};
use prizm_protocol::Manifest;

/// The deadlines of the specification, shortened: who waits here waits for what never comes.
const PATIENCE: f64 = 0.4;

/// What its manifest would say.
const MANIFEST: &str = r#"
[provider]
id = "hostile"
name = "Hostile"
version = "1.0.0"
type = "local"
protocol = "1.0"
capabilities = ["text-to-text", "text-to-image", "image-to-image", "text-to-audio"]
"#;

/// What was found.
pub struct Found {
    report: Report,
    /// How often the plugin owned up.
    pub confessions: usize,
    /// How long it took.
    pub took: Duration,
}

/// Examines the whole hostile plugin, misbehaving as `line` says.
pub fn examine(line: &str) -> Found {
    let began = Instant::now();
    let lab = crate::lab();
    let witness = lab.file("witness").display().to_string();
    let words = line.split(' ').chain(["--full", "--lifetime", "120", "--witness", &witness]);
    let subject = Subject::new(std::iter::once(crate::HOSTILE).chain(words))
        .root(lab.path())
        .manifest(Manifest::from_toml(MANIFEST).unwrap());
    let plan = Plan { patience: Some(PATIENCE), jobs: Some(2), ..Plan::default() };
    let report = prizm_conformance::examine(&subject, &plan, &|_| {}).unwrap_or_else(|error| panic!("{line}: {error}"));
    let confessions = lab.confessions(line.split(' ').next().unwrap());
    Found { report, confessions, took: began.elapsed() }
}

impl Found {
    /// Returns every rule and what was found of it, in the order of the specification.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'static str, &Verdict)> {
        self.report.checks().iter().map(|check| (check.requirement.id.as_str(), &check.verdict))
    }

    /// Returns the rules that are kept.
    pub fn passed(&self) -> impl Iterator<Item = &'static str> {
        self.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::Passed)).map(|(rule, _)| rule)
    }

    /// Returns the rules that are broken, and how.
    pub fn failed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.verdicts().filter_map(|(rule, verdict)| match verdict {
            Verdict::Failed { why, .. } => Some((rule, why.as_str())),
            _ => None,
        })
    }

    /// Returns the rules that could not be judged, by what, and why.
    pub fn blocked(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>, &str)> {
        self.verdicts().filter_map(|(rule, verdict)| match verdict {
            Verdict::Blocked { by, why } => Some((rule, *by, why.as_str())),
            _ => None,
        })
    }

    /// Returns the rules that say nothing of it, and why.
    pub fn inapplicable(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.verdicts().filter_map(|(rule, verdict)| match verdict {
            Verdict::NotApplicable { why } => Some((rule, why.as_str())),
            _ => None,
        })
    }

    /// Returns all that is not as it should be, for people.
    pub fn complaints(&self) -> String {
        let lines =
            self.verdicts().filter(|(_, verdict)| !matches!(verdict, Verdict::Passed)).map(|(rule, verdict)| {
                let why = match verdict {
                    Verdict::Failed { why, .. } | Verdict::NotApplicable { why } | Verdict::Blocked { why, .. } => why,
                    _ => "",
                };
                format!("{rule} {}: {why}", verdict.as_str())
            });
        lines.collect::<Vec<_>>().join("\n")
    }
}
