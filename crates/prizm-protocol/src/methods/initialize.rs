//! `initialize`: the first request, and the one that stays compatible for ever.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Model, methods::Method};

/// Opens the session: versions and limits one way, the declaration the other.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Initialize;

impl Method for Initialize {
    const NAME: &'static str = "initialize";
    type Params = InitializeParams;
    type Result = Declaration;
}

/// What the host says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    /// The protocol versions that the host speaks, best first.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::ProtocolVersion>", transform = crate::schema::set))]
    pub protocol_versions: Vec<String>,
    /// Who the host is.
    pub host: HostIdentity,
    /// What the host accepts.
    pub limits: HostLimits,
    /// Names this run of the plugin in logs.
    pub instance_id: String,
}

/// Who the host is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostIdentity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What the host accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostLimits {
    /// The largest frame, in bytes, in either direction.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_frame_bytes: u64,
    /// The most transforms that the host will have in flight.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_in_flight: u32,
}

/// What a plugin says that it can do, unchecked until the host has validated it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    /// The version that the plugin chose from the host's list.
    #[cfg_attr(feature = "schema", schemars(with = "crate::ProtocolVersion"))]
    pub protocol_version: String,
    /// Who it is.
    pub provider: ProviderIdentity,
    /// What it can do.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::Capability>", transform = crate::schema::set))]
    pub capabilities: Vec<String>,
    /// With which models.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub models: Vec<Model>,
    /// What it accepts.
    #[serde(default)]
    pub limits: PluginLimits,
    /// How the host can tell that it lives.
    #[serde(default)]
    pub liveness: Liveness,
    /// What a cancellation does.
    #[serde(default)]
    pub cancel: CancelMode,
    /// JSON Schema 2020-12 of `configure`'s `config`; secrets are marked `writeOnly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::OptionsSchema>"))]
    pub config_schema: Option<Value>,
    /// What becomes of what is sent to it. Absent means unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_policy: Option<DataPolicy>,
}

/// Who a provider is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderIdentity {
    /// Its id; equal to the manifest's.
    #[cfg_attr(feature = "schema", schemars(with = "crate::ProviderId"))]
    pub id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version, semver.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::SemVer"))]
    pub version: String,
    /// Where the work is done.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Where the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// On this machine.
    Local,
    /// By somebody's servers; also what any unknown word means, because it promises less.
    #[serde(other)]
    Remote,
}

impl Location {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// What a plugin accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PluginLimits {
    /// The most transforms at once; other methods do not count.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1024)))]
    pub max_in_flight: u32,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self { max_in_flight: one() }
    }
}

fn one() -> u32 {
    1
}

/// What becomes of what is sent to a provider. What is absent is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DataPolicy {
    /// For how many days it is kept; 0 where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether models are trained on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Where it is worked on, such as `eu` or `us`: lower-case words joined by `-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Regions>"))]
    pub regions: Option<Vec<String>>,
}

/// How the host can tell that a plugin lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum Liveness {
    /// It answers `ping` at any time.
    Ping,
    /// It sends progress while it works, and may be deaf meanwhile.
    Progress,
    /// It promises nothing; also what any unknown word means.
    #[default]
    #[serde(other)]
    None,
}

/// What a cancellation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::open))]
#[serde(rename_all = "lowercase")]
pub enum CancelMode {
    /// The plugin is busy while it works and cannot listen: it is restarted.
    Restart,
    /// The plugin answers within 5 s; also what any unknown word means.
    #[default]
    #[serde(other)]
    Cooperative,
}
