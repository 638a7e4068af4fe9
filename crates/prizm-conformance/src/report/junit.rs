//! A report as JUnit XML, which most services for tests read.

use std::fmt::Write as _;

use super::{Check, Report};
use crate::requirements::Level;
use crate::{Transcript, Verdict};

impl Report {
    /// Returns the report as JUnit XML: a test suite for each section. A SHOULD that is broken is a
    /// failure with `strict`, else skipped, with what was found.
    pub fn to_junit(&self, strict: bool) -> String {
        let all: Vec<&Check> = self.checks.iter().collect();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ =
            writeln!(xml, "<testsuites name=\"Prizm Plugin Protocol {}\"{}>", crate::protocol(), numbers(&all, strict));
        for section in sections(&self.checks) {
            let checks: Vec<_> = all.iter().copied().filter(|check| check.requirement.section == section).collect();
            let _ = writeln!(xml, "  <testsuite name=\"{}\"{}>", escape(section), numbers(&checks, strict));
            checks.iter().for_each(|check| case(&mut xml, check, strict));
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

fn sections(checks: &[Check]) -> Vec<&str> {
    let mut sections: Vec<&str> = checks.iter().map(|check| check.requirement.section.as_str()).collect();
    sections.dedup();
    sections
}

/// How a check is shown.
enum Shown<'a> {
    Good,
    Failure(&'a str, Option<&'a Transcript>),
    Skipped(&'a str),
}

fn shown(check: &Check, strict: bool) -> Shown<'_> {
    let counts = strict || check.requirement.level == Level::Must;
    match &check.verdict {
        Verdict::Passed => Shown::Good,
        Verdict::NotApplicable { why } => Shown::Skipped(why),
        Verdict::Failed { why, .. } | Verdict::Blocked { why, .. } if !counts => Shown::Skipped(why),
        Verdict::Failed { why, transcript } => Shown::Failure(why, Some(transcript)),
        Verdict::Blocked { why, .. } => Shown::Failure(why, None),
    }
}

fn numbers(checks: &[&Check], strict: bool) -> String {
    let count = |wanted: fn(&Shown<'_>) -> bool| checks.iter().filter(|check| wanted(&shown(check, strict))).count();
    let failures = count(|shown| matches!(shown, Shown::Failure(..)));
    let skipped = count(|shown| matches!(shown, Shown::Skipped(_)));
    format!(" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"", checks.len())
}

fn case(xml: &mut String, check: &Check, strict: bool) {
    let rule = check.requirement;
    let name = escape(&format!("{} {}", rule.id, rule.rule));
    let class = format!("prizm.{}", rule.id);
    let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\"");
    match shown(check, strict) {
        Shown::Good => xml.push_str("/>\n"),
        Shown::Skipped(why) => {
            let _ = writeln!(xml, "><skipped message=\"{}\"/></testcase>", escape(why));
        }
        Shown::Failure(why, transcript) => {
            let level = rule.level.as_str();
            let _ = write!(xml, "><failure type=\"{level}\" message=\"{}\">", escape(why));
            for line in transcript.into_iter().flat_map(Transcript::lines) {
                let _ = writeln!(xml, "{}", escape(&format!("{:>6} {:>6} {}", line.ms, line.from, line.text)));
            }
            xml.push_str("</failure></testcase>\n");
        }
    }
}

/// Escapes text for XML 1.0, which has no place for most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::requirement;

    #[test]
    fn what_a_plugin_says_stays_text() {
        assert_eq!(escape("<a b=\"c\">&\u{1b}[0m\0\n]]>"), "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}[0m\u{fffd}\n]]&gt;");
    }

    #[test]
    fn suites_are_counted() {
        let check = |id: &str, verdict| Check { requirement: requirement(id).unwrap(), verdict };
        let failed = || Verdict::Failed { why: "a < b".to_owned(), transcript: Arc::new(Transcript::default()) };
        let checks = vec![
            check("CH-1", Verdict::Passed),
            check("CH-2", failed()),
            check("ST-1", failed()),
            check("ST-2", Verdict::NotApplicable { why: "no".to_owned() }),
        ];
        let report = Report { command: "x".to_owned(), checks, sessions: Vec::new() };
        let xml = report.to_junit(false);
        assert!(
            xml.contains("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\">\n  <testsuite name=\"The channel\""),
            "{xml}"
        );
        assert!(xml.contains("<failure type=\"MUST\" message=\"a &lt; b\">"), "{xml}");
        assert!(report.to_junit(true).contains("failures=\"2\""));
        assert!(!report.conforms(false));
    }
}
