//! The host's side of the Prizm Plugin Protocol: spawn → handshake → validate → supervise.
//!
//! A [`Plugin`] is a handle to a provider process that starts when it is first needed, is restarted
//! when it dies, and leaves nothing behind. This crate knows nothing of git, npm, URLs or the store;
//! it is given a [`PluginCommand`]. It is the only crate that names jsonrpsee, whose types
//! write its frames; calls and answers are matched by a multiplexer that nothing from outside can break (see `wire`).
//!
//! ```no_run
//! use prizm_host::{Call, Plugin, PluginCommand, PluginSpec};
//! use prizm_protocol::Capability;
//!
//! # async fn run() -> Result<(), prizm_host::Error> {
//! let plugin = Plugin::new(PluginSpec::new(PluginCommand::new("./echo").root("/srv/echo")));
//! let info = plugin.start().await?;
//! println!("{} {}", info.id, info.version);
//!
//! let call = Call::new("echo", Capability::TEXT_TO_TEXT).text("hello");
//! let outcome = plugin.transform(call, |event| println!("{event:?}")).await?;
//! println!("{} output(s)", outcome.outputs.len());
//! plugin.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The states of a plugin:
//!
//! ```text
//! Idle ──start──► Starting ──ready──► Ready ──idle, tainted or told──► Draining ──► Idle
//!                    │                  │
//!                    └─────failed───────┴──► BackingOff ──► Starting …
//!                                              │ 5 failures in 3 min
//!                                              └──► BreakerOpen ──30 s──► one probe
//! ```

mod call;
mod connection;
mod error;
mod info;
mod instance;
mod job;
mod options;
mod plugin;
mod probe;
mod process;
mod report;
mod sniff;
mod supervise;
mod tap;
pub mod validate;
mod wire;
mod work;

pub use call::{Call, Event, Input, InputSource, Outcome, Output, OutputSource};
pub use error::{Error, ErrorKind, Stage};
pub use info::{ModelInfo, ProviderInfo, UnitPrice};
pub use job::TakenFile;
pub use options::{OptionFault, OptionsSchema};
pub use plugin::{Plugin, PluginSpec, PluginStats, State, Timing};
pub use probe::probe;
pub use process::PluginCommand;
pub use sniff::{Sniffed, sniff};
pub use tap::{Frame, FrameKind, Heard, Tap};
pub use work::WorkDir;

pub use validate::{Expected, Violation};

/// The result of talking to a plugin.
pub type Result<T, E = Error> = std::result::Result<T, E>;
