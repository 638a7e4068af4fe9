//! What is kept of a provider or a service beside its files.

use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{Manifest, ServiceManifest};
use serde::{Deserialize, Serialize};

use crate::drift::Contract;
use crate::lockfile::{Locked, LockedArtifact, LockedBuild};
use crate::{Identifier, Isolation, Kind, Recipe, Revision};

/// Everything that is known of a provider or a service in the store. It is written when that was found
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
    /// Its directory, relative to the files: `?dir=` of the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) directory: Option<String>,
    pub(crate) recipe: Recipe,
    /// The program and its arguments; a program with a `/` is relative to the directory.
    pub(crate) argv: Vec<String>,
    /// How its build was kept from the network.
    pub(crate) isolation: Isolation,
    #[serde(flatten)]
    pub(crate) promised: Promised,
}

/// What it said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Promised {
    /// A service, which nobody tries: what its manifest says counts.
    Service { service: Box<ServiceManifest> },
    /// A provider.
    Provider {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<Box<Manifest>>,
        /// What it declared when it was tried, frozen.
        declaration: Box<Declaration>,
    },
}

/// The name of this kind of machine, under which the lock keeps what was built.
pub(crate) const TARGET: &str = env!("PRIZM_TARGET");

impl Record {
    pub(crate) fn kind(&self) -> Kind {
        match &self.promised {
            Promised::Service { .. } => Kind::Service,
            Promised::Provider { .. } => Kind::Provider,
        }
    }

    /// Returns the id of the provider, or the name of the service.
    pub(crate) fn id(&self) -> &str {
        match &self.promised {
            Promised::Service { service } => service.service.name.as_str(),
            Promised::Provider { declaration, .. } => &declaration.provider.id,
        }
    }

    /// Returns what it promises, for the lock.
    pub(crate) fn contract(&self) -> Contract {
        match &self.promised {
            Promised::Service { service } => Contract::of_service(service),
            Promised::Provider { manifest, declaration } => {
                let permissions = manifest.as_ref().map(|manifest| manifest.permissions.clone());
                Contract::of_provider(declaration, permissions.unwrap_or_default())
            }
        }
    }

    /// Returns the entry of the lock for what was asked for by `identifier`.
    pub(crate) fn locked(&self, identifier: &Identifier, artifact_hash: &str) -> Locked {
        let artifact = LockedArtifact { hash: artifact_hash.to_owned(), entry: self.argv.clone() };
        Locked {
            id: self.id().to_owned(),
            kind: self.kind(),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(promised: &Value) -> Value {
        let mut record = json!({
            "identifier": "github:acme/echo@v1",
            "revision": {"ref": "refs/tags/v1", "commit": "1".repeat(40)},
            "sourceHash": format!("b3:{}", "0".repeat(64)),
            "recipe": {"recipe": "command/1", "dependencyLockGenerated": false, "tools": {}},
            "argv": ["./echo"],
            "isolation": "none",
        });
        let fields = promised.as_object().cloned().unwrap();
        record.as_object_mut().unwrap().extend(fields);
        record
    }

    #[test]
    fn what_was_written_before_there_were_services_is_a_provider() {
        let options = json!({"text-to-text": {"type": "object", "maximum": 0.1}});
        let declaration = json!({
            "protocolVersion": "1.0", "provider": {"id": "echo", "version": "1.0.0"},
            "capabilities": ["text-to-text"],
            "models": [{"id": "m", "capabilities": ["text-to-text"], "options": options}],
        });
        let manifest = json!({"provider": {"id": "echo", "version": "1.0.0", "type": "local", "protocol": "1.0",
            "capabilities": ["text-to-text"]}});
        for promised in [json!({"declaration": declaration}), json!({"declaration": declaration, "manifest": manifest})]
        {
            let read: Record = serde_json::from_value(record(&promised)).unwrap();
            assert_eq!((read.kind(), read.id()), (Kind::Provider, "echo"));
            assert_eq!((read.contract().protocol.as_deref(), read.contract().models), (Some("1.0"), Some(1)));
            let again: Record = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
            assert_eq!(again, read);
        }
    }

    #[test]
    fn a_service_is_known_by_its_manifest() {
        let service = json!({"service": {"name": "llm", "version": "1.2.0", "backend": "external",
            "endpoints": {"http": {}}, "idleStop": "10min", "capabilities": ["text-to-text"]},
            "permissions": {"env": ["TOKEN"]}});
        let read: Record = serde_json::from_value(record(&json!({"service": service}))).unwrap();
        assert_eq!((read.kind(), read.id()), (Kind::Service, "llm"));
        let contract = read.contract();
        assert_eq!((contract.protocol, contract.models, contract.version), (None, None, "1.2.0".to_owned()));
        assert_eq!(contract.permissions.env, ["TOKEN"]);
        let again: Record = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        assert!(serde_json::from_value::<Record>(record(&json!({}))).is_err(), "it is neither");
    }
}
