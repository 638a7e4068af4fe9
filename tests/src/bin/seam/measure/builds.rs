//! A provider in Rust that is fetched from a repository and built: by Prizm, and by the hand of its author.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use prizm_protocol::is_inherited;
use prizm_registry::{ErrorKind, Result};
use serde_json::{Value, json};
use tokio::process::Command;

use super::Bench;
use crate::figures::{rounded, summary};
use crate::settings::Settings;

/// The project that `prizm new` makes, in turn by hand and by Prizm. Each round has a commit of its own, and nothing
/// that was compiled before; the crates that it depends on have been downloaded by both.
pub async fn build(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let project = Project::new(&bench).await;
    project.download(&bench).await;
    let (mut by_hand, mut by_prizm) = (Vec::new(), Vec::new());
    let reps = settings.build_reps.max(1);
    for round in 0..reps {
        let commit = project.commit(&format!("round {round}")).await;
        let began = Instant::now();
        project.by_hand(&commit).await;
        by_hand.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let provider = bench.registry.get_provider(&project.url(&commit)).await?;
        by_prizm.push(began.elapsed().as_secs_f64());
        assert_eq!(provider.stats().starts, 0, "what is measured is not its start");
    }
    bench.registry.shutdown().await;
    let [hand, prizm] = [by_hand, by_prizm].map(|samples| summary(samples)["p50"].as_f64().unwrap_or(f64::NAN));
    Ok(json!({"by_hand_s": hand, "prizm_s": prizm, "ratio": rounded(prizm / hand), "reps": reps}))
}

/// A repository, and where its author builds.
struct Project {
    root: PathBuf,
    clone: PathBuf,
    cargo_home: PathBuf,
}

impl Project {
    async fn new(bench: &Bench) -> Self {
        let [root, clone, cargo_home] = ["project", "clone", "cargo"].map(|name| bench.file(name));
        let prizm = std::env::current_exe().expect("this program's path").with_file_name("prizm");
        run(Command::new(prizm).args(["new", "rust", "--id", "built"]).arg(&root)).await;
        // The compiler has the same to say without optimising, and says it sooner.
        let manifest = root.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("the project's manifest");
        fs::write(&manifest, text + "\n[profile.release]\nopt-level = 0\n").expect("the project's manifest");
        run(git(&root).args(["init", "--quiet"])).await;
        fs::create_dir(&cargo_home).expect("a directory");
        // Where crates come from is the same for both.
        let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let own = own.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let _ = own.map(|own| fs::copy(own.join("config.toml"), cargo_home.join("config.toml")));
        Self { root, clone, cargo_home }
    }

    /// Downloads the crates, by a commit whose own build fails before anything is compiled.
    async fn download(&self, bench: &Bench) {
        let path = self.root.join("prizm.toml");
        let manifest = fs::read_to_string(&path).expect("the project's manifest");
        fs::write(&path, format!("{manifest}\n[build]\ncommand = [\"false\"]\n")).expect("the project's manifest");
        let commit = self.commit("downloads").await;
        fs::write(&path, manifest).expect("the project's manifest");
        self.fetch(&commit).await;
        let refused = bench.registry.get_provider(&self.url(&commit)).await.map(|_| ());
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::Build), "the build fails");
    }

    /// Commits a source that has never been compiled.
    async fn commit(&self, name: &str) -> String {
        let main = self.root.join("src/main.rs");
        let text = fs::read_to_string(&main).expect("the project's source");
        fs::write(&main, format!("{text}\n// {name}\n")).expect("the project's source");
        run(git(&self.root).args(["add", "--all"])).await;
        run(git(&self.root).args(["commit", "--quiet", "--message", name])).await;
        run(git(&self.root).args(["rev-parse", "HEAD"])).await
    }

    fn url(&self, commit: &str) -> String {
        format!("file://{}?ref={commit}", self.root.display())
    }

    /// Does what Prizm does, but for trying the provider in the end.
    async fn by_hand(&self, commit: &str) {
        self.fetch(commit).await;
        run(self.cargo().args(["build", "--release", "--frozen", "--quiet"])).await;
        fs::copy(self.clone.join("target/release/built"), self.clone.join("built")).expect("an executable");
    }

    /// Makes a clone, and gets what it depends on.
    async fn fetch(&self, commit: &str) {
        // That of the last time has been compiled.
        let _ = fs::remove_dir_all(&self.clone);
        run(git(&self.root).args(["clone", "--quiet", "--no-local", "."]).arg(&self.clone)).await;
        run(git(&self.clone).args(["checkout", "--quiet", "--detach", commit])).await;
        run(self.cargo().args(["fetch", "--locked"])).await;
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.clone).env_clear().envs(environment()).env("CARGO_HOME", &self.cargo_home);
        cargo
    }
}

/// Returns git in a directory, deaf to its user's configuration.
fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(directory).env_clear().envs(environment());
    git.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]);
    git.args(["-c", "user.name=Author", "-c", "user.email=author@localhost"]);
    git
}

/// Returns what a build by Prizm sees of the environment.
fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name == "RUSTUP_HOME" || name.to_str().is_some_and(is_inherited))
}

/// Runs a command to its end and returns the line that it prints.
async fn run(command: &mut Command) -> String {
    let output = command.output().await.unwrap_or_else(|error| panic!("{:?}: {error}", command.as_std()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {}: {said}", command.as_std(), output.status);
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
