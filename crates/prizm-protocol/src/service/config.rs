//! How `serviceConfig` reaches a service, and what the service needs.

use serde::{Deserialize, Serialize};

use crate::{ByteSize, ManifestError};

/// The keys of `serviceConfig` that every service has, without naming them: a GPU is enabled or not,
/// memory is limited, memory of the GPU and concurrent calls are admitted.
pub const WELL_KNOWN: [&str; 4] = ["enableGPU", "gpuMemory", "maxConcurrent", "memory"];

/// `[service.map.KEY]`: where the value of a key of `serviceConfig` goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// An environment variable of the service; with `compose`, of all its containers. Those that Prizm tells a
    /// process are not the service's to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// What it limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// What is admitted by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<Admission>,
    /// Whether it enables a GPU.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gpu: bool,
}

/// What a value limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// The memory, in bytes: of each container, or of the process's data.
    Memory,
    /// With `compose`, the processors of each container: how many of them, 0.5 is a half.
    Cpus,
}

/// What is admitted by a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Admission {
    /// Memory of the GPU, which is counted over all services of this machine.
    GpuMemory,
    /// Calls at the same time.
    Concurrency,
}

/// `[service.resources]`: what the service needs where `serviceConfig` says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// Memory. It is what people are told, not a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Processors, with `compose`: how many each container gets at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Whether it needs a GPU.
    #[serde(default)]
    pub gpu: Gpu,
    /// Memory of the GPU, which is admitted where a GPU is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_memory: Option<ByteSize>,
    /// Room on the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<ByteSize>,
}

/// Whether a service needs a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Gpu {
    /// It has no use for one.
    #[default]
    None,
    /// It uses one where `enableGPU` says so.
    Optional,
    /// It does not work without.
    Required,
}

impl Destination {
    pub(super) fn check(&self, key: &str) -> Result<(), ManifestError> {
        let wrong = |reason: &str| {
            Err(ManifestError::Wrong { key: format!("service.map.{}", key.escape_debug()), reason: reason.to_owned() })
        };
        if let Some(name) = &self.env {
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !letters || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return wrong(&format!("`{}` is no name of a variable", name.escape_debug()));
            }
            // What would change how the host's programs, the loader or Prizm itself behave.
            if name == "PATH" || ["LD_", "DYLD_", "PRIZM_", "DOCKER_", "COMPOSE_"].iter().any(|p| name.starts_with(p)) {
                return wrong(&format!("the variable `{name}` is not the service's to set"));
            }
        }
        match self {
            Self { env: None, limit: None, admission: None, gpu: false } => {
                wrong("it leads nowhere: name `env`, `limit`, `admission` or `gpu = true`")
            }
            _ => Ok(()),
        }
    }
}
