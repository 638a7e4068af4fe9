//! What a session's threads share: the transcript as it grows, and what it says so far.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::Exit;
use crate::session::cutter::Cut;
use crate::session::line::{Spread, classify};
use crate::session::secrets::Secrets;
use crate::transcript::{Entry, Event, Framing, Message, Received, Sent, Transcript, shown};

/// Noise without a frame between, that ends a session.
const NOISE_LINES: u64 = 10_000;
const NOISE_BYTES: u64 = 16 << 20;

/// Frames that are kept of one session, and lines of stderr.
const KEPT_BYTES: u64 = 32 << 20;
const KEPT_ENTRIES: usize = 50_000;
const KEPT_STDERR: usize = 1000;

/// How long the end of stdout is waited for once the process has ended; a child of it may hold it open.
const LINGER: Duration = Duration::from_millis(500);

/// The growing record of one session.
pub(crate) struct Record {
    state: Mutex<State>,
    changed: Condvar,
    secrets: RwLock<Secrets>,
}

/// What is known so far.
pub(crate) struct State {
    pub(crate) transcript: Transcript,
    pub(crate) exit: Option<(Exit, Instant)>,
    /// The session was ended because the plugin wrote too much, and what.
    pub(crate) flood: Option<Flood>,
    /// The host has killed the plugin: what is cut short now is not its fault.
    is_killed: bool,
    /// When the plugin last said something of a request, or for `None` of its start-up.
    pub(crate) heard: HashMap<Option<u64>, Instant>,
    /// The requests whose answer was over the limit.
    pub(crate) oversized: HashSet<u64>,
    /// Where the answers to each request stand.
    answers: HashMap<u64, Vec<usize>>,
    started: Instant,
    stdout_open: bool,
    streams_open: u8,
    spread: Spread,
    gap: bool,
    after_frame: bool,
    noise: (u64, u64),
    kept: u64,
    stderr_lines: usize,
}

/// What a plugin wrote too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    /// Noise.
    Noise,
    /// Frames.
    Frames,
}

