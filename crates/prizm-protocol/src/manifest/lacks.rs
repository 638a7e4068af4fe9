//! `[keys]` and `[engines]`: what a machine or a user may lack before the provider can work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ManifestError, empty};
use crate::{Capability, Permissions};

/// The longest that a text for people may be.
const MAX_CHARS: usize = 300;

/// `[keys.SETTING]`: a setting that is a secret, and without which the provider refuses to work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// Environment variables that it is read from where the setting is absent, the first that is set counts.
    /// They are among `[permissions] env`, and the user grants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Where one gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Settings with any of which the work may go to another server, such as one's own: the provider itself says then
    /// what it needs, and a key of the keyring is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
}

/// `[engines.NAME]`: a program that must be on PATH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Engine {
    /// How it is installed: a command line, for people.
    pub install: String,
    /// The programs any of which will do; without it the engine's name is the program's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// What cannot be done without it; without this key nothing can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

impl Engine {
    /// Returns the programs any of which will do.
    ///
    /// ```
    /// let engine = prizm_protocol::Engine { install: "apt-get install ffmpeg".into(), any: vec![], capabilities: vec![] };
    /// assert_eq!(engine.programs("ffmpeg").collect::<Vec<_>>(), ["ffmpeg"]);
    /// ```
    pub fn programs<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.any.is_empty().then_some(name);
        own.into_iter().chain(self.any.iter().map(String::as_str))
    }
}

pub(super) fn check_keys(keys: &BTreeMap<String, Key>, permissions: &Permissions) -> Result<(), ManifestError> {
    for (setting, key) in keys {
        let path = format!("keys.{setting}");
        names(&path, [setting].into_iter().chain(&key.unless))?;
        if let Some(name) = key.env.iter().find(|name| !permissions.env.contains(name)) {
            return wrong(format!("{path}.env"), format!("`{name}` is not among `permissions.env`"));
        }
        if let Some(url) = &key.url {
            for_people(&format!("{path}.url"), url)?;
            if !url.starts_with("https://") {
                return wrong(format!("{path}.url"), "expected an address that begins with `https://`".to_owned());
            }
        }
    }
    Ok(())
}

pub(super) fn check_engines(
    engines: &BTreeMap<String, Engine>,
    capabilities: &[Capability],
) -> Result<(), ManifestError> {
    for (name, engine) in engines {
        let path = format!("engines.{name}");
        names(&path, [name])?;
        if engine.install.is_empty() {
            return empty("engines.NAME.install", "say how it is installed, such as `apt-get install ffmpeg`");
        }
        for_people(&format!("{path}.install"), &engine.install)?;
        if let Some(program) = engine.programs(name).find(|program| !is_program(program)) {
            return wrong(path, format!("`{program}` is not the name of a program: it has letters, digits, `.+_-`"));
        }
        if let Some(unknown) = engine.capabilities.iter().find(|capability| !capabilities.contains(capability)) {
            return wrong(format!("{path}.capabilities"), format!("`{unknown}` is not among `provider.capabilities`"));
        }
    }
    Ok(())
}

/// Checks that settings are named which a provider can have, and that its models do not follow a secret.
pub(super) fn check_followed(followed: &[String], keys: &BTreeMap<String, Key>) -> Result<(), ManifestError> {
    names("provider.modelsFollow", followed)?;
    match followed.iter().find(|setting| keys.contains_key(*setting)) {
        Some(key) => wrong("provider.modelsFollow".to_owned(), format!("`{key}` is a key")),
        None => Ok(()),
    }
}

/// Checks names that are shown, and that settings and programs may have.
fn names<'a>(path: &str, names: impl IntoIterator<Item = &'a String>) -> Result<(), ManifestError> {
    match names.into_iter().find(|name| !is_program(name)) {
        Some(name) => wrong(path.to_owned(), format!("`{}` is not a name", name.escape_debug())),
        None => Ok(()),
    }
}

/// Returns whether it can be looked for on PATH, and only there.
fn is_program(name: &str) -> bool {
    let may = |c: char| c.is_ascii_alphanumeric() || ".+_-".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(may) && !name.starts_with(['.', '-'])
}

/// Checks a text that is shown as it is.
fn for_people(path: &str, text: &str) -> Result<(), ManifestError> {
    if text.chars().any(char::is_control) || text.chars().count() > MAX_CHARS {
        return wrong(path.to_owned(), format!("expected one line of at most {MAX_CHARS} characters"));
    }
    Ok(())
}

fn wrong(key: String, reason: String) -> Result<(), ManifestError> {
    Err(ManifestError::Wrong { key, reason })
}

#[cfg(test)]
mod tests {
    use crate::Manifest;

    fn manifest(lacks: &str) -> Result<Manifest, String> {
        let text = format!(
            "[provider]\nid = \"a\"\nversion = \"1.0.0\"\ntype = \"remote\"\nprotocol = \"1.0\"\n\
             capabilities = [\"text-to-audio\"]\n[permissions]\nenv = [\"FAL_KEY\"]\n{lacks}"
        );
        Manifest::from_toml(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_and_engines_are_read_and_written() {
        let text = "[keys.apiKey]\nenv = [\"FAL_KEY\"]\nurl = \"https://a.example/keys\"\nunless = [\"baseUrl\"]\n\
                    [engines.speaker]\nany = [\"flite\", \"espeak-ng\"]\ninstall = \"apt-get install flite\"\n\
                    capabilities = [\"text-to-audio\"]";
        let read = manifest(text).unwrap();
        assert_eq!(read.keys["apiKey"].env, ["FAL_KEY"]);
        assert_eq!(read.engines["speaker"].programs("speaker").collect::<Vec<_>>(), ["flite", "espeak-ng"]);
        assert_eq!(Manifest::from_toml(&toml::to_string(&read).unwrap()).unwrap(), read);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("[keys.k]\nenv = [\"HOME\"]", "`keys.k.env`: `HOME` is not among `permissions.env`"),
            ("[keys.k]\nurl = \"http://a.example\"", "`keys.k.url`: expected an address"),
            ("[keys.k]\nurl = \"https://a\\u001b[2J\"", "`keys.k.url`: expected one line"),
            ("[keys.k]\nvalue = \"secret\"", "unknown field `value`"),
            ("[keys.\"k\\u001b\"]", "`k\\u{1b}` is not a name"),
            ("[keys.k]\nunless = [\"a b\"]", "`a b` is not a name"),
            ("[engines.a]\ninstall = \"\"", "`engines.NAME.install` is empty"),
            ("[engines.a]\ninstall = \"a\\nb\"", "`engines.a.install`: expected one line"),
            ("[engines.\"/bin/sh\"]\ninstall = \"x\"", "`/bin/sh` is not a name"),
            ("[engines.a]\ninstall = \"x\"\nany = [\"../a\"]", "`../a` is not the name of a program"),
            ("[engines.a]\ninstall = \"x\"\ncapabilities = [\"text-to-3d\"]", "`text-to-3d` is not among"),
        ] {
            let error = manifest(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
