//! `prizm.toml`, the manifest at a plugin's root.

mod lacks;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::methods::initialize::Location;
use crate::{Capability, ProtocolVersion, ProviderId};
pub use lacks::{Engine, Key};

/// The manifest at a plugin's root, checked.
///
/// ```
/// let manifest = prizm_protocol::Manifest::from_toml(r#"
///     [provider]
///     id = "echo"
///     name = "Echo"
///     version = "1.0.0"
///     type = "local"
///     protocol = "1.0"
///     capabilities = ["text-to-text"]
///
///     [run]
///     command = ["python3", "provider.py"]
/// "#)?;
/// assert_eq!(manifest.provider.id, "echo");
/// # Ok::<(), prizm_protocol::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Who the provider is and what it can do.
    pub provider: ProviderSection,
    /// How to start it; absent where the entry point rules find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// How to build it; absent where the recipe rules find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// Executables that its author has built, by the kind of machine, such as
    /// `x86_64-unknown-linux-gnu`. Where there are any, nothing is built.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prebuilt: BTreeMap<String, Prebuilt>,
    /// What the sandbox grants.
    #[serde(default)]
    pub permissions: Permissions,
    /// Settings that are secrets, and without which it refuses to work, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Key>,
    /// Programs that must be on PATH before it can work.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub engines: BTreeMap<String, Engine>,
    /// The services that it needs by default, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, ServiceReference>,
}

/// `[provider]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderSection {
    /// Its id.
    pub id: ProviderId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::SemVer"))]
    pub version: semver::Version,
    /// Where the work is done.
    #[serde(rename = "type")]
    pub location: Location,
    /// The protocol that it speaks.
    pub protocol: ProtocolVersion,
    /// What it can do, at most: a plugin that declares more is refused.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub capabilities: Vec<Capability>,
    /// Settings that its list of models depends on: where one is given, what it declares does not count, and it is
    /// asked for its models once it is configured.
    #[serde(rename = "modelsFollow", default, skip_serializing_if = "Vec::is_empty")]
    pub models_follow: Vec<String>,
}

/// `[run]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The program and its arguments, started in the plugin's root without a shell.
    #[cfg_attr(feature = "schema", schemars(transform = crate::schema::command))]
    pub command: Vec<String>,
}

/// `[build]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Build {
    /// The program and its arguments, started in the plugin's root without a shell. Without it the recipe's
    /// own build is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(transform = crate::schema::command))]
    pub command: Option<Vec<String>>,
    /// Environment variables that the build may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// For Python: whether what `requirements.txt` lists is everything, and what that asks for in turn is
    /// left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_deps: bool,
}

/// `[prebuilt.TARGET]`: an executable for one kind of machine. It has either a `url` or a `path`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::prebuilt))]
#[serde(deny_unknown_fields)]
pub struct Prebuilt {
    /// Where the executable is downloaded from: https, or http from this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is among the files of the source, relative to the plugin's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its sha256, as 64 hexadecimal digits.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Sha256"))]
    pub sha256: String,
}

/// `[permissions]`: what a provider asks for. A user grants it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Hosts that it may talk to.
    #[serde(default)]
    pub network: Vec<String>,
    /// Environment variables that it may see.
    #[serde(default)]
    pub env: Vec<String>,
    /// Files and directories outside its own that it may read.
    #[serde(default)]
    pub read: Vec<PathBuf>,
}

