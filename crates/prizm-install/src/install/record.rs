//! What is kept of a provider beside its files.

use prizm_protocol::Manifest;
use prizm_protocol::methods::initialize::Declaration;
use serde::{Deserialize, Serialize};

use crate::drift::Contract;
use crate::lockfile::{Locked, LockedArtifact, LockedBuild};
use crate::{Identifier, Isolation, Recipe, Revision};

/// Everything that is known of a provider in the store. It is written when the provider was found
/// valid, and never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The canonical identifier by which it was first installed.
    pub(crate) identifier: String,
    pub(crate) revision: Revision,
    pub(crate) source_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tree: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) published: Option<i64>,
    /// The provider's directory, relative to the files: `?dir=` of the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) directory: Option<String>,
    pub(crate) recipe: Recipe,
    /// The program and its arguments; a program with a `/` is relative to the directory.
    pub(crate) argv: Vec<String>,
    /// How its build was kept from the network.
    pub(crate) isolation: Isolation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Manifest>,
    /// What it declared when it was tried, frozen.
    pub(crate) declaration: Declaration,
}

/// The name of this kind of machine, under which the lock keeps what was built.
pub(crate) const TARGET: &str = env!("PRIZM_TARGET");

impl Record {
    /// Returns what the provider promises, for the lock.
    pub(crate) fn contract(&self) -> Contract {
        let permissions = self.manifest.as_ref().map(|manifest| manifest.permissions.clone());
        Contract::new(&self.declaration, permissions.unwrap_or_default())
    }

    /// Returns the entry of the lock for a provider that was asked for by `identifier`.
    pub(crate) fn locked(&self, identifier: &Identifier, artifact_hash: &str) -> Locked {
        let artifact = LockedArtifact { hash: artifact_hash.to_owned(), entry: self.argv.clone() };
        Locked {
            id: self.declaration.provider.id.clone(),
            kind: "provider".to_owned(),
            request: identifier.to_string(),
            source: identifier.source(),
            revision: self.revision.clone(),
            tree: self.tree.clone(),
            source_hash: self.source_hash.clone(),
            published: self.published,
            build: LockedBuild { recipe: self.recipe.clone(), isolation: self.isolation },
            artifact: [(TARGET.to_owned(), artifact)].into(),
            contract: self.contract(),
        }
    }
}
