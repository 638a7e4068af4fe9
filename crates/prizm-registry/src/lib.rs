//! The registry of providers: get, query, route, transform.
//!
//! A provider turns media into media, through *provider → model → transform*. This is what Rust
//! programs import; it knows nothing of terminals and of argv.
//!
//! ```no_run
//! use prizm_registry::Registry;
//!
//! # async fn run() -> prizm_registry::Result<()> {
//! let registry = Registry::new()?;
//! let provider = registry.get_provider("github:acme/provider@v2.1.0").await?;
//! let image = provider.model("flux-schnell")?.transform("a red fox").await?;
//! image.save("fox.png").await?;
//! registry.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A whole program, compiled and run by the tests:
//!
//! ```no_run
#![doc = include_str!("../examples/consumer.rs")]
//! ```

mod blocking;
mod builder;
mod bundled;
mod cache;
mod config;
mod entry;
mod error;
mod keyring;
mod keys;
mod lacks;
mod launch;
mod media;
mod model;
mod needs;
mod pinned;
mod provider;
mod registry;
mod route;
mod service;
mod services;
mod suggest;
mod surroundings;
mod transform;
mod validator;
mod wiring;

pub use builder::RegistryBuilder;
pub use bundled::{Bundled, BundledFiles, BundledService, Embedded};
pub use config::Config;
pub use error::{Error, ErrorKind};
pub use keyring::{Keyring, KeyringError, PlatformKeyring, Secret};
pub use keys::{Key, KeyOrigin};
pub use lacks::Lack;
pub use launch::Launch;
pub use media::Media;
pub use model::Model;
pub use pinned::{Pinned, Updated};
pub use provider::{Provider, Status};
pub use registry::{Registry, RegistryStats};
pub use route::{Attempt, LearnedModel, Recorded, Routed, RoutedTransform};
pub use service::{KnownService, Service, ServiceRegistry, ServiceStats, ServiceStatus};
pub use transform::{Chunk, Outcome, Transform};

pub use prizm_host::{
    Frame, FrameKind, Heard, ModelInfo, OptionsSchema, PluginCommand, PluginStats, ProviderInfo, State, Tap, Timing,
};
pub use prizm_install::{Approver, Isolation, Kind, Locked, Mode, Pruned, Question, Reporter, StoreEntry};
pub use prizm_protocol::methods::estimate::EstimateResult as Estimate;
pub use prizm_protocol::methods::health::{Health, HealthStatus};
pub use prizm_protocol::methods::initialize::{DataPolicy, Location};
pub use prizm_protocol::methods::notifications::{Accepted, Progress};
pub use prizm_protocol::methods::transform::Usage;
pub use prizm_protocol::{Capability, Engine, InputSlot, Manifest, MediaKind, ModelId, Permissions, ProviderId};
pub use prizm_route::{
    AllowedUse, Aspect, Bonus, Budget, Class, Code, Criteria, Estimates, Explain, Explained, Latency, Latitude, Liked,
    Live, MaxLatency, Money, OnAllGated, Optimize, Pattern, Preferred, Quantity, Rate, Relaxation, Replay, ReplayError,
    Report, Score, Selected, Told, Trust, Unit, UnknownPrice, Verdict, Weights, brief, replay,
};
pub use prizm_service::{
    Admitted, Collected, Condition, Error as ServiceError, ErrorKind as ServiceErrorKind, InUse, Instance, Keeper,
    LogTail, Part, State as ServiceState, keep,
};

/// The result of using the registry.
pub type Result<T, E = Error> = std::result::Result<T, E>;
