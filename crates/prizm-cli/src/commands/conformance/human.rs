//! The report and the rules, for people.

use std::sync::Arc;

use console::{Style, Term};
use prizm_conformance::{Check, Level, Report, Requirement, Transcript, TranscriptLine, Verdict, protocol};

use crate::output;

/// Columns where nobody knows how many there are.
const WIDTH: usize = 120;

/// Lines of a transcript that are shown of each end of a long one.
const SHOWN: usize = 60;

/// Prints the report: each check in a line, then what is wrong.
pub(super) fn print(report: &Report, strict: bool, quiet: bool) {
    let width = width();
    if !quiet {
        sections(report, width);
    }
    let mut shown = Vec::new();
    for check in report.checks() {
        failure(check, &mut shown);
    }
    for session in report.sessions() {
        put(&format!("\n{}", bold(session.title())));
        transcript(session);
    }
    put(&format!("\n{}", conclusion(report, strict)));
}

/// Prints the rules.
pub(super) fn list(rules: &[&Requirement]) {
    let mut section = "";
    for rule in rules {
        if rule.section != section {
            section = &rule.section;
            put(&format!("\n{}", bold(section)));
        }
        put(&format!("  {:6} {:6} {}", rule.id, rule.level.as_str(), output::printable(&rule.rule)));
    }
}

fn sections(report: &Report, width: usize) {
    if let Some((by, blocked)) = standstill(report) {
        for check in report.checks().iter().filter(|check| !matches!(check.verdict, Verdict::Blocked { .. })) {
            put(&line(check, width));
        }
        return put(&format!("  ? {blocked} others could not be judged, because of {by}"));
    }
    let mut section = "";
    for check in report.checks() {
        let rule = check.requirement;
        if rule.section != section {
            section = &rule.section;
            put(&format!("\n{}", bold(section)));
        }
        put(&line(check, width));
    }
}

/// The rule that kept nearly all others from being judged, if one did, and how many those are.
fn standstill(report: &Report) -> Option<(&'static str, usize)> {
    let by = report.checks().iter().find_map(|check| match check.verdict {
        Verdict::Blocked { by, .. } => by,
        _ => None,
    })?;
    let blocked = report.checks().iter().filter(|check| matches!(check.verdict, Verdict::Blocked { .. })).count();
    (blocked > 20 && blocked * 10 > report.checks().len() * 9).then_some((by, blocked))
}

fn line(check: &Check, width: usize) -> String {
    let rule = check.requirement;
    let said = match &check.verdict {
        Verdict::Passed => rule.rule.clone(),
        Verdict::Failed { why, .. } => why.clone(),
        Verdict::NotApplicable { why } => format!("not applicable: {why}"),
        Verdict::Blocked { by: Some(by), .. } => format!("not judged, because of {by}"),
        Verdict::Blocked { by: None, why } => format!("not judged: {why}"),
    };
    let should = if rule.level == Level::Should { "should" } else { "" };
    let line = format!("{:6} {should:6} {}", rule.id, output::printable(&said).replace('\n', " "));
    format!("  {} {}", mark(check), cut(&line, width.saturating_sub(4)))
}

fn mark(check: &Check) -> String {
    let (mark, style) = match (&check.verdict, check.requirement.level) {
        (Verdict::Passed, _) => ("✓", Style::new().green()),
        (Verdict::Failed { .. }, Level::Must) => ("✗", Style::new().red().bold()),
        (Verdict::Failed { .. }, _) => ("✗", Style::new().yellow()),
        (Verdict::Blocked { .. }, _) => ("?", Style::new().yellow()),
        _ => ("–", Style::new().dim()),
    };
    style.apply_to(mark).to_string()
}

/// A rule that is broken, how, and what was said.
fn failure<'a>(check: &'a Check, shown: &mut Vec<(&'a Arc<Transcript>, &'a str)>) {
    let Verdict::Failed { why, transcript: said } = &check.verdict else { return };
    let rule = check.requirement;
    put(&format!("\n{} {} {}: {}", mark(check), bold(&rule.id), rule.level.as_str(), rule.rule));
    put(&format!("  {}", Style::new().dim().apply_to(&rule.reason)));
    put(&format!("  {}", output::printable(why)));
    if let Some((_, rule)) = shown.iter().find(|(known, _)| Arc::ptr_eq(known, said)) {
        return put(&format!("  in the session that is shown at {rule}"));
    }
    shown.push((said, &rule.id));
    put(&format!("  in the session about {}:", said.title()));
    transcript(said);
}

fn transcript(session: &Transcript) {
    let lines: Vec<_> = session.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        match lines.len().checked_sub(2 * SHOWN) {
            Some(left @ 1..) if index == SHOWN => put(&format!("             … {left} lines …")),
            Some(left) if (SHOWN..SHOWN + left).contains(&index) => {}
            _ => put(&said(line)),
        }
    }
}

fn said(line: &TranscriptLine) -> String {
    let (mark, style) = match line.from {
        "host" => ("→", Style::new().cyan()),
        "plugin" => ("←", Style::new()),
        "noise" => ("# stdout:", Style::new().yellow()),
        "stderr" => ("! stderr:", Style::new().magenta()),
        _ => ("·", Style::new().dim()),
    };
    let text = format!("{mark} {}", output::printable(&line.text).replace('\n', " "));
    format!("  {:>7} ms {}", line.ms, style.apply_to(text))
}

fn conclusion(report: &Report, strict: bool) -> String {
    let counts = report.counts();
    let mut parts = vec![format!("{} passed", counts.passed), format!("{} failed", counts.failed)];
    if counts.blocked > 0 {
        parts.push(format!("{} not judged", counts.blocked));
    }
    parts.push(format!("{} not applicable", counts.not_applicable));
    let name = format!("Prizm Plugin Protocol {}", protocol());
    let verdict = match (report.conforms(strict), counts.failed + counts.blocked) {
        (true, 0) => Style::new().green().bold().apply_to(format!("conforms to {name}")),
        (true, _) => Style::new().green().bold().apply_to(format!("conforms to {name}, but not to every SHOULD")),
        (false, _) => Style::new().red().bold().apply_to(format!("does not conform to {name}")),
    };
    format!("{} · {verdict}", parts.join(", "))
}

fn bold(text: &str) -> String {
    Style::new().bold().apply_to(text).to_string()
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns).max(40))
}

fn cut(line: &str, width: usize) -> String {
    console::truncate_str(line, width, "…").into_owned()
}

/// Prints a line whose words of strangers have been made harmless.
fn put(line: &str) {
    output::result(line);
}
