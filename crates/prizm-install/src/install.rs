//! From an identifier to what can be started: the whole pipeline, and what guards it.

mod approvals;
mod build_log;
mod bundled;
mod find;
mod guard;
mod in_place;
mod loaded;
mod names;
mod pipeline;
mod record;
mod trial;
mod upkeep;

use std::ffi::OsString;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{Manifest, ServiceManifest};

use approvals::Approvals;
pub use bundled::BundledFiles;
pub use in_place::{InPlace, install_in_place};
pub(crate) use loaded::Loaded;
pub(crate) use record::TARGET;
use upkeep::Roots;

use crate::audit::Audit;
use crate::blocking::blocking;
use crate::ledger::Ledger;
use crate::lockfile::Locks;
use crate::store::Artifact;
use crate::{
    Approver, BuildOptions, Error, ErrorKind, FetchOptions, Identifier, Isolation, Policy, Question, Reporter,
    Revision, Store, Verdict,
};

/// A provider that can be started.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The canonical identifier of where it comes from.
    pub identifier: String,
    /// Its root, which is its working directory.
    pub root: PathBuf,
    /// The program and its arguments. A program with a `/` is relative to the root; another is on PATH.
    pub argv: Vec<OsString>,
    /// Its manifest, where there is one.
    pub manifest: Option<Manifest>,
    /// The exact revision of its source; none where it runs in place.
    pub revision: Option<Revision>,
    /// What it declared when it was tried; none where it runs in place, and may declare anything.
    pub declaration: Option<Declaration>,
    /// How its build was kept from the network; none where it runs in place.
    pub isolation: Option<Isolation>,
    /// Keeps the files from being pruned.
    _artifact: Option<Artifact>,
}

/// A service that can be started.
#[derive(Clone, Debug)]
pub struct InstalledService {
    /// The canonical identifier of where it comes from.
    pub identifier: String,
    /// Its root: its working directory, and where its Compose file is sought.
    pub root: PathBuf,
    /// The program and its arguments, where its backend is `process`; else empty. A program with a `/` is
    /// relative to the root; another is on PATH.
    pub argv: Vec<OsString>,
    /// Its manifest.
    pub manifest: ServiceManifest,
    /// The exact revision of its source; none where it runs in place.
    pub revision: Option<Revision>,
    /// Tells its files from others: the hash of its source as `b3:HEX`, or `in-place:HEX`, which changes
    /// when the files in place do.
    pub digest: String,
    /// How its build was kept from the network; none where it runs in place.
    pub isolation: Option<Isolation>,
    /// Keeps the files from being pruned.
    _artifact: Option<Artifact>,
}

/// How an install may change what is pinned, and whether it may use the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Nothing may be pinned anew: what is not in a lock is refused.
    pub locked: bool,
    /// The network may not be used.
    pub offline: bool,
}

/// What to install.
#[derive(Clone, Debug)]
pub struct Request {
    /// What was asked for.
    pub identifier: Identifier,
    /// Run a `file:///` directory where it is, instead of a copy.
    pub link: bool,
    /// Build such a directory for its author.
    pub for_author: bool,
    /// The user named this source, or wrote it into their own configuration: a directory of theirs
    /// needs no approval then.
    pub own: bool,
    /// Look for a newer revision, whatever is pinned.
    pub update: bool,
    /// The lock files that are read, the first that knows the request counts.
    pub locks: Vec<PathBuf>,
    /// The lock file that is written.
    pub lock: PathBuf,
}

impl Request {
    /// Asks for what a user named, to be pinned in `lock`, which is also the only one that is read.
    pub fn new(identifier: Identifier, lock: PathBuf) -> Self {
        Self { identifier, link: false, for_author: false, own: true, update: false, locks: vec![lock.clone()], lock }
    }
}

/// Starts what was built, in `root` and without the network, and returns what it declares.
///
/// The registry implements it: this crate does not know how plugins are spoken to.
pub trait Validator: Send + Sync {
    /// Checks a provider before anybody can use it.
    fn validate<'a>(&'a self, candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>>;
}

