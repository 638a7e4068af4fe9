//! The good provider: one thread, one place to wait, and the hooks of the mode.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::job::{Job, Refusal};
use crate::options::Options;
use crate::wire::{Event, Input, Output};
use crate::witness::Witness;
use crate::{provider, sys};

/// A delay without an end.
pub const FOREVER: Duration = Duration::MAX;

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Stage {
    Started,
    Initialized,
    Configured,
    Draining,
}

/// The provider.
pub struct Session {
    /// How to misbehave.
    pub options: Options,
    /// stdout.
    pub output: Output,
    /// The parameters of the last `configure`.
    pub config: Value,
    /// How long a job takes that does not say it.
    pub delay: Duration,
    /// The most jobs at once.
    pub limit: usize,
    /// Whether `exit` is ignored.
    pub deaf_to_exit: bool,
    /// Whether the end of stdin is ignored.
    pub deaf_to_eof: bool,
    /// Where to own up.
    pub witness: Witness,
    jobs: Vec<Job>,
    input: Input,
    stage: Stage,
    started: Instant,
}

impl Session {
    /// A provider that has not read anything yet.
    pub fn new(options: Options) -> Self {
        let witness = Witness::new(options.mode.name, options.witness.clone(), options.times);
        Self {
            delay: options.wait(0),
            options,
            output: Output::default(),
            config: Value::Null,
            limit: provider::MAX_IN_FLIGHT,
            deaf_to_exit: false,
            deaf_to_eof: false,
            witness,
            jobs: Vec::new(),
            input: Input::default(),
            stage: Stage::Started,
            started: Instant::now(),
        }
    }

    /// Serves until the host says `exit` or goes.
    pub fn run(mut self) -> ! {
        sys::die_after(self.options.lifetime);
        sys::forbid_core_files();
        if let Some(prepare) = self.options.mode.prepare {
            prepare(&mut self);
        }
        if let Some(launch) = self.strike(self.options.mode.launch) {
            launch(&mut self);
        }
        loop {
            let due = self.jobs.iter().filter_map(|job| job.due).min();
            match self.input.next(due) {
                Event::Line(line) => self.receive(&line),
                Event::Due => {}
                Event::End => match self.strike(self.options.mode.eof) {
                    Some(hook) => hook(&mut self),
                    None if self.deaf_to_eof => crate::start::stall(),
                    None => std::process::exit(0),
                },
            }
            self.finish_due();
        }
    }

    /// Hands out a hook when the mode has it and there is a time left to misbehave, and owns up.
    fn strike<H>(&self, hook: Option<H>) -> Option<H> {
        let hook = hook.filter(|_| self.witness.wants())?;
        self.witness.own_up();
        Some(hook)
    }

    fn receive(&mut self, line: &[u8]) {
        let Ok(mut message) = serde_json::from_slice::<Value>(line) else {
            return eprintln!("hostile: the host sent a line that is not JSON");
        };
        let params = message["params"].take();
        match (message["method"].as_str(), message["id"].as_u64()) {
            (Some(method), Some(id)) => self.request(method, id, params),
            (Some("exit"), None) if !self.deaf_to_exit => std::process::exit(0),
            (Some("$/cancelRequest"), None) => self.cancel(&params),
            (Some(_), None) => {}
            (None, Some(id)) => self.host_answered(id, &message),
            (None, None) => eprintln!("hostile: the host sent an object that is not JSON-RPC: {message}"),
        }
    }

    fn request(&mut self, method: &str, id: u64, params: Value) {
        let mode = self.options.mode;
        if self.stage == Stage::Started && method != "initialize" {
            return self.output.refuse(id, 1001, &format!("`{method}` came before `initialize`"));
        }
        let hook = match method {
            "initialize" => return self.initialize(id, &params),
            "transform" => return self.transform(id, params),
            "configure" => mode.configure,
            "models" => mode.models,
            "health" => mode.health,
            "ping" => mode.ping,
            "shutdown" => mode.shutdown,
            _ => return self.output.refuse(id, -32601, &format!("no method `{method}`")),
        };
        match method {
            "configure" => (self.config, self.stage) = (params, self.stage.max_of(Stage::Configured)),
            "shutdown" => self.stage = Stage::Draining,
            _ => {}
        }
        if let Some(hook) = self.strike(hook) {
            return hook(self, id);
        }
        match method {
            "configure" => self.output.answer(id, json!({"ready": true})),
            "models" => self.output.answer(id, json!({"models": provider::models()})),
            "health" => self.output.answer(id, self.health()),
            "shutdown" => {
                for job in std::mem::take(&mut self.jobs) {
                    self.output.refuse(job.id, -32800, "cancelled by `shutdown`");
                }
                self.output.answer(id, json!({}));
            }
            _ => self.output.answer(id, json!({})),
        }
    }

