//! What can be wrong with a declaration, each by its own name.

use prizm_protocol::{Capability, ModelId, ParseCapabilityError, ParseIdError, ProtocolVersion, ProviderId};

use super::MAX_IN_FLIGHT;
use super::routing::{MAX_NAMES, MAX_QUALITY};

/// One thing that is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The plugin chose a version that was not offered.
    #[error("it chose protocol version `{}`, which is not among the offered: {}", chosen.escape_debug(), join(offered))]
    ProtocolVersion {
        /// What it chose.
        chosen: String,
        /// What it could have chosen.
        offered: Vec<ProtocolVersion>,
    },
    /// Its id breaks the rule.
    #[error(transparent)]
    BadProviderId(ParseIdError),
    /// Its id is not the manifest's.
    #[error("it calls itself `{declared}`, its manifest `{manifest}`")]
    IdDiffers {
        /// The manifest's word.
        manifest: ProviderId,
        /// The plugin's.
        declared: ProviderId,
    },
    /// Its version is no semantic version.
    #[error("its version `{}` is not a semantic version such as `1.0.0`", version.escape_debug())]
    BadProviderVersion {
        /// What it declared.
        version: String,
    },
    /// It declares no capability.
    #[error("it declares no capability")]
    NoCapability,
    /// It declares more capabilities than anybody could list.
    #[error("it declares {count} capabilities, over the limit of {limit}")]
    TooManyCapabilities {
        /// How many.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// It declares something that is no capability.
    #[error(transparent)]
    UnknownCapability(ParseCapabilityError),
    /// It declares a capability twice.
    #[error("it declares `{capability}` twice")]
    DuplicateCapability {
        /// Which.
        capability: Capability,
    },
    /// It declares more than its manifest.
    #[error("it declares {}, which its manifest does not (the manifest has {})", join(added), join(manifest))]
    CapabilityDrift {
        /// What is new.
        added: Vec<Capability>,
        /// What the manifest allows.
        manifest: Vec<Capability>,
    },
    /// No model has a declared capability.
    #[error("no model has the capability `{capability}`")]
    UnbackedCapability {
        /// Which.
        capability: Capability,
    },
    /// Its limits make no sense.
    #[error("its limit maxInFlight is {max_in_flight}; expected 1 to {MAX_IN_FLIGHT}")]
    BadLimits {
        /// What it declared.
        max_in_flight: u32,
    },
    /// The schema of its configuration is broken.
    #[error("its configSchema is no valid JSON Schema: {reason}")]
    BadConfigSchema {
        /// How.
        reason: String,
    },
    /// It has more models than anybody could list.
    #[error("it declares {count} models, over the limit of {limit}")]
    TooManyModels {
        /// How many.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A model's id breaks the rule.
    #[error(transparent)]
    BadModelId(ParseIdError),
    /// Two models have one id.
    #[error("two models have the id `{model}`")]
    DuplicateModel {
        /// Which.
        model: ModelId,
    },
    /// A model can do nothing.
    #[error("model `{model}` has no capability")]
    ModelWithoutCapability {
        /// Which.
        model: ModelId,
    },
    /// A model has a capability that the provider has not.
    #[error("model `{model}` has the capability `{}`, which the provider does not declare", capability.escape_debug())]
    OutsideProvider {
        /// Which model.
        model: ModelId,
        /// Which capability.
        capability: String,
    },
    /// A model says something about a capability that it has not.
    #[error("model `{model}` has {what} for `{}`, which is none of its capabilities", capability.escape_debug())]
    OutsideModel {
        /// Which model.
        model: ModelId,
        /// `options`, `inputs` or `pricing`.
        what: &'static str,
        /// Which capability.
        capability: String,
    },
    /// A schema of options is broken.
    #[error("model `{model}`: the options of `{capability}` are no valid JSON Schema: {reason}")]
    BadOptionsSchema {
        /// Which model.
        model: ModelId,
        /// Which capability.
        capability: Capability,
        /// How.
        reason: String,
    },
    /// A price makes no sense.
    #[error("model `{model}`: `{}` is no price: expected a decimal amount, an ISO 4217 currency and a unit", price.escape_debug())]
    BadPrice {
        /// Which model.
        model: ModelId,
        /// What it declared.
        price: String,
    },
    /// A model has more features than anybody could ask for.
    #[error("model `{model}` has {count} features, over the limit of {MAX_NAMES}")]
    TooManyFeatures {
        /// Which model.
        model: ModelId,
        /// How many.
        count: usize,
    },
    /// A feature's name breaks the rule.
    #[error("model `{model}`: `{}` is no feature: expected lower-case words joined by `_`, in at most 64 bytes", feature.escape_debug())]
    BadFeature {
        /// Which model.
        model: ModelId,
        /// What it declared.
        feature: String,
    },
    /// A model has a feature twice.
    #[error("model `{model}` has the feature `{feature}` twice")]
    DuplicateFeature {
        /// Which model.
        model: ModelId,
        /// Which feature.
        feature: String,
    },
    /// A model's quality is none.
    #[error("model `{model}`: its quality is {quality}; expected 0 to {MAX_QUALITY}")]
    BadQuality {
        /// Which model.
        model: ModelId,
        /// What it declared.
        quality: u32,
    },
    /// A model's calls take no time.
    #[error("model `{model}`: its typicalMs is 0; expected at least 1")]
    BadTypicalMs {
        /// Which model.
        model: ModelId,
    },
    /// It works on data nowhere, or in more regions than anybody could list.
    #[error("its dataPolicy names {count} regions; expected 1 to {MAX_NAMES}, or no `regions` where they are unknown")]
    BadRegionCount {
        /// How many.
        count: usize,
    },
    /// A region's name breaks the rule.
    #[error("`{}` in its dataPolicy is no region: expected lower-case words joined by `-`, such as `eu`, in at most 64 bytes", region.escape_debug())]
    BadRegion {
        /// What it declared.
        region: String,
    },
    /// It names a region twice.
    #[error("its dataPolicy names the region `{region}` twice")]
    DuplicateRegion {
        /// Which.
        region: String,
    },
}

fn join(items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
