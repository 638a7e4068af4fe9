//! A job as its caller sees it: media in, events on the way, media out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prizm_protocol::methods::notifications::{Accepted, Progress};
use prizm_protocol::methods::transform::{Resume, Usage};
use prizm_protocol::{Capability, MediaKind};
use serde_json::{Map, Value};

use crate::TakenFile;

/// A job for a plugin.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which model.
    pub model: String,
    /// Which of its capabilities.
    pub capability: Capability,
    /// The media it works on.
    pub inputs: Vec<Input>,
    /// Options, checked by the caller against the model's schema.
    pub options: Map<String, Value>,
    /// How long it may take in all; unbounded by default.
    pub timeout: Option<Duration>,
    /// The longest silence while it works; 10 minutes by default.
    pub idle_timeout: Option<Duration>,
    /// Two calls with one key are one job.
    pub idempotency_key: Option<String>,
    /// Takes up a job that a remote system has already accepted.
    pub resume: Option<Resume>,
}

impl Call {
    /// Starts a call without inputs.
    pub fn new(model: impl Into<String>, capability: Capability) -> Self {
        Self {
            model: model.into(),
            capability,
            inputs: Vec::new(),
            options: Map::new(),
            timeout: None,
            idle_timeout: Some(Duration::from_secs(600)),
            idempotency_key: None,
            resume: None,
        }
    }

    /// Adds text as an input.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.inputs.push(Input::text(text));
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }
}

/// A medium that goes in.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is.
    pub kind: MediaKind,
    /// Its MIME type.
    pub mime: String,
    /// Where it comes from.
    pub source: InputSource,
    /// Which of the model's inputs it is; `None` for the primary one.
    pub role: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

/// Where an input comes from.
#[derive(Clone, Debug)]
pub enum InputSource {
    /// Text, sent inline.
    Text(String),
    /// Bytes, written to a file of the plugin's.
    Bytes(Arc<[u8]>),
    /// A regular file; the plugin gets a copy or a reflink of it.
    File(PathBuf),
}

impl Input {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: MediaKind::Text,
            mime: "text/plain".to_owned(),
            source: InputSource::Text(text.into()),
            role: None,
            name: None,
        }
    }

    /// A file.
    pub fn file(kind: MediaKind, mime: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { kind, mime: mime.into(), source: InputSource::File(path.into()), role: None, name: None }
    }
}

/// Something that happens while a job runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// How far it is. A slow reader sees only the latest.
    Progress(Progress),
    /// The next piece of text.
    TextChunk(String),
    /// The next file.
    FileChunk(TakenFile),
    /// A remote system has taken the job.
    Accepted(Accepted),
}

/// What came of a job.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The media, in the plugin's order.
    pub outputs: Vec<Output>,
    /// What it used.
    pub usage: Option<Usage>,
    /// What else the plugin says.
    pub meta: Option<Map<String, Value>>,
    /// How long it waited for the plugin to be there and to have a slot free.
    pub waited: Duration,
}

/// A medium that came out.
#[derive(Clone, Debug)]
pub struct Output {
    /// What it is.
    pub kind: MediaKind,
    /// Its MIME type: what the content says, else what the plugin says.
    pub mime: String,
    /// Where it is.
    pub source: OutputSource,
    /// Which of the model's outputs it is.
    pub role: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// What the plugin says of it.
    pub meta: Option<Map<String, Value>>,
}

/// Where an output is.
#[derive(Clone, Debug)]
pub enum OutputSource {
    /// Text that came inline.
    Text(String),
    /// A file, taken from the job's directory.
    File(TakenFile),
    /// Somewhere else; whoever downloads it applies a policy first.
    Url(String),
}
