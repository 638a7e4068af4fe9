//! Providers and services that come with the program that links the registry.

use prizm_host::PluginCommand;
use prizm_install::InstalledService;
use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{MANIFEST_FILE, Manifest, ManifestError, ProviderId, ServiceId, ServiceManifest};
use serde_json::Value;

use crate::surroundings::Surroundings;
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
    /// Files that are unpacked into the store, and run there as they are.
    Files(&'static BundledFiles),
    /// Files that are installed as a source is: with what they depend on, and compiled.
    Project(&'static BundledFiles),
}

/// A service that comes with the program. Its files are installed as a source is.
#[derive(Clone, Debug)]
pub struct BundledService {
    manifest: ServiceManifest,
    files: &'static BundledFiles,
}

/// What comes with the program in a directory of its own.
#[derive(Clone, Debug)]
pub enum Embedded {
    /// A provider.
    Provider(Box<Bundled>),
    /// A service.
    Service(Box<BundledService>),
}

/// The files of a bundled provider or service by their paths relative to its root; `prizm.toml` is one of
/// them. A provider's `declaration.json` has what it declares without settings: where it is there, the provider is
/// known before it has been installed or started.
#[derive(Debug)]
pub struct BundledFiles(pub &'static [(&'static str, &'static [u8])]);

/// What a provider declares, among its files.
const DECLARATION: &str = "declaration.json";
/// Files that say what must be fetched or compiled before a provider can run.
const MARKS: &[&str] = &["requirements.txt", "requirements.lock", "pyproject.toml", "tsconfig.json", "Cargo.toml"];

impl Bundled {
    /// A provider that a command starts. `stamp` must change whenever the command may declare
    /// something else: a version, or a program's length and time.
    ///
    /// # Errors
    /// The manifest is wrong.
    pub fn command(manifest: &str, command: PluginCommand, stamp: impl Into<String>) -> Result<Self> {
        let origin = BundledOrigin::Command { command, stamp: stamp.into() };
        Ok(Self { manifest: Manifest::from_toml(manifest).map_err(|error| wrong(&error))?, origin })
    }

    /// A provider whose files need nothing but themselves: they are unpacked into the store, where its
    /// `[run] command` starts it.
    ///
    /// # Errors
    /// There is no `prizm.toml` among the files, or it is wrong.
    pub fn files(files: &'static BundledFiles) -> Result<Self> {
        let manifest = Manifest::from_toml(files.manifest()?).map_err(|error| wrong(&error))?;
        Ok(Self { manifest, origin: BundledOrigin::Files(files) })
    }

    /// A provider whose files are installed when it is first needed, as those of any source are: what they
    /// depend on is fetched, they are compiled, and the provider is tried.
    ///
    /// # Errors
    /// As [`Bundled::files`].
    pub fn project(files: &'static BundledFiles) -> Result<Self> {
        Ok(Self { origin: BundledOrigin::Project(files), ..Self::files(files)? })
    }

    pub(crate) fn id(&self) -> &ProviderId {
        &self.manifest.provider.id
    }
}

impl BundledService {
    /// A service with these files.
    ///
    /// # Errors
    /// There is no `prizm.toml` among the files, or it is wrong.
    pub fn files(files: &'static BundledFiles) -> Result<Self> {
        Ok(Self { manifest: ServiceManifest::from_toml(files.manifest()?).map_err(|error| wrong(&error))?, files })
    }

    pub(crate) fn id(&self) -> &ServiceId {
        &self.manifest.service.name
    }

    /// Installs it, unless it is there.
    pub(crate) async fn install(&self, around: &Surroundings) -> Result<InstalledService> {
        let installer = around.installer().await?;
        let version = self.manifest.service.version.to_string();
        Ok(installer.install_bundled_service(self.id(), &version, self.files.0).await?)
    }
}

impl Embedded {
    /// Tells by the files what they are: a service by its manifest; a provider that depends on packages or
    /// must be compiled, which is a project; or one that runs as it is.
    ///
    /// # Errors
    /// There is no `prizm.toml` among the files, or it is wrong.
    pub fn of(files: &'static BundledFiles) -> Result<Self> {
        // What is no TOML is told by whoever reads all of it.
        let table: toml::Table = files.manifest()?.parse().unwrap_or_default();
        if table.contains_key("service") {
            return BundledService::files(files).map(Box::new).map(Self::Service);
        }
        let bundled = if files.need_work() { Bundled::project(files)? } else { Bundled::files(files)? };
        Ok(Self::Provider(Box::new(bundled)))
    }
}

impl BundledFiles {
    fn text(&self, name: &str) -> Option<&'static str> {
        let (_, bytes) = self.0.iter().find(|(path, _)| *path == name)?;
        std::str::from_utf8(bytes).ok()
    }

    fn manifest(&self) -> Result<&'static str> {
        self.text(MANIFEST_FILE).ok_or_else(|| faulty(format!("what comes with the program has no `{MANIFEST_FILE}`")))
    }

    /// Returns what the provider declares, where that is among the files.
    pub(crate) fn declaration(&self) -> Option<Declaration> {
        serde_json::from_str(self.text(DECLARATION)?).ok()
    }

    fn need_work(&self) -> bool {
        let package = self.text("package.json").and_then(|text| serde_json::from_str::<Value>(text).ok());
        let depends = |package: &Value| package["dependencies"].as_object().is_some_and(|all| !all.is_empty());
        package.as_ref().is_some_and(depends) || MARKS.iter().any(|mark| self.text(mark).is_some())
    }
}

