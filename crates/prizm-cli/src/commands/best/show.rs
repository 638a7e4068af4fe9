//! A decision as people read it.

use prizm_registry::{Code, Explained, Money, Report, Verdict, brief};
use serde_json::Value;

use crate::{output, table};

/// Shows every candidate, on stderr: it explains a result and is none.
pub(crate) fn explain(report: &Report) {
    let (others, able): (Vec<_>, Vec<_>) =
        report.candidates.iter().partition(|candidate| does_something_else(candidate));
    if !able.is_empty() {
        let header = ["candidate", "verdict", "cost", "price by", "time", "time by", "succeeds", "comes to", "why"];
        output::note(&table::filled(&header, able.iter().map(|candidate| row(report, candidate))));
    }
    let not_taken: Vec<_> = able.iter().flat_map(|candidate| reasons(candidate)).collect();
    if !not_taken.is_empty() {
        output::note(&format!("\n{}", table::filled(&["not taken", "why not", "unless"], not_taken)));
    }
    output::note("");
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|other| other.id.strip_suffix("/*").unwrap_or(&other.id)).collect();
        output::note(&format!("{}: {}", Code::Capability.as_str(), names.join(", ")));
    }
    if let Some(at) = &report.earliest_available_at {
        output::note(&format!("the next one may be called at {}", whole_seconds(at)));
    }
    output::note(&format!("decision {}, made at {}", report.decision_id, whole_seconds(&report.at)));
}

fn does_something_else(candidate: &Explained) -> bool {
    candidate.reasons.iter().any(|reason| reason.code == Code::Capability)
}

fn row(report: &Report, candidate: &Explained) -> Vec<String> {
    let mut row = vec![candidate.id.clone(), candidate.verdict.as_str().to_owned()];
    match &candidate.estimates {
        Some(estimates) => {
            let (cost, time) = (&estimates.cost, &estimates.time_s);
            let amount = cost.value.parse().map_or_else(|_| format!("${}", cost.value), brief::money);
            let (amount, source) = match (&*cost.value, cost.source) {
                (_, "unknown") => (format!("{amount}?"), "assumed"),
                ("0", source) => ("free".to_owned(), source),
                (_, source) => (amount, source),
            };
            let measured = match time.n {
                0 => time.source.to_owned(),
                1 => "1 call".to_owned(),
                calls => format!("{calls} calls"),
            };
            let source = cost.correction.iter().fold(source.to_owned(), |source, factor| format!("{source}×{factor}"));
            row.extend([amount, source, seconds(time.expected), measured]);
            row.push(format!("{:.0} %", estimates.p_ok * 100.0));
        }
        None => row.extend(std::iter::repeat_n(String::new(), 5)),
    }
    row.push(candidate.score.map(|score| dollars(score.total)).unwrap_or_default());
    row.push(why(report, candidate));
    row
}

/// Says what made it the first where it was not the score, and what it is behind in.
fn why(report: &Report, candidate: &Explained) -> String {
    match (&report.selected, candidate.verdict) {
        (Some(selected), Verdict::Selected) if selected.chosen_by != "score" => format!("by {}", selected.chosen_by),
        _ => match candidate.missed {
            0 => String::new(),
            1 => "misses a wish".to_owned(),
            missed => format!("misses {missed} wishes"),
        },
    }
}

/// A row for each reason; the first has the name.
fn reasons(candidate: &Explained) -> Vec<Vec<String>> {
    let unless = candidate.would_be_eligible_if.iter().map(String::as_str).chain(std::iter::repeat(""));
    let rows = candidate.reasons.iter().zip(unless).enumerate().map(|(place, (reason, unless))| {
        let name = if place == 0 { &*candidate.id } else { "" };
        vec![name.to_owned(), reason.to_string(), unless.to_owned()]
    });
    rows.collect()
}

/// Leaves out of a point in time what is less than a second.
fn whole_seconds(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

fn dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}", brief::money(Money::from_nanos(micros.unsigned_abs().saturating_mul(1000))))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no time is negative")]
fn seconds(seconds: f64) -> String {
    brief::time((seconds * 1000.0).round() as u64)
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
        let cost = cost.parse().map_or(cost, brief::money);
        let took = attempt.get("elapsed_ms").and_then(Value::as_u64).map(brief::time);
        vec![text(attempt, "candidate"), ended, took.unwrap_or_default(), cost, text(attempt, "message")]
    });
    output::note(&table::filled(&["tried", "ended", "took", "cost", "message"], rows));
}