/// `[services.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceReference {
    /// Where the service comes from: its id or a URL, as for providers.
    pub url: String,
    /// Its `serviceConfig`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// A manifest that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read as a manifest; the message names the line and the key.
    #[error("{}", .0.to_string().trim_end())]
    Toml(#[from] toml::de::Error),
    /// It cannot be read as a manifest in JSON; the message names the key.
    #[error("{0}")]
    Json(#[from] serde_path_to_error::Error<serde_json::Error>),
    /// A list that must name something is empty.
    #[error("`{key}` is empty: {expected}")]
    Empty {
        /// Path of the key.
        key: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value is wrong, or contradicts another.
    #[error("`{key}`: {reason}")]
    Wrong {
        /// Path of the key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// Says that a list must name something.
pub(crate) fn empty(key: &'static str, expected: &'static str) -> Result<(), ManifestError> {
    Err(ManifestError::Empty { key, expected })
}

/// Checks that a command, where there is one, names a program.
pub(crate) fn check_command(key: &'static str, command: Option<&[String]>) -> Result<(), ManifestError> {
    match command {
        Some(command) if command.first().is_none_or(String::is_empty) => {
            empty(key, "name the program, then its arguments")
        }
        _ => Ok(()),
    }
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The text is no TOML, a key is missing, unknown or of the wrong type, or a list is empty.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads and checks a manifest that stands under `prizm` in a `package.json`.
    ///
    /// # Errors
    /// A key is missing, unknown or of the wrong type, or a list is empty.
    pub fn from_json(value: serde_json::Value) -> Result<Self, ManifestError> {
        let manifest: Self = serde_path_to_error::deserialize(value)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Returns its `[build] command`, where it has one.
    pub fn build_command(&self) -> Option<&[String]> {
        self.build.as_ref()?.command.as_deref()
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.provider.capabilities.is_empty() {
            return empty("provider.capabilities", "name at least one capability, such as `text-to-image`");
        }
        check_command("run.command", self.run.as_ref().map(|run| &*run.command))?;
        check_command("build.command", self.build_command())?;
        lacks::check_followed(&self.provider.models_follow, &self.keys)?;
        lacks::check_keys(&self.keys, &self.permissions)?;
        lacks::check_engines(&self.engines, &self.provider.capabilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[provider]
id = "acme-sd"
name = "Acme Stable Diffusion"
version = "2.4.1"
type = "remote"
protocol = "1.0"
capabilities = ["text-to-image"]

[run]
command = ["python3", "provider.py"]

[build]
command = ["make"]
env = ["CUDA_HOME"]

[permissions]
network = ["queue.fal.run"]
env = ["FAL_KEY"]
read = []

[keys.apiKey]
env = ["FAL_KEY"]
url = "https://fal.ai/dashboard/keys"

[engines.ffmpeg]
install = "apt-get install ffmpeg"

[services.backend]
url = "github:acme/sd-service@v1"
"#;

    #[test]
    fn the_example_of_the_specification_survives() {
        let manifest = Manifest::from_toml(GOOD).unwrap();
        assert_eq!(manifest.services["backend"].url, "github:acme/sd-service@v1");
        let printed = toml::to_string(&manifest).unwrap();
        assert_eq!(Manifest::from_toml(&printed).unwrap(), manifest);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let error = Manifest::from_toml(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}\nlacks {expected}");
        };
        check("id = \"acme-sd\"", "id = \"Acme SD\"", "`Acme SD` is not a provider id");
        check("2.4.1", "two", "version");
        check("text-to-image", "text-to-imag", "`text-to-imag` is not a capability");
        check("[\"text-to-image\"]", "[]", "`provider.capabilities` is empty");
        check("[\"python3\", \"provider.py\"]", "[]", "`run.command` is empty");
        check("command = [\"make\"]", "command = \"make\"", "invalid type: string");
        check("[run]", "[runs]", "unknown field `runs`");
        check("protocol = \"1.0\"\n", "", "missing field `protocol`");
    }

    #[test]
    fn in_json_the_key_is_named() {
        let mut value = serde_json::to_value(Manifest::from_toml(GOOD).unwrap()).unwrap();
        assert_eq!(Manifest::from_json(value.clone()).unwrap(), Manifest::from_toml(GOOD).unwrap());
        value["provider"]["version"] = 2.into();
        let error = Manifest::from_json(value).unwrap_err().to_string();
        assert!(error.starts_with("provider.version: invalid type: integer `2`"), "{error}");
    }
}
