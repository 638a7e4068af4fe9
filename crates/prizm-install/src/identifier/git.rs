//! A git repository, named by its URL.

use std::fmt;

use url::Url;

use super::{malformed, options};
use crate::fetch::is_loopback;
use crate::{Error, Pin};

const GITHUB: &str = "https://github.com/";
const WWW_GITHUB: &str = "https://www.github.com/";
const GITHUB_FORM: &str = "write `github:OWNER/REPO@REF`";
const GIT_FORM: &str = "write `git+https://HOST/PATH@REF`";

/// Characters that stand for others in the globs of a policy.
const GLOB: [char; 7] = ['*', '?', '[', ']', '{', '}', '!'];

/// A git repository as a source.
///
/// `github:acme/echo@v1.0.0?dir=providers/echo`, or `git+https://example.org/echo.git@main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GitSource {
    /// Canonical: `https://HOST[:PORT]/PATH`, without `.git` and a trailing `/`.
    url: String,
    reference: Option<String>,
    directory: Option<String>,
}

impl GitSource {
    /// Returns the canonical URL, without `.git`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the branch, tag, full ref name or commit that is asked for.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Returns the directory of the provider in the repository.
    pub fn directory(&self) -> Option<&str> {
        self.directory.as_deref()
    }

    /// Returns the repository alone, such as `github:acme/echo`.
    pub fn repository(&self) -> String {
        match self.url.strip_prefix(GITHUB) {
            Some(path) => format!("github:{path}"),
            None => format!("git+{}", self.url),
        }
    }

    /// How exactly the reference says what is meant, as far as can be told without asking the remote.
    pub(super) fn pin(&self) -> Pin {
        match &self.reference {
            Some(reference) if is_commit(reference) => Pin::Commit,
            Some(reference) if reference.starts_with("refs/heads/") => Pin::None,
            Some(_) => Pin::Tag,
            None => Pin::None,
        }
    }

    /// Reads `text` where it is a git source.
    pub(super) fn parse(text: &str) -> Option<Result<Self, Error>> {
        let starts = |prefix: &str| text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
        if let Some(start) = starts("github:") {
            return Some(Self::github(text, &text[start.len()..]));
        }
        if let Some(start) = starts(GITHUB).or_else(|| starts(WWW_GITHUB)) {
            return Some(Self::github(text, &text[start.len()..]));
        }
        starts("git+").map(|start| Self::any_host(text, &text[start.len()..]))
    }

    fn github(text: &str, rest: &str) -> Result<Self, Error> {
        let (rest, directory) = split_directory(text, rest)?;
        let wrong = |reason: &str| Err(malformed(text, reason).with_hint(GITHUB_FORM));
        let Some((owner, rest)) = rest.split_once('/') else { return wrong("it names no repository") };
        let (repository, reference) = match rest.split_once('@') {
            Some((repository, reference)) => (repository, Some(reference)),
            None => (rest, None),
        };
        let repository = repository.strip_suffix('/').unwrap_or(repository).to_ascii_lowercase();
        let repository = without_git(&repository);
        if owner.contains('@') {
            return wrong("it has a user or a password in it; credentials come from the environment");
        }
        if repository.contains('/') {
            return wrong("an address of a page within a repository is none of a repository");
        }
        for name in [owner, repository] {
            if let Some(reason) = not_a_github_name(name) {
                return wrong(&format!("`{}` {reason}", name.escape_debug()));
            }
        }
        let url = format!("{GITHUB}{}/{}", owner.to_ascii_lowercase(), repository);
        Self::new(text, url, reference, directory)
    }

    fn any_host(text: &str, rest: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Err(malformed(text, reason).with_hint(GIT_FORM));
        let (rest, directory) = split_directory(text, rest)?;
        let host = rest.find("//").map_or(0, |at| at + 2);
        let Some(slash) = rest[host..].find('/').filter(|_| host > 0) else { return wrong("it names no repository") };
        let (address, path) = rest.split_at(host + slash);
        let (path, reference) = match path.split_once('@') {
            Some((path, reference)) => (path, Some(reference)),
            None => (path, None),
        };
        let url = Url::parse(&format!("{address}{path}"));
        let Ok(url) = url else { return wrong("it is no URL") };
        if !url.username().is_empty() || url.password().is_some() || address.contains('@') {
            return wrong("it has a user or a password in it; credentials come from the environment");
        }
        if url.fragment().is_some() {
            return wrong("it has a fragment (`#`)");
        }
        if url.host().is_none() {
            return wrong("it names no host");
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return wrong("plain http is spoken to this machine only"),
            scheme => return wrong(&format!("`git+{scheme}:` is not loaded")),
        }
        if !address.is_ascii() {
            return wrong("the host's name is not ASCII; write it in Punycode");
        }
        if path.contains("//") || path.split('/').any(|part| matches!(part, "." | "..")) || path.contains('%') {
            return wrong("the path contains `..`, `//` or `%`");
        }
        if path.split('/').any(|part| part.starts_with('-')) {
            return wrong("a part of the path starts with `-`");
        }
        if !url.host_str().is_some_and(is_plain_host) || path.contains(GLOB) || url.path().contains('%') {
            return wrong("the host or the path has characters that no repository's address needs");
        }
        let canonical = without_git(url.as_str().trim_end_matches('/'));
        if url.path().trim_matches('/').is_empty() || canonical.ends_with('/') {
            return wrong("it names no repository");
        }
        if let Some(path) = canonical.strip_prefix(GITHUB).or_else(|| canonical.strip_prefix(WWW_GITHUB)) {
            let reference = reference.map(|reference| format!("@{reference}")).unwrap_or_default();
            let directory = directory.map(|directory| format!("?dir={directory}")).unwrap_or_default();
            return Self::github(text, &format!("{path}{reference}{directory}"));
        }
        Self::new(text, canonical.to_owned(), reference, directory)
    }

