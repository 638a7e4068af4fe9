//! The order of things: look, wait, resolve, fetch, build, validate, keep, pin.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use crate::audit::Event;
use crate::lockfile::{Locked, Lockfile, Locks};
use crate::manifest::Described;
use crate::recipe::{self, Site};
use crate::store::{Artifact, Listing, Staging};
use crate::{
    Error, ErrorKind, Fetched, Identifier, Isolation, Kind, Reporter, Revision, fetch, manifest, resolve_revision,
};

use super::build_log::BuildLog;
use super::names::{artifact_key, directory_name, revision_name};
use super::record::{Promised, Record};
use super::{Candidate, InPlace, Installed, InstalledService, Installer, Loaded, Request, in_place};

impl Installer {
    /// Makes a provider ready to be started: from the store where it is there, else by fetching,
    /// building and trying it.
    ///
    /// Any number of processes may ask for the same at once; one does the work.
    ///
    /// # Errors
    /// Whatever fails, by its kind. Nothing half-installed stays.
    pub async fn install(&self, request: &Request) -> Result<Installed, Error> {
        self.load(request, Kind::Provider).await?.provider()
    }

    /// Makes a service ready to be started, as [`Installer::install`] does a provider. Nobody tries it:
    /// it is as its manifest says. One whose backend is not `process` is not built either.
    ///
    /// # Errors
    /// Those of [`Installer::install`].
    pub async fn install_service(&self, request: &Request) -> Result<InstalledService, Error> {
        self.load(request, Kind::Service).await?.service()
    }

