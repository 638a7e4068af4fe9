//! A decision as people read it.

use prizm_registry::{Explained, Report, Verdict};
use serde_json::Value;

use crate::{output, table};

/// Shows every candidate, on stderr: it explains a result and is none.
pub(crate) fn explain(report: &Report) {
    let rows = report.candidates.iter().map(|candidate| {
        let (cost, time, succeeds) = estimates(candidate);
        let score = candidate.score.map(|score| dollars(score.total)).unwrap_or_default();
        vec![
            candidate.id.clone(),
            candidate.verdict.as_str().to_owned(),
            cost,
            time,
            succeeds,
            score,
            why(report, candidate),
        ]
    });
    let header = ["candidate", "verdict", "cost", "time", "succeeds", "comes to", "why"];
    output::note(&table::table(&header, rows));
    if let Some(at) = &report.earliest_available_at {
        output::note(&format!("the next one may be called at {at}"));
    }
    let relaxations = report.relaxations.iter().take(5);
    for relaxation in relaxations {
        output::note(&format!("{} would qualify with: {}", relaxation.admits, relaxation.change.join(", ")));
    }
    output::note(&format!("decision {}, made at {} from {}", report.decision_id, report.at, report.snapshot));
}

fn estimates(candidate: &Explained) -> (String, String, String) {
    let Some(estimates) = &candidate.estimates else { return <_>::default() };
    let cost = match (&*estimates.cost.value, estimates.cost.source) {
        (value, "unknown") => format!("unknown (${value}?)"),
        ("0", _) => "free".to_owned(),
        (value, source) => format!("${value} ({source})"),
    };
    let time = &estimates.time_s;
    let source = if time.n > 0 { format!("n={}", time.n) } else { time.source.to_owned() };
    (cost, format!("{:.1} s ({source})", time.expected), format!("{:.0} %", estimates.p_ok * 100.0))
}

fn why(report: &Report, candidate: &Explained) -> String {
    match (&report.selected, candidate.verdict) {
        (Some(selected), Verdict::Selected) if candidate.reasons.is_empty() => match selected.chosen_by {
            "score" => "comes to the least".to_owned(),
            other => format!("chosen by {other}"),
        },
        (_, Verdict::Excluded | Verdict::Selected) => {
            let reasons: Vec<_> = candidate.reasons.iter().map(ToString::to_string).collect();
            reasons.join("; ")
        }
        _ if candidate.missed > 0 => format!("misses {} of the wishes", candidate.missed),
        _ => String::new(),
    }
}

fn dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}${}.{:06}", micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000)
}

/// Shows what came of each try.
pub(super) fn attempts(attempts: &[Value]) {
    let text = |attempt: &Value, field: &str| match attempt.get(field) {
        Some(Value::String(text)) => text.lines().next().unwrap_or_default().to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let rows = attempts.iter().map(|attempt| {
        let class = text(attempt, "class");
        let ended = if class.is_empty() { "done".to_owned() } else { class };
        let cost = text(attempt, "cost");
        let cost = if cost.is_empty() { cost } else { format!("${cost}") };
        vec![
            text(attempt, "candidate"),
            ended,
            format!("{} ms", text(attempt, "elapsed_ms")),
            cost,
            text(attempt, "message"),
        ]
    });
    output::note(&table::table(&["tried", "ended", "took", "cost", "message"], rows));
}
