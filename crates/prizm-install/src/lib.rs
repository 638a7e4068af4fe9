//! From an identifier to something that can be started: source → fetch → build → store.
//!
//! An [`Identifier`] names a provider by its id or by where it comes from. [`install`] turns a source
//! into an [`Installed`]: a directory and the command line that starts the provider in it. This crate
//! knows neither JSON-RPC nor how a plugin is run; whoever starts the command line does.
//!
//! ```no_run
//! use prizm_install::{Identifier, Store, install};
//!
//! # async fn run() -> Result<(), prizm_install::Error> {
//! let store = Store::open("/srv/me/.local/share/prizm")?;
//! let Identifier::File(source) = "file:///srv/me/echo".parse()? else { panic!("an id needs no install") };
//! let installed = install(&source, &store, &()).await?;
//! println!("start {:?} in {}", installed.argv, installed.root.display());
//! # Ok(())
//! # }
//! ```
//!
//! The stages are a chain of types, each with its own [`ErrorKind`]:
//!
//! ```text
//! &str ──parse──► Identifier ──► FileSource ──resolve──► Plan ──build──► Built ──► Installed
//!      Identifier,              Source, Manifest,       Build, EntryPoint, Store
//!      Unsupported              EntryPoint
//! ```
//!
//! [`resolve`] runs nothing and only reads; [`build`] runs what the plan says. Files that are embedded
//! in a program go through [`Store::unpack`] and then the same way: `resolve`, `build`.

mod build;
mod error;
mod identifier;
mod install;
mod lock;
mod manifest;
mod plan;
mod process;
mod reporter;
mod store;

pub use build::{Built, build};
pub use error::{Error, ErrorKind};
pub use identifier::{FileSource, Identifier};
pub use install::{Installed, install};
pub use plan::{Plan, resolve};
pub use reporter::Reporter;
pub use store::Store;

/// The result of installing.
pub type Result<T, E = Error> = std::result::Result<T, E>;
