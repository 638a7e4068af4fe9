//! Providers that come with the program that links the registry.

use prizm_host::PluginCommand;
use prizm_protocol::{Manifest, ProviderId};

use crate::{Error, ErrorKind, Result};

/// A provider that comes with the program.
#[derive(Clone, Debug)]
pub struct Bundled {
    pub(crate) manifest: Manifest,
    pub(crate) origin: BundledOrigin,
}

#[derive(Clone, Debug)]
pub(crate) enum BundledOrigin {
    /// Started by a command, such as the program itself.
    Command {
        command: PluginCommand,
        /// Changes whenever the command may declare something else.
        stamp: String,
    },
    /// Files that are unpacked into the store.
    Files(&'static BundledFiles),
}

/// The files of a bundled provider by their paths relative to its root; `prizm.toml` is one of them.
#[derive(Debug)]
pub struct BundledFiles(pub &'static [(&'static str, &'static [u8])]);

impl Bundled {
    /// A provider that a command starts. `stamp` must change whenever the command may declare
    /// something else: a version, or a program's length and time.
    ///
    /// # Errors
    /// The manifest is wrong.
    pub fn command(manifest: &str, command: PluginCommand, stamp: impl Into<String>) -> Result<Self> {
        let origin = BundledOrigin::Command { command, stamp: stamp.into() };
        Ok(Self { manifest: read(manifest)?, origin })
    }

    /// A provider whose files are unpacked into the store and then loaded like any other.
    ///
    /// # Errors
    /// There is no `prizm.toml` among the files, or it is wrong.
    pub fn files(files: &'static BundledFiles) -> Result<Self> {
        let manifest = files.0.iter().find(|(path, _)| *path == prizm_protocol::MANIFEST_FILE);
        let text = manifest.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| Error::new(ErrorKind::Config, "a bundled provider has no prizm.toml"))?;
        Ok(Self { manifest: read(text)?, origin: BundledOrigin::Files(files) })
    }

    pub(crate) fn id(&self) -> &ProviderId {
        &self.manifest.provider.id
    }
}

fn read(manifest: &str) -> Result<Manifest> {
    Manifest::from_toml(manifest)
        .map_err(|error| Error::new(ErrorKind::Config, format!("the manifest of a bundled provider is wrong: {error}")))
}
