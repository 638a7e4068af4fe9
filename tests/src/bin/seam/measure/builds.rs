//! A provider in Rust that is fetched from a repository and built: by Prizm, and by the hand of its author.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use prizm_protocol::is_inherited;
use prizm_registry::Result;
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
    let (mut by_hand, mut by_prizm) = (Vec::new(), Vec::new());
    for round in 0..=settings.build_reps.max(1) {
        let commit = project.commit(round).await;
        let began = Instant::now();
        // The first round is for the downloads.
        project.by_hand(&commit, round > 0).await;
        let hand = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let provider = bench.registry.get_provider(&format!("file://{}?ref={commit}", project.root.display())).await?;
        let prizm = began.elapsed().as_secs_f64();
        assert_eq!(provider.stats().starts, 0, "what is measured is not its start");
        if round > 0 {
            by_hand.push(hand);
            by_prizm.push(prizm);
        }
    }
    bench.registry.shutdown().await;
    let [hand, prizm] = [by_hand, by_prizm].map(|samples| summary(samples)["p50"].as_f64().unwrap_or(f64::NAN));
    Ok(json!({"by_hand_s": hand, "prizm_s": prizm, "ratio": rounded(prizm / hand), "reps": settings.build_reps.max(1)}))
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
        run(git(&root).args(["init", "--quiet"])).await;
        fs::create_dir(&cargo_home).expect("a directory");
        // Where crates come from is the same for both.
        let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let own = own.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let _ = own.map(|own| fs::copy(own.join("config.toml"), cargo_home.join("config.toml")));
        Self { root, clone, cargo_home }
    }

    /// Commits a source that has never been compiled.
    async fn commit(&self, round: usize) -> String {
        let main = self.root.join("src/main.rs");
        let text = fs::read_to_string(&main).expect("the project's source");
        fs::write(&main, format!("{text}\n// Round {round}.\n")).expect("the project's source");
        run(git(&self.root).args(["add", "--all"])).await;
        run(git(&self.root).args(["commit", "--quiet", "--message", "A provider"])).await;
        run(git(&self.root).args(["rev-parse", "HEAD"])).await
    }

    /// Does what Prizm does, which tries the provider in the end, too.
    async fn by_hand(&self, commit: &str, whole: bool) {
        run(git(Path::new("/")).arg("clone").arg("--quiet").arg(format!("file://{}", self.root.display())).arg(&self.clone))
            .await;
        run(git(&self.clone).args(["checkout", "--quiet", "--detach", commit])).await;
        run(self.cargo().args(["fetch", "--locked"])).await;
        if whole {
            run(self.cargo().args(["build", "--release", "--frozen", "--quiet"])).await;
            fs::copy(self.clone.join("target/release/built"), self.clone.join("built")).expect("an executable");
        }
        fs::remove_dir_all(&self.clone).expect("the clone is removed");
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
