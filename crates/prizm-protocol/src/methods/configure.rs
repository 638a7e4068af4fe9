//! `configure`: settings, secrets and the addresses of services, after the handshake.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::methods::Method;

/// Replaces the whole configuration. Running jobs keep the old one.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Configure;

impl Method for Configure {
    const NAME: &'static str = "configure";
    type Params = ConfigureParams;
    type Result = ConfigureResult;
}

/// Everything that a plugin is told. It may hold secrets.
// No `Debug`: a secret is never printed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigureParams {
    /// Settings by name, such as `apiKey`, `baseUrl`, `timeout`, `retries`.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// The services that it needs, by name.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
}

/// A service that runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Service {
    /// Its URLs, by name.
    pub endpoints: BTreeMap<String, String>,
}

/// The answer once the plugin can work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigureResult {
    /// Always true: what is not ready answers with an error.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub ready: bool,
}
