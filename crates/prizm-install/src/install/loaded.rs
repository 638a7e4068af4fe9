//! What the pipeline led to, and what whoever asked is given of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::manifest::Described;
use crate::store::Artifact;
use crate::{Built, Error, ErrorKind, Isolation, Revision};

use super::record::{Promised, Record};
use super::{Installed, InstalledService};

/// What an install led to.
pub(crate) enum Loaded {
    /// Files of the store, which are not pruned while this is held.
    Stored { artifact: Artifact, record: Box<Record> },
    /// A directory that is run where it is.
    InPlace {
        identifier: String,
        built: Built,
        /// Of a service: changes when its files do.
        digest: Option<String>,
    },
}

impl Loaded {
    pub(super) fn stored(artifact: Artifact, record: Record) -> Self {
        Self::Stored { artifact, record: record.into() }
    }

    /// Returns the working directory of what can be started.
    pub(crate) fn root(&self) -> PathBuf {
        match self {
            Self::Stored { artifact, record } => record.directory.as_ref().map_or_else(
                || artifact.root().to_owned(),
                |directory: &String| artifact.root().join(Path::new(directory)),
            ),
            Self::InPlace { built, .. } => built.root.clone(),
        }
    }

    pub(crate) fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Stored { record, .. } => Some(&record.revision),
            Self::InPlace { .. } => None,
        }
    }

    pub(crate) fn isolation(&self) -> Option<Isolation> {
        match self {
            Self::Stored { record, .. } => Some(record.isolation),
            Self::InPlace { .. } => None,
        }
    }

    /// Returns it as the provider that was asked for.
    pub(super) fn provider(self) -> Result<Installed, Error> {
        let (root, revision, isolation) = (self.root(), self.revision().cloned(), self.isolation());
        let (identifier, argv, manifest, declaration, artifact) = match self {
            Self::InPlace { identifier, built, .. } => match built.manifest {
                Some(Described::Service(_)) => return Err(of_another_kind(&identifier)),
                Some(Described::Provider(manifest)) => (identifier, built.argv, Some(manifest), None, None),
                None => (identifier, built.argv, None, None, None),
            },
            Self::Stored { artifact, record } => match record.promised {
                Promised::Service { .. } => return Err(of_another_kind(&record.identifier)),
                Promised::Provider { manifest, declaration } => {
                    (record.identifier, words(record.argv), manifest, Some(*declaration), Some(artifact))
                }
            },
        };
        let manifest = manifest.map(|manifest| *manifest);
        Ok(Installed { identifier, root, argv, manifest, revision, declaration, isolation, _artifact: artifact })
    }

    /// Returns it as the service that was asked for.
    pub(super) fn service(self) -> Result<InstalledService, Error> {
        let (root, revision, isolation) = (self.root(), self.revision().cloned(), self.isolation());
        let (identifier, argv, manifest, digest, artifact) = match self {
            Self::InPlace { identifier, built, digest } => match (built.manifest, digest) {
                (Some(Described::Service(manifest)), Some(digest)) => (identifier, built.argv, manifest, digest, None),
                _ => return Err(of_another_kind(&identifier)),
            },
            Self::Stored { artifact, record } => match record.promised {
                Promised::Provider { .. } => return Err(of_another_kind(&record.identifier)),
                Promised::Service { service } => {
                    (record.identifier, words(record.argv), service, record.source_hash, Some(artifact))
                }
            },
        };
        let manifest = *manifest;
        Ok(InstalledService { identifier, root, argv, manifest, revision, digest, isolation, _artifact: artifact })
    }
}

fn words(argv: Vec<String>) -> Vec<OsString> {
    argv.into_iter().map(OsString::from).collect()
}

/// The kind was checked before; somebody has edited the store.
fn of_another_kind(identifier: &str) -> Error {
    Error::new(ErrorKind::Store, format!("what the store holds of `{identifier}` is not what was asked for"))
        .with_hint("something else changes files below PRIZM_HOME: find out what")
}
