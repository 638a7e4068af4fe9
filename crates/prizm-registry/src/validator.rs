//! Tries a provider that was just built: it must shake hands before anybody can use it.

use std::path::PathBuf;
use std::sync::Arc;

use prizm_host::{Expected, PluginCommand, PluginSpec, Timing};
use prizm_install::{BoxError, BoxFuture, Candidate, Validator};
use prizm_protocol::methods::initialize::Declaration;

/// Starts a candidate without the network and without secrets, and takes what it declares.
pub(crate) struct Handshake {
    pub(crate) work_dir: PathBuf,
    pub(crate) timing: Timing,
}

impl Validator for Handshake {
    fn validate<'a>(&'a self, candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>> {
        Box::pin(async move {
            let spec = PluginSpec {
                expected: expected(candidate),
                work_dir: self.work_dir.clone(),
                timing: self.timing,
                ..PluginSpec::new(command(candidate))
            };
            match prizm_host::probe(&spec).await {
                Ok(info) => Ok((*info.declaration).clone()),
                Err(error) => Err(Arc::new(error) as BoxError),
            }
        })
    }
}

fn expected(candidate: &Candidate) -> Expected {
    match &candidate.manifest {
        Some(manifest) => Expected {
            id: Some(manifest.provider.id.clone()),
            capabilities: Some(manifest.provider.capabilities.clone()),
        },
        None => Expected::default(),
    }
}

/// The command line, behind what takes the network away.
fn command(candidate: &Candidate) -> PluginCommand {
    let mut words = candidate.isolation.prefix();
    words.extend(candidate.argv.iter().cloned());
    let mut words = words.into_iter();
    let command = PluginCommand::new(words.next().unwrap_or_default()).args(words).root(&candidate.root);
    // Without the network it needs no proxy, and a proxy's URL may hold a password.
    let proxies = std::env::vars_os().map(|(name, _)| name);
    let proxies = proxies.filter(|name| name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy"));
    proxies.fold(from_store(command), |command, name| command.set_env(name, ""))
}

/// A plugin of the store does not write there: Python would, beside each module.
pub(crate) fn from_store(command: PluginCommand) -> PluginCommand {
    command.set_env("PYTHONDONTWRITEBYTECODE", "1")
}
