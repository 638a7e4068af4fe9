//! What is started: a program, its arguments, its directory, and nothing inherited.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use prizm_protocol::{ENV_COOKIE, ENV_VERSIONS, ENV_WORK_DIR, PROTOCOL_VERSION, is_inherited};

/// How a plugin is started: by argv, never through a shell, in its own directory, with an
/// allow-list of the environment.
///
/// ```
/// use prizm_host::PluginCommand;
///
/// let command = PluginCommand::new("python3").arg("provider.py").root("/srv/plugins/echo");
/// assert_eq!(command.to_string(), "python3 provider.py");
/// ```
#[derive(Clone)]
pub struct PluginCommand {
    program: OsString,
    args: Vec<OsString>,
    root: Option<PathBuf>,
    env: BTreeMap<OsString, OsString>,
    /// Values that are no secrets.
    fixed: BTreeMap<OsString, OsString>,
}

impl PluginCommand {
    /// Starts a command with its program: a path, relative to the root where it contains a `/`,
    /// or a name to be found on PATH.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), root: None, env: BTreeMap::new(), fixed: BTreeMap::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the plugin's root, which becomes its working directory. The host's own by default.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Grants an environment variable beyond the allow-list.
    #[must_use]
    pub fn grant_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets an environment variable whose value is no secret.
    #[must_use]
    pub fn set_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.fixed.insert(name.into(), value.into());
        self
    }

    /// Returns the plugin's root, if one was set.
    pub fn root_dir(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Returns the program and its arguments.
    pub fn argv(&self) -> impl Iterator<Item = &OsStr> {
        std::iter::once(&*self.program).chain(self.args.iter().map(|arg| &**arg))
    }

    /// Returns the environment variables that were set and are no secrets.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.fixed.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the values of the granted variables, for hiding them.
    pub(crate) fn granted(&self) -> impl Iterator<Item = &str> {
        self.env.values().filter_map(|value| value.to_str())
    }

    /// Makes the process's command, with the program resolved.
    pub(super) fn to_std(&self, work_dir: &Path) -> Result<std::process::Command, which::Error> {
        let here = std::env::current_dir().unwrap_or_default();
        let root = self.root.as_ref().map_or_else(|| here.clone(), |root| here.join(root));
        let program = which::which_in(&self.program, std::env::var_os("PATH"), &root)?;
        #[expect(clippy::disallowed_methods, reason = "this is the one helper that starts plugins")]
        let mut command = std::process::Command::new(program);
        command.args(&self.args).current_dir(root).env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_inherited)));
        command.envs(&self.fixed).envs(&self.env);
        command.env(ENV_COOKIE, "1");
        command.env(ENV_VERSIONS, PROTOCOL_VERSION.to_string());
        command.env(ENV_WORK_DIR, work_dir);
        Ok(command)
    }
}

impl fmt::Display for PluginCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.argv().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}", part.to_string_lossy().escape_debug())?;
        }
        Ok(())
    }
}

/// Shows names of granted variables, never their values.
impl fmt::Debug for PluginCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginCommand")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("root", &self.root)
            .field("env", &self.env.keys())
            .finish()
    }
}

impl<S: Into<OsString>> From<S> for PluginCommand {
    fn from(program: S) -> Self {
        Self::new(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_granted_value_is_never_shown() {
        let command = PluginCommand::new("x").grant_env("KEY", "hunter2");
        assert!(!format!("{command:?} {command}").contains("hunter2"));
    }
}
