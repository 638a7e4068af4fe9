//! The methods, a file each: name, parameters, result.

pub mod configure;
pub mod estimate;
pub mod health;
pub mod initialize;
pub mod models;
pub mod notifications;
pub mod transform;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use configure::Configure;
pub use estimate::Estimate;
pub use health::GetHealth;
pub use initialize::Initialize;
pub use models::ListModels;
pub use transform::DoTransform;

/// A request of the protocol, from host to plugin.
pub trait Method {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What the host sends.
    type Params: Serialize + DeserializeOwned;
    /// What the plugin answers.
    type Result: Serialize + DeserializeOwned;
}

/// Asks whether the plugin is there.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ping;

impl Method for Ping {
    const NAME: &'static str = "ping";
    type Params = Empty;
    type Result = Empty;
}

/// Asks the plugin to finish or cancel its work and to answer within 5 s.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shutdown;

impl Method for Shutdown {
    const NAME: &'static str = "shutdown";
    type Params = Empty;
    type Result = Empty;
}

/// Parameters or a result that say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Empty {}
