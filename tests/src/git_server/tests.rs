//! The server with git for a client.

mod faults;
mod lies;
mod repositories;

use std::path::Path;

use super::command::command;
use super::*;

/// A server with one repository and a directory for clones.
struct Bench {
    server: GitServer,
    repository: Repository,
    clones: TempDir,
}

impl Bench {
    fn new() -> Self {
        let server = GitServer::start();
        let repository = server.repository("acme/echo");
        Self { server, repository, clones: tempfile::tempdir().expect("a directory for clones") }
    }

    fn path(&self) -> &Path {
        self.clones.path()
    }

    /// Runs git and returns what it printed, or what it said when it failed.
    fn git(&self, line: &str) -> Result<String, String> {
        let line = line.replace("URL", self.repository.url());
        let output = command(self.path(), line.split_whitespace()).output().expect("git runs");
        let text = |bytes| String::from_utf8(bytes).expect("git prints UTF-8").trim_end().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Runs git, which fails, and returns what it said.
    fn refused(&self, line: &str) -> String {
        self.git(line).expect_err(line)
    }

    /// Runs git, which does it, and returns what it printed.
    fn done(&self, line: &str) -> String {
        self.git(line).unwrap_or_else(|said| panic!("git {line}: {said}"))
    }
}
