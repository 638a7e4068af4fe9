//! The git of this machine, deaf to its user's configuration.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Returns all that git is to see of the environment.
pub(crate) fn environment() -> Vec<(&'static str, OsString)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("HOME", "/nonexistent"),
        ("LC_ALL", "C"),
    ];
    fixed.into_iter().map(|(name, value)| (name, value.into())).chain([("PATH", path)]).collect()
}

/// Returns where git keeps its programs.
pub(crate) fn exec_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| text(git(Path::new("/"), ["--exec-path"], b"")).into())
}

/// Returns git, ready to run in a directory.
pub(crate) fn command(directory: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the laboratory makes its repositories with git itself")]
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory).env_clear().envs(environment());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs git in a directory and returns what it printed.
///
/// # Panics
/// It failed.
pub(crate) fn git(directory: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, stdin: &[u8]) -> Vec<u8> {
    let mut command = command(directory, arguments);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin));
        child.wait_with_output().expect("what git printed")
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Returns a line that git printed.
pub(crate) fn text(output: Vec<u8>) -> String {
    String::from_utf8(output).expect("git printed UTF-8").trim_end().to_owned()
}