impl Record {
    /// Starts a record.
    pub(crate) fn new(title: &str, max_frame: usize, secrets: Secrets) -> Self {
        let transcript = Transcript { title: title.to_owned(), entries: Vec::new(), max_frame };
        let state = State {
            transcript,
            exit: None,
            flood: None,
            is_killed: false,
            heard: HashMap::new(),
            oversized: HashSet::new(),
            answers: HashMap::new(),
            started: Instant::now(),
            stdout_open: true,
            streams_open: 2,
            spread: Spread::default(),
            gap: false,
            after_frame: true,
            noise: (0, 0),
            kept: 0,
            stderr_lines: 0,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), secrets: RwLock::new(secrets) }
    }

    /// Returns what is known so far.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns what is secret.
    pub(crate) fn learn(&self, secrets: Secrets) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    fn secrets(&self) -> RwLockReadGuard<'_, Secrets> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the host sends. Returns where it stands.
    pub(crate) fn sent(&self, line: &[u8], what: Sent) -> usize {
        let text = self.secrets().hidden(&shown(line, line.len() as u64));
        self.state().push(Event::Sent { text, what }, Vec::new())
    }

    /// Notes what else the host does.
    pub(crate) fn note(&self, text: impl Into<String>) {
        let text = self.secrets().hidden(&text.into());
        self.state().push(Event::Note(text), Vec::new());
    }

    /// Takes a line of stdout. Returns the id of a request that wants an answer.
    pub(crate) fn stdout(&self, cut: &Cut<'_>) -> Option<Value> {
        let leaks = self.secrets().found_in(cut.line);
        let text = self.secrets().hidden(&shown(cut.line, cut.size));
        let asks = self.state().stdout(cut, text, leaks);
        self.changed.notify_all();
        asks
    }

    /// Takes a line of stderr.
    pub(crate) fn stderr(&self, cut: &Cut<'_>) {
        let leaks = self.secrets().found_in(cut.line);
        let text = self.secrets().hidden(&shown(cut.line, cut.size));
        let mut state = self.state();
        state.stderr_lines += 1;
        if state.stderr_lines <= KEPT_STDERR || !leaks.is_empty() {
            state.push(Event::Stderr { text, size: cut.size }, leaks);
        } else if state.stderr_lines == KEPT_STDERR + 1 {
            state.push(Event::Note("further lines on stderr are left out".to_owned()), Vec::new());
        }
        drop(state);
        self.changed.notify_all();
    }

    /// A stream has ended.
    pub(crate) fn closed(&self, is_stdout: bool) {
        let mut state = self.state();
        state.streams_open -= 1;
        if is_stdout {
            state.stdout_open = false;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The host is about to kill the plugin.
    pub(crate) fn killed(&self) {
        let mut state = self.state();
        if state.exit.is_none() {
            state.is_killed = true;
            state.push(Event::Note("the host ended the session with SIGKILL".to_owned()), Vec::new());
        }
    }

    /// The process has ended.
    pub(crate) fn exited(&self, exit: Exit) {
        let mut state = self.state();
        state.exit = Some((exit, Instant::now()));
        state.push(Event::Note(format!("the process ended: {exit}")), Vec::new());
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until `look` finds something, at most until `due` of the moment, or `stop` says so.
    pub(crate) fn wait<T>(
        &self,
        mut look: impl FnMut(&State) -> Option<T>,
        due: impl Fn(&State) -> Instant,
        stop: impl Fn() -> bool,
    ) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(found) = look(&state) {
                return Some(found);
            }
            let left = due(&state).saturating_duration_since(Instant::now());
            if left.is_zero() || stop() {
                return None;
            }
            // Short enough to hear that the user wants no more, and to see that a pipe lingers.
            let slice = left.min(Duration::from_millis(50));
            state = self.changed.wait_timeout(state, slice).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    /// Returns where an answer to a request stands, if there is one behind `from`.
    pub(crate) fn answer(&self, id: u64, from: usize) -> Option<usize> {
        self.answers.get(&id)?.iter().copied().find(|index| *index > from)
    }

    /// Returns why no answer can come any more, if so.
    pub(crate) fn is_over(&self) -> Option<String> {
        if !self.stdout_open {
            return Some(match self.exit {
                Some((exit, _)) => format!("the process ended ({exit})"),
                None => "the plugin closed its stdout".to_owned(),
            });
        }
        let (exit, at) = self.exit?;
        (at.elapsed() > LINGER).then(|| format!("the process ended ({exit})"))
    }

    /// Returns whether the process has ended and all that it wrote has been read.
    pub(crate) fn is_read(&self) -> bool {
        self.exit.is_some_and(|(_, at)| self.streams_open == 0 || at.elapsed() > LINGER)
    }

    /// Returns the time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn push(&mut self, event: Event, leaks: Vec<String>) -> usize {
        let at = self.elapsed();
        self.transcript.entries.push(Entry { at, event, leaks, claimed: false });
        self.transcript.entries.len() - 1
    }

    fn stdout(&mut self, cut: &Cut<'_>, text: String, leaks: Vec<String>) -> Option<Value> {
        if cut.line.trim_ascii().is_empty() {
            self.gap = true;
            return None;
        }
        if self.flood.is_some() {
            return None;
        }
        let what = self.what(cut);
        let is_frame = matches!(what, Received::Frame(_) | Received::BadId(_));
        self.count(&what, cut, is_frame);
        let framing = Framing { gap: std::mem::take(&mut self.gap), after_frame: self.after_frame, ended: cut.ended };
        self.after_frame = is_frame;
        let asks = match &what {
            Received::Frame(Message::Request { .. }) => serde_json::from_slice::<Value>(cut.line).ok(),
            _ => None,
        };
        self.hear(&what);
        if let Received::Oversized(Some(id)) = what {
            self.oversized.insert(id);
        }
        let is_noise = what == Received::Noise;
        let answers = match &what {
            Received::Frame(Message::Answer { id, .. }) => Some(*id),
            _ => None,
        };
        let index = self.push(Event::Received { text, size: cut.size, what, framing }, leaks);
        self.transcript.entries[index].claimed = self.is_killed && !cut.ended;
        if let Some(id) = answers {
            self.answers.entry(id).or_default().push(index);
        }
        match is_noise {
            true => self.join(cut.line),
            false => self.spread.forget(),
        }
        asks.and_then(|request| request.get("id").cloned())
    }

    fn what(&self, cut: &Cut<'_>) -> Received {
        let whole = cut.line.len() as u64 == cut.size;
        match classify(cut.line) {
            _ if !whole => Received::Oversized(prizm_protocol::frame::id_of_truncated_response(cut.line)),
            Received::Frame(_) if !cut.ended => Received::Broken("no line end follows it".to_owned()),
            what => what,
        }
    }

    fn count(&mut self, what: &Received, cut: &Cut<'_>, is_frame: bool) {
        self.noise = match what {
            _ if is_frame => (0, 0),
            _ => (self.noise.0 + 1, self.noise.1 + cut.size),
        };
        self.kept += cut.line.len() as u64;
        if self.noise.0 > NOISE_LINES || self.noise.1 > NOISE_BYTES {
            self.flood = Some(Flood::Noise);
        } else if self.kept > KEPT_BYTES || self.transcript.entries.len() > KEPT_ENTRIES {
            self.flood = Some(Flood::Frames);
        }
    }

    /// Notes that something was heard of a request.
    fn hear(&mut self, what: &Received) {
        let Received::Frame(Message::Notification { method, params }) = what else { return };
        let of = match method.as_str() {
            "$/progress" | "$/chunk" | "$/accepted" => params.get("id").and_then(Value::as_u64),
            "$/startup" => None,
            _ => return,
        };
        self.heard.insert(of, Instant::now());
    }

    /// Makes one frame that broke of lines that hold one object together.
    fn join(&mut self, line: &[u8]) {
        let Some(lines) = self.spread.noise(line) else { return };
        let why = format!("one object is spread over {lines} lines");
        let received = self.transcript.entries.iter_mut().rev().filter_map(|entry| match &mut entry.event {
            Event::Received { what, .. } => Some(what),
            _ => None,
        });
        for what in received.take(lines) {
            *what = Received::Broken(why.clone());
        }
    }
}
