//! What was said in one session: every line each way, with its time.

use std::time::Duration;

use serde_json::Value;

/// How much of a line is shown.
const SHOWN_BYTES: usize = 2000;

/// What was said in one session with a plugin.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// What the session was for.
    pub(crate) title: String,
    /// What happened, in order.
    pub(crate) entries: Vec<Entry>,
    /// The largest frame that the plugin was told it may write.
    pub(crate) max_frame: usize,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When, since the process started.
    pub(crate) at: Duration,
    /// What.
    pub(crate) event: Event,
    /// Settings whose secret value is in the line.
    pub(crate) leaks: Vec<String>,
    /// A check has judged it already; it is no matter of any other rule.
    pub(crate) claimed: bool,
}

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The host wrote a line.
    Sent { text: String, what: Sent },
    /// The plugin wrote a line to stdout, which is not blank.
    Received { text: String, size: u64, what: Received, framing: Framing },
    /// The plugin wrote a line to stderr.
    Stderr { text: String, size: u64 },
    /// The host did something else, or the process ended.
    Note(String),
}

/// What stands around a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Framing {
    /// An empty line stands before it.
    pub(crate) gap: bool,
    /// What stands before it is a frame, or nothing.
    pub(crate) after_frame: bool,
    /// It ends with LF.
    pub(crate) ended: bool,
}

/// What a line of the host's is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    /// A request.
    Request { id: u64, method: String },
    /// A notification.
    Notification { method: String },
    /// Anything else.
    Other,
}

/// What a line of the plugin's is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Received {
    /// A frame.
    Frame(Message),
    /// A frame whose id is no integer from 0 to 2^53−1; as it was written.
    BadId(String),
    /// A frame that broke on its way, and how.
    Broken(String),
    /// A line over the limit, and the request that it answers, where that can be told.
    Oversized(Option<u64>),
    /// No frame.
    Noise,
}

/// A frame of the plugin's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    /// The answer to a request.
    Answer { id: u64, outcome: Result<Value, Value> },
    /// A notification.
    Notification { method: String, params: Value },
    /// A request.
    Request { method: String },
}

/// A line of a transcript, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TranscriptLine {
    /// Milliseconds since the process started.
    pub ms: u64,
    /// Who wrote it: `host`, `plugin`, `noise`, `stderr`, or `note` for what else happened.
    pub from: &'static str,
    /// The line, cut where it is long.
    pub text: String,
}

impl Transcript {
    /// Returns what the session was for.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns every line.
    pub fn lines(&self) -> impl Iterator<Item = TranscriptLine> {
        self.entries.iter().map(Entry::line)
    }

    /// Returns the frames of the plugin's, with where they stand.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| match &entry.event {
            Event::Received { what: Received::Frame(message), .. } => Some((index, message)),
            _ => None,
        })
    }

    /// Returns the plugin's notifications of one method, with where they stand.
    pub(crate) fn notifications<'a>(&'a self, method: &'a str) -> impl Iterator<Item = (usize, &'a Value)> {
        self.frames().filter_map(move |(index, message)| match message {
            Message::Notification { method: name, params } if name == method => Some((index, params)),
            _ => None,
        })
    }

    /// Returns the requests of the host's: where each stands, its id and its method.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (usize, u64, &str)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| match &entry.event {
            Event::Sent { what: Sent::Request { id, method }, .. } => Some((index, *id, method.as_str())),
            _ => None,
        })
    }

    /// Returns where the answers to a request stand.
    pub(crate) fn answers(&self, id: u64) -> impl Iterator<Item = usize> {
        self.frames().filter_map(move |(index, message)| match message {
            Message::Answer { id: of, .. } if *of == id => Some(index),
            _ => None,
        })
    }
}

impl Entry {
    fn line(&self) -> TranscriptLine {
        let (from, text) = match &self.event {
            Event::Sent { text, .. } => ("host", text),
            Event::Received { text, what: Received::Noise, .. } => ("noise", text),
            Event::Received { text, .. } => ("plugin", text),
            Event::Stderr { text, .. } => ("stderr", text),
            Event::Note(text) => ("note", text),
        };
        TranscriptLine { ms: u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX), from, text: text.clone() }
    }
}

/// Cuts a line to what is shown of it, and says how long it was.
pub(crate) fn shown(line: &[u8], size: u64) -> String {
    let head = &line[..line.len().min(SHOWN_BYTES)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_end_matches('\u{fffd}').trim_end_matches(['\r', '\n']);
    if size > head.len() as u64 {
        format!("{text}… ({size} bytes)")
    } else {
        String::from_utf8_lossy(head).into_owned()
    }
}
