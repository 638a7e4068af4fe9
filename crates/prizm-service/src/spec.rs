//! One instance of a service: what it is, exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use prizm_protocol::ServiceManifest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Result, settings};

/// Everything that is needed to start one instance of a service. It is written down beside its state, so
/// that whoever owns the instance needs nothing else.
///
/// Two requests with the same files and the same settings have the same specification, and share what runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Its name, which is also that of its Compose project: `prizm-NAME-HASH`.
    pub instance: String,
    /// How people name it: an id or a URL.
    pub identifier: String,
    /// Which revision of its source it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The digest of its files.
    pub digest: String,
    /// The state directory of all of Prizm: `PRIZM_HOME`.
    pub home: PathBuf,
    /// Its files, which are read-only.
    pub root: PathBuf,
    /// What its author says of it.
    pub manifest: ServiceManifest,
    /// For the backend `process`: the program and its arguments. One with a `/` is relative to the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// `serviceConfig`, as the user wrote it.
    pub asked: Map<String, Value>,
    /// The same, checked, with its defaults.
    pub config: Map<String, Value>,
    /// What became of it.
    pub settings: Settings,
    /// What is true of this machine, whatever the service is.
    #[serde(default)]
    pub host: Host,
    /// What the user has granted, beyond what every service may do.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<String>,
}

/// What a specification is made of.
#[derive(Clone, Debug)]
pub struct Source {
    /// How people name it: an id or a URL.
    pub identifier: String,
    /// Which revision it is.
    pub revision: Option<String>,
    /// The digest of its files.
    pub digest: String,
    /// Its files.
    pub root: PathBuf,
    /// What its author says of it.
    pub manifest: ServiceManifest,
    /// For the backend `process`: the program and its arguments.
    pub argv: Vec<String>,
}

impl Spec {
    /// Makes a specification: checks the configuration, and names the instance by all that makes it what
    /// it is.
    ///
    /// # Errors
    /// The configuration does not fit the service.
    pub fn new(
        source: Source,
        home: PathBuf,
        asked: Map<String, Value>,
        grants: BTreeSet<String>,
        host: Host,
    ) -> Result<Self> {
        let Source { identifier, revision, digest, root, manifest, argv } = source;
        let (config, settings) = settings::resolve(&manifest, &asked)?;
        let mut hasher = blake3::Hasher::new_derive_key("prizm-service 2026 instance v1");
        let configured = Value::Object(config.clone()).to_string();
        let granted: Vec<_> = grants.iter().map(String::as_str).collect();
        // One source may hold several, in directories of it.
        let root_shown = root.to_string_lossy();
        for part in [&*home.to_string_lossy(), &digest, &*root_shown, &configured, &granted.join("\n")] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        let instance = format!("prizm-{}-{}", manifest.service.name, &hasher.finalize().to_hex()[..12]);
        Ok(Self {
            instance,
            identifier,
            revision,
            digest,
            home,
            root,
            manifest,
            argv,
            asked,
            config,
            settings,
            host,
            grants,
        })
    }
}

impl Spec {
    /// Returns a configuration as people may see it: a value that the service's schema marks `writeOnly` is a
    /// secret.
    pub fn without_secrets(&self, config: &Map<String, Value>) -> Map<String, Value> {
        let properties = self.manifest.service.config.as_ref().and_then(|schema| schema.get("properties"));
        let is_secret = |key: &str| {
            let schema = properties.and_then(|properties| properties.get(key));
            schema.and_then(|schema| schema.get("writeOnly")).and_then(Value::as_bool).unwrap_or_default()
        };
        let shown = |(key, value): (&String, &Value)| match is_secret(key) {
            true => (key.clone(), Value::String("…".to_owned())),
            false => (key.clone(), value.clone()),
        };
        config.iter().map(shown).collect()
    }
}

/// What the user says of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Host {
    /// Where the Docker engine listens, such as `unix:///run/docker.sock`; else as Docker's own client finds it.
    pub docker: Option<String>,
    /// The memory of its GPU, in bytes; else what the driver tells.
    pub gpu_memory: Option<u64>,
}

/// What the values of `serviceConfig` mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Environment variables of the service.
    pub env: BTreeMap<String, String>,
    /// The most memory, in bytes.
    pub memory: Option<u64>,
    /// The most processors.
    pub cpus: Option<f64>,
    /// Whether it is given a GPU.
    pub gpu: GpuChoice,
    /// How much memory of the GPU it is counted with, in bytes.
    pub gpu_memory: Option<u64>,
    /// How many calls it takes at the same time.
    pub max_concurrent: Option<u32>,
}

/// Whether a service is given a GPU: `enableGPU`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GpuChoice {
    /// No: what its files reserve is taken away.
    #[default]
    Off,
    /// Yes; where there is none, it is not started.
    On,
    /// Where there is one.
    Auto,
}

/// A grant, as it stands in the configuration.
pub mod grant {
    /// Containers with all rights over this machine.
    pub const PRIVILEGED: &str = "privileged";
    /// The network of this machine.
    pub const HOST_NETWORK: &str = "host-network";
    /// The engine's own socket, which is worth all rights over this machine.
    pub const DOCKER_SOCKET: &str = "docker-socket";
    /// Ports that other machines can reach.
    pub const PUBLIC_PORTS: &str = "public-ports";
    /// A directory of this machine: `mount:/srv/models`, and what is below.
    pub const MOUNT: &str = "mount:";
    /// A capability of Linux: `cap:SYS_PTRACE`.
    pub const CAPABILITY: &str = "cap:";
    /// A variable of the environment, of those that its manifest asks for: `env:HF_TOKEN`.
    pub const ENV: &str = "env:";
    /// A device: `device:/dev/dri`.
    pub const DEVICE: &str = "device:";
}
