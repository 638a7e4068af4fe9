//! What runs a service.

mod compose;
mod process;

use std::collections::BTreeMap;
use std::sync::Arc;

use prizm_protocol::service;

use crate::error::{Error, LogTail};
use crate::place::Place;
use crate::{Result, Spec};

pub use compose::{Leftover, Part};
pub(crate) use compose::{leftovers, remove};

/// The URLs of a running service's endpoints, by name.
pub(crate) type Endpoints = BTreeMap<String, String>;

/// Who hears how far a start is.
pub(crate) trait Report: Send + Sync {
    /// A stage begins: `build`, `pull`, `create` or `start`, and what is being done, on one line.
    fn stage(&self, stage: &str, detail: &str);
}

/// One of the two backends that start something.
pub(crate) enum Backend {
    Compose(Box<compose::Compose>),
    Process(Box<process::Process>),
}

impl Backend {
    /// Returns none for a service that runs already, elsewhere.
    pub(crate) fn of(spec: &Arc<Spec>, place: &Place) -> Option<Self> {
        match spec.manifest.service.backend {
            service::Backend::Compose => {
                Some(Self::Compose(Box::new(compose::Compose::new(Arc::clone(spec), place.directory().to_owned()))))
            }
            service::Backend::Process => Some(Self::Process(Box::new(process::Process::new(Arc::clone(spec), place)))),
            service::Backend::External => None,
        }
    }

    /// Finds what runs already of this instance, and can be used as it is.
    pub(crate) async fn adopt(&mut self) -> Result<Option<Endpoints>> {
        match self {
            Self::Compose(compose) => compose.adopt().await,
            // A process ends with its owner.
            Self::Process(_) => Ok(None),
        }
    }

    pub(crate) async fn start(&mut self, report: &dyn Report) -> Result<Endpoints> {
        match self {
            Self::Compose(compose) => compose.start(report).await,
            Self::Process(process) => process.start(report).await,
        }
    }

    /// Waits until it has ended by itself, and says how. It may be given up and called again.
    pub(crate) async fn ended(&mut self) -> Error {
        match self {
            Self::Compose(compose) => compose.ended().await,
            Self::Process(process) => process.ended().await,
        }
    }

    /// Stops it gently, and removes what it made, but volumes that persist.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        match self {
            Self::Compose(compose) => compose.stop().await,
            Self::Process(process) => process.stop().await,
        }
    }

    /// Removes the volumes of a service that is stopped.
    pub(crate) async fn purge(&mut self) -> Result<()> {
        match self {
            Self::Compose(compose) => compose.purge().await,
            Self::Process(process) => process.purge().await,
        }
    }

    /// Whether there are volumes that a stop leaves, or nobody can tell.
    pub(crate) async fn keeps_volumes(&self) -> Result<bool> {
        match self {
            Self::Compose(compose) => compose.keeps_volumes().await,
            Self::Process(process) => Ok(process.keeps_volumes()),
        }
    }

    /// Returns the last lines of each process or container.
    pub(crate) async fn tails(&self) -> Vec<LogTail> {
        match self {
            Self::Compose(compose) => compose.tails().await,
            Self::Process(process) => process.tails(),
        }
    }

    /// Prints the last lines of each process or container, and with `follow` what comes, until it is dropped.
    pub(crate) async fn logs(
        &mut self,
        place: &Place,
        lines: usize,
        follow: bool,
        line: &mut (dyn FnMut(&str, &str) + Send),
    ) -> Result<()> {
        match self {
            Self::Compose(compose) => compose.logs(lines, follow, line).await,
            Self::Process(_) => process::logs(&place.log(), lines, follow, line).await,
        }
    }

    /// Returns what the engine tells of each container.
    pub(crate) async fn parts(&self) -> Result<Vec<Part>> {
        match self {
            Self::Compose(compose) => compose.parts().await,
            Self::Process(_) => Ok(Vec::new()),
        }
    }
}
