//! The good provider: one thread, one place to wait, and the hooks of the mode.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::job::{Job, Refusal};
use crate::message::Message;
use crate::mode::Deed;
use crate::options::Options;
use crate::wire::{Event, Input, Output};
use crate::witness::Witness;
use crate::{provider, sys};

/// A delay without an end.
pub const FOREVER: Duration = Duration::MAX;

/// The exit code of a plugin that was started by hand.
const BY_HAND: i32 = 64;

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub enum Stage {
    /// Nothing has been asked.
    Started,
    /// `initialize` has come.
    Initialized,
    /// `configure` has come.
    Configured,
    /// `shutdown` has come.
    Draining,
}

/// The provider.
pub struct Session {
    /// How to misbehave.
    pub options: Options,
    /// stdout.
    pub output: Output,
    /// How far the conversation is.
    pub stage: Stage,
    /// The parameters of the last `configure`.
    pub config: Value,
    /// How long a job takes that does not say it.
    pub delay: Duration,
    /// The most jobs at once.
    pub limit: usize,
    /// What the last job was asked for, where a mode remembers it.
    pub last: Option<Value>,
    /// How many jobs have been cancelled.
    pub cancelled: usize,
    /// Whether `exit` is ignored.
    pub deaf_to_exit: bool,
    /// Whether the end of stdin is ignored.
    pub deaf_to_eof: bool,
    /// Where to own up.
    pub witness: Witness,
    /// What is in flight.
    pub jobs: Vec<Job>,
    /// Requests that are answered with an empty object once no job is in flight.
    pub later: Vec<u64>,
    input: Input,
    /// When it began.
    pub started: Instant,
}

impl Session {
    /// A provider that has not read anything yet.
    pub fn new(options: Options) -> Self {
        let witness = Witness::new(options.mode.name, options.witness.clone(), options.times);
        Self {
            delay: options.wait(0),
            output: Output::new(options.mode.sends, witness.clone()),
            stage: Stage::Started,
            config: Value::Null,
            limit: provider::MAX_IN_FLIGHT[usize::from(options.full)],
            last: None,
            cancelled: 0,
            deaf_to_exit: false,
            deaf_to_eof: false,
            options,
            witness,
            jobs: Vec::new(),
            later: Vec::new(),
            input: Input::default(),
            started: Instant::now(),
        }
    }

    /// Serves until the host says `exit` or goes.
    pub fn run(mut self) -> ! {
        sys::die_after(self.options.lifetime);
        sys::forbid_core_files();
        if std::env::var_os("PRIZM_PLUGIN").is_none() {
            self.refuse_to_run();
        }
        if let Some(prepare) = self.options.mode.prepare {
            prepare(&mut self);
        }
        if let Some(launch) = self.strike(self.options.mode.launch) {
            launch(&mut self);
        }
        loop {
            let due = self.jobs.iter().filter_map(Job::next).min();
            match self.input.next(due) {
                Event::Line(line) => self.receive(&line),
                Event::Oversized => {
                    if let Some(hook) = self.strike(self.options.mode.oversized) {
                        hook(&mut self);
                    }
                }
                Event::Due => {}
                Event::End => self.end(),
            }
            self.finish_due();
        }
    }

    fn end(&self) {
        if self.options.mode.stays.is_some_and(|stays| stays(self)) {
            self.witness.own_up();
            crate::start::stall()
        }
        if self.deaf_to_eof {
            crate::start::stall()
        }
        std::process::exit(0)
    }

    /// Tells who started it by hand how it is meant, unless the mode goes on.
    fn refuse_to_run(&mut self) {
        match self.strike(self.options.mode.cookieless) {
            Some(hook) => hook(self),
            None => {
                eprintln!("hostile: this is a plugin of Prizm; run it with `prizm run`");
                std::process::exit(BY_HAND)
            }
        }
    }

    /// Hands out a hook when the mode has it and there is a time left to misbehave, and owns up.
    pub fn strike<H>(&self, hook: Option<H>) -> Option<H> {
        let hook = hook.filter(|_| self.witness.wants())?;
        self.witness.own_up();
        Some(hook)
    }

    /// Shows something to a hook; returns whether it dealt with it, and owns up to what it did.
    fn show<H>(&mut self, hook: Option<H>, show: impl FnOnce(&mut Self, H) -> Deed) -> bool {
        let Some(hook) = hook.filter(|_| self.witness.wants()) else { return false };
        self.output.hold();
        let deed = show(self, hook);
        if deed != Deed::Nothing {
            self.witness.own_up();
        }
        self.output.release();
        deed == Deed::Done
    }

    fn receive(&mut self, line: &[u8]) {
        if self.show(self.options.mode.line, |session, hook| hook(session, line)) || line.trim_ascii().is_empty() {
            return;
        }
        match Message::of_line(line) {
            Message::Request(mut request) => {
                if !self.show(self.options.mode.asked, |session, hook| hook(session, &mut request)) {
                    self.request(request);
                }
            }
            Message::Notification(method, params) => self.notified(&method, &params),
            Message::Answer(id, answer) => self.host_answered(id, &answer),
            Message::Noise => eprintln!("hostile: the host sent a line that is no message"),
        }
    }

    fn notified(&mut self, method: &str, params: &Value) {
        let mode = self.options.mode;
        match method {
            "exit" if self.deaf_to_exit => {}
            "exit" => match self.strike(mode.exit) {
                Some(hook) => hook(self),
                None => std::process::exit(0),
            },
            "$/cancelRequest" => self.cancel(params),
            _ => {
                if let Some(hook) = self.strike(mode.unknown_notification) {
                    hook(self);
                }
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
        for job in self.jobs.extract_if(.., |job| job.next().is_some_and(|next| next <= now)).collect::<Vec<_>>() {
            match job.due {
                Some(due) if due <= now => self.finish(&job),
                _ => self.output.refuse(job.id, 1101, "the deadline is over"),
            }
        }
        if self.jobs.is_empty() {
            for id in std::mem::take(&mut self.later) {
                self.output.answer(id, json!({}));
            }
        }
    }

    /// Answers a job well.
    pub fn finish(&mut self, job: &Job) {
        self.conclude(job, job.outputs());
    }

    /// Answers a job well, saying `text` where it can.
    pub fn say(&mut self, job: &Job, text: &str) {
        self.conclude(job, job.outputs_saying(text));
    }

    fn conclude(&mut self, job: &Job, outputs: Result<Value, Refusal>) {
        match outputs {
            Ok(outputs) => self.output.answer(job.id, json!({"outputs": outputs})),
            Err((code, message)) => self.output.refuse(job.id, code, &message),
        }
    }

    fn cancel(&mut self, params: &Value) {
        let mode = self.options.mode;
        let Some(index) = self.jobs.iter().position(|job| params["id"] == job.id) else {
            if let Some(hook) = self.strike(mode.cancel_unknown) {
                hook(self);
            }
            return;
        };
        let job = self.jobs.swap_remove(index);
        self.cancelled += 1;
        match self.strike(mode.cancel) {
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
    pub fn max_of(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
}
