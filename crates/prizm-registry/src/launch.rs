//! How a provider is started, for those who start it themselves.

use std::path::Path;

use prizm_host::PluginCommand;
use prizm_install::{FileSource, Identifier};
use prizm_protocol::Manifest;

use crate::{Registry, Result};

/// How a provider is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Its command, with its root.
    pub command: PluginCommand,
    /// Its manifest, where it has one.
    pub manifest: Option<Manifest>,
}

impl Registry {
    /// Returns how a provider is started, and starts nothing itself: neither its process is, nor is
    /// anything known or checked of what it declares. What an identifier names is installed first, with
    /// all that this takes; a directory of this machine is built and stays where it is. Nothing that was
    /// installed goes away as long as the registry is there.
    ///
    /// # Errors
    /// The identifier is malformed, no such provider is known, or it cannot be built.
    pub async fn launch(&self, id_or_url: &str) -> Result<Launch> {
        self.launch_identifier(id_or_url.parse()?).await
    }

    /// Returns how the provider in a directory is started, as [`Registry::launch`] does.
    ///
    /// # Errors
    /// It is no provider's directory, or cannot be built.
    pub async fn launch_directory(&self, directory: &Path) -> Result<Launch> {
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        self.launch_identifier(Identifier::File(FileSource::new(directory)?)).await
    }

    async fn launch_identifier(&self, identifier: Identifier) -> Result<Launch> {
        let entry = match identifier {
            Identifier::Id(id) => self.known(id.as_str())?,
            identifier => {
                let link = matches!(&identifier, Identifier::File(source) if source.reference().is_none());
                self.loaded(identifier, link)
            }
        };
        let (command, manifest) = entry.command(self.around()).await?;
        Ok(Launch { command, manifest })
    }
}
