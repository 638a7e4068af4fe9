//! Lines, ids, and that each request has one answer.

use std::collections::BTreeMap;

use super::Findings;
use crate::transcript::{Entry, Event, Message, Received, Sent, Transcript};

/// The longest line on stderr.
const STDERR_LINE: u64 = 64 * 1024;

/// Judges the channel.
pub(super) fn judge(transcript: &Transcript, findings: &mut Findings) {
    for entry in &transcript.entries {
        leaks(entry, findings);
        if entry.claimed {
            continue;
        }
        match &entry.event {
            Event::Received { .. } => line(entry, transcript.max_frame, findings),
            Event::Stderr { size, .. } => {
                findings.see("EN-10");
                if *size > STDERR_LINE {
                    findings.fault("EN-10", format!("a line on stderr has {size} bytes"));
                }
            }
            _ => {}
        }
    }
    answers(transcript, findings);
    start_up(transcript, findings);
}

fn line(entry: &Entry, max_frame: usize, findings: &mut Findings) {
    let Event::Received { text, size, what, framing } = &entry.event else { return };
    findings.see("CH-3");
    match what {
        Received::Frame(_) => {
            findings.see_all(&["CH-1", "CH-2", "CH-12"]);
            if framing.after_frame && !framing.gap {
                findings.fault("CH-2", format!("no empty line stands before {}", cut(text)));
            }
            if *size > max_frame as u64 {
                findings.fault("CH-12", over(*size, max_frame));
            }
        }
        Received::Oversized(_) => findings.fault("CH-12", over(*size, max_frame)),
        Received::Broken(why) => findings.fault("CH-1", format!("a frame is broken, {why}: {}", cut(text))),
        Received::BadId(id) if id == "null" => {
            findings.fault("CH-7", format!("it answered what was no request: {}", cut(text)));
        }
        Received::BadId(id) => findings.fault("CH-9", format!("a frame has the id {id}: {}", cut(text))),
        Received::Noise => findings.fault("CH-3", format!("on stdout stands what is no frame: {}", cut(text))),
    }
}

fn leaks(entry: &Entry, findings: &mut Findings) {
    let Some(name) = entry.leaks.first() else { return };
    let place = match &entry.event {
        Event::Stderr { .. } => "stderr",
        Event::Received { .. } => "stdout",
        _ => return,
    };
    findings.fault("CF-5", format!("the secret `{name}` is on {place}"));
}

fn over(size: u64, max_frame: usize) -> String {
    format!("a frame has {size} bytes, and `limits.maxFrameBytes` was {max_frame}")
}

fn cut(text: &str) -> String {
    format!("{:?}", text.chars().take(100).collect::<String>())
}

/// What of an answer is known: what was asked, and how often it was answered.
struct Book<'a> {
    asked: BTreeMap<u64, &'a str>,
    answered: BTreeMap<u64, usize>,
}

/// Walks through questions and answers, and hands out what is not the one answer to something asked.
fn walk<'a>(transcript: &'a Transcript, mut odd: impl FnMut(usize, u64, Option<&'a str>)) -> bool {
    let mut book = Book { asked: BTreeMap::new(), answered: BTreeMap::new() };
    for (index, entry) in transcript.entries.iter().enumerate() {
        match &entry.event {
            Event::Sent { what: Sent::Request { id, method }, .. } => {
                book.asked.insert(*id, method);
            }
            Event::Received { what: Received::Frame(Message::Answer { id, .. }), .. } => {
                let times = book.answered.entry(*id).or_default();
                *times += 1;
                let method = book.asked.get(id).copied();
                if method.is_none() || *times > 1 {
                    odd(index, *id, method);
                }
            }
            _ => {}
        }
    }
    !book.answered.is_empty()
}

fn answers(transcript: &Transcript, findings: &mut Findings) {
    let any = walk(transcript, |index, id, method| {
        if transcript.entries[index].claimed {
            return;
        }
        match method {
            Some(method) => findings.fault("CH-13", format!("`{method}` (id {id}) was answered twice")),
            None => findings.fault("CH-14", format!("it answered id {id}, which was not asked")),
        }
    });
    if any {
        findings.see_all(&["CH-9", "CH-13", "CH-14"]);
    }
}

