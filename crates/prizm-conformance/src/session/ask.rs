//! Requests, and what comes back.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Session;
use crate::session::record::{Flood, State};
use crate::transcript::{Event, Message, Received, Sent};
use crate::verdict::Stop;

/// A request that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) id: u64,
    pub(crate) method: String,
    /// Where it stands in the transcript.
    pub(crate) at: usize,
    /// The rule that is broken where no answer comes.
    pub(super) silence: &'static str,
    within: Within,
}

/// How long an answer is waited for, in the specification's seconds.
#[derive(Clone, Copy, Debug)]
struct Within {
    seconds: f64,
    /// What begins the time anew.
    renewal: Renewal,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Renewal {
    Nothing,
    /// `$/startup`, up to 15 minutes.
    Startup,
    /// Whatever is said of the request.
    Notices,
}

/// The most that `$/startup` can extend `configure` to.
const LONGEST_STARTUP: f64 = 900.0;

/// How long a job may be silent. The specification says nothing of it.
const IDLE_JOB: f64 = 60.0;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it stands in the transcript.
    pub(crate) at: usize,
    /// How long it took.
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Value, Refusal>,
}

/// An error, as far as it can be read.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
    pub(crate) data: Value,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message: String = self.message.chars().take(200).collect();
        match self.code {
            Some(code) => write!(f, "error {code}, {message:?}"),
            None => write!(f, "an error without a code, {message:?}"),
        }
    }
}

impl Refusal {
    fn new(error: &Value) -> Self {
        Self {
            code: error.get("code").and_then(Value::as_i64),
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").cloned().unwrap_or_default(),
        }
    }
}

impl Ask {
    /// Names the rule that is broken where no answer comes.
    pub(crate) fn or(mut self, rule: &'static str) -> Self {
        self.silence = rule;
        self
    }

    /// Sets how long the answer is waited for, in the specification's seconds.
    pub(crate) fn within(mut self, seconds: f64) -> Self {
        self.within = Within { seconds, renewal: Renewal::Nothing };
        self
    }
}

/// The rule that is broken where a method is not answered, and how long that is waited for.
fn terms(method: &str) -> (&'static str, Within) {
    let within = |seconds, renewal| Within { seconds, renewal };
    match method {
        "initialize" => ("ST-1", within(10.0, Renewal::Nothing)),
        "configure" => ("CF-1", within(60.0, Renewal::Startup)),
        "ping" => ("ME-2", within(5.0, Renewal::Nothing)),
        "shutdown" => ("EN-1", within(5.0, Renewal::Nothing)),
        "transform" => ("CH-13", within(IDLE_JOB, Renewal::Notices)),
        "models" | "estimate" => ("CH-13", within(30.0, Renewal::Nothing)),
        _ => ("CH-13", within(10.0, Renewal::Nothing)),
    }
}

enum Woken {
    Answered(usize),
    Over(String),
    Flooded(Flood),
}

