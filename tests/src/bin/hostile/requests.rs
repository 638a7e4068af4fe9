//! How the good provider answers each request, unless the mode does.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::job::{Job, Refusal};
use crate::message::Request;
use crate::mode::Deed;
use crate::session::{Session, Stage};
use crate::{params, provider};

impl Session {
    /// Answers a request, now or later.
    pub fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if method == "initialize" {
            return self.initialize(id, &params);
        }
        if self.stage == Stage::Started {
            return self.output.refuse(id, 1001, &format!("`{method}` came before `initialize`"));
        }
        let mode = self.options.mode;
        let hook = match method.as_str() {
            "transform" => return self.transform(id, params),
            "estimate" => return self.estimate(id, &params),
            "configure" => match self.configure(params) {
                Ok(()) => mode.configure,
                Err((code, message)) => return self.output.refuse(id, code, &message),
            },
            "models" => mode.models,
            "health" => mode.health,
            "ping" => mode.ping,
            "shutdown" => {
                self.stage = Stage::Draining;
                mode.shutdown
            }
            _ => return self.output.refuse(id, -32601, &format!("no method `{method}`")),
        };
        match self.strike(hook) {
            Some(hook) => hook(self, id),
            None => self.answer(&method, id),
        }
    }

    fn answer(&mut self, method: &str, id: u64) {
        let result = match method {
            "configure" => {
                if self.options.full {
                    self.output.notify("$/startup", json!({"stage": "load-weights", "fraction": 1.0}));
                }
                json!({"ready": true})
            }
            "models" => json!({"models": provider::models(self.options.full)}),
            "health" => self.health(),
            "shutdown" => {
                self.cancel_all();
                json!({})
            }
            _ => json!({}),
        };
        self.output.answer(id, result);
    }

    /// Answers every job that is in flight.
    pub fn cancel_all(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            self.output.refuse(job.id, -32800, "cancelled by `shutdown`");
        }
    }

    fn initialize(&mut self, id: u64, params: &Value) {
        if self.stage != Stage::Started {
            return self.output.refuse(id, -32600, "a second `initialize`");
        }
        let offered = params["protocolVersions"].as_array();
        if !offered.is_some_and(|versions| versions.iter().any(|version| version == "1.0")) {
            let data = json!({"kind": "UnsupportedProtocolVersion", "retryable": false, "supported": ["1.0"]});
            return self.output.fail(id, 1002, "only protocol 1.0 is spoken here", data);
        }
        if let Some(limit) = params["limits"]["maxFrameBytes"].as_u64() {
            self.output.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        }
        self.stage = Stage::Initialized;
        match self.strike(self.options.mode.initialize) {
            Some(hook) => hook(self, id),
            None => self.output.answer(id, self.declaration()),
        }
    }

    /// The declaration as the mode would have it.
    pub fn declaration(&self) -> Value {
        let mut declaration = provider::declaration(self.options.full);
        if let Some(describe) = self.options.mode.describe {
            describe(&mut declaration);
        }
        if let Some(declare) = self.strike(self.options.mode.declare) {
            declare(&mut declaration);
        }
        declaration
    }

    /// Takes a configuration, or refuses it.
    fn configure(&mut self, params: Value) -> Result<(), Refusal> {
        if !params["config"].is_object() && !params["config"].is_null() {
            return Err((-32602, format!("`config` must be an object, not {}", params["config"])));
        }
        let config = &params["config"];
        for (name, right) in [
            ("apiKey", config["apiKey"].is_string()),
            ("greeting", config["greeting"].is_string()),
            ("steps", config["steps"].is_i64()),
        ] {
            if !right && !config[name].is_null() {
                return Err((1005, format!("the setting `{name}` is of the wrong type")));
            }
        }
        self.config = params;
        self.stage = self.stage.max_of(Stage::Configured);
        Ok(())
    }

    /// The answer to `health`.
    pub fn health(&self) -> Value {
        let uptime = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        json!({"status": "healthy", "uptimeMs": uptime, "activeJobs": self.jobs.len(), "queuedJobs": 0})
    }

    fn estimate(&mut self, id: u64, params: &Value) {
        match params::check_request(params, self.options.full) {
            Ok(_) => {
                let time = params["options"]["delayMs"].as_u64().unwrap_or(0);
                let cost = if params["model"] == "mirror" { "0.01" } else { "0" };
                self.output.answer(id, json!({"cost": cost, "currency": "EUR", "timeMs": time}));
            }
            Err((code, message)) => self.output.refuse(id, code, &message),
        }
    }

    fn transform(&mut self, id: u64, params: Value) {
        let refusal = match self.stage {
            Stage::Draining => Some((-32802, "it is shutting down")),
            Stage::Configured => None,
            _ => Some((1004, "`configure` has not come yet")),
        };
        if let Some((code, message)) = refusal {
            return self.output.refuse(id, code, message);
        }
        let job = match Job::new(id, params, self.options.full) {
            Ok(job) => job,
            Err((code, message)) => return self.output.refuse(id, code, &message),
        };
        if self.jobs.len() >= self.limit {
            if let Some(hook) = self.strike(self.options.mode.over_limit) {
                return hook(self, id);
            }
            return self.output.refuse(id, 1102, &format!("{} jobs are in flight already", self.limit));
        }
        if job.asks_to_behave() {
            return self.finish(&job);
        }
        if let Some(hook) = self.options.mode.outputs.filter(|_| self.witness.wants()) {
            return self.misplace(job, hook);
        }
        match self.strike(self.options.mode.transform) {
            Some(hook) => hook(self, job),
            None => self.begin(job),
        }
    }

    /// Does a job that it must not do now, as a mode would.
    pub fn work_at_once(&mut self, request: &mut Request) -> Deed {
        match Job::new(request.id, request.params.take(), self.options.full) {
            Ok(job) => self.finish(&job),
            Err((code, message)) => self.output.refuse(request.id, code, &message),
        }
        Deed::Done
    }

    /// Answers with outputs that the mode makes, and owns up only once they are there.
    fn misplace(&mut self, job: Job, hook: fn(&Self, &Path) -> io::Result<Value>) {
        let Some(directory) = job.directory().filter(|_| job.params["model"] != "echo") else {
            return self.begin(job);
        };
        job.report(&self.output);
        match hook(self, directory) {
            Ok(outputs) => {
                self.witness.own_up();
                self.output.answer(job.id, json!({"outputs": outputs}));
            }
            Err(error) => {
                let message = format!("{} failed to misbehave: {error}", self.options.mode.name);
                self.output.refuse(job.id, -32603, &message);
            }
        }
    }
}