    /// Goes the whole way, and writes down what came of it. Boxed, so that it is compiled here and nowhere else.
    pub(super) fn load<'a>(
        &'a self,
        request: &'a Request,
        kind: Kind,
    ) -> Pin<Box<dyn Future<Output = Result<Loaded, Error>> + Send + 'a>> {
        Box::pin(self.audited(request, kind))
    }

    async fn audited(&self, request: &Request, kind: Kind) -> Result<Loaded, Error> {
        let result = self.guarded(request, kind).await;
        let event = match &result {
            Ok((loaded, action)) => Event::done(action, &request.identifier, loaded),
            Err(error) => Event::failed(&request.identifier, error),
        };
        let audit = move |this: &Self| {
            this.audit.record(&[event]);
            Ok(())
        };
        let audited = self.blocking(audit).await;
        let (loaded, _) = result?;
        audited.map(|()| loaded)
    }

    async fn guarded(&self, request: &Request, kind: Kind) -> Result<(Loaded, &'static str), Error> {
        self.check_trust(request).await?;
        if let (Identifier::File(source), true) = (&request.identifier, request.link) {
            let how = InPlace { offline: self.fetch.offline, for_author: request.for_author };
            let loaded = in_place::load(source, kind, &self.store, how, &*self.reporter).await?;
            return Ok((loaded, "linked"));
        }
        if let (_, Some(found)) = self.look(request, kind).await? {
            return Ok((found, "loaded"));
        }
        let name = request.identifier.to_string();
        let waiting = || self.reporter.stage("wait", &format!("waiting for another process that installs {name}"));
        let _lock = self.store.lock(&name, waiting).await?;
        // Whoever had the lock may have done the work.
        let locked = match self.look(request, kind).await? {
            (_, Some(found)) => return Ok((found, "loaded")),
            (locked, None) => locked,
        };
        let loaded = self.install_anew(request, kind, locked.as_ref()).await?;
        Ok((loaded, if locked.is_some() { "updated" } else { "installed" }))
    }

    /// Finds what is pinned, and what is there already.
    async fn look(&self, request: &Request, kind: Kind) -> Result<(Option<Locked>, Option<Loaded>), Error> {
        let request = request.clone();
        self.blocking(move |this| this.look_now(&request, kind)).await
    }

    /// Finds what is pinned, and what is there already. Blocks.
    pub(super) fn look_now(&self, request: &Request, kind: Kind) -> Result<(Option<Locked>, Option<Loaded>), Error> {
        let locked = request.known(&self.locks)?;
        self.check_mode(request, locked.as_ref())?;
        // What a directory held when it was pinned says nothing of what it holds now.
        let is_fixed = |locked: &&Locked| !request.update && !matches!(locked.revision, Revision::Directory(_));
        if let Some(locked) = locked.as_ref().filter(is_fixed) {
            kind.check_is(locked.kind, &request.identifier)?;
        }
        let found = self.in_store(request, kind, locked.as_ref())?;
        Ok((locked, found))
    }

    fn check_mode(&self, request: &Request, locked: Option<&Locked>) -> Result<(), Error> {
        if !self.mode.locked || (locked.is_some() && !request.update) {
            return Ok(());
        }
        let message = format!("`{}` is in no lock, and --locked lets nothing be added", request.identifier);
        Err(Error::new(ErrorKind::Mismatch, message)
            .with_hint(format!("pin it first, without --locked: prizm add '{}'", request.identifier)))
    }

    /// Finds what is there already. It uses no network and starts nothing.
    fn in_store(&self, request: &Request, kind: Kind, locked: Option<&Locked>) -> Result<Option<Loaded>, Error> {
        if request.update {
            return Ok(None);
        }
        let bound = match (&request.identifier, locked) {
            (Identifier::File(source), _) if source.reference().is_none() => {
                // A directory may change at any time; what it holds now is what counts.
                self.store.bound(&directory_name(kind, source.path())?)?
            }
            (identifier, Some(locked)) if !self.has_seen(identifier, &locked.revision)? => None,
            (identifier, Some(locked)) => match revision_name(kind, identifier, &locked.revision) {
                Some(name) => self.store.bound(&name)?,
                None => None,
            },
            (_, None) => None,
        };
        let (Some(key), Some(locked)) = (bound, locked) else { return Ok(None) };
        let Some(artifact) = self.store.artifact(&key)? else { return Ok(None) };
        let record = read(&artifact, &request.identifier, &locked.revision)?;
        if locked.source_hash != record.source_hash {
            return Ok(None);
        }
        self.check_ledger(&request.identifier, &locked.revision, Some(&record.source_hash))?;
        self.check_build(locked, &record)?;
        self.refer(request);
        Ok(Some(Loaded::stored(artifact, record)))
    }

    /// Remembers the locks that refer to what is loaded. Where that cannot be written, nothing is pruned.
    fn refer(&self, request: &Request) {
        for lock in request.locks.iter().filter(|lock| lock.is_file()) {
            if let Err(error) = self.roots.add(lock) {
                tracing::debug!(lock = %lock.display(), "it is not remembered: {error}");
            }
        }
    }

    async fn install_anew(&self, request: &Request, kind: Kind, locked: Option<&Locked>) -> Result<Loaded, Error> {
        let identifier = &request.identifier;
        let staging = Arc::new(self.blocking(|this| this.store.staging()).await?);
        let scratch = staging.scratch();
        let revision = match locked {
            Some(locked) if !request.update => {
                self.check_unseen(identifier, locked, scratch).await?;
                locked.revision.clone()
            }
            _ => resolve_revision(identifier, &self.fetch, scratch, &*self.reporter).await?,
        };
        self.check_pin(identifier, &revision)?;
        if let Some(found) = self.same_as_before(request, kind, locked, &revision).await? {
            return Ok(found);
        }
        let name = self.name(kind, identifier, &revision).await?;
        let fetched = fetch(identifier, &revision, &self.fetch, staging.tree(), scratch, &*self.reporter).await?;
        let (source, now, hash) = (identifier.clone(), fetched.revision.clone(), fetched.source_hash.clone());
        self.blocking(move |this| this.check_ledger(&source, &now, Some(&hash))).await?;
        let is_fixed = |locked: &&Locked| {
            self.mode.locked
                || (!matches!(fetched.revision, Revision::Directory(_)) && locked.revision == fetched.revision)
        };
        if let Some(locked) = locked.filter(is_fixed) {
            self.check_lock(locked, &fetched.source_hash)?;
        }
        let log = BuildLog::begin(&self.home, &identifier.to_string(), &*self.reporter);
        let (record, files) =
            self.make(identifier, kind, fetched, &staging, &log).await.map_err(|error| match error.log() {
                [] => error,
                _ => error.logged(log.path()),
            })?;
        if let Some(locked) = locked.filter(|_| !request.update) {
            self.check_build(locked, &record)?;
        }
        self.check_drift(request, locked, &record).await?;
        self.keep(request, name, record, (staging, files)).await
    }

    /// Names what is about to be fetched.
    async fn name(&self, kind: Kind, identifier: &Identifier, revision: &Revision) -> Result<String, Error> {
        let (identifier, revision) = (identifier.clone(), revision.clone());
        let name = move |this: &Self| {
            // What was seen under another commit need not be downloaded.
            this.check_ledger(&identifier, &revision, None)?;
            // Named before it is read: what changes meanwhile is found at the next load.
            match (&identifier, revision_name(kind, &identifier, &revision)) {
                (_, Some(name)) => Ok(name),
                (Identifier::File(source), None) => directory_name(kind, source.path()),
                (_, None) => Err(Error::new(ErrorKind::Identifier, format!("`{identifier}` has no revision"))),
            }
        };
        self.blocking(name).await
    }

    /// Finds the revision under another name: a tag and its commit are one.
    async fn same_as_before(
        &self,
        request: &Request,
        kind: Kind,
        locked: Option<&Locked>,
        revision: &Revision,
    ) -> Result<Option<Loaded>, Error> {
        let (identifier, at) = (request.identifier.clone(), revision.clone());
        let found = self.blocking(move |this| this.at_revision(kind, &identifier, &at)).await?;
        let Some((artifact, record)) = found else { return Ok(None) };
        if let Some(locked) = locked.filter(|locked| locked.revision == *revision) {
            self.check_lock(locked, &record.source_hash)?;
            self.check_build(locked, &record)?;
        }
        self.check_drift(request, locked, &record).await?;
        let request = request.clone();
        self.blocking(move |this| this.pin(&request, record, artifact)).await.map(Some)
    }

    fn at_revision(
        &self,
        kind: Kind,
        identifier: &Identifier,
        revision: &Revision,
    ) -> Result<Option<(Artifact, Record)>, Error> {
        let Some(name) = revision_name(kind, identifier, revision) else { return Ok(None) };
        let Some(key) = self.store.bound(&name)? else { return Ok(None) };
        let Some(artifact) = self.store.artifact(&key)? else { return Ok(None) };
        let record = read(&artifact, identifier, revision)?;
        self.check_ledger(identifier, revision, Some(&record.source_hash))?;
        Ok(Some((artifact, record)))
    }

    /// Builds what was fetched, and tries it where it is a provider.
    async fn make(
        &self,
        identifier: &Identifier,
        kind: Kind,
        fetched: Fetched,
        staging: &Arc<Staging>,
        reporter: &dyn Reporter,
    ) -> Result<(Record, Listing), Error> {
        let manifest = manifest::read(&fetched.root)?;
        kind.check(manifest.as_ref(), identifier)?;
        let isolation = Isolation::detect().await;
        let caches = self.home.join("cache/tools");
        let site = Site {
            tree: staging.tree(),
            root: &fetched.root,
            name: &identifier.name(),
            scratch: staging.scratch(),
            caches: &caches,
            manifest: manifest.as_ref(),
            published: matches!(identifier, Identifier::Npm(_)),
            local: matches!(identifier, Identifier::File(_)),
            fetch: &self.fetch,
            allowed: &self.builds,
            isolation,
            reporter,
        };
        let recipe = recipe::build(&site).await?;
        let place = Arc::clone(staging);
        let files = self.blocking(move |this| this.store.seal(&place)).await?;
        let (promised, files) = match manifest {
            Some(Described::Service(service)) => (Promised::Service { service }, files),
            described => {
                reporter.stage("validate", &identifier.to_string());
                let manifest = described.and_then(Described::into_provider);
                let candidate =
                    Candidate { root: fetched.root.clone(), argv: recipe.argv.clone(), manifest, isolation };
                self.try_out(candidate, staging, files).await?
            }
        };
        let directory = fetched.root.strip_prefix(staging.tree()).ok().and_then(Path::to_str);
        let record = Record {
            identifier: identifier.to_string(),
            revision: fetched.revision,
            source_hash: fetched.source_hash,
            tree: fetched.tree,
            published: fetched.published,
            directory: directory.filter(|directory| !directory.is_empty()).map(str::to_owned),
            argv: recipe.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            recipe,
            isolation,
            promised,
        };
        Ok((record, files))
    }

    /// Makes it visible in the store, and pins it.
    async fn keep(
        &self,
        request: &Request,
        name: String,
        record: Record,
        (staging, files): (Arc<Staging>, Listing),
    ) -> Result<Loaded, Error> {
        let about = serde_json::value::to_raw_value(&record)
            .map_err(|error| Error::new(ErrorKind::Store, format!("the record cannot be written: {error}")))?;
        let (request, key) = (request.clone(), artifact_key(&record)?);
        let keep = move |this: &Self| {
            let artifact = this.store.commit(&staging, files, &key, about)?;
            // Before the locks of others are waited for.
            drop(staging);
            this.store.bind(&name, artifact.key())?;
            this.pin(&request, record, artifact)
        };
        self.blocking(keep).await
    }

    /// Writes the lock and the ledger.
    fn pin(&self, request: &Request, record: Record, artifact: Artifact) -> Result<Loaded, Error> {
        self.remember(&request.identifier, &record.revision, &record.source_hash)?;
        self.approvals.add(&record.kind().name(request.identifier.source()), &record.contract())?;
        if !self.mode.locked {
            self.roots.add(&request.lock)?;
            Lockfile::edit(&request.lock, |lock| lock.put(record.locked(&request.identifier, artifact.hash())))?;
        }
        Ok(Loaded::stored(artifact, record))
    }
}

impl Request {
    /// Returns what is pinned for this request.
    fn known(&self, locks: &Locks) -> Result<Option<Locked>, Error> {
        let text = self.identifier.to_string();
        for path in &self.locks {
            if let Some(locked) = locks.load(path)?.by_request(&text) {
                return Ok(Some(locked.clone()));
            }
        }
        Ok(None)
    }
}

/// Reads what is known of an entry. Who was first to install it, and by which name, is not of interest
/// to whoever asked for it by another.
fn read(artifact: &Artifact, identifier: &Identifier, revision: &Revision) -> Result<Record, Error> {
    let record: Record = serde_json::from_str(artifact.about().get()).map_err(|error| {
        let message = format!("the record of the store's entry {} cannot be read: {error}", artifact.key());
        Error::new(ErrorKind::Store, message).with_hint("remove it: prizm cache verify")
    })?;
    Ok(Record { identifier: identifier.to_string(), revision: revision.clone(), ..record })
}
