//! Errors.

use prizm_protocol::{ErrorKind, code};
use serde_json::Value;

use super::{Findings, quoted};
use crate::transcript::{Message, Transcript};

/// The codes that have no name of their own.
const BARE: &[i64] = &[
    code::PARSE_ERROR,
    code::INVALID_REQUEST,
    code::METHOD_NOT_FOUND,
    code::INVALID_PARAMS,
    code::INTERNAL_ERROR,
    code::CANCELLED,
    code::DRAINING,
];

/// Judges every error.
pub(super) fn judge(transcript: &Transcript, findings: &mut Findings) {
    for (index, message) in transcript.frames() {
        if let Message::Answer { outcome: Err(error), .. } = message
            && !transcript.entries[index].claimed
        {
            one(error, findings);
        }
    }
}

fn one(error: &Value, findings: &mut Findings) {
    findings.see("ER-1");
    if let Some(why) = misshapen(error) {
        findings.fault("ER-1", why);
    }
    let Some(code) = error.get("code").and_then(Value::as_i64) else { return };
    findings.see("ER-4");
    let Some(kind) = ErrorKind::from_code(code) else {
        if !BARE.contains(&code) {
            findings.fault("ER-4", format!("the code {code} is none of the protocol's"));
        }
        return;
    };
    findings.see_all(&["ER-2", "ER-3"]);
    let data = |key: &str| error.pointer(&format!("/data/{key}")).unwrap_or(&Value::Null);
    if data("kind") != kind.as_str() {
        let found = quoted(data("kind"));
        findings.fault("ER-2", format!("the error {code} has the `data.kind` {found}, not \"{kind}\""));
    }
    if !data("retryable").is_boolean() {
        let found = quoted(data("retryable"));
        findings.fault("ER-3", format!("the error {code} has the `data.retryable` {found}"));
    }
}

fn misshapen(error: &Value) -> Option<String> {
    let Some(object) = error.as_object() else { return Some(format!("an error is {}", quoted(error))) };
    let code = object.get("code").unwrap_or(&Value::Null);
    let message = object.get("message").unwrap_or(&Value::Null);
    if code.as_i64().is_none() {
        return Some(format!("the `code` of an error is {}", quoted(code)));
    }
    if !message.is_string() {
        return Some(format!("the `message` of an error is {}", quoted(message)));
    }
    let other = object.keys().find(|key| !matches!(key.as_str(), "code" | "message" | "data"))?;
    Some(format!("an error has the key `{}`", other.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::faults;

    fn error(error: &str) -> Vec<String> {
        faults(&format!("→ 1 transform\n← {{\"id\":1,\"error\":{error}}}"))
    }

    #[test]
    fn good_errors_pass() {
        for good in [
            r#"{"code":-32601,"message":"no method"}"#,
            r#"{"code":1006,"message":"no","data":{"kind":"ModelNotFound","retryable":false,"near":[]}}"#,
            r#"{"code":-32603,"message":"","data":7}"#,
        ] {
            assert_eq!(error(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        for (bad, expected) in [
            (r#""went wrong""#, "ER-1 an error is"),
            (r#"{"code":"E42","message":"m"}"#, "ER-1 the `code` of an error is \"E42\""),
            (r#"{"code":-32603}"#, "ER-1 the `message` of an error is null"),
            (r#"{"code":-32603,"message":"m","stack":[]}"#, "ER-1 an error has the key `stack`"),
            (r#"{"code":1006,"message":"m","data":{"retryable":true}}"#, "ER-2 the error 1006"),
            (r#"{"code":1006,"message":"m","data":{"kind":"ModelNotFound","retryable":"no"}}"#, "ER-3 the error 1006"),
            (r#"{"code":42,"message":"m"}"#, "ER-4 the code 42"),
        ] {
            let found = error(bad);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(expected), "{found:?}");
        }
    }
}
