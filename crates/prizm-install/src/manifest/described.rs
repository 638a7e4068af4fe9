//! What a repository says that it is, and what both kinds say alike.

use std::collections::BTreeMap;
use std::path::Path;

use prizm_protocol::service::Backend;
use prizm_protocol::{Build, Manifest, Prebuilt, Run, ServiceManifest};

use crate::error::quoted;
use crate::{Error, ErrorKind, Kind};

use super::file_name;

/// Names that people give to a Compose file.
const COMPOSE_FILES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// A manifest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Described {
    Provider(Box<Manifest>),
    Service(Box<ServiceManifest>),
}

impl Described {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Provider(_) => Kind::Provider,
            Self::Service(_) => Kind::Service,
        }
    }

    /// Returns the id of the provider, or the name of the service.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Provider(manifest) => manifest.provider.id.as_str(),
            Self::Service(manifest) => manifest.service.name.as_str(),
        }
    }

    pub(crate) fn run(&self) -> Option<&Run> {
        match self {
            Self::Provider(manifest) => manifest.run.as_ref(),
            Self::Service(manifest) => manifest.run.as_ref(),
        }
    }

    pub(crate) fn build(&self) -> Option<&Build> {
        match self {
            Self::Provider(manifest) => manifest.build.as_ref(),
            Self::Service(manifest) => manifest.build.as_ref(),
        }
    }

    /// Returns its `[build] command`, where it has one.
    pub(crate) fn build_command(&self) -> Option<&[String]> {
        self.build()?.command.as_deref()
    }

    /// Tells whether what it lists for Python is everything.
    pub(crate) fn no_deps(&self) -> bool {
        self.build().is_some_and(|build| build.no_deps)
    }

    pub(crate) fn prebuilt(&self) -> &BTreeMap<String, Prebuilt> {
        match self {
            Self::Provider(manifest) => &manifest.prebuilt,
            Self::Service(manifest) => &manifest.prebuilt,
        }
    }

    /// Returns the manifest of a provider.
    pub(crate) fn provider(&self) -> Option<&Manifest> {
        match self {
            Self::Provider(manifest) => Some(manifest),
            Self::Service(_) => None,
        }
    }

    /// Takes the manifest of a provider.
    pub(crate) fn into_provider(self) -> Option<Manifest> {
        match self {
            Self::Provider(manifest) => Some(*manifest),
            Self::Service(_) => None,
        }
    }

    /// Returns the manifest of a service of whose files Prizm starts none itself: they are taken as they
    /// are, and what is in them is the business of whoever runs it.
    pub(crate) fn run_by_others(&self) -> Option<&ServiceManifest> {
        match self {
            Self::Service(manifest) if manifest.service.backend != Backend::Process => Some(manifest),
            _ => None,
        }
    }
}

/// Checks the files of a service that others run: its Compose file is there, and nothing is to be built.
pub(crate) fn check_run_by_others(root: &Path, manifest: &ServiceManifest) -> Result<(), Error> {
    let backend = manifest.service.backend.as_str();
    let tables = [
        ("run", manifest.run.is_some()),
        ("build", manifest.build.is_some()),
        ("prebuilt", !manifest.prebuilt.is_empty()),
    ];
    if let Some((table, _)) = tables.iter().find(|(_, is_there)| *is_there) {
        let message = format!(
            "`[{table}]` in `{}` contradicts `backend = \"{backend}\"`, for which nothing is built or started here",
            file_name(root)
        );
        return Err(Error::new(ErrorKind::Manifest, message)
            .with_hint(format!("its author must leave `[{table}]` out, or write `backend = \"process\"`")));
    }
    match manifest.service.backend {
        Backend::Compose => check_compose_file(root, &manifest.service.compose.clone().unwrap_or_default().file),
        Backend::Process | Backend::External => Ok(()),
    }
}

fn check_compose_file(root: &Path, name: &str) -> Result<(), Error> {
    let inside = |name: &str| {
        let (root, path) = (root.canonicalize().ok()?, root.join(name).canonicalize().ok()?);
        (path.starts_with(root) && path.is_file()).then_some(())
    };
    if inside(name).is_some() {
        return Ok(());
    }
    let message = format!("the Compose file `{}` is no file in {}", name.escape_debug(), quoted(root));
    let other = COMPOSE_FILES.iter().find(|other| inside(other).is_some());
    Err(Error::new(ErrorKind::Manifest, message).with_hint(match other {
        Some(other) => format!("its author must write `[service.compose]` with `file = \"{other}\"`"),
        None => "its author must add it, or name another in `[service.compose]`: `file = \"…\"`".to_owned(),
    }))
}
