//! Providers on servers of a test's own: a home whose `github:` and `npm:` lead to loopback.

use std::fs;
use std::path::Path;

use prizm_tests::{Ended, Fault, GitServer, Home, Repository};
use serde_json::Value;

/// The token that must not be found anywhere.
pub const SECRET: &str = "hunter2-7Qd";

/// A home, and a git server that stands in place of GitHub.
pub struct Shelf {
    pub home: Home,
    pub git: GitServer,
}

/// Returns the manifest of a hostile provider, which behaves unless `mode` says otherwise.
pub fn manifest(mode: &str) -> String {
    manifest_with(mode, "\"text-to-text\", \"text-to-image\"", "")
}

/// Returns such a manifest with other capabilities and further tables.
pub fn manifest_with(mode: &str, capabilities: &str, rest: &str) -> String {
    format!(
        "[provider]\nid = \"hostile\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = [{capabilities}]\n[run]\ncommand = [\"{}\", \"{mode}\", \"--lifetime\", \"300\"]\n{rest}",
        crate::HOSTILE
    )
}

impl Shelf {
    pub fn new() -> Self {
        let (home, git) = (Home::new(), GitServer::start());
        home.configure(&format!(
            "[sources]\ngithub = \"{}\"\nstallSeconds = 2\ntotalSeconds = 60\n\
             [policy]\nallow = [\"github:acme/*\", \"git+http://127.0.0.1:*/**\"]",
            git.url()
        ));
        Self { home, git }
    }

    /// Changes a line of the configuration.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let path = self.home.path().join("config.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Makes `acme/echo` with a good provider on `main`; returns the commit.
    pub fn echo(&self) -> (Repository, String) {
        let repository = self.git.repository("acme/echo");
        let commit = repository.commit("main", &[("prizm.toml", &manifest("good"))]);
        (repository, commit)
    }

    /// Loads a provider and lets it say something.
    pub async fn say(&self, url: &str) -> Ended {
        self.home.run(&["run", url, "hi"]).await
    }

    /// Checks that a provider loads and works.
    pub async fn loads(&self, url: &str) {
        assert_eq!(self.say(url).await.ok(), "hi\n", "{url}");
    }

    /// Checks that a URL is refused: with this exit code, at this stage, with these words and a remedy;
    /// that nothing half-done is left, and no secret is told. Returns the error.
    pub async fn refuses(&self, url: &str, code: i32, stage: &str, says: &str) -> Value {
        let ended = self.home.run(&["run", url, "hi", "--json"]).await;
        let error = ended.error(code);
        assert_eq!(error["stage"], stage, "{ended}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "`{says}` is not in: {ended}");
        assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "no remedy: {ended}");
        assert!(!ended.to_string().contains(SECRET), "{ended}");
        self.nothing_is_half_done();
        error
    }

    /// Checks that the store holds nothing but whole entries, and that no file holds the secret.
    pub fn nothing_is_half_done(&self) {
        assert!(self.home.staged().is_empty(), "{:?}", self.home.staged());
        no_secret(&self.home.path());
    }

    /// Returns how many providers are in the store.
    pub fn stored(&self) -> usize {
        fs::read_dir(self.home.path().join("store/artifacts")).map_or(0, Iterator::count)
    }

    /// Returns the text of the lock of what was loaded by URL.
    pub fn lock(&self) -> String {
        fs::read_to_string(self.home.path().join("prizm.lock")).unwrap_or_default()
    }

    /// Loses the store, as on another machine, or after its disk was cleaned.
    pub fn lose_store(&self) {
        make_writable(&self.home.path().join("store"));
        fs::remove_dir_all(self.home.path().join("store")).unwrap();
    }

    /// Befalls `acme/echo`.
    pub fn fault(&self, fault: Fault) {
        self.git.clear_faults();
        self.git.fault("acme/echo", fault);
    }
}

/// Returns the bytes of every file of the store's only provider, by their paths.
pub fn tree_of_the_only(shelf: &Shelf) -> std::path::PathBuf {
    let mut artifacts = fs::read_dir(shelf.home.path().join("store/artifacts")).unwrap();
    let only = artifacts.next().unwrap().unwrap().path().join("tree");
    assert!(artifacts.next().is_none());
    only
}

fn no_secret(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            no_secret(&path);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
            assert!(!found, "the secret is in {}", path.display());
        }
    }
}

fn make_writable(directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}
