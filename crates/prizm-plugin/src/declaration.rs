//! What a provider says of itself, built step by step.

use prizm_protocol::methods::initialize::{
    self as wire, CancelMode, DataPolicy, Liveness, Location, PluginLimits, ProviderIdentity,
};
use prizm_protocol::{Model, PROTOCOL_VERSION};
use serde_json::Value;

/// What a provider can do.
///
/// Its capabilities are those of its models. The SDK answers pings and cancellations while the
/// provider works, and declares so.
///
/// ```
/// use prizm_plugin::{DataPolicy, Declaration, Location, Model};
///
/// let declaration = Declaration::new("acme", "2.4.1")
///     .name("Acme Images")
///     .location(Location::Remote)
///     .model(Model::new("flux", ["text-to-image"]))
///     .max_in_flight(4)
///     .data_policy(DataPolicy { retention_days: Some(30), training: Some(false), regions: None });
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration(wire::Declaration);

impl Declaration {
    /// Starts with the provider's id, which is the manifest's, and its version.
    pub fn new(id: impl Into<String>, version: impl Into<String>) -> Self {
        let provider = ProviderIdentity { id: id.into(), name: None, version: version.into(), location: None };
        Self(wire::Declaration {
            protocol_version: PROTOCOL_VERSION.to_string(),
            provider,
            capabilities: Vec::new(),
            models: Vec::new(),
            limits: PluginLimits::default(),
            liveness: Liveness::Ping,
            cancel: CancelMode::Cooperative,
            config_schema: None,
            data_policy: None,
        })
    }

    /// Gives it a name for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.provider.name = Some(name.into());
        self
    }

    /// Says where the work is done.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.0.provider.location = Some(location);
        self
    }

    /// Adds a model and the capabilities that it brings.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        for capability in &model.capabilities {
            self.0 = with_capability(self.0, capability);
        }
        self.0.models.push(model);
        self
    }

    /// Adds a capability that only models found later, by [`Provider::models`], will have.
    ///
    /// [`Provider::models`]: crate::Provider::models
    #[must_use]
    pub fn capability(self, capability: impl AsRef<str>) -> Self {
        Self(with_capability(self.0, capability.as_ref()))
    }

    /// Says how many transforms may run at once; without it, one. More wait their turn.
    #[must_use]
    pub fn max_in_flight(mut self, transforms: u32) -> Self {
        self.0.limits.max_in_flight = transforms.max(1);
        self
    }

    /// Gives the JSON Schema of the configuration; mark secrets `"writeOnly": true`.
    #[must_use]
    pub fn config_schema(mut self, schema: Value) -> Self {
        self.0.config_schema = Some(schema);
        self
    }

    /// Says what becomes of what is sent to it; what is left out is unknown.
    #[must_use]
    pub fn data_policy(mut self, policy: DataPolicy) -> Self {
        self.0.data_policy = Some(policy);
        self
    }

    /// Returns it as it crosses the wire.
    pub fn into_wire(self) -> wire::Declaration {
        self.0
    }
}

/// Takes a declaration as it crosses the wire, for what the builder has no word for.
impl From<wire::Declaration> for Declaration {
    fn from(declaration: wire::Declaration) -> Self {
        Self(declaration)
    }
}

fn with_capability(mut declaration: wire::Declaration, capability: &str) -> wire::Declaration {
    if !declaration.capabilities.iter().any(|known| known == capability) {
        declaration.capabilities.push(capability.to_owned());
    }
    declaration
}
