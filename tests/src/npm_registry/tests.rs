//! The registry with npm for a client, and the archives with what reads archives here.

mod archives;
mod faults;
mod packages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A registry, and an npm that knows no other and nothing of its user.
struct Bench {
    registry: NpmRegistry,
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory for npm");
        for name in ["home", "project"] {
            fs::create_dir(dir.path().join(name)).expect("a directory for npm");
        }
        let bench = Self { registry: NpmRegistry::start(), dir };
        bench.write("package.json", "{\"name\":\"project\",\"version\":\"1.0.0\"}");
        bench
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("project").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("`{name}`: {error}"))
    }

    /// Removes what has been installed and what has been kept for the next time.
    fn forget(&self) {
        for directory in [self.file("node_modules"), self.dir.path().join("home/cache")] {
            fs::remove_dir_all(directory).expect("a directory of npm");
        }
    }

    /// Writes the user's `.npmrc`, where `HOST` is the registry.
    fn configure(&self, text: &str) {
        let text = text.replace("HOST", self.registry.url().trim_start_matches("http:"));
        fs::write(self.dir.path().join("home/.npmrc"), text).expect("a file");
    }

    /// Runs npm in the project and returns what it printed, or what it said when it failed.
    fn npm(&self, line: &str) -> Result<String, String> {
        let home = self.dir.path().join("home");
        #[expect(clippy::disallowed_methods, reason = "npm itself is the client")]
        let mut command = Command::new("npm");
        command
            .args(line.split_whitespace())
            .arg("--registry")
            .arg(self.registry.url())
            .arg("--cache")
            .arg(home.join("cache"));
        command
            .args(["--no-update-notifier", "--no-fund", "--fetch-retries=0"])
            .current_dir(self.dir.path().join("project"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &home);
        command.env("npm_config_userconfig", home.join(".npmrc")).env("npm_config_globalconfig", home.join("global"));
        let output = command.output().expect("npm runs");
        let text = |bytes| String::from_utf8(bytes).expect("npm prints UTF-8").trim_end().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    fn done(&self, line: &str) -> String {
        self.npm(line).unwrap_or_else(|said| panic!("npm {line}: {said}"))
    }

    fn refused(&self, line: &str) -> String {
        self.npm(line).expect_err(line)
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(line)).expect("npm prints JSON")
    }
}

/// Returns the names of what is in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
