//! `prizm new`: a provider to begin with, in one of four languages.
//!
//! The project is the reference provider `echo` under another name, with the SDK's sources in it. Nothing is fetched
//! and nothing is started.

mod cargo;
mod names;
mod place;
mod project;

use std::path::Path;
use std::process::ExitCode;

use prizm_registry::ProviderId;
use serde_json::json;

use crate::args::{Global, Language, New};
use crate::failure::Failure;
use crate::output;
use names::Names;
use place::Place;

pub(crate) fn new(args: &New, global: &Global) -> Result<ExitCode, Failure> {
    let place = Place::find(&args.directory)?;
    let id = match &args.id {
        Some(id) => id.parse::<ProviderId>().map_err(|error| Failure::usage(error.to_string()))?,
        None => place.id()?,
    };
    let names = Names::new(&id);
    let files = project::files(args.language, &names)?;
    let root = place.write(&files)?;
    let next = Next::new(args.language, &args.directory, &root);
    if global.json {
        let files: Vec<_> = files.iter().map(|file| &file.path).collect();
        output::json(&json!({
            "id": id, "name": names.name, "language": args.language.as_str(), "directory": root, "files": files,
            "next": {"test": next.test, "conformance": next.conformance, "run": next.run},
        }));
    } else {
        let count = files.len();
        output::line(&format!("made `{id}` in {}: {count} files in {}", args.language.name(), root.display()));
        output::line(&format!("{}\nnext:", top(&files).join("  ")));
        for line in [next.test, next.conformance, next.run] {
            output::line(&format!("  {line}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is at the top of the project, directories with a `/`.
fn top(files: &[project::File]) -> Vec<String> {
    let first = |path: &str| path.split_once('/').map_or_else(|| path.to_owned(), |(first, _)| format!("{first}/"));
    let mut names: Vec<_> = files.iter().map(|file| first(&file.path)).collect();
    names.sort();
    names.dedup();
    names
}

/// What people type next.
struct Next {
    test: String,
    conformance: String,
    run: String,
}

impl Next {
    fn new(language: Language, directory: &Path, root: &Path) -> Self {
        let test = match language {
            Language::Rust => "cargo test",
            Language::Typescript => "npm ci && npm test",
            Language::Python => "python3 -m unittest",
            Language::Bash => "bash test.sh",
        };
        let url = url(root);
        Self {
            test: format!("cd {} && {test}", quoted(directory)),
            conformance: format!("prizm conformance {url}"),
            run: format!("prizm run {url} hello --yes"),
        }
    }
}

/// Writes a directory as an identifier that no shell reads otherwise.
fn url(root: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+@".contains(&byte);
    let path = root.to_string_lossy();
    let letter = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("file://{}", path.bytes().map(letter).collect::<String>())
}

/// Writes a path as a word of a shell.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-._~/+@".contains(c);
    match path.chars().all(plain) && !path.starts_with(['-', '~']) {
        true => path.into_owned(),
        false => format!("-- '{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_be_typed_as_they_are() {
        let next = Next::new(Language::Rust, Path::new("it's here"), Path::new("/tmp/it's here/ä?"));
        assert_eq!(next.test, r"cd -- 'it'\''s here' && cargo test");
        assert_eq!(next.run, "prizm run file:///tmp/it%27s%20here/%C3%A4%3F hello --yes");
        assert_eq!(quoted(Path::new("a/b-c")), "a/b-c");
        assert_eq!(quoted(Path::new("-x")), "-- '-x'");
    }
}
