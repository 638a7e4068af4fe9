//! The rules of the specification, as data.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// `protocol/SPEC.md`'s tables, generated from it.
const DATA: &str = include_str!("../../../protocol/requirements/1.0.json");

/// A rule of the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Its id, such as `CH-1`. It never changes.
    pub id: String,
    /// How much it binds.
    pub level: Level,
    /// Whom it binds.
    pub of: Side,
    /// The heading under which it stands.
    pub section: String,
    /// The rule.
    pub rule: String,
    /// Why it is one.
    pub reason: String,
}

/// How much a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Who breaks it does not conform.
    Must,
    /// There may be reasons not to.
    Should,
}

impl Level {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// Whom a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The plugin.
    Plugin,
    /// The host.
    Host,
}

#[derive(Deserialize)]
struct Document {
    protocol: String,
    requirements: Vec<Requirement>,
}

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(DATA).expect("the document is part of the program, and tested"));

/// Returns the version of the protocol that the rules are of.
pub fn protocol() -> &'static str {
    &DOCUMENT.protocol
}

/// Returns every rule for plugins, in the order of the specification.
///
/// ```
/// let first = prizm_conformance::requirements().next().unwrap();
/// assert_eq!((first.id.as_str(), first.level.as_str()), ("CH-1", "MUST"));
/// ```
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    DOCUMENT.requirements.iter().filter(|requirement| requirement.of == Side::Plugin)
}

/// Returns the rule for plugins that has this id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    requirements().find(|requirement| requirement.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_there_and_have_ids_of_their_own() {
        assert_eq!(protocol(), prizm_protocol::PROTOCOL_VERSION.to_string());
        let ids: std::collections::BTreeSet<_> = requirements().map(|requirement| &requirement.id).collect();
        assert_eq!(ids.len(), requirements().count());
        assert!(ids.len() >= 100, "{}", ids.len());
        assert!(requirements().all(|rule| rule.rule.ends_with('.') && rule.reason.ends_with('.')));
    }
}
