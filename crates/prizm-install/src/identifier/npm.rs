//! A package of npm's registry.

use std::fmt;

use super::malformed;
use crate::{Error, Pin};

const FORM: &str = "write `npm:NAME@VERSION` or `@SCOPE/NAME@VERSION`";

/// A package of npm's registry as a source: `npm:NAME[@RANGE|TAG]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NpmSource {
    name: String,
    request: Option<String>,
}

impl NpmSource {
    /// Returns the package's name, with its scope.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version, range or dist-tag that is asked for.
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// How exactly the request says what is meant.
    pub(super) fn pin(&self) -> Pin {
        let exact = self.request.as_ref().is_some_and(|request| semver::Version::parse(request).is_ok());
        if exact { Pin::Tag } else { Pin::None }
    }

    /// Reads `text` where it is an npm source.
    pub(super) fn parse(text: &str) -> Option<Result<Self, Error>> {
        let explicit = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("npm:"));
        let rest = if explicit { &text[4..] } else { text };
        (explicit || (text.starts_with('@') && text.contains('/'))).then(|| Self::read(text, rest))
    }

    fn read(text: &str, rest: &str) -> Result<Self, Error> {
        // A scope starts with `@`, so the request's `@` is sought after it.
        let scoped = usize::from(rest.starts_with('@'));
        let (name, request) = match rest[scoped..].split_once('@') {
            Some((name, request)) => (&rest[..scoped + name.len()], Some(request)),
            None => (rest, None),
        };
        if let Some(reason) = not_a_name(name) {
            return Err(malformed(text, format!("`{}` {reason}", name.escape_debug())).with_hint(FORM));
        }
        let request = match request {
            Some("") => return Err(malformed(text, "nothing follows the last `@`").with_hint(FORM)),
            // What npm takes where nothing is said.
            Some("latest") | None => None,
            Some(request) => Some(checked_request(text, request)?),
        };
        Ok(Self { name: name.to_owned(), request })
    }
}

impl fmt::Display for NpmSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "npm:{}", self.name)?;
        self.request.iter().try_for_each(|request| write!(f, "@{request}"))
    }
}

/// npm's own rules for new packages.
fn not_a_name(name: &str) -> Option<&'static str> {
    let parts: Vec<_> = match name.strip_prefix('@') {
        Some(rest) => rest.split('/').collect(),
        None => vec![name],
    };
    if name.len() > 214 {
        return Some("is longer than 214 characters");
    }
    if parts.len() != 1 + usize::from(name.starts_with('@')) {
        return Some("is no package's name");
    }
    for part in parts {
        if part.is_empty() || part.starts_with(['.', '_', '-']) || matches!(part, "node_modules" | "favicon.ico") {
            return Some("is no package's name");
        }
        if part.chars().any(|c| c.is_ascii_uppercase()) {
            return Some("has capital letters, which no package's name has");
        }
        if !part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '~')) {
            return Some("has characters other than a-z, 0-9, `-`, `_`, `.` and `~`");
        }
    }
    None
}

/// Checks a version, range or dist-tag: no more than its characters, npm reads it.
fn checked_request(text: &str, request: &str) -> Result<String, Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".^~<>=| *+-_".contains(c);
    let wrong = |reason: &str| Err(malformed(text, reason).with_hint(FORM));
    if request.starts_with('-') {
        return wrong("the version starts with `-`, as an option does");
    }
    if request.len() > 128 || !request.chars().all(allowed) {
        return wrong("what follows the `@` is no version, range or tag");
    }
    let request = request.trim().trim_start_matches('=').trim_start();
    let version = request.strip_prefix('v').filter(|rest| semver::Version::parse(rest).is_ok());
    let request = version.unwrap_or(request);
    if request.is_empty() { wrong("what follows the `@` is no version, range or tag") } else { Ok(request.to_owned()) }
}
