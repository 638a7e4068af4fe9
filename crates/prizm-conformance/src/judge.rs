//! What a transcript says about the rules: pure functions, each over what was said in one session.

pub(crate) mod channel;
pub(crate) mod declaration;
pub(crate) mod error;
pub(crate) mod model;
pub(crate) mod notification;
pub(crate) mod progress;
pub(crate) mod result;
mod routing;
mod shape;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use crate::transcript::Transcript;
use crate::verdict::Fault;

/// What was found in a transcript.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The rules that were broken.
    pub(crate) faults: Vec<Fault>,
    /// The rules that something was seen of.
    pub(crate) seen: BTreeSet<&'static str>,
}

impl Findings {
    /// Notes that something was seen of a rule.
    fn see(&mut self, rule: &'static str) {
        self.seen.insert(rule);
    }

    /// Notes that something was seen of several rules.
    fn see_all(&mut self, rules: &[&'static str]) {
        self.seen.extend(rules);
    }

    /// Notes that a rule was broken; the first time is told.
    fn fault(&mut self, rule: &'static str, why: impl Into<String>) {
        self.see(rule);
        if !self.faults.iter().any(|fault| fault.rule == rule) {
            self.faults.push(Fault::new(rule, why));
        }
    }
}

/// Judges a session by the rules that hold in all of them.
pub(crate) fn judge(transcript: &Transcript) -> Findings {
    let mut findings = Findings::default();
    channel::judge(transcript, &mut findings);
    notification::judge(transcript, &mut findings);
    progress::judge(transcript, &mut findings);
    error::judge(transcript, &mut findings);
    findings
}

/// Quotes a value from the wire, cut.
pub(crate) fn quoted(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