    fn initialize(&mut self, id: u64, params: &Value) {
        let offered = params["protocolVersions"].as_array();
        if !offered.is_some_and(|versions| versions.iter().any(|version| version == "1.0")) {
            return self.output.refuse(id, 1002, "only protocol 1.0 is spoken here");
        }
        self.stage = Stage::Initialized;
        match self.strike(self.options.mode.initialize) {
            Some(hook) => hook(self, id),
            None => self.output.answer(id, self.declaration()),
        }
    }

    /// The declaration as the mode would have it.
    pub fn declaration(&self) -> Value {
        let mut declaration = provider::declaration();
        if let Some(describe) = self.options.mode.describe {
            describe(&mut declaration);
        }
        if let Some(declare) = self.strike(self.options.mode.declare) {
            declare(&mut declaration);
        }
        declaration
    }

    /// The answer to `health`.
    pub fn health(&self) -> Value {
        let uptime = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        json!({"status": "healthy", "uptimeMs": uptime, "activeJobs": self.jobs.len(), "queuedJobs": 0})
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
        let job = match Job::new(id, params) {
            Ok(job) => job,
            Err((code, message)) => return self.output.refuse(id, code, &message),
        };
        if self.jobs.len() >= self.limit {
            if let Some(hook) = self.strike(self.options.mode.over_limit) {
                hook(self);
            }
            return self.output.refuse(id, 1102, &format!("{} jobs are in flight already", self.limit));
        }
        if job.asks_to_behave() {
            return self.finish(&job);
        }
        if let Some(hook) = self.options.mode.outputs.filter(|_| self.witness.wants()) {
            return self.misplace(&job, hook);
        }
        match self.strike(self.options.mode.transform) {
            Some(hook) => hook(self, job),
            None => self.begin(job),
        }
    }

    /// Answers with outputs that the mode makes, and owns up only once they are there.
    fn misplace(&self, job: &Job, hook: fn(&Self, &std::path::Path) -> std::io::Result<Value>) {
        let Some(directory) = job.directory() else {
            return self.output.refuse(job.id, -32602, "`jobDir` is missing; use the model `file`");
        };
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

    /// Begins a job and answers at once, after its delay, or never.
    pub fn begin(&mut self, mut job: Job) {
        job.report(&self.output);
        let delay = job.delay(self.delay);
        if delay.is_zero() {
            return self.finish(&job);
        }
        job.due = Instant::now().checked_add(delay);
        self.keep(job);
    }

    /// Holds a job that something else will answer.
    pub fn keep(&mut self, job: Job) {
        self.jobs.push(job);
    }

    fn finish_due(&mut self) {
        let now = Instant::now();
        for job in self.jobs.extract_if(.., |job| job.due.is_some_and(|due| due <= now)).collect::<Vec<_>>() {
            self.finish(&job);
        }
    }

    /// Answers a job well.
    pub fn finish(&self, job: &Job) {
        self.conclude(job, job.outputs());
    }

    /// Answers a job well, saying `text` where it can.
    pub fn say(&self, job: &Job, text: &str) {
        self.conclude(job, job.outputs_saying(text));
    }

    fn conclude(&self, job: &Job, outputs: Result<Value, Refusal>) {
        match outputs {
            Ok(outputs) => self.output.answer(job.id, json!({"outputs": outputs})),
            Err((code, message)) => self.output.refuse(job.id, code, &message),
        }
    }

    fn cancel(&mut self, params: &Value) {
        let Some(index) = self.jobs.iter().position(|job| params["id"] == job.id) else { return };
        let job = self.jobs.swap_remove(index);
        match self.strike(self.options.mode.cancel) {
            Some(hook) => hook(self, job),
            None => self.output.refuse(job.id, -32800, "cancelled"),
        }
    }

    fn host_answered(&mut self, id: u64, message: &Value) {
        let Some(index) = self.jobs.iter().position(|job| job.awaits == Some(id)) else {
            return eprintln!("hostile: the host answered {id}, which was never asked");
        };
        let job = self.jobs.swap_remove(index);
        self.say(&job, &format!("the host answered: {}", message["error"]["code"]));
    }
}

impl Stage {
    /// The later of two: `configure` while it drains does not bring it back.
    fn max_of(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
}
