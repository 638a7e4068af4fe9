//! The files of a new project.

use crate::args::Language;
use crate::failure::Failure;

use super::cargo;
use super::names::Names;

/// Files by their paths.
type Template = &'static [(&'static str, &'static [u8])];

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Where the template finds the SDK in Rust, and where a project has it.
const CRATES: (&str, &str) = ("../../../crates/", "vendor/");

/// A file of a project.
pub(super) struct File {
    /// Where it goes, relative to the project.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// Whether it is a script, which the system starts.
    pub(super) fn is_executable(&self) -> bool {
        self.bytes.starts_with(b"#!")
    }
}

/// Makes the files of a project, sorted by their paths.
pub(super) fn files(language: Language, names: &Names) -> Result<Vec<File>, Failure> {
    let template = template(language)?;
    let text = |path: &str| template.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes);
    let lock = text("Cargo.lock").and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let file = |(path, bytes): &(&str, &[u8])| {
        let bytes = match std::str::from_utf8(bytes) {
            Ok(text) => adapt(path, text, lock, names)?.into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        Ok(File { path: (*path).to_owned(), bytes })
    };
    template.iter().map(file).collect()
}

fn template(language: Language) -> Result<Template, Failure> {
    let found = TEMPLATES.iter().find(|(name, _)| *name == language.as_str()).map(|(_, files)| *files);
    found.ok_or_else(|| Failure::io(format!("this program holds no project in {}", language.name())))
}

/// Makes a file of the template one of the project. The SDK stays as it is, but that its manifests stand alone.
fn adapt(path: &str, text: &str, lock: &str, names: &Names) -> Result<String, Failure> {
    let is_sdk = path.starts_with("vendor/") || path.starts_with("prizm_plugin/");
    match path {
        "Cargo.toml" => Ok(names.rename_package(text, lock).replace(CRATES.0, CRATES.1)),
        "Cargo.lock" => Ok(cargo::sorted(&names.rename_package(text, lock))),
        _ if is_sdk && path.ends_with("/Cargo.toml") => cargo::standing_alone(text, WORKSPACE)
            .map_err(|error| Failure::io(format!("`{path}` cannot stand alone: {error}"))),
        _ if is_sdk => Ok(text.to_owned()),
        _ => Ok(names.rename(text)),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    /// What the template does, whatever it is called.
    const VERBS: &[&str] = &["echoed", "echoes", "echoing"];

    /// Wherever the template's name is left, people would wonder whose it is.
    #[test]
    fn nothing_is_left_of_the_templates_name() {
        let names = Names::new(&"acme-sd".parse().unwrap());
        for language in Language::value_variants() {
            let files = files(*language, &names).unwrap();
            for file in files.iter().filter(|file| !file.path.contains("prizm")) {
                let text = String::from_utf8_lossy(&file.bytes).to_lowercase();
                let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
                let left = words.find(|word| word.contains("echo") && !VERBS.contains(word));
                assert_eq!(left, None, "{}: {}", language.as_str(), file.path);
                assert!(!file.path.contains("echo"), "{}", file.path);
            }
            // The shell's own `echo` would be renamed, too.
            for (path, bytes) in template(*language).unwrap().iter().filter(|(path, _)| !path.contains("prizm")) {
                let text = String::from_utf8_lossy(bytes);
                let calls =
                    |line: &&str| line.split(['|', ';', '&', '{', '(']).any(|it| it.trim().starts_with("echo "));
                assert_eq!(text.lines().find(calls), None, "write printf: {}: {path}", language.as_str());
            }
            for needed in ["README.md", "prizm.toml", ".gitignore", ".github/workflows/ci.yml"] {
                assert!(files.iter().any(|file| file.path == needed), "{}: {needed}", language.as_str());
            }
        }
    }
}
