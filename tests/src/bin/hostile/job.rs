//! A `transform` in flight.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::provider;
use crate::wire::Output;

/// One job.
pub struct Job {
    /// The request that it answers.
    pub id: u64,
    /// Its parameters.
    pub params: Value,
    /// When it is done; none for never.
    pub due: Option<Instant>,
    /// The request to the host without whose answer it is not done.
    pub awaits: Option<u64>,
}

/// What stops a job: a code and a message.
pub type Refusal = (i64, String);

impl Job {
    /// A job for these parameters, if the provider can do it.
    pub fn new(id: u64, params: Value) -> Result<Self, Refusal> {
        let word = |key: &str| params.get(key).and_then(Value::as_str);
        let (Some(model), Some(capability)) = (word("model"), word("capability")) else {
            return Err((-32602, "`model` and `capability` must be strings".to_owned()));
        };
        match provider::capability_of(model) {
            None => Err((1006, format!("no model `{model}`"))),
            Some(own) if own != capability => Err((1003, format!("`{model}` has no capability `{capability}`"))),
            Some(_) => Ok(Self { id, params, due: None, awaits: None }),
        }
    }

    /// The first text of its inputs.
    pub fn text(&self) -> &str {
        let inputs = self.params.get("inputs").and_then(Value::as_array);
        inputs.into_iter().flatten().find_map(|input| input.get("text")?.as_str()).unwrap_or_default()
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

    /// Reports progress and parts of the text, as its options ask.
    pub fn report(&self, output: &Output) {
        let reports = self.option("progress").unwrap_or(0);
        for seq in 1..=reports {
            let fraction = seq as f64 / reports as f64;
            let params = json!({"id": self.id, "seq": seq, "fraction": fraction, "stage": "echoing"});
            output.notify("$/progress", params);
        }
        let parts = usize::try_from(self.option("chunks").unwrap_or(0)).unwrap_or(usize::MAX);
        let letters: Vec<char> = self.text().chars().collect();
        for part in 0..parts.min(letters.len()) {
            let share = |part: usize| letters.len() * part / parts.min(letters.len());
            let text: String = letters[share(part)..share(part + 1)].iter().collect();
            output.notify("$/chunk", json!({"id": self.id, "seq": part + 1, "text": text}));
        }
    }

    /// Does the work.
    pub fn outputs(&self) -> Result<Value, Refusal> {
        if self.params["model"] == "echo" {
            return Ok(json!([provider::text(self.text())]));
        }
        let directory = self.directory().ok_or((-32602, "`jobDir` is missing".to_owned()))?;
        provider::write_image(directory, "out/image.png")
            .map_err(|error| (-32603, format!("out/image.png: {error}")))?;
        Ok(json!([provider::image("out/image.png")]))
    }

    /// The outputs where the answer is to be told by what it says: this text, or the picture.
    pub fn outputs_saying(&self, text: &str) -> Result<Value, Refusal> {
        if self.params["model"] == "echo" { Ok(json!([provider::text(text)])) } else { self.outputs() }
    }
}
