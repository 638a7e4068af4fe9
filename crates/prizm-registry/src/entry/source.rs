//! What a provider is installed from.

use prizm_host::PluginCommand;
use prizm_install::{Installed, Request};
use prizm_protocol::Manifest;

use crate::Result;
use crate::bundled::{BundledFiles, BundledOrigin};
use crate::surroundings::Surroundings;
use crate::validator::from_store;

use super::{Entry, Located, Origin};

/// What is installed before it can start.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// An identifier names it.
    Located(&'a Located),
    /// The program carries it.
    Project(&'a Manifest, &'static BundledFiles),
}

impl Origin {
    /// Returns what it is installed from before it can start.
    pub(super) fn source(&self) -> Option<Source<'_>> {
        match self {
            Self::Identifier(located) => Some(Source::Located(located)),
            Self::Bundled(manifest, BundledOrigin::Project(files)) => Some(Source::Project(manifest, files)),
            Self::Bundled(..) | Self::Registered(_) => None,
        }
    }
}

impl Entry {
    /// Returns the command that starts what is installed, and its manifest.
    pub(super) async fn installed_command(
        &self,
        source: Source<'_>,
        around: &Surroundings,
    ) -> Result<(PluginCommand, Option<Manifest>)> {
        let in_place = matches!(source, Source::Located(located) if located.link);
        let Installed { root, argv, manifest, .. } = self.install(source, around).await?;
        let mut argv = argv.iter();
        let program = argv.next().cloned().unwrap_or_default();
        let command = PluginCommand::new(program).args(argv).root(root);
        Ok((if in_place { command } else { from_store(command) }, manifest.clone()))
    }

    /// Returns whether it came with the program and is not installed yet.
    pub(crate) async fn installs_first(&self, around: &Surroundings) -> Result<bool> {
        let Some(Source::Project(manifest, files)) = self.origin.source() else { return Ok(false) };
        let version = manifest.provider.version.to_string();
        Ok(!around.installer().await?.has_bundled(&manifest.provider.id, &version, files.0).await?)
    }

    fn request(&self, located: &Located, around: &Surroundings) -> Request {
        Request {
            link: located.link,
            for_author: self.tap.is_some(),
            own: located.own,
            ..around.request(&located.identifier, &around.pins())
        }
    }

    /// Returns what asks for it, where it is not known yet whether it is installed.
    pub(crate) fn may_be_installed(&self, around: &Surroundings) -> Option<Request> {
        let Origin::Identifier(located) = &self.origin else { return None };
        self.installed().is_none().then(|| self.request(located, around))
    }

    /// Installs it, once.
    pub(super) async fn install(&self, source: Source<'_>, around: &Surroundings) -> Result<&Installed> {
        let install = || async {
            let installer = around.installer().await?;
            let installed = match source {
                Source::Located(located) => installer.install(&self.request(located, around)).await,
                Source::Project(manifest, files) => {
                    let version = manifest.provider.version.to_string();
                    installer.install_bundled(&manifest.provider.id, &version, files.0).await
                }
            };
            Ok(installed?)
        };
        self.installed.get_or_try_init(install).await
    }
}
