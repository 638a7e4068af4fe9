//! Progress, chunks and what was accepted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::{Findings, quoted};
use crate::transcript::{Entry, Event, Message, Received, Sent, Transcript};

/// The most progress notifications in any second: the rule's 20, and some that only arrive together.
const PER_SECOND: usize = 24;

/// What was said of one request.
#[derive(Default)]
struct Said {
    is_answered: bool,
    /// The last `seq` of its progress, and of its chunks: a plugin may count them together or apart.
    progress_seq: Option<u64>,
    chunk_seq: Option<u64>,
    fraction: Option<f64>,
    /// When the last of them came, no more than one more than may.
    progress: VecDeque<Duration>,
    text: String,
    chunks: usize,
    accepted: usize,
}

/// Judges what was said of requests.
pub(super) fn judge(transcript: &Transcript, findings: &mut Findings) {
    let mut requests: BTreeMap<u64, Said> = BTreeMap::new();
    for entry in &transcript.entries {
        match &entry.event {
            Event::Sent { what: Sent::Request { id, .. }, .. } => {
                requests.insert(*id, Said::default());
            }
            Event::Received { what: Received::Frame(message), .. } => match message {
                Message::Answer { id, outcome } => {
                    if let Some(said) = requests.get_mut(id) {
                        answer(said, outcome.as_ref().ok(), findings);
                    }
                }
                Message::Notification { method, params } => notice(method, params, entry, &mut requests, findings),
                Message::Request { .. } => {}
            },
            _ => {}
        }
    }
}

fn notice(method: &str, params: &Value, entry: &Entry, requests: &mut BTreeMap<u64, Said>, findings: &mut Findings) {
    if !matches!(method, "$/progress" | "$/chunk" | "$/accepted") {
        return;
    }
    findings.see("PR-1");
    // What is no id at all breaks the schema.
    let Some(id) = params.get("id").and_then(Value::as_u64) else { return };
    let Some(said) = requests.get_mut(&id) else {
        return findings.fault("PR-1", format!("`{method}` names the request {id}, which was not asked"));
    };
    findings.see("PR-2");
    if said.is_answered {
        return findings.fault("PR-2", format!("`{method}` of the request {id} came after its answer"));
    }
    match method {
        "$/progress" => progress(id, said, params, entry.at, findings),
        "$/chunk" => chunk(id, said, params, findings),
        _ => accepted(id, said, params, findings),
    }
}

fn sequence(id: u64, last_seq: &mut Option<u64>, params: &Value, findings: &mut Findings) {
    findings.see("PR-3");
    let Some(seq) = params.get("seq").and_then(Value::as_u64) else { return };
    if let Some(last) = last_seq.filter(|last| *last >= seq) {
        findings.fault("PR-3", format!("of the request {id}, `seq` {seq} came after {last}"));
    }
    *last_seq = (*last_seq).max(Some(seq));
}

fn progress(id: u64, said: &mut Said, params: &Value, at: Duration, findings: &mut Findings) {
    sequence(id, &mut said.progress_seq, params, findings);
    findings.see("PR-5");
    said.progress.push_back(at);
    if said.progress.len() > PER_SECOND {
        let span = said.progress.pop_front().map_or(Duration::MAX, |first| at.saturating_sub(first));
        if span < Duration::from_secs(1) {
            let why = format!("of the request {id}, {} progress notifications came in {span:?}", PER_SECOND + 1);
            findings.fault("PR-5", why);
        }
    }
    let Some(fraction) = params.get("fraction").and_then(Value::as_f64) else { return };
    findings.see("PR-4");
    if !(0.0..=1.0).contains(&fraction) {
        findings.fault("PR-4", format!("of the request {id}, the fraction is {fraction}"));
    } else if let Some(last) = said.fraction.filter(|last| *last > fraction) {
        findings.fault("PR-4", format!("of the request {id}, the fraction fell from {last} to {fraction}"));
    }
    said.fraction = Some(fraction);
}

fn chunk(id: u64, said: &mut Said, params: &Value, findings: &mut Findings) {
    sequence(id, &mut said.chunk_seq, params, findings);
    findings.see("PR-6");
    let source = |key: &str| params.get(key).filter(|source| !source.is_null());
    let (text, path) = (source("text"), source("path"));
    if text.is_some() == path.is_some() {
        findings.fault(
            "PR-6",
            format!("a chunk has {} of `text` and `path`", if text.is_some() { "both" } else { "none" }),
        );
    }
    if let Some(text) = text.and_then(Value::as_str) {
        said.chunks += 1;
        said.text.push_str(text);
    }
}

