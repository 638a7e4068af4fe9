//! What each command does.

use std::sync::PoisonError;

use prizm_registry::Provider;
use serde_json::{Map, Value};

use super::Session;
use crate::commands::dev::command::{Command, help};
use crate::commands::dev::event::What;
use crate::commands::dev::job::{self, Saved};
use crate::failure::Failure;
use crate::options;

impl Session {
    pub(super) fn command(&mut self, command: Command) {
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
        let served = match (&self.served, &self.broken) {
            (Some(served), _) => served,
            (None, Some(broken)) => return self.fail(broken.unavailable()),
            // Nothing is obeyed before the first build has ended, one way or the other.
            (None, None) => return,
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
        let keep = move |given: Map<String, Value>| {
            settings.lock().unwrap_or_else(PoisonError::into_inner).extend(given);
        };
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
    pub(super) fn cancel(&mut self) -> bool {
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
}
