//! Transcripts for tests, written as a conversation.

use std::time::Duration;

use crate::session::classify;
use crate::transcript::{Entry, Event, Framing, Sent, Transcript};

/// Reads a conversation, a line each: `→ ID METHOD`, `← FRAME` without its `jsonrpc`, `# LINE` of stdout, `! LINE` of
/// stderr. Two lines are a second apart where `~` stands between them, else nothing.
pub(crate) fn transcript(said: &str) -> Transcript {
    let mut at = Duration::ZERO;
    let mut entries = Vec::new();
    for line in said.lines() {
        let (mark, rest) = line.split_at(line.char_indices().nth(1).map_or(line.len(), |(end, _)| end));
        let rest = rest.trim_start();
        let event = match mark {
            "~" => {
                at += Duration::from_secs(1);
                continue;
            }
            "→" => {
                let (id, method) = rest.split_once(' ').unwrap();
                let what = Sent::Request { id: id.parse().unwrap(), method: method.to_owned() };
                Event::Sent { text: rest.to_owned(), what }
            }
            "←" => received(&rest.replacen('{', "{\"jsonrpc\":\"2.0\",", 1)),
            "#" => received(rest),
            "!" => Event::Stderr { text: rest.to_owned(), size: rest.len() as u64 },
            other => panic!("{other}"),
        };
        entries.push(Entry { at, event, leaks: Vec::new(), claimed: false });
    }
    Transcript { title: "a test".to_owned(), entries, max_frame: 8 << 20 }
}

fn received(text: &str) -> Event {
    let framing = Framing { gap: true, after_frame: true, ended: true };
    Event::Received { text: text.to_owned(), size: text.len() as u64, what: classify(text.as_bytes()), framing }
}

/// The rules that a conversation breaks, each with how.
pub(crate) fn faults(said: &str) -> Vec<String> {
    let findings = super::judge(&transcript(said));
    findings.faults.into_iter().map(|fault| format!("{} {}", fault.rule, fault.why)).collect()
}
