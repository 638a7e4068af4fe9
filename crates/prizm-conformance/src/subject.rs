//! What is examined: a command, and where it is at home.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use prizm_protocol::Manifest;

/// A plugin to be examined: how it is started.
///
/// ```
/// use prizm_conformance::Subject;
///
/// let subject = Subject::new(["python3", "provider.py"]).root("/srv/providers/echo");
/// assert_eq!(subject.to_string(), "python3 provider.py");
/// ```
#[derive(Clone)]
pub struct Subject {
    pub(crate) argv: Vec<OsString>,
    pub(crate) root: Option<PathBuf>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) manifest: Option<Manifest>,
}

impl Subject {
    /// Starts a plugin by its program and arguments: the program is a path, relative to the root
    /// where it contains a `/`, or a name to be found on PATH.
    pub fn new(argv: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { argv, root: None, env: BTreeMap::new(), manifest: None }
    }

    /// Sets the plugin's root, in which it is started. The working directory by default.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Grants an environment variable beyond the protocol's list.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets the manifest that the declaration is compared with.
    #[must_use]
    pub fn manifest(mut self, manifest: Manifest) -> Self {
        self.manifest = Some(manifest);
        self
    }

    /// Returns the program and its arguments.
    pub fn argv(&self) -> impl Iterator<Item = &OsStr> {
        self.argv.iter().map(OsString::as_os_str)
    }

    /// Returns whether there is a manifest where it is started.
    pub(crate) fn lies_beside_a_manifest(&self) -> bool {
        self.root.as_deref().unwrap_or(Path::new(".")).join(prizm_protocol::MANIFEST_FILE).is_file()
    }

    /// Returns the root.
    pub fn root_dir(&self) -> Option<&Path> {
        self.root.as_deref()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.argv.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}", part.to_string_lossy().escape_debug())?;
        }
        Ok(())
    }
}

/// Shows names of granted variables, never their values.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.keys().collect();
        f.debug_struct("Subject").field("argv", &self.argv).field("root", &self.root).field("env", &env).finish()
    }
}