/// A provider that was built, and not yet found valid.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its root, which is its working directory.
    pub root: PathBuf,
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Its manifest, where there is one.
    pub manifest: Option<Manifest>,
    /// How it is to be kept from the network.
    pub isolation: Isolation,
}

/// A boxed future, as traits need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// What a validator found wrong.
pub type BoxError = Arc<dyn std::error::Error + Send + Sync>;

/// Installs providers and services: resolve, fetch, build, validate, pin; each once.
#[derive(Clone)]
pub struct Installer {
    pub(crate) home: PathBuf,
    pub(crate) store: Store,
    pub(crate) fetch: FetchOptions,
    pub(crate) policy: Policy,
    pub(crate) builds: BuildOptions,
    pub(crate) mode: Mode,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) validator: Arc<dyn Validator>,
    pub(crate) ledger: Ledger,
    pub(crate) audit: Audit,
    pub(crate) roots: Roots,
    pub(crate) approvals: Approvals,
    pub(crate) locks: Locks,
}

impl Installer {
    /// Makes an installer that allows nothing but the user's own directories, until it is told more.
    pub fn new(home: impl Into<PathBuf>, store: Store, validator: Arc<dyn Validator>) -> Self {
        let home = home.into();
        Self {
            fetch: FetchOptions::default(),
            policy: Policy::new(&home),
            builds: BuildOptions::default(),
            mode: Mode::default(),
            approver: Arc::new(()),
            reporter: Arc::new(()),
            ledger: Ledger::new(&home),
            audit: Audit::new(&home),
            roots: Roots::new(&home),
            approvals: Approvals::new(&home),
            locks: Locks::new(&home),
            validator,
            store,
            home,
        }
    }

    /// Sets where sources are, and how much is fetched.
    #[must_use]
    pub fn fetch(mut self, fetch: FetchOptions) -> Self {
        self.fetch = fetch;
        self
    }

    /// Sets which sources may be loaded.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets what builds may see and do.
    #[must_use]
    pub fn builds(mut self, builds: BuildOptions) -> Self {
        self.builds = builds;
        self
    }

    /// Sets what may be changed and used.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.fetch.offline |= mode.offline;
        self.mode = mode;
        self
    }

    /// Sets who answers questions of trust; by default everything is refused.
    #[must_use]
    pub fn approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = approver;
        self
    }

    /// Sets who hears of progress.
    #[must_use]
    pub fn reporter(mut self, reporter: Arc<dyn Reporter>) -> Self {
        self.reporter = reporter;
        self
    }

    /// Approves a source, now and later, as a user does who is asked: it is written into their
    /// configuration, unless it is allowed already.
    ///
    /// # Errors
    /// `Policy`: it is denied; `Store`: the configuration cannot be written.
    pub async fn approve(&self, identifier: &Identifier) -> Result<(), Error> {
        match self.policy.judge(identifier) {
            Verdict::Allowed => Ok(()),
            Verdict::Denied(error) => Err(error),
            Verdict::Unknown => {
                let source = identifier.source();
                self.blocking(move |this| this.policy.remember(&source)).await
            }
        }
    }

    /// Asks whether a source may be given what the user's configuration says of a provider of its id, and
    /// writes the answer there.
    ///
    /// # Errors
    /// `Policy`: it may not; `Store`: the configuration cannot be written.
    pub async fn approve_settings(&self, id: &str, source: &str, names: Vec<String>) -> Result<(), Error> {
        let (shown, (id, source)) = (names.join(", "), (id.to_owned(), source.to_owned()));
        if self.ask(Question::Settings { id: id.clone(), source: source.clone(), names }).await {
            return self.policy.remember_settings(&id, &source);
        }
        let message = format!("`{source}` would be given what your configuration says of `{id}`: {shown}");
        Err(Error::new(ErrorKind::Policy, message).with_hint(format!(
            "if it may have that, answer with --yes, or add `givenTo = \"{source}\"` under `[providers.{id}]` in config.toml"
        )))
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Does on a thread for it what waits for the disk, or for another process.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let this = self.clone();
        blocking(move || work(&this)).await
    }
}
