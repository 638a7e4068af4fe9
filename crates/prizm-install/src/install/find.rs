//! Many providers at once that are in the store already: whoever lists hundreds does not hand each from thread to thread.

use std::iter::repeat_with;
use std::num::NonZero;
use std::thread::available_parallelism;

use crate::Kind;
use crate::audit::Event;

use super::{Installed, Installer, Loaded, Request};

impl Installer {
    /// Returns what is installed already, for each request in its place. One that must be asked about, fetched or
    /// built first, or that fails, has none: [`Installer::install`] does that, or says why not.
    pub async fn find(&self, requests: &[Request]) -> Vec<Option<Installed>> {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let look = |part: &[Request]| {
            let (this, part) = (self.clone(), part.to_vec());
            (part.len(), tokio::task::spawn_blocking(move || this.find_now(&part)))
        };
        let parts: Vec<_> = requests.chunks(requests.len().div_ceil(threads).max(1)).map(look).collect();
        let mut all = Vec::with_capacity(requests.len());
        for (count, part) in parts {
            match part.await {
                Ok(found) => all.extend(found),
                Err(_) => all.extend(repeat_with(|| None).take(count)),
            }
        }
        all
    }

    fn find_now(&self, requests: &[Request]) -> Vec<Option<Installed>> {
        let mut events = Vec::new();
        let found = requests.iter().map(|request| {
            let loaded = self.at_hand(request)?;
            let event = Event::done("loaded", &request.identifier, &loaded);
            let installed = loaded.provider().ok()?;
            events.push(event);
            Some(installed)
        });
        let found = found.collect();
        self.audit.record(&events);
        found
    }

    /// Returns what is there for a request of which nobody must be asked.
    fn at_hand(&self, request: &Request) -> Option<Loaded> {
        let may = !request.link && self.is_trusted(request).ok()?;
        may.then(|| self.look_now(request, Kind::Provider).ok()?.1)?
    }
}
