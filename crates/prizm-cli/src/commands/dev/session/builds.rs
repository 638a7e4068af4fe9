//! One provider after the other: what is built takes the place of what serves.

use std::sync::PoisonError;

use super::Session;
use crate::commands::dev::builder::Served;
use crate::commands::dev::event::What;
use crate::failure::Failure;

impl Session {
    /// Builds it, now or once the build that runs has ended.
    pub(super) fn build(&mut self) {
        if self.building.is_some() {
            self.again = true;
            return;
        }
        self.again = false;
        self.watch.iter_mut().for_each(|watch| watch.build_begins(&self.builder.screen));
        self.building = Some(Box::pin(self.builder.clone().build()));
    }

    /// Starts what was built anew.
    pub(super) fn restart(&mut self) {
        match &self.served {
            Some(_) if self.building.is_some() => self.again = true,
            Some(served) => self.building = Some(Box::pin(served.clone().restart())),
            None => self.build(),
        }
    }

    /// Takes what came of a build: where it failed, the one before still serves.
    pub(super) fn built(&mut self, built: Result<Served, Failure>) {
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
                self.broken = self.served.is_none().then(|| failure.clone());
                let runs = |served: &Served| served.provider.stats().pid.is_some();
                let serving = self.served.as_ref().is_some_and(runs);
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

    /// Stops the providers that have been replaced, once their jobs are done.
    pub(super) fn stop_replaced(&mut self) {
        let is_idle = |generation: &u64| self.running.get(generation).is_none_or(|running| *running == 0);
        for (_, provider) in self.replaced.extract_if(.., |(generation, _)| is_idle(generation)) {
            self.stopping.push(Box::pin(async move { provider.stop().await }));
        }
    }
}
