//! Tries a provider that was built, before anybody can use it.

use std::sync::Arc;

use crate::store::{Listing, Staging};
use crate::{Error, ErrorKind};

use super::record::Promised;
use super::{BoxError, Candidate, Installer};

impl Installer {
    /// Lets the validator try it, and checks that its files are as they were afterwards.
    pub(super) async fn try_out(
        &self,
        candidate: Candidate,
        staging: &Arc<Staging>,
        files: Listing,
    ) -> Result<(Promised, Listing), Error> {
        let declaration = self.validator.validate(&candidate).await.map_err(|error| rejected(error, &candidate))?;
        let place = Arc::clone(staging);
        let (files, touched) =
            self.blocking(move |this| this.store.touched(&place, &files).map(|touched| (files, touched))).await?;
        match touched {
            Some(path) => Err(wrote_into_its_own(&declaration.provider.id, &path)),
            None => Ok((
                Promised::Provider { manifest: candidate.manifest.map(Box::new), declaration: declaration.into() },
                files,
            )),
        }
    }
}

/// Says what a source lacks that is no provider.
fn rejected(error: BoxError, candidate: &Candidate) -> Error {
    let error = Error::rejected(error);
    match candidate.manifest {
        Some(_) => error,
        None => error.with_hint(
            "it may be no provider: it has neither a `prizm.toml` nor `\"prizm\"` in a `package.json`, \
             and did not shake hands as a plugin does",
        ),
    }
}

/// What a plugin writes into its own directory would be there for the next one that runs it, or would
/// be taken for damage.
fn wrote_into_its_own(id: &str, path: &str) -> Error {
    let (id, path) = (id.escape_debug(), path.escape_debug());
    let message = format!("`{id}` wrote into its own directory while it was tried: `{path}` was changed or added");
    Error::new(ErrorKind::Rejected, message)
        .with_hint("its author must write to the directory that PRIZM_WORK_DIR names, or to that of the job")
}
