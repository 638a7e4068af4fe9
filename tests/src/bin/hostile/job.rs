//! A `transform` in flight.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::Output;
use crate::{params, provider};

/// One job.
pub struct Job {
    /// The request that it answers.
    pub id: u64,
    /// Its parameters.
    pub params: Value,
    /// When it is done; none for never.
    pub due: Option<Instant>,
    /// When its deadline is over, where that is kept.
    pub expires: Option<Instant>,
    /// The request to the host without whose answer it is not done.
    pub awaits: Option<u64>,
    /// Whether it is one of the whole provider.
    full: bool,
}

/// What stops a job: a code and a message.
pub type Refusal = (i64, String);

impl Job {
    /// A job for these parameters, if the provider, the whole one when `full`, can do it.
    pub fn new(id: u64, params: Value, full: bool) -> Result<Self, Refusal> {
        let kind = params::check_request(&params, full)?;
        params::check_inputs(&params, kind)?;
        let deadline = params["deadlineMs"].as_u64().filter(|_| full).map(Duration::from_millis);
        let expires = deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        Ok(Self { id, params, due: None, expires, awaits: None, full })
    }

    /// When something is to be done about it.
    pub fn next(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.expires).min()
    }

    fn inputs(&self) -> impl Iterator<Item = &Value> {
        self.params["inputs"].as_array().into_iter().flatten()
    }

    /// The first text of its inputs that is no file.
    pub fn text(&self) -> &str {
        self.inputs().find_map(|input| input.get("text")?.as_str()).unwrap_or_default()
    }

    /// The first of its inputs that is a file: what it says, and where it is.
    fn file(&self) -> Option<(&Value, &str)> {
        self.inputs().find_map(|input| Some((input, input.get("path")?.as_str()?)))
    }

    /// Its directory.
    pub fn directory(&self) -> Option<&Path> {
        self.params.get("jobDir")?.as_str().map(Path::new)
    }

    /// Whether it asks even a bad mode for a good answer.
    pub fn asks_to_behave(&self) -> bool {
        self.text() == "behave"
    }

    /// A number among its options.
    pub fn option(&self, name: &str) -> Option<u64> {
        self.params.get("options")?.get(name)?.as_u64()
    }

    /// How long it takes, else `default`.
    pub fn delay(&self, default: Duration) -> Duration {
        self.option("delayMs").map_or(default, Duration::from_millis)
    }

    /// Reports progress and parts of the text, as its options ask; the whole provider says more.
    pub fn report(&self, output: &Output) {
        if self.full {
            output.notify("$/log", json!({"level": "debug", "message": "a job begins", "fields": {"id": self.id}}));
        }
        if self.params["model"] == "mirror" {
            let remote = format!("mirror-{}", self.id);
            output.notify("$/accepted", json!({"id": self.id, "remoteId": remote, "charged": "no"}));
        }
        let unasked = if self.full { provider::FULL_REPORTS } else { 0 };
        let reports = self.option("progress").unwrap_or(unasked);
        for seq in 1..=reports {
            let fraction = seq as f64 / reports as f64;
            let params = json!({"id": self.id, "seq": seq, "fraction": fraction, "stage": "echoing"});
            output.notify("$/progress", params);
        }
        if self.params["model"] != "echo" {
            return;
        }
        let parts = usize::try_from(self.option("chunks").unwrap_or(unasked)).unwrap_or(usize::MAX);
        let letters: Vec<char> = self.said().map(|text| text.chars().collect()).unwrap_or_default();
        for part in 0..parts.min(letters.len()) {
            let share = |part: usize| letters.len() * part / parts.min(letters.len());
            let text: String = letters[share(part)..share(part + 1)].iter().collect();
            let seq = reports + part as u64 + 1;
            output.notify("$/chunk", json!({"id": self.id, "seq": seq, "text": text}));
        }
    }

    /// Does the work.
    pub fn outputs(&self) -> Result<Value, Refusal> {
        if self.params["model"] == "echo" {
            return Ok(json!([provider::text(&self.said()?)]));
        }
        let directory = self.directory().ok_or((-32602, "`jobDir` is missing".to_owned()))?;
        if let Some((input, path)) = self.file().filter(|_| self.params["model"] == "mirror") {
            return provider::mirror(directory, path, input).map_err(|error| (1203, format!("`{path}`: {error}")));
        }
        provider::write_image(directory, "out/image.png")
            .map_err(|error| (-32603, format!("out/image.png: {error}")))?;
        Ok(json!([provider::image("out/image.png")]))
    }

    /// The text that it was given, from wherever.
    fn said(&self) -> Result<String, Refusal> {
        match (self.file(), self.directory()) {
            (Some((_, path)), Some(directory)) if self.text().is_empty() => {
                fs::read_to_string(directory.join(path)).map_err(|error| (1203, format!("`{path}`: {error}")))
            }
            _ => Ok(self.text().to_owned()),
        }
    }

    /// The outputs where the answer is to be told by what it says: this text, or the picture.
    pub fn outputs_saying(&self, text: &str) -> Result<Value, Refusal> {
        if self.params["model"] == "echo" { Ok(json!([provider::text(text)])) } else { self.outputs() }
    }
}