fn wrong(error: &ManifestError) -> Error {
    faulty(format!("the manifest of what comes with the program is wrong: {error}"))
}

fn faulty(message: String) -> Error {
    Error::new(ErrorKind::Config, message).hinted("this is a fault of the program that carries it")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &[u8] = b"[provider]\nid = \"echo\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                              capabilities = [\"text-to-text\"]\n";
    const SERVICE: &[u8] =
        b"[service]\nname = \"llm\"\nversion = \"1.0.0\"\nbackend = \"process\"\nendpoints.http = {}\n";

    fn word(files: &'static BundledFiles) -> &'static str {
        match Embedded::of(files).unwrap() {
            Embedded::Service(_) => "service",
            Embedded::Provider(bundled) => match bundled.origin {
                BundledOrigin::Project(_) => "project",
                BundledOrigin::Files(_) => "files",
                BundledOrigin::Command { .. } => "command",
            },
        }
    }

    #[test]
    fn the_files_tell_what_they_are() {
        static PLAIN: BundledFiles = BundledFiles(&[("prizm.toml", PROVIDER), ("package.json", b"{}")]);
        static NODE: BundledFiles =
            BundledFiles(&[("prizm.toml", PROVIDER), ("package.json", b"{\"dependencies\": {\"a\": \"1\"}}")]);
        static TYPED: BundledFiles = BundledFiles(&[("prizm.toml", PROVIDER), ("tsconfig.json", b"{}")]);
        static PYTHON: BundledFiles = BundledFiles(&[("prizm.toml", PROVIDER), ("requirements.txt", b"six\n")]);
        static OTHER: BundledFiles = BundledFiles(&[("prizm.toml", SERVICE), ("main.py", b"")]);
        static NOTHING: BundledFiles = BundledFiles(&[("provider.py", b"")]);
        static BROKEN: BundledFiles = BundledFiles(&[("prizm.toml", b"[service]\nname = 3\n")]);
        for (files, expected) in
            [(&PLAIN, "files"), (&NODE, "project"), (&TYPED, "project"), (&PYTHON, "project"), (&OTHER, "service")]
        {
            assert_eq!(word(files), expected, "{files:?}");
        }
        assert!(Embedded::of(&NOTHING).unwrap_err().to_string().contains("has no `prizm.toml`"));
        assert_eq!(Embedded::of(&BROKEN).unwrap_err().kind(), ErrorKind::Config);
    }
}
