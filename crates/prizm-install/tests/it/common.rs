//! Crates to build, and a reporter that remembers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use prizm_install::{FileSource, Installed, Reporter, Store};
use tempfile::TempDir;

pub const PROVIDER: &str = "[provider]\nid = \"echo\"\nversion = \"1.0.0\"\ntype = \"local\"\n\
                            protocol = \"1.0\"\ncapabilities = [\"text-to-text\"]\n";

/// A home for the store and a directory with a provider in it.
pub struct Place {
    temp: TempDir,
}

impl Place {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let place = Self { temp: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            let path = place.source_dir().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    pub fn source_dir(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("my provider")
    }

    pub fn source(&self) -> FileSource {
        FileSource::new(self.source_dir()).unwrap()
    }

    /// PRIZM_HOME.
    pub fn home(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("home")
    }

    pub fn store(&self) -> Store {
        Store::open(self.home()).unwrap()
    }

    /// The names of all files of the source, relative and sorted.
    pub fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        list(&self.source_dir(), &self.source_dir(), &mut names);
        names.sort();
        names
    }
}

fn list(root: &Path, directory: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, names);
        } else {
            names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// A package named `echo` with its lock file.
pub fn package(main: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("Cargo.toml", "[package]\nname = \"echo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"echo\"\nversion = \"0.1.0\"\n"),
        ("src/main.rs", main),
    ]
}

#[derive(Default)]
pub struct Recorder {
    pub stages: Mutex<Vec<(String, String)>>,
    pub lines: Mutex<Vec<String>>,
}

impl Recorder {
    pub fn stages(&self) -> Vec<String> {
        self.stages.lock().unwrap().iter().map(|(stage, _)| stage.clone()).collect()
    }
}

impl Reporter for Recorder {
    fn stage(&self, stage: &str, detail: &str) {
        self.stages.lock().unwrap().push((stage.to_owned(), detail.to_owned()));
    }

    fn output(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }
}

pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 60 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts what was built, and returns what it prints.
pub fn output(installed: &Installed) -> String {
    #[expect(clippy::disallowed_methods, reason = "a test starts what was built")]
    let output = std::process::Command::new(&installed.argv[0])
        .args(&installed.argv[1..])
        .current_dir(&installed.root)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}
