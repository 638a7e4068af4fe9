//! What a source led to, exactly.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The exact version of a source that was, or will be, fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Revision {
    /// A commit of a git repository.
    Git(GitRevision),
    /// A version of a package of npm's registry.
    Npm(NpmRevision),
    /// A directory, which has no versions: what it held is told by the source hash alone.
    Directory(DirectoryRevision),
}

/// A commit of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitRevision {
    /// The full name of the ref that was asked for, such as `refs/tags/v1.0.0`; none for a commit.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The id of the annotated tag's own object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_object: Option<String>,
    /// The id of the commit, in full.
    pub commit: String,
}

/// A version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NpmRevision {
    /// The exact version.
    pub version: String,
    /// The sha512 of the package's archive, as `sha512-BASE64`.
    pub integrity: String,
}

/// A directory as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectoryRevision {
    /// Always `true`: what is there may change.
    pub mutable: bool,
}

impl Revision {
    /// Checks what somebody may have written by hand.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Git(git) if !crate::identifier::is_commit(&git.commit) => {
                Err(format!("`{}` is no full commit", git.commit.escape_debug()))
            }
            Self::Git(git) if git.reference.as_ref().is_some_and(|name| !git2::Reference::is_valid_name(name)) => {
                Err("its `ref` is no full name of a ref".to_owned())
            }
            Self::Npm(npm) if !npm.integrity.starts_with("sha512-") => {
                Err(format!("its `integrity` is no sha512: `{}`", npm.integrity.escape_debug()))
            }
            Self::Npm(npm) if semver::Version::parse(&npm.version).is_err() => {
                Err(format!("`{}` is no version", npm.version.escape_debug()))
            }
            _ => Ok(()),
        }
    }
}

/// What people are shown: the commit, or the version.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(git) => f.write_str(&git.commit),
            Self::Npm(npm) => f.write_str(&npm.version),
            Self::Directory(_) => f.write_str("as it is"),
        }
    }
}