impl Session<'_> {
    /// Sends a request.
    pub(crate) fn ask(&mut self, method: &str, params: Option<Value>) -> Ask {
        let id = self.next_id;
        self.next_id += 1;
        self.ask_as(id, method, params)
    }

    /// Sends a request with an id of the caller's.
    pub(crate) fn ask_as(&mut self, id: u64, method: &str, params: Option<Value>) -> Ask {
        let message = request(id, method, params);
        self.ask_raw(id, method, format!("{message}\n").as_bytes())
    }

    /// Sends a request in ASCII, everything else escaped.
    pub(crate) fn ask_escaped(&mut self, method: &str, params: &Value) -> Ask {
        let id = self.take_id();
        let line = format!("{}\n", escaped(&request(id, method, Some(params.clone()))));
        self.ask_raw(id, method, line.as_bytes())
    }

    /// Sends a request as it is written.
    pub(crate) fn ask_raw(&mut self, id: u64, method: &str, bytes: &[u8]) -> Ask {
        let at = self.raw(bytes, Sent::Request { id, method: method.to_owned() });
        let (silence, within) = terms(method);
        Ask { id, method: method.to_owned(), at, silence, within }
    }

    /// Returns the next id.
    pub(crate) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Notes a request whose bytes are sent by the caller.
    pub(crate) fn note_ask(&mut self, id: u64, method: &str, text: &str) -> Ask {
        let at = self.record.sent(text.trim().as_bytes(), Sent::Request { id, method: method.to_owned() });
        let (silence, within) = terms(method);
        Ask { id, method: method.to_owned(), at, silence, within }
    }

    /// Sends bytes that [`Session::note_ask`] has noted.
    pub(crate) fn send_piece(&mut self, bytes: &[u8]) {
        self.write(bytes.to_vec());
    }

    /// Sends a request and waits for the answer.
    pub(crate) fn call(&mut self, method: &str, params: Option<Value>) -> Result<Answer, Stop> {
        let ask = self.ask(method, params);
        self.answer(&ask)
    }

    /// Waits for the answer to a request.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Result<Answer, Stop> {
        let asked = Instant::now();
        let (base, longest) = (self.seconds(ask.within.seconds), self.seconds(LONGEST_STARTUP));
        let renewal = ask.within.renewal;
        let due = |state: &State| {
            let heard = match renewal {
                Renewal::Nothing => None,
                Renewal::Startup => state.heard.get(&None),
                Renewal::Notices => state.heard.get(&Some(ask.id)),
            };
            let from = heard.copied().map_or(asked, |heard| heard.max(asked));
            match renewal {
                Renewal::Startup => (from + base).min(asked + longest),
                _ => from + base,
            }
        };
        let look = |state: &State| {
            if let Some(at) = state.answer(ask.id, ask.at) {
                return Some(Woken::Answered(at));
            }
            if let Some(flood) = state.flood {
                return Some(Woken::Flooded(flood));
            }
            if state.oversized.contains(&ask.id) {
                return Some(Woken::Over("the answer is over the limit".to_owned()));
            }
            state.is_over().map(Woken::Over)
        };
        let stop = self.stage.plan.stop.clone();
        match self.record.wait(look, due, || stop.is_on()) {
            Some(Woken::Answered(at)) => Ok(self.read(ask, at)),
            Some(Woken::Flooded(flood)) => Err(self.flooded(flood)),
            Some(Woken::Over(how)) => Err(self.silent(ask, &how)),
            None if stop.is_on() => Err(Stop::Interrupted),
            None => Err(self.silent(ask, &format!("nothing came in {} s", round(base.as_secs_f64())))),
        }
    }

    /// Returns an answer if it is there already.
    pub(crate) fn answer_so_far(&self, ask: &Ask) -> Option<Answer> {
        let at = self.record.state().answer(ask.id, ask.at)?;
        Some(self.read(ask, at))
    }

    fn read(&self, ask: &Ask, at: usize) -> Answer {
        let state = self.record.state();
        let entries = &state.transcript.entries;
        let took = entries[at].at.saturating_sub(entries[ask.at].at);
        let outcome = match &entries[at].event {
            Event::Received { what: Received::Frame(Message::Answer { outcome, .. }), .. } => outcome.clone(),
            _ => Err(Value::Null),
        };
        Answer { at, took, outcome: outcome.map_err(|error| Refusal::new(&error)) }
    }

    fn flooded(&mut self, flood: Flood) -> Stop {
        match flood {
            Flood::Noise => {
                self.broken("CH-3", "it wrote more than 10,000 lines or 16 MiB of noise without a frame between them")
            }
            Flood::Frames => {
                Stop::Ended("the session was ended: the plugin wrote more than 32 MiB of frames".to_owned())
            }
        }
    }
}

/// A request as JSON.
pub(crate) fn request(id: u64, method: &str, params: Option<Value>) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
    if let Some(params) = params {
        message["params"] = params;
    }
    message
}

/// Seconds as people write them.
pub(crate) fn round(seconds: f64) -> String {
    let text = format!("{seconds:.2}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A message in ASCII only, everything else escaped as UTF-16.
fn escaped(message: &Value) -> String {
    let text = message.to_string();
    let mut ascii = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_the_same() {
        let message = json!({"text": "déjà vu \" \n \u{7f} 🦊"});
        let text = escaped(&message);
        assert!(text.is_ascii() && text.contains("\\ud83e\\udd8a"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), message);
    }

    #[test]
    fn seconds_are_short() {
        assert_eq!((round(5.0), round(0.25), round(10.0)), ("5".to_owned(), "0.25".to_owned(), "10".to_owned()));
    }
}
