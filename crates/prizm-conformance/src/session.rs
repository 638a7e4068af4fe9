//! One session with a plugin: a process of its own, spoken to by a check.

mod ask;
mod cutter;
pub(crate) mod end;
mod jobs;
mod line;
pub(crate) mod record;
pub(crate) mod secrets;
mod silence;
mod streams;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::declared::Declared;
use crate::process::{self, Process, Start};
use crate::stage::Stage;
use crate::transcript::{Event, Sent, Transcript};
use crate::verdict::{Fault, Stop};
use crate::{Error, judge};

pub(crate) use ask::{Answer, Ask, request};
pub(crate) use jobs::{Done, Running};
#[cfg(test)]
pub(crate) use line::classify;

use jobs::JobDir;
use record::Record;
use secrets::Secrets;
use streams::Order;

/// The largest frame that the host takes where a check says nothing else.
pub(crate) const MAX_FRAME: usize = prizm_protocol::MAX_FRAME_BYTES;

/// The most jobs that the host says it will have in flight.
const MAX_IN_FLIGHT: u32 = 64;

/// A session. Dropping it kills everything that it started, and hands over what was found.
pub(crate) struct Session<'a> {
    pub(crate) stage: &'a Stage<'a>,
    process: Process,
    record: Arc<Record>,
    orders: Sender<Order>,
    directory: TempDir,
    faults: Vec<Fault>,
    seen: BTreeSet<&'static str>,
    jobs: Vec<Arc<JobDir>>,
    next_id: u64,
    max_frame: usize,
    is_silent: bool,
    /// Whether it was handed over.
    is_over: bool,
}

/// How a session begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    /// Whether the plugin is told that a host starts it.
    pub(crate) cookie: bool,
    /// The largest frame that it is told it may write.
    pub(crate) max_frame: usize,
}

impl Default for Opening {
    fn default() -> Self {
        Self { cookie: true, max_frame: MAX_FRAME }
    }
}

impl<'a> Session<'a> {
    /// Starts the plugin.
    pub(crate) fn open(stage: &'a Stage<'a>, title: &str, opening: Opening) -> Result<Self, Stop> {
        if stage.plan.stop.is_on() {
            return Err(Stop::Interrupted);
        }
        let machine = |error: std::io::Error| Stop::machine(format!("cannot make a directory: {error}"));
        let directory = tempfile::Builder::new().prefix("prizm-conformance-").tempdir().map_err(machine)?;
        let work_dir = directory.path().join("work");
        std::fs::create_dir(&work_dir).map_err(machine)?;
        let start = Start { subject: stage.subject, work_dir: &work_dir, cookie: opening.cookie };
        let record = Arc::new(Record::new(title, opening.max_frame, stage.secrets.clone()));
        let (process, pipes) = process::spawn(start)?;
        let started = streams::start(pipes, process.pid(), &record, opening.max_frame);
        let orders = started?;
        Ok(Self {
            stage,
            process,
            record,
            orders,
            directory,
            faults: Vec::new(),
            seen: BTreeSet::new(),
            jobs: Vec::new(),
            next_id: 1,
            max_frame: opening.max_frame,
            is_silent: false,
            is_over: false,
        })
    }

    /// Starts the plugin and takes it to where it is ready for jobs.
    pub(crate) fn ready(stage: &'a Stage<'a>, title: &str) -> Result<Self, Stop> {
        stage.facts().ready.clone()?;
        Self::begun(stage, title)
    }

    /// Starts the plugin and takes it as far as it comes: it may lack settings that the user did not give.
    pub(crate) fn begun(stage: &'a Stage<'a>, title: &str) -> Result<Self, Stop> {
        let lacks_settings = match &stage.facts().ready {
            Ok(()) => false,
            Err(Stop::Inapplicable(_)) => true,
            Err(stop) => return Err(stop.clone()),
        };
        let mut session = Self::open(stage, title, Opening::default())?;
        session.initialize()?;
        if lacks_settings {
            // It refuses again what it refused before.
            session.call("configure", Some(session.configure_params()))?;
        } else {
            session.configure()?;
        }
        Ok(session)
    }

    /// Asks for the declaration.
    pub(crate) fn initialize(&mut self) -> Result<Value, Stop> {
        let params = self.initialize_params();
        self.initialize_with(params)
    }

    /// Asks for the declaration in other words.
    pub(crate) fn initialize_with(&mut self, params: Value) -> Result<Value, Stop> {
        let ask = self.ask("initialize", Some(params));
        let answer = self.answer(&ask)?;
        self.declared(answer)
    }

    /// Takes the answer to `initialize`, which must be that of every other start.
    pub(crate) fn declared(&mut self, answer: Answer) -> Result<Value, Stop> {
        match answer.outcome {
            Ok(declaration) => {
                let known = self.stage.facts().declared.value();
                if let Some(why) = judge::declaration::differs(known, &declaration) {
                    self.fault("ST-9", why);
                }
                Ok(declaration)
            }
            Err(refusal) => {
                Err(self.broken("ST-9", format!("one start declared something, another refused: {refusal}")))
            }
        }
    }

    /// The parameters of `initialize`.
    pub(crate) fn initialize_params(&self) -> Value {
        json!({
            "protocolVersions": [crate::protocol()],
            "host": {"name": "prizm-conformance", "version": env!("CARGO_PKG_VERSION")},
            "limits": {"maxFrameBytes": self.max_frame, "maxInFlight": MAX_IN_FLIGHT},
            "instanceId": "conformance-1",
        })
    }

