//! The SDK for authors of Prizm providers in Rust: implement [`Provider`], call [`serve`].
//!
//! This crate does not know hosts, registries or URLs. It reads requests, checks them before the
//! author's code sees them, runs jobs at the same time, and answers each exactly once, come panics,
//! cancellations, deadlines or a host that is gone. `println!` and chatty children cannot spoil
//! the channel. It runs where there are Unix pipes.
//!
//! A whole provider:
//!
//! ```no_run
//! use prizm_plugin::{Context, Declaration, Error, Media, Model, Provider, Request, Response, serve};
//!
//! struct Shout;
//!
//! impl Provider for Shout {
//!     fn declare(&self) -> Declaration {
//!         Declaration::new("shout", env!("CARGO_PKG_VERSION")).model(Model::new("shout", ["text-to-text"]))
//!     }
//!
//!     async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
//!         cx.progress(0.5, "shouting");
//!         Ok(Media::text(request.text()?.to_uppercase()).into())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     serve(Shout)
//! }
//! ```
//!
//! `prizm new rust DIR` makes a project with one that also has options, files and a test.
//!
//! Its author need not think about:
//!
//! - **Checks.** A job for an unknown model, for a capability that the model lacks, or before the
//!   handshake is refused by name. [`Request::option`] does the same for an option's type.
//! - **Turns.** [`Declaration::max_in_flight`] jobs run at once and more wait; the provider is
//!   pinged, asked for its health and cancelled meanwhile.
//! - **Cancellation.** [`Context::cancelled`] wakes; what has not returned 3 s later is dropped. What
//!   computes belongs in [`Context::blocking`], and children want `kill_on_drop(true)`.
//! - **Memory.** Frames over the host's limit are discarded unread; a host that does not read makes
//!   the work wait.
//!
//! Tests of a provider speak to it through [`serve_io`], without a process.

mod check;
mod configuration;
mod context;
mod declaration;
mod error;
mod estimate;
mod files;
mod job;
mod logging;
mod options;
mod outbox;
mod oversized;
mod provider;
mod reply;
mod request;
mod service;
mod session;
mod stdio;
mod supervise;
mod table;

pub use configuration::Configuration;
pub use context::{Context, Progress};
pub use declaration::Declaration;
pub use error::Error;
pub use estimate::EstimateRequest;
pub use logging::init_logging;
pub use prizm_protocol as protocol;
pub use prizm_protocol::methods::configure::Service;
pub use prizm_protocol::methods::estimate::{EstimateResult as Estimate, MediaFacts};
pub use prizm_protocol::methods::health::{Health, HealthStatus};
pub use prizm_protocol::methods::initialize::{DataPolicy, Location};
pub use prizm_protocol::methods::transform::{Resume, Usage};
pub use prizm_protocol::{Capability, Charged, Decimal, ErrorKind, InputSlot, Media, MediaKind, Model, Price};
pub use provider::{Provider, Startup};
pub use request::{Request, Response};
pub use serde_json;
pub use session::serve_io;
pub use stdio::serve;

/// Tells people something on stderr. There is nobody to tell where that fails.
fn note(what: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "prizm-plugin: {what}");
}
