//! A provider as it was found valid.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use prizm_protocol::methods::initialize::{CancelMode, DataPolicy, Declaration, Liveness, Location};
use prizm_protocol::{Capability, Decimal, InputSlot, MediaKind, Model, ModelId, ProviderId};
use serde_json::{Map, Value};

use crate::OptionsSchema;
use crate::validate::{Violation, validate_models};

/// A provider whose declaration has been checked.
#[derive(Clone, Debug)]
pub struct ProviderInfo {
    /// Its id.
    pub id: ProviderId,
    /// A name for people; the id where it declared none.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// Where the work is done.
    pub location: Location,
    /// What it can do, in its own order.
    pub capabilities: Vec<Capability>,
    /// With which models, in its own order.
    pub models: Vec<ModelInfo>,
    /// The most transforms that it takes at once.
    pub max_in_flight: u32,
    /// How one can tell that it lives.
    pub liveness: Liveness,
    /// What a cancellation does.
    pub cancel: CancelMode,
    /// The schema of its configuration.
    pub config_schema: Option<OptionsSchema>,
    /// What becomes of what is sent to it; `None`, and what is `None` in it, is unknown.
    pub data_policy: Option<DataPolicy>,
    /// What it declared, word for word.
    pub declaration: Arc<Declaration>,
}

impl ProviderInfo {
    /// Returns it with another list of models.
    ///
    /// # Errors
    /// The first fault of the list.
    pub fn with_models(&self, models: Vec<Model>) -> Result<Self, Violation> {
        let mut violations = Vec::new();
        let found = validate_models(&models, &self.capabilities, &mut violations);
        match violations.into_iter().next() {
            Some(violation) => Err(violation),
            None => {
                let declaration = Declaration { models, ..(*self.declaration).clone() };
                Ok(Self { models: found, declaration: Arc::new(declaration), ..self.clone() })
            }
        }
    }
}

/// A model whose declaration has been checked.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// Its id, unique within the provider.
    pub id: ModelId,
    /// A name for people; the id where it declared none.
    pub name: String,
    /// What it is good for.
    pub description: Option<String>,
    /// What it can do, in its own order.
    pub capabilities: Vec<Capability>,
    /// The schema of its options, by capability.
    pub options: BTreeMap<Capability, OptionsSchema>,
    /// The inputs it takes, by capability.
    pub inputs: BTreeMap<Capability, Vec<InputSlot>>,
    /// What a call costs.
    pub pricing: Vec<UnitPrice>,
    /// Whether a call costs nothing; `None` where nobody said.
    pub is_free: Option<bool>,
    /// Bounds on media.
    pub limits: Option<Map<String, Value>>,
    /// MIME types that it reads.
    pub input_formats: Option<Vec<String>>,
    /// MIME types that it writes.
    pub output_formats: Option<Vec<String>>,
    /// What it can do beyond the plain call, such as `streaming` or `seed`.
    pub features: BTreeSet<String>,
    /// How good its results are, from 0 to 5, in its author's own word; `None` where nobody said.
    pub quality: Option<u8>,
    /// How long a typical call takes: a hint until it has been measured.
    pub typical: Option<Duration>,
}

/// A checked unit price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    /// The capability it is for; `None` for all of the model's.
    pub capability: Option<Capability>,
    /// What is counted.
    pub unit: String,
    /// Price of one unit.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: String,
}

impl ProviderInfo {
    /// Returns the model with this id.
    pub fn model(&self, id: &str) -> Option<&ModelInfo> {
        self.models.iter().find(|model| model.id == id)
    }

    /// Returns the models that have a capability, in the provider's order.
    pub fn models_with<'a>(&'a self, capability: &'a Capability) -> impl Iterator<Item = &'a ModelInfo> {
        self.models.iter().filter(move |model| model.capabilities.contains(capability))
    }

    /// Returns the names of the settings that are secrets: `writeOnly` in the configuration's schema.
    pub fn secret_settings(&self) -> impl Iterator<Item = &str> {
        let properties = self.config_schema.iter().flat_map(OptionsSchema::properties);
        properties
            .filter(|(_, schema)| schema.get("writeOnly").and_then(Value::as_bool) == Some(true))
            .map(|(name, _)| name.as_str())
    }
}

impl ModelInfo {
    /// Returns the inputs that a capability takes: the declared ones, else one of its input kind.
    pub fn inputs_for(&self, capability: &Capability) -> Cow<'_, [InputSlot]> {
        self.inputs.get(capability).map_or_else(
            || {
                let kind = capability.input().unwrap_or(MediaKind::Text);
                Cow::Owned(vec![InputSlot { role: None, kind, required: None }])
            },
            Cow::from,
        )
    }

    /// Returns whether it is known that a call costs nothing.
    pub fn is_known_free(&self) -> bool {
        self.is_free
            .unwrap_or_else(|| !self.pricing.is_empty() && self.pricing.iter().all(|price| price.amount.is_zero()))
    }
}
