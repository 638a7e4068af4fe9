//! A report as one JSON document.

use serde_json::{Value, json};

use super::{Check, Report};
use crate::{Transcript, Verdict};

impl Report {
    /// Returns the report as one JSON document; it conforms as [`Report::conforms`] says without `strict`.
    pub fn to_json(&self) -> Value {
        self.to_json_as(false)
    }

    /// Returns the report as one JSON document.
    pub fn to_json_as(&self, strict: bool) -> Value {
        let mut document = json!({
            "protocol": crate::protocol(),
            "command": self.command,
            "conforms": self.conforms(strict),
            "counts": self.counts(),
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
        });
        if !self.sessions.is_empty() {
            let session = |session: &Transcript| json!({"title": session.title(), "transcript": lines(session)});
            document["sessions"] = self.sessions().map(session).collect();
        }
        document
    }
}

fn check(check: &Check) -> Value {
    let rule = check.requirement;
    let mut document = json!({"id": rule.id, "level": rule.level, "section": rule.section, "rule": rule.rule,
                              "verdict": check.verdict.as_str()});
    match &check.verdict {
        Verdict::Passed => {}
        Verdict::Failed { why, transcript } => {
            document["why"] = json!(why);
            document["session"] = json!(transcript.title());
            document["transcript"] = lines(transcript);
        }
        Verdict::NotApplicable { why } => document["why"] = json!(why),
        Verdict::Blocked { by, why } => {
            document["why"] = json!(why);
            document["by"] = json!(by);
        }
    }
    document
}

fn lines(transcript: &Transcript) -> Value {
    json!(transcript.lines().collect::<Vec<_>>())
}
