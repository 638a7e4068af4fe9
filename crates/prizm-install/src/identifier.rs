//! The text by which a provider is named.

mod file;
mod git;
mod npm;
mod options;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use prizm_protocol::ProviderId;

pub use file::FileSource;
pub use git::GitSource;
pub(crate) use git::is_commit;
pub use npm::NpmSource;

use crate::{Error, ErrorKind};

/// The longest identifier: what Linux takes as a path.
const MAX_BYTES: usize = 4096;

/// A provider's id, or where it comes from.
///
/// Two spellings of one source are equal, and `Display` prints the canonical one.
///
/// ```
/// use prizm_install::Identifier;
///
/// let identifier: Identifier = "file:///srv//my%20echo/".parse()?;
/// assert_eq!(identifier.to_string(), "file:///srv/my%20echo");
/// # Ok::<(), prizm_install::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identifier {
    /// The id of a provider that is known already.
    Id(ProviderId),
    /// A directory of this machine.
    File(FileSource),
    /// A git repository.
    Git(GitSource),
    /// A package of npm's registry.
    Npm(NpmSource),
}

impl FromStr for Identifier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        check_length(text)?;
        check_characters(text, text)?;
        if let Some(rest) = file::strip_scheme(text) {
            return FileSource::parse(text, rest).map(Self::File);
        }
        if let Some(source) = GitSource::parse(text) {
            return source.map(Self::Git);
        }
        if let Some(source) = NpmSource::parse(text) {
            return source.map(Self::Npm);
        }
        text.parse().map(Self::Id).map_err(|_| not_an_id(text))
    }
}

/// How exactly an identifier says what is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pin {
    /// It may mean something else tomorrow: a branch, a range, a directory.
    #[default]
    None,
    /// A tag or an exact version: whoever publishes it promises not to move it.
    Tag,
    /// A commit, which cannot be moved.
    Commit,
}

impl Identifier {
    /// Returns the canonical source without its version, such as `github:acme/echo`: what one trusts.
    pub fn source(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::File(source) => source.directory_url(),
            Self::Git(source) => source.repository(),
            Self::Npm(source) => format!("npm:{}", source.name()),
        }
    }

    /// Returns the last part of the source: the name of the directory, the repository or the package.
    pub fn name(&self) -> String {
        let directory = match self {
            Self::File(source) => source.path().to_str().unwrap_or_default().to_owned(),
            Self::Git(source) => source.directory().map_or_else(|| source.repository(), str::to_owned),
            Self::Id(_) | Self::Npm(_) => self.source(),
        };
        directory.rsplit(['/', ':']).next().unwrap_or_default().to_owned()
    }

    /// Returns the ref that a repository is asked for, if any.
    pub(crate) fn reference(&self) -> Option<&str> {
        match self {
            Self::Git(source) => source.reference(),
            Self::File(source) => source.reference(),
            Self::Id(_) | Self::Npm(_) => None,
        }
    }

    /// Returns how exactly it says what is meant. A name that may be a branch's or a tag's counts as
    /// a tag until the remote has been asked.
    pub fn pin(&self) -> Pin {
        match self {
            Self::Id(_) | Self::File(_) => Pin::None,
            Self::Git(source) => source.pin(),
            Self::Npm(source) => source.pin(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::File(source) => source.fmt(f),
            Self::Git(source) => source.fmt(f),
            Self::Npm(source) => source.fmt(f),
        }
    }
}

fn malformed(text: &str, reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Identifier, format!("`{}` is not an identifier: {reason}", shown(text)))
}

/// Checks that there is something, and not too much.
fn check_length(text: &str) -> Result<(), Error> {
    if text.is_empty() {
        let hint = "name a provider, such as `canvas` or `file:///ABSOLUTE/DIRECTORY`";
        return Err(malformed(text, "it is empty").with_hint(hint));
    }
    if text.len() > MAX_BYTES {
        let reason = format!("it has {} bytes, and {MAX_BYTES} are allowed", text.len());
        return Err(malformed(text, reason).with_hint("name the provider by a shorter path"));
    }
    Ok(())
}

/// Refuses what can hide in `part`, which is `text` or was decoded from it.
fn check_characters(text: &str, part: &str) -> Result<(), Error> {
    let reason = match part.chars().find(|c| is_treacherous(*c)) {
        None => return Ok(()),
        Some('\0') => "it contains a NUL character".to_owned(),
        Some(c) if c.is_control() => format!("it contains the control character U+{:04X}", c as u32),
        Some(c) => format!("it contains U+{:04X}, which changes the direction of text", c as u32),
    };
    Err(malformed(text, reason).with_hint("remove that character"))
}

pub(crate) fn is_treacherous(c: char) -> bool {
    let bidirectional =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    bidirectional || c.is_control()
}

/// Explains what is neither a source nor an id.
fn not_an_id(text: &str) -> Error {
    if let Some(source) = FileSource::existing(text) {
        return malformed(text, "a directory is named by its URL").with_hint(format!("write `{source}`"));
    }
    if Path::new(text).is_file() {
        return malformed(text, "it is a file")
            .with_hint("name the provider's directory, as `file:///ABSOLUTE/DIRECTORY`");
    }
    if let Some((scheme, _)) = text.split_once(':') {
        let reason = match scheme {
            "http" | "https" => "only addresses of github.com stand for a repository by themselves".to_owned(),
            "ssh" | "git" | "ext" => format!("`{scheme}:` is not loaded, because of what such a source can run"),
            _ => format!("`{}:` is no scheme of a source", shown(scheme)),
        };
        let hint =
            "write `github:OWNER/REPO@REF`, `git+https://HOST/PATH@REF`, `npm:NAME@VERSION` or `file:///DIRECTORY`";
        return malformed(text, reason).with_hint(hint);
    }
    if text.starts_with('-') {
        return malformed(text, "it starts with `-`, as an option does").with_hint("write a provider's id");
    }
    if text.contains(['/', '\\', '~']) || text.starts_with('.') {
        let hint = "write an existing directory as `file:///ABSOLUTE/DIRECTORY`";
        return malformed(text, "it looks like a path, but there is no such directory").with_hint(hint);
    }
    let rule = "an id is 1 to 64 of a-z, 0-9 and `-`, neither first nor last a `-`";
    let lower = text.to_lowercase().replace(['_', ' ', '.'], "-");
    match lower.parse::<ProviderId>() {
        Ok(id) => malformed(text, rule).with_hint(format!("did you mean `{id}`?")),
        Err(_) => malformed(text, rule).with_hint("write a provider's id or `file:///ABSOLUTE/DIRECTORY`"),
    }
}

/// A text for a message: cut, escaped, and without the credentials of a URL.
fn shown(text: &str) -> String {
    let cut = |text: &str| match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", text[..at].escape_debug()),
        None => text.escape_debug().to_string(),
    };
    let Some((scheme, rest)) = text.split_once("//") else { return cut(text) };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => cut(&format!("{scheme}//***@{host}{path}")),
        None => cut(text),
    }
}

#[cfg(test)]
mod tests;
