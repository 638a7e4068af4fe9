//! The author's session: what is typed, what is changed, what is built and what runs, all at once.

mod builds;
mod commands;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::pin::Pin;
use std::sync::PoisonError;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use prizm_registry::Provider;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::builder::{Builder, Served};
use super::command::{Command, parse};
use super::event::What;
use super::job::Saved;
use super::prompt::{Input, Prompt};
use super::screen::Screen;
use super::watch::Watch;
use crate::failure::Failure;

type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// Everything that goes on.
pub(super) struct Session {
    builder: Builder,
    prompt: Prompt,
    watch: Option<Watch>,
    /// What serves now.
    served: Option<Served>,
    /// What is being built or started.
    building: Option<Work<Result<Served, Failure>>>,
    /// Whether it must be built again after that.
    again: bool,
    /// Why nothing is served.
    broken: Option<Failure>,
    /// What runs, and in which provider.
    jobs: FuturesUnordered<Work<(u64, Result<What, Failure>)>>,
    /// How many run in each provider that has been made.
    running: BTreeMap<u64, usize>,
    /// Counts the providers, and says which one serves.
    generation: u64,
    /// Providers that have been replaced, and are stopped when their last job is done.
    replaced: Vec<(u64, Provider)>,
    stopping: FuturesUnordered<Work<()>>,
    saved: Saved,
    lines: VecDeque<Command>,
    /// Nothing is read before what runs is done.
    waiting: bool,
    ended: bool,
    /// The exit code of the first thing that failed.
    failed: Option<u8>,
}

/// How a session ends.
pub(super) enum End {
    /// The author left, or all that was asked for was done: with this exit code.
    Done(u8),
    /// Somebody else ended it.
    Interrupted,
}

enum Next {
    Input(Input),
    Interrupt,
    Terminate,
    Changed(Vec<String>),
    Built(Result<Served, Failure>),
    Job(u64, Result<What, Failure>),
    Stopped,
}

impl Session {
    pub(super) fn new(builder: Builder, prompt: Prompt, watch: Option<Watch>) -> Self {
        Self {
            builder,
            prompt,
            watch,
            served: None,
            building: None,
            again: false,
            broken: None,
            jobs: FuturesUnordered::new(),
            running: BTreeMap::new(),
            generation: 0,
            replaced: Vec::new(),
            stopping: FuturesUnordered::new(),
            saved: Saved::default(),
            lines: VecDeque::new(),
            waiting: false,
            ended: false,
            failed: None,
        }
    }

    /// Cancels everything, and gives the terminal back.
    pub(super) fn close(&mut self) {
        self.jobs.clear();
        self.building = None;
        self.prompt.close();
    }

    /// Waits for the providers that are being stopped.
    pub(super) async fn stopped(&mut self) {
        while self.stopping.next().await.is_some() {}
    }

    /// Goes on until the author leaves.
    pub(super) async fn run(&mut self) -> Result<End, Failure> {
        let wrong = |error: std::io::Error| Failure::io(error.to_string());
        let mut interrupt = signal(SignalKind::interrupt()).map_err(wrong)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
        self.build();
        loop {
            if let Some(end) = self.obey() {
                return Ok(end);
            }
            match self.next(&mut interrupt, &mut terminate).await {
                Next::Input(Input::Line(line)) => self.read(&line),
                Next::Input(Input::End) => self.ended = true,
                Next::Input(Input::Interrupt) | Next::Interrupt => {
                    if !self.cancel() {
                        return Ok(End::Interrupted);
                    }
                }
                Next::Terminate => return Ok(End::Interrupted),
                Next::Changed(files) => {
                    self.builder.screen.show(What::Changed { files });
                    self.build();
                }
                Next::Built(built) => self.built(built),
                Next::Job(generation, outcome) => self.done(generation, outcome),
                Next::Stopped => {}
            }
        }
    }

    async fn next(&mut self, interrupt: &mut Signal, terminate: &mut Signal) -> Next {
        let screen = self.builder.screen.clone();
        // A pipe waits for its turn.
        let reads = !self.ended && (self.prompt.is_interactive() || (self.lines.is_empty() && !self.waiting));
        let watches = self.building.is_none();
        tokio::select! {
            biased;
            _ = terminate.recv() => Next::Terminate,
            _ = interrupt.recv() => Next::Interrupt,
            Some((generation, outcome)) = self.jobs.next() => Next::Job(generation, outcome),
            Some(()) = self.stopping.next() => Next::Stopped,
            built = finish(&mut self.building) => Next::Built(built),
            input = self.prompt.next(), if reads => Next::Input(input),
            files = changed(&mut self.watch, &screen), if watches => Next::Changed(files),
        }
    }

    fn read(&mut self, line: &str) {
        match parse(line) {
            // What ends things does not wait for its turn where somebody waits for it.
            Ok(Some(command @ (Command::Quit | Command::Cancel))) if self.prompt.is_interactive() => {
                self.lines.clear();
                self.lines.push_back(command);
                self.waiting = false;
            }
            Ok(Some(command)) => self.lines.push_back(command),
            Ok(None) => {}
            Err(failure) => self.fail(failure),
        }
    }

    /// Obeys the lines whose turn it is; says how it ends, if it does.
    fn obey(&mut self) -> Option<End> {
        self.waiting &= self.is_busy();
        while !self.waiting {
            // Until there is a provider, or none can be had, nobody can do anything.
            let is_ready = self.served.is_some() || self.building.is_none();
            let can =
                |command: &Command| is_ready || matches!(command, Command::Quit | Command::Cancel | Command::Help);
            let Some(command) = self.lines.pop_front_if(|command| can(command)) else { break };
            match command {
                Command::Quit if self.prompt.is_interactive() => return Some(End::Done(0)),
                // As at the end of the lines: what was asked for is done.
                Command::Quit => {
                    self.ended = true;
                    self.lines.clear();
                }
                command => self.command(command),
            }
        }
        let idle = !self.is_busy() && self.lines.is_empty();
        (self.ended && idle).then(|| End::Done(self.code()))
    }

    fn is_busy(&self) -> bool {
        !self.jobs.is_empty() || self.building.is_some()
    }

    /// People see what failed; scripts need to be told.
    fn code(&self) -> u8 {
        match self.prompt.is_interactive() {
            true => 0,
            false => self.failed.or(self.broken.as_ref().map(Failure::code)).unwrap_or(0),
        }
    }

    fn done(&mut self, generation: u64, outcome: Result<What, Failure>) {
        let saved = std::mem::take(&mut *self.saved.lock().unwrap_or_else(PoisonError::into_inner));
        self.watch.iter_mut().for_each(|watch| saved.iter().for_each(|path| watch.leave_out(path)));
        match outcome {
            Ok(what) => self.builder.screen.show(what),
            Err(failure) => self.fail(failure),
        }
        if let Some(running) = self.running.get_mut(&generation) {
            *running -= 1;
        }
        self.stop_replaced();
    }

    fn fail(&mut self, failure: Failure) {
        self.failed = self.failed.or(Some(failure.code()));
        self.builder.screen.show(What::Error(failure));
    }
}

async fn finish<T>(work: &mut Option<Work<T>>) -> T {
    match work {
        Some(running) => {
            let done = running.await;
            *work = None;
            done
        }
        None => pending().await,
    }
}

async fn changed(watch: &mut Option<Watch>, screen: &Screen) -> Vec<String> {
    match watch {
        Some(watch) => watch.changed(screen).await,
        None => pending().await,
    }
}
