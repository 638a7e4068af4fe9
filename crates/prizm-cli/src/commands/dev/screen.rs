//! The one who writes: what is to be shown waits in a queue, so that nobody waits for a terminal.

use std::collections::{BTreeSet, VecDeque};
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

use console::Term;
use jiff::Timestamp;
use prizm_registry::Reporter;
use rustyline::ExternalPrinter;

use super::event::{Event, What};
use super::filter::Filter;
use super::show::{Look, Shown};
use crate::args::Global;

/// Most bytes of what plugins and builds say that may wait to be shown.
const CAPACITY: usize = 16 * 1024 * 1024;
/// How long the last words may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where lines go while one is being typed.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

/// A queue of events, and a thread that shows them. Clones share it.
#[derive(Clone)]
pub(super) struct Screen(Arc<Inner>);

struct Inner {
    queue: Mutex<Queue>,
    ready: Condvar,
    filter: Mutex<Filter>,
    /// What the models of the provider are called, and what they can do.
    names: Mutex<Vec<String>>,
    /// Nobody types any more: everything goes straight to stdout.
    direct: AtomicBool,
    /// Somebody pressed the enter key: the line before is theirs.
    entered: AtomicBool,
    /// A build did something since it was last asked.
    built: AtomicBool,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    weight: usize,
    lost: u64,
    closed: bool,
}

/// Ends when everything is shown.
pub(super) struct End(mpsc::Receiver<()>);

impl Screen {
    /// Starts to show events as the command line says: as JSON, or for people.
    pub(super) fn start(global: &Global, filter: Filter, printer: Option<Printer>) -> (Self, End) {
        let inner = Inner {
            queue: Mutex::default(),
            ready: Condvar::new(),
            filter: Mutex::new(filter),
            names: Mutex::default(),
            direct: AtomicBool::new(false),
            entered: AtomicBool::new(false),
            built: AtomicBool::new(false),
        };
        let screen = Self(Arc::new(inner));
        let terminal = std::io::stdout().is_terminal();
        let writer = Writer {
            screen: screen.clone(),
            printer,
            json: global.json,
            look: Look {
                color: console::colors_enabled(),
                width: None,
                verbose: global.verbose > 0,
                quiet: global.quiet,
                several: false,
            },
            terminal,
            alive: BTreeSet::new(),
            last: None,
        };
        let (done, end) = mpsc::channel();
        std::thread::spawn(move || {
            writer.run();
            // Nobody may wait for it.
            let _ = done.send(());
        });
        (screen, End(end))
    }

    /// Shows something. It never waits; what plugins and builds say is lost where there is too much of it.
    pub(super) fn show(&self, what: What) {
        match &what {
            What::Stage { stage, .. } if stage == "build" => self.0.built.store(true, Ordering::Relaxed),
            What::Ready(ready) => *self.0.names.lock().unwrap_or_else(PoisonError::into_inner) = ready.names(),
            _ => {}
        }
        if !self.0.filter.lock().unwrap_or_else(PoisonError::into_inner).shows(&what) {
            return;
        }
        let mut queue = self.queue();
        let weight = what.weight();
        if queue.weight + weight > CAPACITY {
            queue.lost += 1;
            return;
        }
        queue.weight += weight;
        queue.events.push_back(Event { at: Timestamp::now(), what });
        drop(queue);
        self.0.ready.notify_one();
    }

    /// Says something to the author.
    pub(super) fn note(&self, text: impl Into<String>) {
        self.show(What::Note(text.into()));
    }

    /// Changes what is shown from now on, and returns it.
    pub(super) fn filter(&self, change: impl FnOnce(&mut Filter)) -> Filter {
        let mut filter = self.0.filter.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut filter);
        filter.clone()
    }

    /// Returns what the models of the provider are called, and what they can do.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that a line was entered.
    pub(super) fn entered(&self) {
        self.0.entered.store(true, Ordering::Relaxed);
    }

    /// Tells whether a build did something since this was last asked.
    pub(super) fn has_built(&self) -> bool {
        self.0.built.swap(false, Ordering::Relaxed)
    }

    /// Writes past the line editor from now on.
    pub(super) fn direct(&self) {
        self.0.direct.store(true, Ordering::Relaxed);
    }

    /// Shows what waits, and nothing more.
    pub(super) fn close(&self, end: &End) {
        self.queue().closed = true;
        self.0.ready.notify_one();
        // A terminal that takes nothing any more keeps nobody here.
        let _ = end.0.recv_timeout(LAST_WORDS);
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for events; none at the end.
    fn take(&self) -> Option<VecDeque<Event>> {
        let mut queue = self.queue();
        while queue.events.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.0.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.weight = 0;
        if queue.lost > 0 {
            let lost = std::mem::take(&mut queue.lost);
            queue.events.push_back(Event { at: Timestamp::now(), what: What::Lost(lost) });
        }
        Some(std::mem::take(&mut queue.events))
    }
}

impl Reporter for Screen {
    fn stage(&self, stage: &str, detail: &str) {
        self.show(What::Stage { stage: stage.to_owned(), detail: detail.to_owned() });
    }

    fn output(&self, line: &str) {
        self.show(What::Output { line: line.to_owned() });
    }
}

/// Writes events.
struct Writer {
    screen: Screen,
    printer: Option<Printer>,
    json: bool,
    look: Look,
    terminal: bool,
    /// The processes that live.
    alive: BTreeSet<u32>,
    /// What the last line on the terminal was the latest of.
    last: Option<String>,
}

impl Writer {
    fn run(mut self) {
        while let Some(events) = self.screen.take() {
            self.look.width = self.terminal.then(|| usize::from(Term::stdout().size().1));
            let mut text = String::new();
            for event in events {
                self.add(&event, &mut text);
            }
            self.write(text);
        }
    }

    fn add(&mut self, event: &Event, text: &mut String) {
        match event.what {
            What::Started { pid, .. } => drop(self.alive.insert(pid)),
            What::Ended { pid, .. } => drop(self.alive.remove(&pid)),
            _ => {}
        }
        if self.json {
            text.push_str(&format!("{}\n", event.document()));
            return;
        }
        self.look.several = self.alive.len() > 1;
        // What a build writes goes by on a terminal; its last lines are shown if it fails.
        let goes_by = matches!(event.what, What::Output { .. }) && !self.terminal && !self.look.verbose;
        let Some(Shown { text: shown, latest_of }) = self.look.show(event).filter(|_| !goes_by) else { return };
        if self.screen.0.entered.swap(false, Ordering::Relaxed) {
            self.last = None;
        }
        if self.terminal && self.last.is_some() && self.last == latest_of {
            // Up a line, and clear it.
            text.push_str("\x1b[1A\x1b[2K");
        }
        text.push_str(&shown);
        text.push('\n');
        self.last = latest_of;
    }

    fn write(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        if let Some(printer) = self.printer.as_mut().filter(|_| !self.screen.0.direct.load(Ordering::Relaxed)) {
            if printer.print(text.clone()).is_ok() {
                return;
            }
            // The line editor has gone.
            self.printer = None;
        }
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away ends nothing but the writing.
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }
}
