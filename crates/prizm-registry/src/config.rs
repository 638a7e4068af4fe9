//! The user's configuration: `config.toml` in PRIZM_HOME; and a project's, `.prizm/config.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use prizm_install::{Pin, read_text_bounded};
use prizm_protocol::{ByteSize, ProviderId};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::route::RoutingConfig;
use crate::{Error, ErrorKind, Result, suggest};

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
    #[serde(default)]
    pub(crate) sources: SourcesConfig,
    #[serde(default)]
    pub(crate) policy: PolicyConfig,
    /// By id, or by the URL that whoever uses a service names it by.
    #[serde(default)]
    pub(crate) services: BTreeMap<String, ServiceConfig>,
    #[serde(default)]
    pub(crate) host: HostConfig,
    #[serde(default)]
    pub(crate) profile: BTreeMap<String, Profile>,
    #[serde(default)]
    pub(crate) routing: RoutingConfig,
}

/// `[services.ID]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServiceConfig {
    /// Where a service that is not bundled comes from; the id is another name for it then.
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// What it may do beyond what every service may.
    #[serde(default)]
    pub(crate) grant: BTreeSet<String>,
    /// Its `serviceConfig`, where whoever uses it says nothing of a key.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
}

/// `[host]`: what is true of this machine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HostConfig {
    /// Where the Docker engine listens, such as `unix:///run/docker.sock`.
    #[serde(default)]
    pub(crate) docker: Option<String>,
    /// The memory of its GPU.
    #[serde(default)]
    pub(crate) gpu_memory: Option<ByteSize>,
}

/// `[profile.NAME]`: what counts instead where the profile is chosen.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default)]
    providers: BTreeMap<ProviderId, ProviderConfig>,
    #[serde(default)]
    services: BTreeMap<String, ServiceConfig>,
}

/// `[sources]`: where well-known sources lead, and how patiently they are fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SourcesConfig {
    /// What stands in place of `https://github.com`: a mirror, or an enterprise's host.
    #[serde(default)]
    pub(crate) github: Option<Url>,
    /// What stands in place of the registry that npm's own configuration names.
    #[serde(default)]
    pub(crate) npm: Option<Url>,
    /// Hosts, beside this machine, that plain http may be spoken to.
    #[serde(default)]
    pub(crate) plain_http: BTreeSet<String>,
    /// Seconds after which a server that sends nothing is given up.
    #[serde(default)]
    pub(crate) stall_seconds: Option<NonZeroU32>,
    /// Seconds after which a fetch is given up, however it comes along.
    #[serde(default)]
    pub(crate) total_seconds: Option<NonZeroU32>,
}

/// `[policy]`: what may be loaded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PolicyConfig {
    /// Sources that may be loaded, by globs.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// Sources that may not, by globs.
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// How exactly identifiers must say what they mean.
    #[serde(default)]
    pub(crate) require_pin: Pin,
    /// The most bytes of a source, downloaded and unpacked.
    #[serde(default)]
    pub(crate) max_size: Option<ByteSize>,
    /// Whether Python packages may be built from their sources, which runs their code.
    #[serde(default)]
    pub(crate) python_sources: bool,
    /// Variables of the environment that builds may see where a manifest asks for them.
    #[serde(default)]
    pub(crate) build_env: Vec<String>,
}

