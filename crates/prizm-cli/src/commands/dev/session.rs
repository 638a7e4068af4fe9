//! The author's session: what is typed, what is changed, what is built and what runs, all at once.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::pin::Pin;
use std::sync::PoisonError;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use prizm_registry::Provider;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::builder::{Builder, Served};
use super::command::{Command, help, parse};
use super::event::What;
use super::job::{self, Saved};
use super::prompt::{Input, Prompt};
use super::screen::Screen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::options;

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
        self.stopping.clear();
        self.building = None;
        self.prompt.close();
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

    fn command(&mut self, command: Command) {
        let screen = self.builder.screen.clone();
        match command {
            Command::Say(text) => self.ask(|provider, saved| job::say(text, provider, saved)),
            Command::Run(job) => self.ask(|provider, saved| job::run(job, provider, saved)),
            Command::Estimate(job) => self.ask(|provider, _| job::estimate(job, provider)),
            Command::Models => self.ask(|provider, _| job::models(provider)),
            Command::Health => self.ask(|provider, _| job::health(provider)),
            Command::Ping => self.ask(|provider, _| job::ping(provider)),
            Command::Configure(pairs) => self.configure(&pairs),
            Command::Cancel => {
                if !self.cancel() {
                    screen.note("nothing runs");
                }
            }
            Command::Wait => self.waiting = self.is_busy(),
            Command::Restart => self.restart(),
            Command::Build => self.build(),
            Command::Filter(only) => screen.note(screen.filter(|filter| filter.only = only).to_string()),
            Command::Hide(hidden) => screen.note(screen.filter(|filter| filter.hidden = hidden).to_string()),
            Command::Help => {
                let text = help();
                screen.show(What::Answer { command: "help", value: text.clone().into(), text });
            }
            // It has been obeyed.
            Command::Quit => {}
        }
    }

    /// Asks the provider for something, while everything else goes on.
    fn ask<W: Future<Output = Result<What, Failure>> + 'static>(&mut self, work: impl FnOnce(Provider, Saved) -> W) {
        let Some(served) = &self.served else {
            let first = |broken: &Failure| broken.message().lines().next().unwrap_or_default().to_owned();
            let reason = self.broken.as_ref().map(|broken| format!(": {}", first(broken))).unwrap_or_default();
            let code = self.broken.as_ref().map_or(6, Failure::code);
            let failure = Failure::unavailable(code, format!("the provider does not run{reason}"));
            return self.fail(failure.hint("mend it, and it is built again; `build` does it now"));
        };
        let work = work(served.provider.clone(), Saved::clone(&self.saved));
        let generation = self.generation;
        *self.running.entry(generation).or_default() += 1;
        self.jobs.push(Box::pin(async move { (generation, work.await) }));
    }

    fn configure(&mut self, pairs: &[String]) {
        let given = match options::untyped(pairs, "configure") {
            Ok(given) => given,
            Err(failure) => return self.fail(failure),
        };
        let settings = self.builder.settings.clone();
        let names = given.keys().cloned().collect::<Vec<_>>();
        let keep =
            move |given| settings.lock().unwrap_or_else(PoisonError::into_inner).extend::<serde_json::Map<_, _>>(given);
        if self.served.is_none() {
            keep(given);
            return self.builder.screen.note("it is configured so when it starts");
        }
        self.ask(|provider, _| async move {
            provider.add_settings(given.clone()).await?;
            keep(given);
            let text = format!("configured {}", names.join(", "));
            Ok(What::Answer { command: "configure", text, value: names.into() })
        });
    }

    /// Cancels what runs; false where nothing does.
    fn cancel(&mut self) -> bool {
        let any = !self.jobs.is_empty();
        if any {
            self.builder.screen.note(match self.jobs.len() {
                1 => "cancelled".to_owned(),
                several => format!("cancelled {several} jobs"),
            });
            self.jobs.clear();
            self.running.clear();
            self.stop_replaced();
        }
        any
    }

    fn build(&mut self) {
        if self.building.is_some() {
            self.again = true;
            return;
        }
        self.again = false;
        self.watch.iter_mut().for_each(|watch| watch.build_begins(&self.builder.screen));
        self.building = Some(Box::pin(self.builder.clone().build()));
    }

    fn restart(&mut self) {
        match &self.served {
            Some(_) if self.building.is_some() => self.again = true,
            Some(served) => self.building = Some(Box::pin(served.clone().restart())),
            None => self.build(),
        }
    }

    fn built(&mut self, built: Result<Served, Failure>) {
        let screen = self.builder.screen.clone();
        let saved = std::mem::take(&mut *self.saved.lock().unwrap_or_else(PoisonError::into_inner));
        let changed = self.watch.as_mut().map(|watch| {
            saved.iter().for_each(|path| watch.leave_out(path));
            watch.build_ended(&screen)
        });
        match built {
            Ok(served) => {
                let ready = served.ready(self.served.as_ref(), &self.builder.directory);
                screen.show(What::Ready(Box::new(ready)));
                self.broken = None;
                let is_another = served.is_built();
                if let Some(before) = self.served.replace(served).filter(|_| is_another) {
                    self.replaced.push((self.generation, before.provider));
                    self.generation += 1;
                    self.stop_replaced();
                }
            }
            Err(failure) => {
                let serving = self.served.is_some();
                self.broken = (!serving).then(|| failure.clone());
                screen.show(What::Failed { error: failure, serving });
            }
        }
        let changed = changed.unwrap_or_default();
        if !changed.is_empty() {
            screen.show(What::Changed { files: changed });
            self.again = true;
        }
        if self.again {
            self.build();
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

    /// Stops the providers that have been replaced, once their jobs are done.
    fn stop_replaced(&mut self) {
        let is_idle = |generation: &u64| self.running.get(generation).is_none_or(|running| *running == 0);
        for (_, provider) in self.replaced.extract_if(.., |(generation, _)| is_idle(generation)) {
            self.stopping.push(Box::pin(async move { provider.stop().await }));
        }
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
