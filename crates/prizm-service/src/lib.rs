//! Services that providers need: started, healthy, observed, stopped.
//!
//! An [`Instance`] is one service with one configuration. Whoever wants to use it [enters](Instance::enter):
//! the first one starts it, all others share it, and it is stopped when nobody has used it for a while.
//! This crate knows neither plugins nor JSON-RPC.
//!
//! Who starts and watches an instance is its *owner*: a task of this program, or a program of its own that
//! outlives it ([`Keeper`]). Owner and users, in whatever programs they are, meet in a directory of
//! PRIZM_HOME: locks that the kernel lets go of when their holder dies, and a state that is replaced as a
//! whole. So nothing is left to be tidied up after a `kill -9` but what runs in containers, and that bears
//! labels by which the next owner finds it.
//!
//! ```text
//! Stopped ──enter──► Starting ──probe──► Ready ◄──► Degraded
//!    ▲                  │                  │            │
//!    │                  └──failed──► Failed│            │
//!    └──idle or told── Stopping ◄──────────┴────────────┤
//!                          Waiting ◄──ended by itself───┘   (1 s, 2 s … 60 s; the fifth in 10 min: Failed)
//! ```

mod backend;
mod error;
mod external;
mod garbage;
mod gpu;
mod instance;
mod keeper;
mod lock;
mod owner;
mod place;
mod probe;
mod settings;
mod spec;
mod state;

pub use backend::{Leftover, Part};
pub use error::{Error, ErrorKind, LogTail, Phase};
pub use garbage::{Collected, collect_garbage};
pub use instance::{Admitted, InUse, Instance, Listener};
pub use keeper::{Keeper, keep};
pub use settings::resolve;
pub use spec::{GpuChoice, Host, Settings, Source, Spec, grant};
pub use state::{Condition, State};

/// The result of dealing with services.
pub type Result<T, E = Error> = std::result::Result<T, E>;
