//! A directory of this machine, named by its URL.

use std::fmt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{MAX_BYTES, check_characters, malformed, options};
use crate::Error;

/// What a path's URL writes as `%XX`: all but RFC 3986's unreserved characters, and a few that people read.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'+').remove(b'@');

/// A directory as a source: `file:///ABSOLUTE/DIRECTORY`.
///
/// The path is absolute and canonical as text: no `.` or `..`, no empty component. Symbolic links are
/// not followed, so equal sources name one directory, but not the reverse.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileSource {
    /// Canonical, and UTF-8 by construction.
    path: String,
    reference: Option<String>,
}

impl FileSource {
    /// Names an absolute directory; it need not exist.
    ///
    /// # Errors
    /// The path is relative, is `/`, contains `..`, is not UTF-8 or has characters that hide something.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        match path.to_str() {
            Some(text) => Self::canonical(text, text),
            None => Err(malformed(&path.to_string_lossy(), "the path is not UTF-8").with_hint("rename the directory")),
        }
    }

    /// Returns the branch, tag, full ref name or commit of a repository in the directory.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Returns the directory's URL, without the reference.
    pub(super) fn directory_url(&self) -> String {
        format!("file://{}", utf8_percent_encode(&self.path, ENCODED))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Finds the source that a person means by the path of an existing directory.
    pub(super) fn existing(text: &str) -> Option<Self> {
        let path = std::fs::canonicalize(text).ok()?;
        if path.is_dir() { Self::new(path).ok() } else { None }
    }

    /// Reads what follows `file:` in `text`.
    pub(super) fn parse(text: &str, rest: &str) -> Result<Self, Error> {
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) if query.starts_with("ref=") || query.is_empty() => (rest, Some(query)),
            _ => (rest, None),
        };
        let path = path_of_url(text, rest)?;
        if let Some(at) = path.find(['?', '#']) {
            let mark = &path[at..=at];
            let hint = format!("write `{mark}` in a directory's name as `%{:02X}`", mark.as_bytes()[0]);
            return Err(
                malformed(text, format!("a `file:` source has nothing but `?ref=…` after `{mark}`")).with_hint(hint)
            );
        }
        check_escapes(text, path)?;
        let decoded = percent_decode_str(path).decode_utf8();
        let decoded =
            decoded.map_err(|_| malformed(text, "the path is not UTF-8").with_hint("rename the directory"))?;
        let source = Self::canonical(text, &decoded)?;
        let Some(query) = query else { return Ok(source) };
        let reference = super::git::checked_reference(text, options::only(text, query, "ref")?)?;
        Ok(Self { reference: Some(reference), ..source })
    }

    fn canonical(text: &str, path: &str) -> Result<Self, Error> {
        let absolute = "write `file:///ABSOLUTE/DIRECTORY`";
        check_characters(text, path)?;
        if !path.starts_with('/') {
            return Err(malformed(text, "the path is not absolute").with_hint(absolute));
        }
        let mut canonical = String::with_capacity(path.len());
        for component in path.split('/').filter(|component| !matches!(*component, "" | ".")) {
            if component == ".." {
                return Err(malformed(text, "the path contains `..`").with_hint("write the path without `..`"));
            }
            canonical.push('/');
            canonical.push_str(component);
        }
        if canonical.is_empty() {
            return Err(malformed(text, "it names no directory").with_hint(absolute));
        }
        if canonical == "/~" || canonical.starts_with("/~/") {
            let hint = "write the home directory in full, as `file://$HOME/DIRECTORY` in a shell";
            return Err(malformed(text, "`~` means the home directory only in a shell").with_hint(hint));
        }
        let source = Self { path: canonical, reference: None };
        let bytes = source.to_string().len();
        if bytes > MAX_BYTES {
            let reason = format!("its URL has {bytes} bytes, and {MAX_BYTES} are allowed");
            return Err(malformed(text, reason).with_hint("name the provider by a shorter path"));
        }
        Ok(source)
    }
}

impl fmt::Display for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.directory_url())?;
        self.reference.iter().try_for_each(|reference| write!(f, "?ref={reference}"))
    }
}

/// Strips `file:` in any case.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("file").then_some(rest)
}

/// Takes the path of a URL that names no host.
fn path_of_url<'a>(text: &str, rest: &'a str) -> Result<&'a str, Error> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(
            malformed(text, "`file:` must be followed by `///`").with_hint("write `file:///ABSOLUTE/DIRECTORY`")
        );
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() {
        return Ok(path);
    }
    if authority.contains('@') {
        let hint = "write `file:///ABSOLUTE/DIRECTORY`, without a user";
        return Err(malformed(text, "a `file:` source has no user").with_hint(hint));
    }
    let reason = match authority {
        "~" => "`~` means the home directory only in a shell".to_owned(),
        "." | ".." => "the path is not absolute".to_owned(),
        host => format!("`{}` would be another machine", super::shown(host)),
    };
    let hint = match FileSource::existing(rest) {
        Some(source) => format!("write `{source}`"),
        None if path.len() > 1 && authority == "localhost" => format!("write `file://{path}`"),
        None => "write `file:///ABSOLUTE/DIRECTORY`".to_owned(),
    };
    Err(malformed(text, reason).with_hint(hint))
}

/// Checks that each `%` starts an escape.
fn check_escapes(text: &str, path: &str) -> Result<(), Error> {
    let escaped = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if path.split('%').skip(1).all(escaped) {
        return Ok(());
    }
    let reason = "a `%` is not followed by two hexadecimal digits";
    Err(malformed(text, reason).with_hint("write `%` in a directory's name as `%25`"))
}