    /// Configures the plugin as the user wants it.
    pub(crate) fn configure(&mut self) -> Result<(), Stop> {
        let ask = self.ask("configure", Some(self.configure_params()));
        let answer = self.answer(&ask)?;
        self.configured(answer)
    }

    /// Takes the answer to `configure`, which was accepted in another session.
    pub(crate) fn configured(&mut self, answer: Answer) -> Result<(), Stop> {
        match answer.outcome {
            Ok(_) => Ok(()),
            Err(refusal) => {
                Err(self.broken("CF-1", format!("one start took the configuration, another refused: {refusal}")))
            }
        }
    }

    /// The parameters of `configure`.
    pub(crate) fn configure_params(&self) -> Value {
        json!({"config": self.stage.plan.settings, "services": {}})
    }

    /// Learns from the declaration which settings are secret.
    pub(crate) fn learn(&self, declared: &Declared) {
        self.record.learn(Secrets::new(self.stage.subject, self.stage.plan, declared));
    }

    /// Learns that a value is secret.
    pub(crate) fn learn_secret(&self, name: &str, value: &str) {
        let mut secrets = self.stage.secrets.clone();
        secrets.add(name, value, true);
        self.record.learn(secrets);
    }

    /// Notes that a rule was broken.
    pub(crate) fn fault(&mut self, rule: &'static str, why: impl Into<String>) {
        self.faults.push(Fault::new(rule, why));
    }

    /// Notes that something was seen of rules.
    pub(crate) fn see(&mut self, rules: &[&'static str]) {
        self.seen.extend(rules);
    }

    /// Notes that a rule was broken which stands in the way of all that is to come.
    pub(crate) fn broken(&mut self, by: &'static str, why: impl Into<String>) -> Stop {
        let why = why.into();
        self.fault(by, why.clone());
        Stop::Blocked { by, why }
    }

    /// Returns whether one of these rules was broken in this session.
    pub(crate) fn is_at_fault_of(&self, rules: &[&str]) -> bool {
        self.faults.iter().any(|fault| rules.contains(&fault.rule))
    }

    /// Returns whether a request was not answered.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Returns whether a rule was broken in this session.
    pub(crate) fn is_at_fault(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8], what: Sent) -> usize {
        let line = bytes.trim_ascii();
        let at = self.record.sent(line, what);
        self.write(bytes.to_vec());
        at
    }

    /// Sends a notification.
    pub(crate) fn notify(&mut self, method: &str, params: Option<Value>) -> usize {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(params) = params {
            message["params"] = params;
        }
        self.raw(format!("{message}\n").as_bytes(), Sent::Notification { method: method.to_owned() })
    }

    /// Waits until the plugin has read what was sent, for a moment.
    pub(crate) fn await_reader(&self) {
        let _ = self.orders.send(Order::AwaitReader);
    }

    fn write(&self, bytes: Vec<u8>) {
        // A writer that is gone means that the plugin reads no more, which its silence tells.
        let _ = self.orders.send(Order::Write(bytes));
    }

    /// Closes the plugin's stdin.
    pub(crate) fn close_stdin(&self) {
        self.record.note("the host closed stdin");
        let _ = self.orders.send(Order::Close);
    }

    /// Sends a signal to the plugin's group.
    pub(crate) fn signal(&self, signal: Signal) {
        self.record.note(format!("the host sent signal {} to the process group", signal.as_raw()));
        self.process.signal(signal);
    }

    /// Returns how many things have happened.
    pub(crate) fn now(&self) -> usize {
        self.record.state().transcript.entries.len()
    }

    /// Looks into the transcript.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Transcript) -> T) -> T {
        look(&self.record.state().transcript)
    }

    /// Waits until something is in the transcript, at most so long.
    pub(crate) fn wait_for(&self, within: f64, mut look: impl FnMut(&Transcript) -> bool) -> bool {
        let due = std::time::Instant::now() + self.seconds(within);
        let found = |state: &record::State| look(&state.transcript).then_some(());
        self.record.wait(found, |_| due, || self.stage.plan.stop.is_on()).is_some()
    }

    /// Takes everything that answers nothing, behind `from`, from the judgement of other rules.
    /// Returns how the first of it looks.
    pub(crate) fn claim_unasked(&mut self, from: usize) -> Option<String> {
        let mut state = self.record.state();
        let unasked = judge::channel::unasked(&state.transcript, from);
        let mut first = None;
        for index in unasked {
            let entry = &mut state.transcript.entries[index];
            entry.claimed = true;
            if let (None, Event::Received { text, .. }) = (&first, &entry.event) {
                first = Some(text.chars().take(200).collect());
            }
        }
        first
    }

    /// Takes all that was said on stdout so far from the judgement of other rules.
    pub(crate) fn claim_stdout(&mut self) {
        for entry in &mut self.record.state().transcript.entries {
            entry.claimed |= matches!(entry.event, Event::Received { .. });
        }
    }

    /// Returns a number of the specification's seconds, as the user's patience has them.
    pub(crate) fn seconds(&self, seconds: f64) -> Duration {
        self.stage.seconds(seconds)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Interrupted => Self::Interrupted,
            error => Self::Failed(Arc::new(error)),
        }
    }
}
