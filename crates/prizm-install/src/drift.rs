//! What a provider or a service promises, and what it asks for more than before.

use std::collections::BTreeSet;
use std::fmt;

use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{Permissions, ServiceManifest};
use serde::{Deserialize, Serialize};

/// What a provider or a service can do, and what it asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// The version that it declares.
    pub version: String,
    /// The protocol that it speaks; a service speaks none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What it can do, sorted.
    pub capabilities: BTreeSet<String>,
    /// How many models it declares; a service has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<usize>,
    /// What it asks for.
    pub permissions: Permissions,
}

/// What is asked for now that was not approved before, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    lines: Vec<String>,
}

impl Contract {
    /// Takes the contract of a provider from what it declared, and from its manifest.
    pub(crate) fn of_provider(declaration: &Declaration, permissions: Permissions) -> Self {
        Self {
            version: declaration.provider.version.clone(),
            protocol: Some(declaration.protocol_version.clone()),
            capabilities: declaration.capabilities.iter().cloned().collect(),
            models: Some(declaration.models.len()),
            permissions,
        }
    }

    /// Takes the contract of a service from its manifest.
    pub(crate) fn of_service(manifest: &ServiceManifest) -> Self {
        Self {
            version: manifest.service.version.to_string(),
            protocol: None,
            capabilities: manifest.service.capabilities.iter().map(ToString::to_string).collect(),
            models: None,
            permissions: manifest.permissions.clone(),
        }
    }

    /// Returns what either of two contracts allows.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.capabilities.extend(other.capabilities.iter().cloned());
        let Permissions { network, env, read } = &other.permissions;
        extend(&mut self.permissions.network, network);
        extend(&mut self.permissions.env, env);
        extend(&mut self.permissions.read, read);
        self
    }

    /// Compares with a later contract. Less than before is no drift.
    pub fn drift(&self, now: &Self) -> Option<Drift> {
        let mut lines = Vec::new();
        let mut compare = |what: &str, before: BTreeSet<String>, now: BTreeSet<String>| {
            lines.extend(now.difference(&before).map(|new| format!("+ {what} {}", new.escape_debug())));
        };
        let paths = |contract: &Self| -> BTreeSet<String> {
            contract.permissions.read.iter().map(|path| path.to_string_lossy().into_owned()).collect()
        };
        let words = |words: &[String]| -> BTreeSet<String> { words.iter().cloned().collect() };
        compare("capability", self.capabilities.clone(), now.capabilities.clone());
        compare("network", words(&self.permissions.network), words(&now.permissions.network));
        compare("env", words(&self.permissions.env), words(&now.permissions.env));
        compare("read", paths(self), paths(now));
        (!lines.is_empty()).then_some(Drift { lines })
    }
}

fn extend<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}

impl Drift {
    /// Returns the lines: `+ capability text-to-image`.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(capabilities: &[&str], env: &[&str]) -> Contract {
        Contract {
            version: "1.0.0".to_owned(),
            protocol: Some("1.0".to_owned()),
            capabilities: capabilities.iter().map(ToString::to_string).collect(),
            models: Some(1),
            permissions: Permissions { env: env.iter().map(ToString::to_string).collect(), ..Permissions::default() },
        }
    }

    #[test]
    fn more_is_drift_and_less_is_not() {
        let before = contract(&["text-to-image"], &["KEY"]);
        let now = contract(&["text-to-image", "text-to-audio"], &["KEY", "AWS_SECRET"]);
        let drift = before.drift(&now).unwrap();
        assert_eq!(drift.to_string(), "+ capability text-to-audio\n+ env AWS_SECRET");
        assert_eq!(now.drift(&before), None);
        assert_eq!(before.drift(&before), None);
    }

    #[test]
    fn hosts_and_files_count() {
        let before = contract(&[], &[]);
        let mut now = before.clone();
        now.permissions.network.push("evil.example".to_owned());
        now.permissions.read.push("/etc".into());
        assert_eq!(before.drift(&now).unwrap().lines(), ["+ network evil.example", "+ read /etc"]);
    }
}