fn accepted(id: u64, said: &mut Said, params: &Value, findings: &mut Findings) {
    findings.see("PR-8");
    said.accepted += 1;
    let remote = params.get("remoteId").unwrap_or(&Value::Null);
    if said.accepted > 1 {
        findings.fault("PR-8", format!("`$/accepted` came twice for the request {id}"));
    } else if remote.as_str().is_none_or(str::is_empty) {
        findings.fault("PR-8", format!("the `remoteId` of `$/accepted` is {}", quoted(remote)));
    }
}

fn answer(said: &mut Said, result: Option<&Value>, findings: &mut Findings) {
    said.is_answered = true;
    let text = result.and_then(|result| result.pointer("/outputs/0/text")?.as_str());
    let Some(text) = text.filter(|_| said.chunks > 0) else { return };
    findings.see("PR-7");
    if text != said.text {
        let (chunks, text) = (quoted(&said.text.clone().into()), quoted(&text.into()));
        findings.fault("PR-7", format!("the chunks say {chunks}, the answer says {text}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::faults;

    fn said(lines: &[&str]) -> Vec<String> {
        let lines = lines.iter().map(|line| match line.split_once(' ') {
            Some((method @ ("progress" | "chunk" | "accepted"), params)) => {
                format!("← {{\"method\":\"$/{method}\",\"params\":{{{params}}}}}")
            }
            _ => (*line).to_owned(),
        });
        faults(&format!("→ 1 transform\n{}", lines.collect::<Vec<_>>().join("\n")))
    }

    const ANSWER: &str = r#"← {"id":1,"result":{"outputs":[{"kind":"text","mime":"text/plain","text":"ab"}]}}"#;

    #[test]
    fn a_good_job_has_no_faults() {
        let good = [
            r#"progress "id":1,"seq":1,"fraction":0"#,
            r#"chunk "id":1,"seq":2,"text":"a""#,
            r#"accepted "id":1,"remoteId":"r","charged":"no""#,
            r#"chunk "id":1,"seq":5,"text":"b""#,
            r#"progress "id":1,"seq":7,"fraction":1"#,
            ANSWER,
        ];
        assert_eq!(said(&good), Vec::<String>::new());
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        let first = r#"progress "id":1,"seq":3,"fraction":0.5"#;
        for (lines, expected) in [
            (vec![r#"progress "id":9,"seq":1"#], "PR-1"),
            (vec![ANSWER, first], "PR-2"),
            (vec![first, r#"progress "id":1,"seq":3,"fraction":0.6"#], "PR-3"),
            (vec![r#"chunk "id":1,"seq":2,"text":"a""#, r#"chunk "id":1,"seq":2,"text":"b""#, ANSWER], "PR-3"),
            (vec![first, r#"progress "id":1,"seq":4,"fraction":0.4"#], "PR-4"),
            (vec![r#"progress "id":1,"seq":4,"fraction":1.5"#], "PR-4"),
            (vec![r#"chunk "id":1,"seq":1"#], "PR-6"),
            (vec![r#"chunk "id":1,"seq":1,"text":"ab","path":"out/a""#], "PR-6"),
            (vec![r#"chunk "id":1,"seq":1,"text":"a""#, ANSWER], "PR-7"),
            (vec![r#"accepted "id":1,"remoteId":"","charged":"no""#], "PR-8"),
            (vec![r#"accepted "id":1,"remoteId":"r","charged":"no""#; 2], "PR-8"),
        ] {
            let found = said(&lines);
            assert_eq!(found.len(), 1, "{lines:?}: {found:?}");
            assert!(found[0].starts_with(expected), "{lines:?}: {found:?}");
        }
    }

    #[test]
    fn progress_and_chunks_may_be_counted_apart() {
        let apart = [
            r#"progress "id":1,"seq":1"#,
            r#"chunk "id":1,"seq":1,"text":"a""#,
            r#"progress "id":1,"seq":2"#,
            r#"chunk "id":1,"seq":2,"text":"b""#,
            ANSWER,
        ];
        assert_eq!(said(&apart), Vec::<String>::new());
    }

    #[test]
    fn progress_has_a_measure() {
        let lines: Vec<_> = (1..=40).map(|seq| format!(r#"progress "id":1,"seq":{seq}"#)).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert!(said(&lines)[0].starts_with("PR-5"));
        let slow: Vec<_> = lines.chunks(20).flat_map(|second| second.iter().copied().chain(["~"])).collect();
        assert_eq!(said(&slow), Vec::<String>::new());
    }
}
