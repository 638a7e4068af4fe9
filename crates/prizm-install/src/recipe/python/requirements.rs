//! What a provider depends on: `requirements.lock` or `requirements.txt`, and `pyproject.toml`.
//!
//! The files are a stranger's. What of them reaches pip is written anew: names, versions, markers and
//! hashes. Where packages come from is the user's to say.

use std::path::Path;

use crate::error::quoted;
use crate::{Error, ErrorKind, manifest};

use super::project::Project;
use super::requirement::{Requirement, shown};

/// The files of the source, the first that is there counts.
const FILES: &[&str] = &["requirements.lock", "requirements.txt"];
/// How deep files may include others.
const MAX_DEPTH: usize = 10;
/// Options that ask for no more than is done anyway.
const NEEDLESS: &[&str] = &["--require-hashes", "--prefer-binary", "--only-binary"];

/// What a provider depends on.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    packages: Vec<Requirement>,
    constraints: Vec<Requirement>,
    /// Whether versions count that are no releases yet.
    pub(super) takes_unreleased: bool,
    lock: Option<&'static str>,
}

impl Requirements {
    /// Reads them. Without any, there is nothing to install.
    pub(super) fn read(root: &Path, project: &Project) -> Result<Self, Error> {
        let mut requirements = Self::default();
        let file = FILES.iter().find(|name| root.join(name).symlink_metadata().is_ok());
        if let Some(file) = file {
            let root = root.canonicalize().map_err(|error| manifest::wrong(root, error))?;
            requirements.read_file(&root, &root.join(file), false, 0)?;
        } else if let Some(place) = project.hidden {
            let message = format!("what the provider depends on is told by {place}, which only its own code can read");
            return Err(Error::new(ErrorKind::Manifest, message)
                .with_hint("its author must write it into `requirements.txt`, or `dependencies` of `[project]`"));
        }
        if let Some(file) = file.filter(|_| requirements.packages.iter().any(|package| !package.hashes.is_empty())) {
            requirements.check_lock(file, project)?;
            requirements.lock = Some(file);
            return Ok(requirements);
        }
        for text in project.dependencies.iter().flatten() {
            let package = Requirement::parse(text).and_then(|package| {
                if package.hashes.is_empty() { Ok(package) } else { Err("it has a hash".to_owned()) }
            });
            requirements
                .packages
                .push(package.map_err(|reason| refused("`dependencies` of `[project]`", text, &reason))?);
        }
        Ok(requirements)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Returns the file of the source that pins everything with hashes, where there is one.
    pub(super) fn lock(&self) -> Option<&'static str> {
        self.lock
    }

    /// Returns the text of a requirements file for pip.
    pub(super) fn text(&self) -> String {
        lines(&self.packages)
    }

    /// Returns the text of a constraints file for pip.
    pub(super) fn constraints(&self) -> Option<String> {
        (!self.constraints.is_empty()).then(|| lines(&self.constraints))
    }

    fn read_file(&mut self, root: &Path, path: &Path, is_constraint: bool, depth: usize) -> Result<(), Error> {
        let text =
            manifest::read_text(path)?.ok_or_else(|| manifest::wrong(path, "it is included, and does not exist"))?;
        for (number, line) in logical_lines(text.trim_start_matches('\u{feff}')) {
            let place = || format!("line {number} of {}", quoted(path.strip_prefix(root).unwrap_or(path)));
            if !line.starts_with('-') {
                let package = Requirement::parse(&line).map_err(|reason| refused(&place(), &line, &reason))?;
                let list = if is_constraint { &mut self.constraints } else { &mut self.packages };
                list.push(package);
                continue;
            }
            let (option, value) = split_option(&line);
            match option {
                "--pre" => self.takes_unreleased = true,
                _ if NEEDLESS.contains(&option) => {}
                "-r" | "--requirement" | "-c" | "--constraint" => {
                    let included =
                        included(root, path, value, depth).map_err(|reason| refused(&place(), &line, reason))?;
                    let is_constraint = is_constraint || matches!(option, "-c" | "--constraint");
                    self.read_file(root, &included, is_constraint, depth + 1)?;
                }
                _ => return Err(refused(&place(), &line, "options say where packages come from, or run code")),
            }
        }
        Ok(())
    }

    /// Checks that a file which has hashes pins everything.
    fn check_lock(&self, file: &str, project: &Project) -> Result<(), Error> {
        let wrong = |what: String| {
            Error::new(ErrorKind::Manifest, format!("`{file}` has hashes, and {what}")).with_hint(
                "its author must pin everything with `==` and hashes (pip-compile --generate-hashes), or nothing",
            )
        };
        if let Some(package) = self.packages.iter().find(|package| package.hashes.is_empty() || !package.is_pinned) {
            return Err(wrong(format!("does not pin `{}`", package.name)));
        }
        for text in project.dependencies.iter().flatten() {
            let wanted =
                Requirement::parse(text).map_err(|reason| refused("`dependencies` of `[project]`", text, &reason))?;
            let is_there = self.packages.iter().any(|package| package.name == wanted.name);
            if !is_there && !wanted.has_marker {
                return Err(wrong(format!("lacks `{}`, which `pyproject.toml` asks for", wanted.name)));
            }
        }
        Ok(())
    }
}

fn lines(requirements: &[Requirement]) -> String {
    requirements.iter().map(|requirement| requirement.line() + "\n").collect()
}

/// Joins lines that end in a backslash and takes comments away. Each comes with its number.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, mut whole) = begun.take().unwrap_or((index + 1, String::new()));
        match line.strip_suffix('\\').filter(|_| !line.trim_start().starts_with('#')) {
            Some(part) => {
                whole.push_str(part);
                begun = Some((number, whole));
            }
            None => lines.push((number, whole + line)),
        }
    }
    lines.extend(begun);
    let plain = |(number, line): (usize, String)| (number, without_comment(&line).trim().to_owned());
    lines.into_iter().map(plain).filter(|(_, line)| !line.is_empty()).collect()
}

fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').map(|(at, _)| at).find(begins).map_or(line, |at| &line[..at])
}

/// `--option value`, `--option=value`, `-rvalue`.
fn split_option(line: &str) -> (&str, &str) {
    if !line.starts_with("--") && line.len() > 2 && line.is_char_boundary(2) {
        let (option, value) = line.split_at(2);
        return (option, value.trim_start_matches('=').trim());
    }
    match line.find(|c: char| c == '=' || c.is_whitespace()) {
        Some(at) => (&line[..at], line[at + 1..].trim()),
        None => (line, ""),
    }
}

/// Finds an included file, which must be one of the source.
fn included(root: &Path, from: &Path, name: &str, depth: usize) -> Result<std::path::PathBuf, &'static str> {
    if depth >= MAX_DEPTH {
        return Err("files that include one another too deeply");
    }
    let path = from.parent().unwrap_or(root).join(name.trim_matches(['"', '\''])).canonicalize();
    path.ok()
        .filter(|path| path.starts_with(root) && path.is_file())
        .ok_or("it includes what is no file of the provider")
}

fn refused(place: &str, text: &str, reason: &str) -> Error {
    let message = format!("{place} is refused: `{}`: {reason}", shown(text));
    Error::new(ErrorKind::Policy, message).with_hint(
        "its author must name packages by name and version; where they come from is yours to say, \
         in pip's own configuration (python3 -m pip config debug)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn read(files: &[(&str, &str)], dependencies: &[&str]) -> Result<Requirements, Error> {
        let outer = tempfile::tempdir().unwrap();
        std::fs::write(outer.path().join("outside.txt"), "evil\n").unwrap();
        let root = outer.path().join("root");
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(&root).unwrap();
        let dependencies = (!dependencies.is_empty()).then(|| dependencies.iter().map(ToString::to_string).collect());
        Requirements::read(&root, &Project { dependencies, ..Project::default() })
    }

    #[test]
    fn both_places_count_and_files_include_others() {
        let files = [
            (
                "requirements.txt",
                "\u{feff}# head\r\nsix==1.16.0  # why\r\n-r more/a.txt\r\n--constraint=c.txt\r\n--pre\r\n",
            ),
            ("more/a.txt", "x \\\n  >=1\n-r../b.txt\n--only-binary :all:\n"),
            ("b.txt", "y#z\n"),
            ("c.txt", "x<2\n"),
        ];
        let error = read(&files, &[]).unwrap_err();
        assert!(error.to_string().contains("line 1 of `b.txt`"), "{error}");
        let mut files = files;
        files[2].1 = "y # z\n";
        let requirements = read(&files, &["z>=3"]).unwrap();
        assert_eq!(requirements.text(), "six==1.16.0\nx>=1\ny\nz>=3\n");
        assert_eq!(requirements.constraints().as_deref(), Some("x<2\n"));
        assert!(requirements.takes_unreleased && requirements.lock().is_none());
        assert!(read(&[], &[]).unwrap().is_empty());
        assert!(read(&[("requirements.txt", "# nothing\n")], &[]).unwrap().is_empty());
    }

    #[test]
    fn what_would_redirect_downloads_is_refused_by_its_line() {
        for line in [
            "--index-url https://evil.example/simple",
            "-i https://evil.example/simple",
            "--extra-index-url=https://evil.example/simple",
            "--find-links .",
            "-f ./wheels",
            "--trusted-host evil.example",
            "--no-index",
            "--no-binary :all:",
            "-e .",
            "-e git+https://evil.example/x#egg=x",
            "--editable=.",
            "-r ../outside.txt",
            "-r /etc/passwd",
            "-r https://evil.example/r.txt",
            "-c ../outside.txt",
            "-r",
            "evil @ file:///srv/evil",
            "six --config-settings x=y",
            "${TOKEN}",
            "--hash",
        ] {
            let error = read(&[("requirements.txt", &format!("six\n{line}\n"))], &[]).expect_err(line);
            assert_eq!(error.kind(), ErrorKind::Policy, "{line}");
            assert!(error.to_string().starts_with("line 2 of `requirements.txt` is refused"), "{error}");
        }
        let error = read(&[], &["six @ https://evil.example/six.whl"]).unwrap_err();
        assert!(error.to_string().starts_with("`dependencies` of `[project]` is refused"), "{error}");
        let circle = [("requirements.txt", "-r requirements.txt\n")];
        assert!(read(&circle, &[]).unwrap_err().to_string().contains("too deeply"));
    }

    #[test]
    fn a_file_with_hashes_is_a_lock_or_wrong() {
        let pinned = format!("six==1.16.0 \\\n    --hash={HASH} \\\n    --hash={HASH}\n");
        let requirements = read(&[("requirements.txt", &pinned)], &["Six", "old; python_version < '3'"]).unwrap();
        assert_eq!(requirements.lock(), Some("requirements.txt"));
        assert_eq!(requirements.text(), format!("six==1.16.0 --hash={HASH} --hash={HASH}\n"));
        let requirements = read(&[("requirements.lock", &pinned), ("requirements.txt", "-e .")], &[]).unwrap();
        assert_eq!(requirements.lock(), Some("requirements.lock"));
        for (text, dependencies, reason) in [
            (format!("{pinned}x==1\n"), &[][..], "does not pin `x`"),
            (format!("six>=1 --hash={HASH}\n"), &[], "does not pin `six`"),
            (pinned, &["other"], "lacks `other`"),
        ] {
            let error = read(&[("requirements.txt", &text)], dependencies).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Manifest);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