/// Returns where answers stand, behind `from`, that answer nothing.
pub(crate) fn unasked(transcript: &Transcript, from: usize) -> Vec<usize> {
    let mut found = Vec::new();
    walk(transcript, |index, _, _| found.push(index));
    let is_bad = |entry: &Entry| matches!(&entry.event, Event::Received { what: Received::BadId(_), .. });
    let bad = transcript.entries.iter().enumerate().filter(|(_, entry)| is_bad(entry)).map(|(index, _)| index);
    found.extend(bad);
    found.retain(|index| *index >= from && !transcript.entries[*index].claimed);
    found.sort_unstable();
    found
}

/// `$/startup` belongs to a `configure` that is unanswered.
fn start_up(transcript: &Transcript, findings: &mut Findings) {
    let configures: Vec<_> = transcript.requests().filter(|(_, _, method)| *method == "configure").collect();
    for (index, _) in transcript.notifications("$/startup") {
        findings.see("CF-4");
        let is_open = |(at, id, _): &&(usize, u64, &str)| {
            *at < index && !transcript.answers(*id).any(|answer| answer > *at && answer < index)
        };
        if !configures.iter().any(|configure| is_open(&configure)) {
            findings.fault("CF-4", "`$/startup` came while no `configure` was unanswered");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{faults, transcript};
    use super::*;

    #[test]
    fn a_good_conversation_has_no_faults() {
        let good = "→ 1 ping\n← {\"id\":1,\"result\":{}}\n→ 2 ping\n← {\"id\":2,\"result\":{}}\n! a line";
        assert_eq!(faults(good), Vec::<String>::new());
    }

    #[test]
    fn each_breach_breaks_its_own_rule() {
        for (said, expected) in [
            (
                "→ 1 ping\n← {\"id\":1,\"result\":{}}\n← {\"id\":1,\"result\":{}}",
                "CH-13 `ping` (id 1) was answered twice",
            ),
            (
                "→ 1 ping\n← {\"id\":1,\"result\":{}}\n← {\"id\":9,\"result\":{}}",
                "CH-14 it answered id 9, which was not asked",
            ),
            ("← {\"id\":1,\"result\":{}}\n→ 1 ping", "CH-14 it answered id 1, which was not asked"),
            ("→ 1 ping\n← {\"id\":\"1\",\"result\":{}}", "CH-9 a frame has the id \"1\""),
            (
                "→ 1 ping\n← {\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}",
                "CH-7 it answered what was no request",
            ),
            ("# loading", "CH-3 on stdout stands what is no frame: \"loading\""),
            ("# {\"jsonrpc\":\"2.0\",\"id\":1", "CH-1 a frame is broken, it is not JSON"),
            ("→ 1 ping\n← {\"method\":\"$/startup\",\"params\":{\"stage\":\"x\"}}", "CF-4 `$/startup` came while"),
        ] {
            let found = faults(said);
            assert_eq!(found.len(), 1, "{said}: {found:?}");
            assert!(found[0].starts_with(expected), "{found:?}");
        }
    }

    #[test]
    fn start_up_is_sent_while_it_configures() {
        let good =
            "→ 1 configure\n← {\"method\":\"$/startup\",\"params\":{\"stage\":\"x\"}}\n← {\"id\":1,\"result\":{}}";
        assert_eq!(faults(good), Vec::<String>::new());
        let late =
            "→ 1 configure\n← {\"id\":1,\"result\":{}}\n← {\"method\":\"$/startup\",\"params\":{\"stage\":\"x\"}}";
        assert!(faults(late)[0].starts_with("CF-4"));
    }

    #[test]
    fn frames_want_an_empty_line_before_them_and_a_size() {
        let mut transcript = transcript("→ 1 ping\n← {\"id\":1,\"result\":{}}");
        let Event::Received { framing, size, .. } = &mut transcript.entries[1].event else { panic!() };
        (framing.gap, framing.after_frame, *size) = (false, true, 9 << 20);
        let mut findings = Findings::default();
        judge(&transcript, &mut findings);
        let rules: Vec<_> = findings.faults.iter().map(|fault| fault.rule).collect();
        assert_eq!(rules, ["CH-2", "CH-12"]);
    }

    #[test]
    fn what_a_check_has_claimed_is_no_matter_of_others() {
        let mut transcript = transcript("→ 1 ping\n← {\"id\":7,\"result\":{}}");
        assert_eq!(unasked(&transcript, 0), [1]);
        assert_eq!(unasked(&transcript, 2), [0; 0]);
        transcript.entries[1].claimed = true;
        let mut findings = Findings::default();
        judge(&transcript, &mut findings);
        assert!(findings.faults.is_empty());
    }
}
