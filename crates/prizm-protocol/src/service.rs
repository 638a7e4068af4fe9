//! `[service]` of `prizm.toml`: what a service is, how it is started, when it is ready.

mod backends;
mod config;
mod probe;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use backends::{port_variable, volume_variable};
pub use config::{Admission, Destination, Gpu, Limit, Resources, WELL_KNOWN};
pub use probe::{HttpProbe, Liveness, Probe, Readiness, TcpProbe};

use crate::manifest::{check_command, empty};
use crate::{Build, Capability, ManifestError, Permissions, Prebuilt, Run, ServiceId, Span};

/// The manifest at the root of a service's repository, checked.
///
/// ```
/// let manifest = prizm_protocol::ServiceManifest::from_toml(r#"
///     [service]
///     name = "whisper-asr"
///     version = "1.2.0"
///     backend = "compose"
///     capabilities = ["audio-to-text"]
///     endpoints.http = { port = 9000 }
///     readiness.http = { endpoint = "http", path = "/health" }
/// "#)?;
/// assert_eq!(manifest.service.endpoints["http"].port, Some(9000));
/// # Ok::<(), prizm_protocol::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceManifest {
    /// What the service is.
    pub service: ServiceSection,
    /// How the backend `process` starts it; absent where the entry point rules find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// How the backend `process` builds it; absent where the recipe rules find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// Executables that its author has built, by the kind of machine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prebuilt: BTreeMap<String, Prebuilt>,
    /// What the sandbox grants.
    #[serde(default)]
    pub permissions: Permissions,
}

/// `[service]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSection {
    /// Its id.
    pub name: ServiceId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its version.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::SemVer"))]
    pub version: semver::Version,
    /// What runs it.
    pub backend: Backend,
    /// What providers can do with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// For the backend `compose`: which file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<ComposeSection>,
    /// For the backend `external`: where it runs already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSection>,
    /// What providers are given, by name; at least one.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// When it can be used. Without it: when each endpoint takes connections.
    #[serde(default)]
    pub readiness: Readiness,
    /// When it must be restarted. Without it: when its process or a container ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Liveness>,
    /// A JSON Schema of `serviceConfig`, without the keys that every service has. Defaults are applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::OptionsSchema>"))]
    pub config: Option<Map<String, Value>>,
    /// How each key of `serviceConfig` reaches the service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, Destination>,
    /// What it needs.
    #[serde(default)]
    pub resources: Resources,
    /// How long nobody may use it before it is stopped; 5 minutes by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_stop: Option<Span>,
    /// Its volumes, by name: for `compose` those of the file, for `process` a directory each, whose path
    /// is in the variable `VOLUME_NAME`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Volume>,
}

/// What runs a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Containers of a Docker Compose file.
    Compose,
    /// A program on this machine.
    Process,
    /// Nothing of Prizm's: it runs already, at a URL.
    External,
}

impl Backend {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Process => "process",
            Self::External => "external",
        }
    }
}

/// `[service.compose]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ComposeSection {
    /// The Compose file, relative to the manifest.
    #[serde(default = "compose_file")]
    pub file: String,
    /// The profiles that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

impl Default for ComposeSection {
    fn default() -> Self {
        Self { file: compose_file(), profiles: Vec::new() }
    }
}

fn compose_file() -> String {
    "docker-compose.yml".to_owned()
}

/// `[service.external]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExternalSection {
    /// The URLs of its endpoints, by name. `serviceConfig` may give others, under the same names in `urls`.
    pub urls: BTreeMap<String, String>,
}

/// `[service.endpoints.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `compose`: the port that the container listens on. A process is told its port: in `PORT` the one of
    /// its first endpoint by name, in `PORT_NAME` that of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `compose`: the service of the file that listens; absent where the file has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The scheme of its URL.
    #[serde(default)]
    pub protocol: EndpointProtocol,
    /// The path of its URL.
    #[serde(default = "root_path")]
    pub path: String,
}

fn root_path() -> String {
    "/".to_owned()
}

/// What is spoken at an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EndpointProtocol {
    /// HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
    /// Something else over TCP.
    Tcp,
}

impl EndpointProtocol {
    /// Returns the scheme of a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }
}

/// `[service.volumes.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Whether it outlives a stop; only a purge removes it then.
    pub persist: bool,
}

impl ServiceManifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The text is no TOML, a key is missing, unknown or of the wrong type, or keys contradict each other.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads and checks a manifest that stands under `prizm` in a `package.json`.
    ///
    /// # Errors
    /// A key is missing, unknown or of the wrong type, or keys contradict each other.
    pub fn from_json(value: Value) -> Result<Self, ManifestError> {
        let manifest: Self = serde_path_to_error::deserialize(value)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        check_command("run.command", self.run.as_ref().map(|run| &*run.command))?;
        check_command("build.command", self.build.as_ref().and_then(|build| build.command.as_deref()))?;
        self.service.check()
    }
}

impl ServiceSection {
    fn check(&self) -> Result<(), ManifestError> {
        let wrong = |key: String, reason: String| Err(ManifestError::Wrong { key: format!("service.{key}"), reason });
        if self.endpoints.is_empty() {
            return empty("service.endpoints", "name at least one, such as `http = { port = 8080 }`");
        }
        if self.compose.is_some() && self.backend != Backend::Compose {
            return wrong("compose".into(), format!("the backend is `{}`", self.backend.as_str()));
        }
        if self.external.is_some() && self.backend != Backend::External {
            return wrong("external".into(), format!("the backend is `{}`", self.backend.as_str()));
        }
        for (name, endpoint) in &self.endpoints {
            let key = |field: &str| format!("endpoints.{name}.{field}");
            if !is_name(name) {
                return wrong(format!("endpoints.{name}"), "expected letters, digits, `-` and `_`".into());
            }
            match (self.backend, endpoint.port, &endpoint.service) {
                (Backend::Compose, None | Some(0), _) => {
                    return wrong(key("port"), "name the port that the container listens on".into());
                }
                (Backend::Process | Backend::External, Some(_), _) => {
                    let reason = format!("the backend `{}` has no container with ports", self.backend.as_str());
                    return wrong(key("port"), reason);
                }
                (Backend::Process | Backend::External, None, Some(_)) => {
                    return wrong(key("service"), format!("the backend is `{}`", self.backend.as_str()));
                }
                _ => {}
            }
            if !endpoint.path.starts_with('/') {
                return wrong(key("path"), format!("`{}` does not begin with `/`", endpoint.path.escape_debug()));
            }
        }
        if let Some(name) = self.volumes.keys().find(|name| !is_name(name)) {
            return wrong(format!("volumes.{name}"), "expected letters, digits, `-` and `_`".into());
        }
        probe::check("readiness", (self.readiness.http.as_ref(), self.readiness.tcp.as_ref()), &self.endpoints)?;
        if let Some(liveness) = &self.liveness {
            if liveness.http.is_none() && liveness.tcp.is_none() {
                return wrong("liveness".into(), "it asks nothing: name `http` or `tcp`".into());
            }
            probe::check("liveness", (liveness.http.as_ref(), liveness.tcp.as_ref()), &self.endpoints)?;
        }
        self.map.iter().try_for_each(|(name, destination)| destination.check(name))?;
        backends::check(self)
    }
}

/// Whether a name can be a part of a variable's name, a path or a label.
fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    letters && (1..=64).contains(&name.len())
}

#[cfg(test)]
mod tests;
