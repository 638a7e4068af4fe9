//! The providers of a project and their services: added, updated, removed, and pinned in its `prizm.lock`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;
use prizm_install::{Identifier, Kind, Locked, Lockfile, Request};
use prizm_protocol::ProviderId;

use crate::blocking::blocking;
use crate::entry::{Entry, Located, Origin};
use crate::{Error, ErrorKind, Provider, Registry, Result, suggest};

/// What an update did to a provider or a service.
#[derive(Clone, Debug)]
pub struct Updated {
    /// What was pinned.
    pub from: Locked,
    /// What is pinned now.
    pub to: Locked,
}

impl Updated {
    /// Tells whether anything changed.
    pub fn changed(&self) -> bool {
        self.from.source_hash != self.to.source_hash || self.from.revision != self.to.revision
    }
}

/// A provider or a service that is pinned, and where.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// The lock's entry.
    pub locked: Locked,
    /// The lock file.
    pub lock: PathBuf,
    /// Whether the lock is the project's; else it is that of what was loaded by URL.
    pub in_project: bool,
}

impl Registry {
    /// Loads a provider and pins it in the project's lock; it is known by its id from then on. One of
    /// the same id and source takes the place of the one before.
    ///
    /// # Errors
    /// Those of [`Registry::get_provider`]; a provider of that id is pinned already, from another source.
    pub async fn add(&self, url: &str) -> Result<Provider> {
        let identifier = match url.parse::<Identifier>()? {
            Identifier::Id(id) => return Err(only_urls(&id)),
            identifier => identifier,
        };
        let around = self.around();
        around.check_unlocked()?;
        let lock = around.project_lock()?;
        // Only the project's own lock counts: what was loaded by URL may be older.
        let request = Request::new(identifier.clone(), lock.clone());
        let installer = around.installer().await?;
        let installed = installer.install(&request).await?;
        // To add it is to approve it: the lock alone, which others may have written, would not be enough.
        installer.approve(&identifier).await?;
        let (asked, registry) = (identifier.clone(), self.clone());
        let id = blocking(move || settle(&lock, &asked, |id| registry.taken(id))).await?;
        let located = Located { identifier, link: false, own: true, claimed: true };
        let entry = Arc::new(Entry::new(Some(id.clone()), Origin::Identifier(located), self.settings_of(&id)));
        entry.found(installed);
        entry.info(around).await?;
        self.adopt(&id, Arc::clone(&entry));
        Ok(self.provider(entry))
    }

    /// Looks for newer revisions of what the project's lock pins: of one provider or service, or of all.
    ///
    /// # Errors
    /// Nothing of that name is pinned; or those of [`Registry::get_provider`]. What could be
    /// updated beside a failure is updated.
    pub async fn update(&self, id: Option<&str>) -> Result<Vec<Updated>> {
        self.around().check_unlocked()?;
        let installer = self.around().installer().await?;
        let update = async |Pinned { locked, lock, in_project }: Pinned| {
            let identifier: Identifier = locked.request.parse()?;
            let request = Request { update: true, own: !in_project, ..Request::new(identifier, lock.clone()) };
            match locked.kind {
                Kind::Provider => installer.install(&request).await.map(drop)?,
                Kind::Service => installer.install_service(&request).await.map(drop)?,
            }
            let to = Lockfile::load(&lock)?.by_request(&locked.request).cloned().unwrap_or_else(|| locked.clone());
            Ok(Updated { from: locked, to })
        };
        join_all(self.pinned_as(id)?.into_iter().map(update)).await.into_iter().collect()
    }

    /// Takes a provider or a service out of the locks. Its files stay in the store until that is pruned.
    ///
    /// # Errors
    /// Nothing of that name is pinned, or the lock cannot be written.
    pub async fn remove(&self, id: &str) -> Result<Vec<Pinned>> {
        self.around().check_unlocked()?;
        let gone = self.pinned_as(Some(id))?;
        let unpin = move || {
            for Pinned { locked, lock, .. } in &gone {
                Lockfile::edit(lock, |lock| lock.remove(&locked.request))?;
            }
            Ok::<_, Error>(gone)
        };
        let gone = blocking(unpin).await?;
        let names: Vec<_> = gone.iter().map(|gone| (gone.locked.id.clone(), gone.locked.request.clone())).collect();
        self.forget(&names);
        Ok(gone)
    }

