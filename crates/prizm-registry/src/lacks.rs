//! What a provider lacks before it can work: keys, and engines on this machine.

use std::fmt;

use prizm_protocol::{Capability, Manifest};
use serde::Serialize;
use serde_json::{Map, Value};

/// Something that a provider lacks before it can work, or can do all of its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Lack {
    /// A key: a setting that is a secret.
    Key {
        /// The setting.
        setting: String,
        /// Environment variables that the provider reads it from, once they are granted.
        env: Vec<String>,
        /// That of them which has a value, and is not granted.
        ungranted: Option<String>,
        /// Where one gets it.
        url: Option<String>,
    },
    /// A program that is not on PATH.
    Engine {
        /// Its name in the manifest.
        name: String,
        /// The programs any of which would do.
        programs: Vec<String>,
        /// How it is installed.
        install: String,
        /// What cannot be done without it; empty where nothing can.
        capabilities: Vec<Capability>,
    },
}

impl Lack {
    /// Returns whether a capability cannot be had because of it.
    pub fn concerns(&self, capability: &Capability) -> bool {
        match self {
            Self::Key { .. } => true,
            Self::Engine { capabilities, .. } => capabilities.is_empty() || capabilities.contains(capability),
        }
    }

    /// Returns what the user of a provider does about it.
    pub fn remedy(&self, provider: &str) -> String {
        match self {
            Self::Key { ungranted: Some(variable), .. } => {
                format!(
                    "`{variable}` is set: grant it, by `grantEnv = [\"{variable}\"]` under `[providers.{provider}]`"
                )
            }
            Self::Key { setting, env, url, .. } => {
                let granted = env.first().map(|variable| {
                    format!(", or set `{variable}` and `grantEnv = [\"{variable}\"]` under `[providers.{provider}]`")
                });
                let had = url.as_ref().map(|url| format!("; it is had at {url}"));
                format!(
                    "`prizm key set {provider} {setting}`{}{}",
                    granted.unwrap_or_default(),
                    had.unwrap_or_default()
                )
            }
            Self::Engine { install, .. } => install.clone(),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { setting, env, .. } => {
                write!(f, "it needs the key `{setting}`")?;
                env.first().map_or(Ok(()), |variable| write!(f, " ({variable})"))
            }
            Self::Engine { programs, capabilities, .. } => {
                let programs: Vec<_> = programs.iter().map(|program| format!("`{program}`")).collect();
                write!(f, "{} is not on PATH", programs.join(" or "))?;
                let capabilities: Vec<_> = capabilities.iter().map(Capability::as_str).collect();
                match &*capabilities {
                    [] => Ok(()),
                    some => write!(f, ": no {}", some.join(", ")),
                }
            }
        }
    }
}

/// Returns which engines of a manifest are not on PATH.
pub(crate) fn engines(manifest: &Manifest) -> impl Iterator<Item = Lack> {
    let is_absent = |program: &str| which::which(program).is_err();
    let absent = manifest.engines.iter().filter(move |(name, engine)| engine.programs(name).all(is_absent));
    absent.map(|(name, engine)| Lack::Engine {
        name: name.clone(),
        programs: engine.programs(name).map(str::to_owned).collect(),
        install: engine.install.clone(),
        capabilities: engine.capabilities.clone(),
    })
}

/// Returns which keys of a manifest come from nowhere, and are needed with these settings.
pub(crate) fn keys(
    manifest: &Manifest,
    settings: &Map<String, Value>,
    is_known: impl Fn(&str, &prizm_protocol::Key) -> bool,
) -> Vec<Lack> {
    let lacking = manifest.keys.iter().filter(|(setting, key)| {
        !is_known(setting, key) && !key.unless.iter().any(|other| settings.contains_key(other))
    });
    let has_value = |variable: &&String| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    let lack = |(setting, key): (&String, &prizm_protocol::Key)| Lack::Key {
        setting: setting.clone(),
        env: key.env.clone(),
        ungranted: key.env.iter().find(has_value).cloned(),
        url: key.url.clone(),
    };
    lacking.map(lack).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        Manifest::from_toml(
            r#"
            [provider]
            id = "a"
            version = "1.0.0"
            type = "local"
            protocol = "1.0"
            capabilities = ["text-to-audio", "audio-to-text"]
            [permissions]
            env = ["PRIZM_NO_SUCH_KEY", "PATH"]
            [keys.apiKey]
            env = ["PRIZM_NO_SUCH_KEY"]
            url = "https://a.example/keys"
            unless = ["baseUrl"]
            [keys.other]
            env = ["PATH"]
            [engines.sh]
            install = "apt-get install dash"
            [engines.speaker]
            any = ["no-such-flite", "no-such-espeak"]
            install = "apt-get install flite"
            capabilities = ["text-to-audio"]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_key_that_comes_from_nowhere_is_lacking() {
        let lacks = |settings: Value, known: &[&str]| {
            keys(&manifest(), settings.as_object().unwrap(), |setting, _| known.contains(&setting))
        };
        let all = lacks(json!({}), &[]);
        let told: Vec<_> = all.iter().map(|lack| (lack.to_string(), lack.remedy("a"))).collect();
        assert_eq!(told[0].0, "it needs the key `apiKey` (PRIZM_NO_SUCH_KEY)");
        assert_eq!(
            told[0].1,
            "`prizm key set a apiKey`, or set `PRIZM_NO_SUCH_KEY` and `grantEnv = [\"PRIZM_NO_SUCH_KEY\"]` under \
             `[providers.a]`; it is had at https://a.example/keys"
        );
        assert_eq!(told[1].1, "`PATH` is set: grant it, by `grantEnv = [\"PATH\"]` under `[providers.a]`");
        assert_eq!(lacks(json!({"baseUrl": "http://127.0.0.1:1"}), &["other"]), []);
        assert_eq!(lacks(json!({}), &["apiKey", "other"]), []);
    }

    #[test]
    fn an_engine_is_any_of_its_programs() {
        let lacks: Vec<_> = engines(&manifest()).collect();
        assert_eq!(lacks.len(), 1);
        assert_eq!(lacks[0].to_string(), "`no-such-flite` or `no-such-espeak` is not on PATH: no text-to-audio");
        assert_eq!(lacks[0].remedy("a"), "apt-get install flite");
        assert!(lacks[0].concerns(&Capability::TEXT_TO_AUDIO) && !lacks[0].concerns(&Capability::AUDIO_TO_TEXT));
    }
}