    fn new(text: &str, url: String, reference: Option<&str>, directory: Option<&str>) -> Result<Self, Error> {
        let reference = reference.map(|reference| checked_reference(text, reference)).transpose()?;
        let directory = directory.map(|directory| checked_directory(text, directory)).transpose()?.flatten();
        Ok(Self { url, reference, directory })
    }
}

impl fmt::Display for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository())?;
        self.reference.iter().try_for_each(|reference| write!(f, "@{reference}"))?;
        self.directory.iter().try_for_each(|directory| write!(f, "?dir={directory}"))
    }
}

/// Takes off every `.git` at the end: each of these spellings means one repository.
fn without_git(mut path: &str) -> &str {
    while let Some(shorter) = path.strip_suffix(".git") {
        path = shorter;
    }
    path
}

/// A name or an address, and not one of the other spellings that a name has: a final dot.
fn is_plain_host(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    address.is_some_and(|address| address.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.')))
        || (host.chars().all(allowed) && !host.ends_with('.'))
}

/// Whether a reference is a commit's full id: 40 hexadecimal digits, or 64 of them.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Takes the `?dir=` off.
fn split_directory<'a>(text: &str, rest: &'a str) -> Result<(&'a str, Option<&'a str>), Error> {
    if rest.contains('#') {
        return Err(malformed(text, "it has a fragment (`#`)").with_hint("write a directory as `?dir=PATH`"));
    }
    let Some((rest, query)) = rest.split_once('?') else { return Ok((rest, None)) };
    Ok((rest, Some(options::only(text, query, "dir")?)))
}

fn not_a_github_name(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name {
        "" => Some("is empty"),
        "." | ".." => Some("is no name"),
        _ if name.starts_with('-') => Some("starts with `-`, as an option does"),
        _ if name.len() > 100 => Some("is longer than 100 characters"),
        _ if !name.chars().all(allowed) => Some("has characters other than a-z, 0-9, `-`, `_` and `.`"),
        _ => None,
    }
}

/// Checks a reference by git's own rules, and refuses what could be mistaken for something else.
pub(super) fn checked_reference(text: &str, reference: &str) -> Result<String, Error> {
    let wrong = |reason: String, hint: &str| Err(malformed(text, reason).with_hint(hint));
    let shown = reference.escape_debug();
    if is_commit(reference) {
        return Ok(reference.to_ascii_lowercase());
    }
    let hex = reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && (7..=63).contains(&reference.len()) {
        let hint = "write all 40 digits; a tag or branch of that name is `refs/tags/NAME` or `refs/heads/NAME`";
        return wrong(format!("`{shown}` looks like a commit that is cut short"), hint);
    }
    if reference.starts_with('-') {
        return wrong(format!("the ref `{shown}` starts with `-`, as an option does"), GITHUB_FORM);
    }
    if !git2::Reference::is_valid_name(&full_name(reference)) || reference.ends_with('/') || reference.len() > 255 {
        return wrong(format!("`{shown}` is no name of a ref"), "write a branch, a tag, or all 40 digits of a commit");
    }
    if reference == "HEAD" || (reference.starts_with("refs/") && reference.split('/').count() < 3) {
        return wrong(format!("`{shown}` is no branch, tag or commit"), "leave it out for the default branch");
    }
    Ok(reference.to_owned())
}

fn full_name(reference: &str) -> String {
    if reference.starts_with("refs/") { reference.to_owned() } else { format!("refs/heads/{reference}") }
}

/// Checks the directory, and writes it in one way; the root is none.
fn checked_directory(text: &str, directory: &str) -> Result<Option<String>, Error> {
    let hint = "write it relative to the repository, as `?dir=providers/echo`";
    if directory.contains(['\\', '%', '@', '&', '?']) || directory.starts_with('/') {
        return Err(malformed(text, "the directory is absolute or has one of `\\%@&?`").with_hint(hint));
    }
    let mut parts = Vec::new();
    for part in directory.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." || part.eq_ignore_ascii_case(".git") {
            return Err(malformed(text, format!("the directory contains `{part}`")).with_hint(hint));
        }
        if part.starts_with('-') {
            return Err(malformed(text, "a part of the directory starts with `-`").with_hint(hint));
        }
        parts.push(part);
    }
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}
