//! In which language a provider is written, told by its files.

use std::path::Path;

use crate::error::quoted;
use crate::manifest::Described;
use crate::{Error, ErrorKind, manifest};

/// The language of a provider, as far as a recipe depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Node,
    Rust,
    Python,
    /// Whatever its files are, they need nothing that is known here.
    None,
}

/// The files that tell.
const MARKS: &[(&str, Language)] = &[
    ("package.json", Language::Node),
    ("Cargo.toml", Language::Rust),
    ("pyproject.toml", Language::Python),
    ("requirements.txt", Language::Python),
    ("setup.py", Language::Python),
];

impl Language {
    /// Tells it by the files. Where they speak of several, the program of `[run] command` decides,
    /// and a `[build] command` stands for all of them.
    pub(crate) fn of(root: &Path, manifest: Option<&Described>) -> Result<Self, Error> {
        let there = |(mark, _): &&(&str, Self)| root.join(mark).symlink_metadata().is_ok();
        let marks: Vec<_> = MARKS.iter().filter(there).collect();
        let mut languages: Vec<_> = marks.iter().map(|(_, language)| *language).collect();
        languages.dedup();
        match languages[..] {
            [] => return Ok(Self::None),
            [only] => return Ok(only),
            _ => {}
        }
        if let Some(language) = by_program(manifest).filter(|language| languages.contains(language)) {
            return Ok(language);
        }
        if manifest.is_some_and(|manifest| manifest.build_command().is_some()) {
            return Ok(Self::None);
        }
        let marks: Vec<_> = marks.iter().map(|(mark, _)| format!("`{mark}`")).collect();
        let message = format!("{} is written in several languages: it has {}", quoted(root), marks.join(" and "));
        Err(Error::new(ErrorKind::EntryPoint, message).with_hint(
            "say in `prizm.toml` what starts it: `[run]` with `command = [\"node\", …]` or `[\"python3\", …]`",
        ))
    }

    /// Checks that `[build] noDeps` stands where it means something.
    pub(crate) fn check_no_deps(self, root: &Path, manifest: Option<&Described>) -> Result<(), Error> {
        if self == Self::Python || !manifest.is_some_and(Described::no_deps) {
            return Ok(());
        }
        let file = manifest::file_name(root);
        let message =
            format!("`[build] noDeps` in `{file}` is for Python, and nothing in {} is built for it", quoted(root));
        Err(Error::new(ErrorKind::Manifest, message).with_hint("its author must leave `noDeps` out"))
    }
}

fn by_program(manifest: Option<&Described>) -> Option<Language> {
    let program = manifest?.run()?.command.first()?;
    match program.as_str() {
        "node" => Some(Language::Node),
        "python" | "python3" => Some(Language::Python),
        _ => None,
    }
}
