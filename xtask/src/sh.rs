//! The one way in which xtask starts a child: an argument vector, never a shell.

use std::fmt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// A command line: its words, the variables that it adds, and the directory below the repository's top.
///
/// Printed, it is a line that a shell understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argv {
    words: Vec<String>,
    variables: Vec<(String, String)>,
    without: Vec<String>,
    directory: String,
}

impl Argv {
    /// A command from the words of `line`, which are separated by blanks and never quoted.
    pub fn new(line: &str) -> Argv {
        Argv::from_words(line.split_whitespace())
    }

    /// A command from its words.
    pub fn from_words(words: impl IntoIterator<Item = impl Into<String>>) -> Argv {
        let words = words.into_iter().map(Into::into).collect();
        Argv { words, variables: Vec::new(), without: Vec::new(), directory: String::new() }
    }

    /// Adds words at the end.
    pub fn args(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Argv {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Argv {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Hides an environment variable of this process.
    pub fn without(mut self, name: &str) -> Argv {
        self.without.push(name.to_owned());
        self
    }

    /// Runs in `directory`, relative to the repository's top.
    pub fn directory(mut self, directory: &str) -> Argv {
        directory.clone_into(&mut self.directory);
        self
    }

    /// Runs with this process's output; an exit status other than zero is an error.
    pub fn run(&self, root: &Path) -> Result<()> {
        let status = self.command(root)?.stdin(Stdio::null()).status().with_context(|| self.not_started())?;
        if !status.success() {
            bail!("{status}");
        }
        Ok(())
    }

    /// Runs and captures what it prints, whatever its exit status.
    pub fn output(&self, root: &Path) -> Result<Output> {
        self.command(root)?.stdin(Stdio::null()).output().with_context(|| self.not_started())
    }

    /// Starts it with pipes to its stdin and from its stdout.
    pub fn talk(&self, root: &Path) -> Result<Child> {
        let mut command = self.command(root)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| self.not_started())
    }

    #[expect(clippy::disallowed_methods, reason = "this is xtask's argv helper")]
    fn command(&self, root: &Path) -> Result<Command> {
        let (program, arguments) = self.words.split_first().context("a command without a program")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root.join(&self.directory));
        for name in &self.without {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    fn not_started(&self) -> String {
        let program = self.words.first().map_or("", String::as_str);
        format!("`{program}` could not be started; if it is missing, run `cargo xtask setup`")
    }
}

impl fmt::Display for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.directory.is_empty() {
            write!(f, "cd {} && ", quote(&self.directory))?;
        }
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quote(value))?;
        }
        let words: Vec<_> = self.words.iter().map(|word| quote(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// As a shell would want it. Only a NUL cannot be quoted, and no process can be given one.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_a_line_for_a_shell() {
        let argv = Argv::new("cargo doc --no-deps").variable("RUSTDOCFLAGS", "-D warnings").directory("plugins/a b");
        assert_eq!(argv.to_string(), "cd 'plugins/a b' && RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn words_reach_the_child_unchanged() {
        let root = tempfile::tempdir().unwrap();
        let word = "a b $HOME `x` 'y' \"z\" *";
        let output = Argv::new("printf %s").args([word]).output(root.path()).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
    }

    #[test]
    fn a_failure_says_how_it_ended() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Argv::new("false").run(root.path()).unwrap_err().to_string(), "exit status: 1");
        let missing = Argv::new("no-such-program-of-xtask").run(root.path()).unwrap_err().to_string();
        assert!(missing.contains("`no-such-program-of-xtask` could not be started"), "{missing}");
    }

    #[test]
    fn directory_and_variables_are_applied() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("sub")).unwrap();
        std::fs::write(root.path().join("sub/here"), "").unwrap();
        Argv::new("test -f here").directory("sub").run(root.path()).unwrap();
        let argv = Argv::new("printenv XTASK_PROBE").variable("XTASK_PROBE", "1 2");
        assert_eq!(argv.output(root.path()).unwrap().stdout, b"1 2\n");
        let without = Argv::new("printenv PATH").without("PATH").output(root.path()).unwrap();
        assert_eq!(without.stdout, b"");
    }
}