/// `[providers.ID]`: `source`, `link`, `givenTo` and `grantEnv` are the registry's, everything else is the provider's.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderConfig {
    /// Where a provider that is not bundled comes from.
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// Run a `file:///` directory where it is, instead of a copy.
    #[serde(default)]
    pub(crate) link: bool,
    /// The source of a pinned provider that is given what stands here.
    #[serde(default)]
    pub(crate) given_to: Option<String>,
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

    /// Puts what a profile says over the plain tables, key by key.
    ///
    /// # Errors
    /// There is no such profile; the hint names those that there are.
    pub fn select(&mut self, profile: &str) -> Result<()> {
        let Some(Profile { providers, services }) = self.profile.remove(profile) else {
            let names: Vec<_> = self.profile.keys().map(String::as_str).collect();
            return Err(Error::new(ErrorKind::Config, format!("there is no profile `{profile}`")).hinted(
                match &*names {
                    [] => format!("write `[profile.{profile}.providers.ID]` into config.toml, or unset PRIZM_PROFILE"),
                    _ => suggest::hint(profile, "profiles", &names),
                },
            ));
        };
        for (id, over) in providers {
            let plain = self.providers.entry(id).or_default();
            plain.source = over.source.or(plain.source.take());
            plain.link |= over.link;
            plain.given_to = over.given_to.or(plain.given_to.take());
            if !over.grant_env.is_empty() {
                plain.grant_env = over.grant_env;
            }
            plain.settings.extend(over.settings);
        }
        for (id, over) in services {
            let plain = self.services.entry(id).or_default();
            plain.source = over.source.or(plain.source.take());
            if !over.grant.is_empty() {
                plain.grant = over.grant;
            }
            plain.config.extend(over.config);
        }
        Ok(())
    }

    /// Adds what a project says: `.prizm/config.toml` beside its lock. A project may name providers and
    /// narrow the policy; what it could do harm with is the user's to say.
    pub(crate) fn add_project(&mut self, path: &Path) -> Result<Vec<ProviderId>> {
        let project = Self::load(path)?;
        let wrong = |key: &str| {
            let message = format!("`{}`: `{key}` may not stand in a project's configuration", path.display());
            Error::new(ErrorKind::Config, message).hinted("write it into your own `config.toml` in PRIZM_HOME")
        };
        if project.sources != SourcesConfig::default() {
            return Err(wrong("sources"));
        }
        if project.host != HostConfig::default() || !project.services.is_empty() || !project.profile.is_empty() {
            return Err(wrong("host`, `services` or `profile"));
        }
        if project.routing != RoutingConfig::default() {
            return Err(wrong("routing"));
        }
        let PolicyConfig { allow, deny, require_pin, max_size, python_sources, build_env } = project.policy;
        if !allow.is_empty() || python_sources || !build_env.is_empty() {
            return Err(wrong("policy.allow`, `policy.pythonSources` or `policy.buildEnv"));
        }
        self.policy.deny.extend(deny);
        self.policy.require_pin = self.policy.require_pin.max(require_pin);
        self.policy.max_size = match (self.policy.max_size, max_size) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        let mut named = Vec::new();
        for (id, ProviderConfig { source, link, given_to, grant_env, settings }) in project.providers {
            if link || given_to.is_some() || !grant_env.is_empty() || !settings.is_empty() {
                return Err(wrong(&format!("providers.{id}` with anything but `source")));
            }
            let ours = self.providers.entry(id.clone()).or_default();
            // What the user says of a provider counts.
            if ours.source.is_none() && source.is_some() {
                ours.source = source;
                named.push(id);
            }
        }
        Ok(named)
    }

    /// Reads a file; one that does not exist says nothing.
    ///
    /// # Errors
    /// It cannot be read, is larger than 1 MiB, is no regular file, or is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = match read_text_bounded(path, LIMIT) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(Self::default()),
            Err(error) => {
                return Err(Error::new(ErrorKind::Config, format!("`{shown}` cannot be read: {error}"))
                    .hinted("put a text file in its place, or remove it"));
            }
        };
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
    fn sources_and_policy_are_read() {
        let text = "[sources]\ngithub = \"http://127.0.0.1:8123\"\n[policy]\nallow = [\"github:acme/*\"]\n\
                    requirePin = \"tag\"\nmaxSize = \"2 MiB\"";
        let config = Config::from_toml(text).unwrap();
        assert_eq!(config.sources.github.unwrap().as_str(), "http://127.0.0.1:8123/");
        assert_eq!((config.policy.require_pin, config.policy.max_size), (Pin::Tag, Some(ByteSize(2 << 20))));
        for (text, expected) in [
            ("[policy]\nrequirePin = \"exact\"", "unknown variant `exact`"),
            ("[policy]\nmaxSize = \"much\"", "`much` is no size"),
            ("[policy]\nmaxSize = 0", "`0` is no size"),
            ("[sources]\ngithub = \"here\"", "relative URL without a base"),
            ("[sources]\ngitlab = \"x\"", "unknown field `gitlab`"),
        ] {
            let error = Config::from_toml(text).err().unwrap();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_project_narrows_and_does_not_widen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let add = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let mut config = Config::from_toml("[policy]\nrequirePin = \"tag\"\nmaxSize = 10").unwrap();
            config.add_project(&path).map(|named| (config, named))
        };
        let (config, named) =
            add("[providers.a]\nsource = \"npm:a\"\n[policy]\nrequirePin = \"none\"\nmaxSize = 20\ndeny = [\"npm:b\"]")
                .unwrap();
        assert_eq!(named, ["a".parse::<ProviderId>().unwrap()]);
        assert_eq!((config.policy.require_pin, config.policy.max_size), (Pin::Tag, Some(ByteSize(10))));
        assert_eq!(config.policy.deny, ["npm:b"]);
        for text in [
            "[policy]\nallow = [\"npm:*\"]",
            "[policy]\nbuildEnv = [\"AWS_SECRET\"]",
            "[sources]\nnpm = \"http://127.0.0.1:1\"",
            "[providers.a]\ngrantEnv = [\"KEY\"]",
            "[providers.a]\nbaseUrl = \"http://evil.example\"",
            "[services.a]\ngrant = [\"privileged\"]",
            "[routing.criteria]\nmax_cost = \"100\"",
            "[host]\ndocker = \"tcp://evil.example\"",
            "[profile.production.providers.a]\nbaseUrl = \"http://evil.example\"",
        ] {
            let error = add(text).err().unwrap();
            assert!(error.to_string().contains("may not stand in a project's configuration"), "{error}");
        }
    }

    #[test]
    fn a_profile_lies_over_the_plain_tables() {
        let text = "[providers.a]\nserviceUrl = \"github:acme/dev@main\"\nkeep = 1\n\
                    [profile.production.providers.a]\nserviceUrl = \"@acme/prod@2.0.0\"\n\
                    [profile.production.services.s]\nsource = \"npm:s\"\ngrant = [\"privileged\"]";
        let plain = Config::from_toml(text).unwrap();
        assert_eq!(plain.providers["a"].settings["serviceUrl"], "github:acme/dev@main");
        let mut production = plain.clone();
        production.select("production").unwrap();
        assert_eq!(production.providers["a"].settings["serviceUrl"], "@acme/prod@2.0.0");
        assert_eq!(production.providers["a"].settings["keep"], 1);
        assert_eq!(production.services["s"].source.as_deref(), Some("npm:s"));
        let error = plain.clone().select("producton").unwrap_err();
        assert_eq!(error.to_string(), "there is no profile `producton`");
        assert!(error.hint().unwrap().contains("production"), "{error:?}");
    }

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