    /// Returns what is pinned: first by the project, then by what was loaded by URL.
    ///
    /// # Errors
    /// A lock cannot be read.
    pub fn pinned(&self) -> Result<Vec<Pinned>> {
        let around = self.around();
        let mut all = Vec::new();
        for lock in around.locks() {
            let in_project = around.project.as_ref() == Some(&lock);
            let read = Lockfile::load(&lock)?;
            all.extend(read.entries().iter().map(|locked| Pinned {
                locked: locked.clone(),
                lock: lock.clone(),
                in_project,
            }));
        }
        Ok(all)
    }

    /// Makes known what the project's lock pins, unless the configuration says something of the same id.
    pub(crate) fn insert_pinned(&self) -> Result<()> {
        let Some(lock) = &self.around().project else { return Ok(()) };
        let lock = Lockfile::load(lock)?;
        // A service is known by whoever needs it.
        for locked in lock.entries().iter().filter(|locked| locked.kind == Kind::Provider) {
            let Ok(id) = locked.id.parse::<ProviderId>() else { continue };
            if self.is_known(&id) {
                tracing::warn!(%id, request = locked.request, "a provider of this id is known already; the lock's is not used");
                continue;
            }
            // Whoever wrote the lock may be a stranger: their directories need the user's approval, too.
            let located = Located { identifier: locked.request.parse()?, link: false, own: false, claimed: true };
            let settings = self.settings_of(&id);
            self.insert(id, Origin::Identifier(located), settings);
        }
        Ok(())
    }

    /// Finds what is pinned by an id or a URL: in the project where it is there, else elsewhere.
    fn pinned_as(&self, name: Option<&str>) -> Result<Vec<Pinned>> {
        let all = self.pinned()?;
        let of_project = all.iter().any(|pinned| pinned.in_project);
        let Some(name) = name else {
            return Ok(all.into_iter().filter(|pinned| pinned.in_project || !of_project).collect());
        };
        let request = name.parse::<Identifier>()?.to_string();
        let is_it = |pinned: &&Pinned| pinned.locked.id == name || pinned.locked.request == request;
        let found: Vec<_> = all.iter().filter(is_it).cloned().collect();
        let in_project: Vec<_> = found.iter().filter(|pinned| pinned.in_project).cloned().collect();
        match (in_project.is_empty(), found.is_empty()) {
            (false, _) => Ok(in_project),
            (true, false) => Ok(found),
            (true, true) => {
                let ids: Vec<_> = all.iter().map(|pinned| pinned.locked.id.as_str()).collect();
                Err(Error::new(ErrorKind::NotFound, format!("no provider `{name}` is pinned")).hinted(suggest::hint(
                    name,
                    "providers",
                    &ids,
                )))
            }
        }
    }
}

fn only_urls(id: &ProviderId) -> Error {
    Error::new(ErrorKind::Usage, format!("`{id}` is an id, and only what has a URL can be added"))
        .hinted("name its source, such as `github:OWNER/REPO@TAG` or `npm:NAME`")
}

/// Leaves one provider of an id in a lock: the new one, unless another source has the id already.
fn settle(lock: &Path, identifier: &Identifier, taken: impl Fn(&str) -> Option<String>) -> Result<ProviderId> {
    let request = identifier.to_string();
    let mut outcome = Err(Error::new(ErrorKind::NotFound, format!("`{request}` is not in `{}`", lock.display())));
    Lockfile::edit(lock, |lock| {
        let Some(id) = lock.by_request(&request).map(|locked| locked.id.clone()) else { return };
        if let Some(other) = taken(&id) {
            let message = format!("there is a provider `{id}` already: {other}");
            outcome = Err(Error::new(ErrorKind::Usage, message).hinted(format!(
                "run it by its URL, or give it an id of its own: `[providers.ID]` with `source = \"{request}\"` in config.toml"
            )));
            return lock.remove(&request);
        }
        let is_other = |other: &&Locked| other.kind == Kind::Provider && other.id == id && other.request != request;
        let others: Vec<_> = lock.entries().iter().filter(is_other).collect();
        let before: Vec<_> = others.iter().map(|other| other.request.clone()).collect();
        if let Some(other) = others.iter().find(|other| other.source != identifier.source()) {
            let message = format!("`{id}` is pinned already, from `{}`", other.request);
            outcome =
                Err(Error::new(ErrorKind::Usage, message).hinted(format!("take that out first: prizm remove {id}")));
            return lock.remove(&request);
        }
        before.iter().for_each(|request| lock.remove(request));
        outcome = id.parse().map_err(|error| Error::new(ErrorKind::Identifier, format!("{error}")));
    })?;
    outcome
}
