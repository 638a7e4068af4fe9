//! What a plugin says without being asked.

use serde_json::Value;

use super::shape::{Field, Need, Type, wrong};
use super::{Findings, quoted};
use crate::transcript::{Message, Transcript};

const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error"];

/// The fields of each notification. What other rules say of a field is left to them.
const SHAPES: &[(&str, &[Field])] = &[
    (
        "$/progress",
        &[
            ("id", Type::Count, Need::Must),
            ("seq", Type::Count, Need::Must),
            ("fraction", Type::Number, Need::Null),
            ("stage", Type::Text, Need::Null),
            ("message", Type::Text, Need::Null),
            ("etaMs", Type::Count, Need::Null),
        ],
    ),
    (
        "$/chunk",
        &[
            ("id", Type::Count, Need::Must),
            ("seq", Type::Count, Need::Must),
            ("text", Type::Text, Need::Null),
            ("path", Type::Text, Need::Null),
        ],
    ),
    ("$/accepted", &[("id", Type::Count, Need::Must), ("charged", Type::Word(&["yes", "no", "unknown"]), Need::Must)]),
    (
        "$/startup",
        &[
            ("stage", Type::Text, Need::Must),
            ("fraction", Type::Number, Need::Null),
            ("message", Type::Text, Need::Null),
        ],
    ),
    ("$/log", &[("fields", Type::Object, Need::Null)]),
];

/// Judges what a plugin says unasked.
pub(super) fn judge(transcript: &Transcript, findings: &mut Findings) {
    for (_, message) in transcript.frames() {
        findings.see("CH-15");
        match message {
            Message::Request { method } => {
                findings.fault("CH-15", format!("it asked its host `{}`", method.escape_debug()));
            }
            Message::Notification { method, params } => one(method, params, findings),
            Message::Answer { .. } => {}
        }
    }
}

fn one(method: &str, params: &Value, findings: &mut Findings) {
    if !method.starts_with("$/") {
        let method: String = method.chars().take(80).collect();
        return findings.fault("CH-15", format!("it sent the notification `{}`", method.escape_debug()));
    }
    let shape = SHAPES.iter().find(|(name, _)| *name == method);
    if let Some(why) = shape.and_then(|(name, fields)| wrong(&format!("`{name}`"), params, fields)) {
        findings.fault("CH-15", why);
    }
    if method == "$/log" && params.is_object() {
        log(params, findings);
    }
}

fn log(params: &Value, findings: &mut Findings) {
    findings.see("PR-9");
    let level = params.get("level").unwrap_or(&Value::Null);
    if !params.get("message").is_some_and(Value::is_string) {
        findings.fault("PR-9", format!("a `$/log` has no message: {}", quoted(params)));
    } else if !level.as_str().is_some_and(|level| LEVELS.contains(&level)) {
        findings.fault("PR-9", format!("a `$/log` has the level {}", quoted(level)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::faults;

    fn note(method: &str, params: &str) -> Vec<String> {
        faults(&format!("→ 1 transform\n← {{\"method\":\"{method}\",\"params\":{params}}}"))
    }

    #[test]
    fn well_formed_notifications_pass() {
        for (method, params) in [
            ("$/log", r#"{"level":"warn","message":"m","fields":{"a":1},"time":7}"#),
            ("$/future", "7"),
            ("$/progress", r#"{"id":1,"seq":1,"fraction":0.5,"stage":"s","message":"m","etaMs":7,"more":1}"#),
            ("$/progress", r#"{"id":1,"seq":1,"fraction":null,"stage":null}"#),
            ("$/chunk", r#"{"id":1,"seq":1,"text":"t","path":null}"#),
            ("$/accepted", r#"{"id":1,"remoteId":"r","charged":"unknown"}"#),
        ] {
            assert_eq!(note(method, params), Vec::<String>::new(), "{method}");
        }
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        for (method, params, expected) in [
            ("log", "{}", "CH-15 it sent the notification `log`"),
            ("$/progress", r#"{"id":1}"#, "CH-15 `$/progress` has no `seq`"),
            ("$/progress", r#"{"id":1,"seq":1,"fraction":"half"}"#, "CH-15 `fraction` of `$/progress` is \"half\""),
            ("$/accepted", r#"{"id":1,"remoteId":"r","charged":"maybe"}"#, "CH-15 `charged` of `$/accepted`"),
            ("$/log", "[]", "CH-15 `$/log` is [], not an object"),
            ("$/log", r#"{"level":"loud","message":"m"}"#, "PR-9 a `$/log` has the level \"loud\""),
            ("$/log", r#"{"level":"info"}"#, "PR-9 a `$/log` has no message"),
        ] {
            let found = note(method, params);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(expected), "{found:?}");
        }
    }

    #[test]
    fn a_plugin_asks_nothing() {
        assert!(faults("← {\"id\":1,\"method\":\"host/secrets\"}")[0].starts_with("CH-15 it asked its host"));
    }
}
