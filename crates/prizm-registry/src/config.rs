//! The user's configuration: `config.toml` in PRIZM_HOME.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prizm_protocol::ProviderId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Result};

/// Largest `config.toml`, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// What the user set. It may hold secrets, so it has no `Debug`.
///
/// ```
/// let config = prizm_registry::Config::from_toml(r#"
///     [providers.acme-sd]
///     source = "file:///srv/providers/acme-sd"
///     grantEnv = ["ACME_KEY"]
///     baseUrl = "http://127.0.0.1:8080"
/// "#)?;
/// # Ok::<(), prizm_registry::Error>(())
/// ```
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub(crate) providers: BTreeMap<ProviderId, ProviderConfig>,
}

/// `[providers.ID]`: `source` and `grantEnv` are the registry's, everything else is the provider's.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderConfig {
    /// Where a provider that is not bundled comes from.
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// Environment variables, of those that its manifest asks for, that it may see.
    #[serde(default)]
    pub(crate) grant_env: Vec<String>,
    /// What `configure` is given.
    #[serde(flatten)]
    pub(crate) settings: Map<String, Value>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// It is no TOML, or a key is unknown or of the wrong type; the message names line and key.
    pub fn from_toml(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            // Never the line itself, which toml would show: it may be that of a secret.
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = format!("the configuration cannot be read: line {line}: {}", error.message());
            Error::new(ErrorKind::Config, message)
        })
    }

    /// Reads a file; one that does not exist says nothing.
    ///
    /// # Errors
    /// It cannot be read, is larger than 1 MiB, or is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display();
        let failed = |why: String| Error::new(ErrorKind::Config, format!("`{shown}` cannot be read: {why}"));
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error.to_string())),
            Ok(meta) if meta.len() > LIMIT => return Err(failed(format!("it has {} bytes, over {LIMIT}", meta.len()))),
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::from_toml(&text).map_err(|error| Error::new(ErrorKind::Config, format!("`{shown}`: {error}")))
    }
}

/// Returns the directory of all state: `PRIZM_HOME`, else the platform's data directory.
pub(crate) fn home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("PRIZM_HOME").filter(|home| !home.is_empty()) {
        return std::path::absolute(&home).map_err(|error| {
            Error::new(ErrorKind::Config, format!("PRIZM_HOME is `{}`: {error}", home.to_string_lossy()))
        });
    }
    let directories = directories::BaseDirs::new();
    directories.map(|directories| directories.data_dir().join("prizm")).ok_or_else(|| {
        Error::new(ErrorKind::Config, "there is no home directory")
            .hinted("set PRIZM_HOME to a directory for Prizm's state")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_the_providers_and_faults_are_named() {
        let config =
            Config::from_toml("[providers.a]\nsource = \"file:///x\"\napiKey = \"k\"\n[providers.a.nested]\nn = 1")
                .unwrap();
        let provider = &config.providers["a"];
        assert_eq!(provider.source.as_deref(), Some("file:///x"));
        assert_eq!(Value::Object(provider.settings.clone()), serde_json::json!({"apiKey": "k", "nested": {"n": 1}}));
        for (text, expected) in [
            ("[provider.a]", "unknown field `provider`"),
            ("[providers.\"A B\"]", "`A B` is not a provider id"),
            ("[providers.a]\nsource = 7", "invalid type"),
            ("[providers.a", "line 1"),
        ] {
            let error = Config::from_toml(text).err().unwrap();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
