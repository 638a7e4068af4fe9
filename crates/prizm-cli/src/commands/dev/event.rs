//! What happens while a provider is developed, as the screen and other tools are told.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::wire::{Frame, Times};
use crate::failure::Failure;

/// Something that happened, and when.
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What happened.
pub(super) enum What {
    /// A frame passed.
    Frame(Frame),
    /// A line on stdout was no frame.
    Noise { pid: u32, line: String, size: u64, reason: String },
    /// A line on stderr.
    Stderr { pid: u32, line: String },
    /// A process was started.
    Started { pid: u32, command: String },
    /// A process ended.
    Ended { pid: u32, how: String, failed: bool, hint: Option<String> },
    /// Files were changed, and it is built again.
    Changed { files: Vec<String> },
    /// A stage of a build begins.
    Stage { stage: String, detail: String },
    /// A line that a build wrote.
    Output { line: String },
    /// The provider can be used.
    Ready(Box<Ready>),
    /// It could not be built or started; the one before may still serve.
    Failed { error: Failure, serving: bool },
    /// A transform was done.
    Done(Box<Done>),
    /// What a command answers: text for people, and its values.
    Answer { command: &'static str, text: String, value: Value },
    /// A command failed.
    Error(Failure),
    /// A word to the author.
    Note(String),
    /// So many events came faster than they could be shown.
    Lost(u64),
}

/// A provider that has just been started.
pub(super) struct Ready {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) location: &'static str,
    pub(super) url: String,
    pub(super) pid: Option<u32>,
    /// Its models, a line each: what it is called, what it can do, what it costs.
    pub(super) models: Vec<[String; 3]>,
    /// The same for other tools.
    pub(super) described: Vec<Value>,
    /// None where it was only started anew.
    pub(super) built: Option<Duration>,
    pub(super) started: Duration,
    pub(super) times: Times,
    /// Whether it declares something else than the one before.
    pub(super) is_news: bool,
}

/// A transform that was done.
pub(super) struct Done {
    pub(super) model: String,
    pub(super) capability: String,
    pub(super) outputs: Vec<Output>,
    pub(super) usage: Value,
    pub(super) warnings: Vec<String>,
    pub(super) elapsed: Duration,
}

/// What came out.
pub(super) struct Output {
    pub(super) kind: String,
    pub(super) mime: String,
    pub(super) place: Place,
}

/// Where an output is.
pub(super) enum Place {
    Text(String),
    File(PathBuf, u64),
}

impl What {
    /// Returns the word by which other tools know it.
    fn name(&self) -> &'static str {
        match self {
            Self::Frame(frame) if frame.received => "received",
            Self::Frame(_) => "sent",
            Self::Noise { .. } => "noise",
            Self::Stderr { .. } => "stderr",
            Self::Started { .. } => "started",
            Self::Ended { .. } => "ended",
            Self::Changed { .. } => "changed",
            Self::Stage { .. } => "stage",
            Self::Output { .. } => "output",
            Self::Ready(_) => "ready",
            Self::Failed { .. } => "failed",
            Self::Done(_) => "done",
            Self::Answer { .. } => "answer",
            Self::Error(_) => "error",
            Self::Note(_) => "note",
            Self::Lost(_) => "lost",
        }
    }

    /// Returns how much memory it takes, roughly, where a plugin decides how many there are.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Frame(frame) => 256 + frame.body.len(),
            Self::Noise { line, .. } | Self::Stderr { line, .. } | Self::Output { line } => 128 + line.len(),
            _ => 0,
        }
    }

    fn document(&self) -> Value {
        match self {
            Self::Frame(frame) => frame.document(),
            Self::Noise { pid, line, size, reason } => {
                json!({"pid": pid, "line": line, "bytes": size, "reason": reason})
            }
            Self::Stderr { pid, line } => json!({"pid": pid, "line": line}),
            Self::Started { pid, command } => json!({"pid": pid, "command": command}),
            Self::Ended { pid, how, failed, hint } => {
                json!({"pid": pid, "how": how, "failed": failed, "hint": hint})
            }
            Self::Changed { files } => json!({"files": files}),
            Self::Stage { stage, detail } => json!({"stage": stage, "detail": detail}),
            Self::Output { line } => json!({"line": line}),
            Self::Ready(ready) => ready.document(),
            Self::Failed { error, serving } => json!({"error": error.document(), "serving": serving}),
            Self::Done(done) => done.document(),
            Self::Answer { command, value, .. } => json!({"command": command, "value": value}),
            Self::Error(error) => json!({"error": error.document()}),
            Self::Note(text) => json!({"text": text}),
            Self::Lost(count) => json!({"count": count}),
        }
    }
}

impl Event {
    /// Returns it for other tools.
    pub(super) fn document(&self) -> Value {
        let mut document = self.what.document();
        document["at"] = format!("{:.3}", self.at).into();
        document["event"] = self.what.name().into();
        document
    }
}

impl Ready {
    /// Returns the names of its models and of what they can do.
    pub(super) fn names(&self) -> Vec<String> {
        let ids = self.models.iter().map(|[id, ..]| id.clone());
        let capabilities = self.models.iter().flat_map(|[_, capabilities, _]| capabilities.split(", "));
        let mut names: Vec<_> = ids.chain(capabilities.map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        names
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "version": self.version, "type": self.location, "source": self.url,
            "pid": self.pid, "models": self.described, "buildMs": self.built.map(milliseconds),
            "startMs": milliseconds(self.started), "initializeMs": self.times.initialize.map(milliseconds),
            "configureMs": self.times.configure.map(milliseconds),
        })
    }
}

impl Done {
    fn document(&self) -> Value {
        let outputs = self.outputs.iter().map(|output| {
            let mut shown = json!({"kind": output.kind, "mime": output.mime});
            match &output.place {
                Place::Text(text) => shown["text"] = text.as_str().into(),
                Place::File(path, _) => shown["path"] = path.to_string_lossy().into_owned().into(),
            }
            shown
        });
        json!({
            "model": self.model, "capability": self.capability, "outputs": outputs.collect::<Vec<_>>(),
            "usage": self.usage, "warnings": self.warnings, "ms": milliseconds(self.elapsed),
        })
    }
}

/// Writes a span of time as a number of milliseconds, with tenths.
pub(super) fn milliseconds(span: Duration) -> Value {
    ((span.as_secs_f64() * 10_000.0).round() / 10.0).into()
}
