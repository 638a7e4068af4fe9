//! Values that nobody may see: found where a plugin wrote them, and hidden in what is shown.

use crate::declared::Declared;
use crate::{Plan, Subject};

/// The shortest value that is looked for: shorter ones stand in any text.
const SHORTEST: usize = 4;

/// What settings are called that are secrets, without what separates words.
const NAMES: &[&str] = &["apikey", "token", "secret", "password"];

/// Returns whether a setting is called like a secret.
pub(crate) fn is_called_secret(name: &str) -> bool {
    let word: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    NAMES.iter().any(|secret| word.ends_with(secret))
}

/// Values that nobody may see, by the name of the setting or the variable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(Vec<Secret>);

#[derive(Clone)]
struct Secret {
    name: String,
    value: String,
    /// The plugin itself says that it is one.
    is_declared: bool,
}

impl Secrets {
    /// Collects what the user gave that is secret.
    pub(crate) fn new(subject: &Subject, plan: &Plan, declared: &Declared) -> Self {
        let mut secrets = Self::default();
        for (name, value) in &plan.settings {
            let is_declared = declared.secrets().any(|secret| secret == name);
            if let Some(value) = value.as_str().filter(|_| is_declared || is_called_secret(name)) {
                secrets.add(name, value, is_declared);
            }
        }
        for (name, value) in &subject.env {
            secrets.add(&name.to_string_lossy(), &value.to_string_lossy(), false);
        }
        secrets
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, name: &str, value: &str, is_declared: bool) {
        if value.len() >= SHORTEST {
            self.0.push(Secret { name: name.to_owned(), value: value.to_owned(), is_declared });
        }
    }

    /// Returns the names of the settings, declared secret, whose value is in a line.
    pub(crate) fn found_in(&self, line: &[u8]) -> Vec<String> {
        let is_there =
            |secret: &&Secret| secret.is_declared && memchr::memmem::find(line, secret.value.as_bytes()).is_some();
        self.0.iter().filter(is_there).map(|secret| secret.name.clone()).collect()
    }

    /// Replaces every value by its name.
    pub(crate) fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(&secret.value, &format!("[{}]", secret.name)))
    }
}

/// Shows names, never values.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_hidden() {
        let mut secrets = Secrets::default();
        secrets.add("apiKey", "hunter22", true);
        secrets.add("VARIABLE", "open sesame", false);
        secrets.add("pin", "1", true);
        assert_eq!(secrets.found_in(b"the key is hunter22, 1, open sesame"), ["apiKey"]);
        assert_eq!(secrets.hidden("hunter22 open sesame"), "[apiKey] [VARIABLE]");
        assert_eq!(format!("{secrets:?}"), "Secrets([apiKey, VARIABLE])");
    }

    #[test]
    fn settings_are_known_by_their_names() {
        assert!(["apiKey", "api_key", "accessToken", "PASSWORD"].into_iter().all(is_called_secret));
        assert!(!["maxTokens", "keyboard", "tokenLimit"].into_iter().any(is_called_secret));
    }
}
