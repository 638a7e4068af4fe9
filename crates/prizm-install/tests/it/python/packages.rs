//! Packages made for the purpose, and where pip finds them.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Writes a wheel: its path, name, version, requirements separated by newlines, then names and texts.
const WHEEL: &str = r#"
import sys, zipfile
path, name, version, requires, *files = sys.argv[1:]
with zipfile.ZipFile(path, "w") as wheel:
    for file, text in zip(files[::2], files[1::2]):
        wheel.writestr(file, text)
    info = f"{name}-{version}.dist-info"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    lines += [f"Requires-Dist: {line}\n" for line in requires.splitlines()]
    wheel.writestr(f"{info}/METADATA", "".join(lines))
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
    wheel.writestr(f"{info}/RECORD", "")
"#;

/// A directory of packages.
pub struct Packages {
    directory: PathBuf,
    _temp: Option<TempDir>,
}

impl Packages {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        Self { directory: temp.path().to_owned(), _temp: Some(temp) }
    }

    /// The directory that pip was told of.
    pub fn of_environment() -> Self {
        Self { directory: std::env::var_os("PIP_FIND_LINKS").unwrap().into(), _temp: None }
    }

    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The user's configuration of pip: these packages and no others.
    pub fn only(&self) -> [(&'static str, &str); 3] {
        [("PIP_FIND_LINKS", self.directory.to_str().unwrap()), ("PIP_NO_INDEX", "1"), ("PIP_CONFIG_FILE", "/dev/null")]
    }

    pub fn wheel(&self, name: &str, version: &str, files: &[(&str, &str)]) {
        self.wheel_that_requires(name, version, "", files);
    }

    pub fn wheel_that_requires(&self, name: &str, version: &str, requires: &str, files: &[(&str, &str)]) {
        let path = self.directory.join(format!("{name}-{version}-py3-none-any.whl"));
        let mut words = vec!["-c", WHEEL, path.to_str().unwrap(), name, version, requires];
        words.extend(files.iter().flat_map(|(name, text)| [*name, *text]));
        python(&words);
    }

    /// Writes a source distribution, and returns its path.
    pub fn source(&self, name: &str, version: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.directory.join(format!("{name}-{version}.tar.gz"));
        let compressed = flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(compressed);
        for (file, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, format!("{name}-{version}/{file}"), text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        path
    }

    pub fn hash(&self, file: &str) -> String {
        let digest = Sha256::digest(fs::read(self.directory.join(file)).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An environment whose `python3` has no pip.
pub fn bare_python() -> TempDir {
    let temp = tempfile::tempdir().unwrap();
    python(&["-I", "-m", "venv", "--without-pip", "--symlinks", temp.path().to_str().unwrap()]);
    temp
}

/// PATH with the `bin` of an environment first.
pub fn with_path(environment: &Path) -> String {
    format!("{}:{}", environment.join("bin").display(), std::env::var("PATH").unwrap())
}

fn python(words: &[&str]) {
    #[expect(clippy::disallowed_methods, reason = "a test makes packages")]
    let status = std::process::Command::new("python3").args(words).status().unwrap();
    assert!(status.success());
}
