//! What the user has approved of each source: the capabilities and permissions that it may have, as a
//! provider and, apart from that, as a service.
//!
//! A lock tells the same, but anybody may have written a project's lock; this is the user's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::drift::Contract;
use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

const PATIENCE: Duration = Duration::from_secs(30);

/// `approved.json` in PRIZM_HOME: contracts by source.
#[derive(Clone, Debug)]
pub(crate) struct Approvals {
    path: PathBuf,
}

impl Approvals {
    pub(crate) fn new(home: &Path) -> Self {
        Self { path: home.join("approved.json") }
    }

    /// Returns all that was approved of a source, by whatever ref or version.
    pub(super) fn of(&self, source: &str) -> Result<Option<Contract>, Error> {
        Ok(self.read()?.remove(source))
    }

    /// Approves what a source promises, beside what was approved before.
    pub(super) fn add(&self, source: &str, contract: &Contract) -> Result<(), Error> {
        let holds = |known: &Contract| known.drift(contract).is_none();
        if self.of(source)?.as_ref().is_some_and(holds) {
            return Ok(());
        }
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let locked = fs::create_dir_all(directory).and_then(|()| Lock::take_directory_within(directory, PATIENCE));
        let _lock = locked.map_err(|error| self.unusable(&error))?;
        let mut all = self.read()?;
        let approved = match all.remove(source) {
            Some(before) => before.and(contract),
            None => contract.clone(),
        };
        all.insert(source.to_owned(), approved);
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            file.write_all(&serde_json::to_vec_pretty(&all)?)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.unusable(&error))
    }

    fn read(&self) -> Result<BTreeMap<String, Contract>, Error> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| self.unusable(&error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    fn unusable(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("the approvals {} cannot be used: {error}", quoted(&self.path)))
            .with_hint("check that PRIZM_HOME can be written; without the file each source is approved anew")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(capability: &str, env: &[&str]) -> Contract {
        let permissions = prizm_protocol::Permissions {
            env: env.iter().map(ToString::to_string).collect(),
            ..prizm_protocol::Permissions::default()
        };
        let (version, protocol) = ("1.0.0".to_owned(), Some("1.0".to_owned()));
        Contract { version, protocol, capabilities: [capability.to_owned()].into(), models: Some(1), permissions }
    }

    #[test]
    fn approvals_add_up_for_each_source() {
        let home = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(home.path());
        assert_eq!(approvals.of("npm:a").unwrap(), None);
        approvals.add("npm:a", &contract("text-to-image", &["KEY"])).unwrap();
        approvals.add("npm:a", &contract("text-to-audio", &[])).unwrap();
        approvals.add("npm:b", &contract("text-to-text", &[])).unwrap();
        let all = Approvals::new(home.path()).of("npm:a").unwrap().unwrap();
        assert_eq!(all.drift(&contract("text-to-image", &["KEY"])), None);
        assert_eq!(all.drift(&contract("text-to-audio", &["KEY"])), None);
        assert!(all.drift(&contract("text-to-text", &[])).is_some(), "that is another source's");
        fs::write(home.path().join("approved.json"), "{").unwrap();
        assert!(approvals.of("npm:a").unwrap_err().to_string().contains("approved.json"));
    }
}
