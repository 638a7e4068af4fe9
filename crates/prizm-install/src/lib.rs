//! From an identifier to something that can be started: source → fetch → build → store.
//!
//! An [`Identifier`] names a provider by its id or by where it comes from. An [`Installer`] turns a
//! source into an [`Installed`]: a directory and the command line that starts the provider in it. This
//! crate knows neither JSON-RPC nor how a plugin is run: whether what was built is a provider is told
//! by a [`Validator`], before anybody can use it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use prizm_install::{Installer, Policy, Request, Store, Validator};
//!
//! # async fn run(validator: Arc<dyn Validator>) -> Result<(), prizm_install::Error> {
//! let home = std::path::Path::new("/srv/me/.local/share/prizm");
//! let policy = Policy::new(home).allowing(&["github:acme/*".to_owned()])?;
//! let installer = Installer::new(home, Store::open(home)?, validator).policy(policy);
//! let request = Request::new("github:acme/echo@v1.0.0".parse()?, home.join("prizm.lock"));
//! let installed = installer.install(&request).await?;
//! println!("start {:?} in {}", installed.argv, installed.root.display());
//! # Ok(())
//! # }
//! ```
//!
//! The stages are a chain of types, each with its own [`ErrorKind`]:
//!
//! ```text
//! &str ──parse──► Identifier ──resolve──► Revision ──fetch──► Fetched ──build──► Recipe ──validate──► Installed
//!      Identifier    Source, Offline       Fetch, Mismatch   Build, EntryPoint  Rejected
//! ```
//!
//! A service takes the same way, and nobody shakes hands with it: [`Installer::install_service`]. What
//! runs in containers, or elsewhere, is not built.
//!
//! A directory of the user's own can also be run where it is: [`resolve`] reads how, and [`build()`]
//! runs what the [`Plan`] says. Files that are embedded in a program are unpacked by [`Store::unpack`], and
//! go through all of it by [`Installer::install_bundled`].

mod audit;
mod blocking;
mod bounded;
mod build;
mod drift;
mod error;
mod fetch;
mod identifier;
mod install;
mod kind;
mod ledger;
mod lock;
mod lockfile;
mod manifest;
mod npm;
mod plan;
mod policy;
pub mod process;
mod recipe;
mod reporter;
mod revision;
mod sandbox;
mod step;
mod store;
mod tree;

pub use bounded::read_text_bounded;
pub use build::{Built, build};
pub use drift::{Contract, Drift};
pub use error::{Error, ErrorKind};
pub use fetch::{FetchOptions, Fetched, Limits, Sources, fetch, resolve_revision};
pub use identifier::{FileSource, GitSource, Identifier, NpmSource, Pin};
pub use install::{
    BoxError, BoxFuture, BundledFiles, Candidate, InPlace, Installed, InstalledService, Installer, Mode, Request,
    Validator, install_in_place,
};
pub use kind::Kind;
pub use lockfile::{Locked, LockedArtifact, LockedBuild, Lockfile};
pub use plan::{Plan, resolve};
pub use policy::{Approver, Policy, Question, Verdict};
pub use recipe::{BuildOptions, Recipe};
pub use reporter::Reporter;
pub use revision::{DirectoryRevision, GitRevision, NpmRevision, Revision};
pub use sandbox::Isolation;
pub use store::{Lease, Pruned, Store, StoreEntry};

/// The result of installing.
pub type Result<T, E = Error> = std::result::Result<T, E>;
