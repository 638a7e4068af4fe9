//! The names by which the store finds what was made before.

use std::path::Path;

use crate::{Error, ErrorKind, Identifier, Kind, Revision, fetch};

use super::record::{Record, TARGET};

/// Names an artifact by all that it was made of.
pub(super) fn artifact_key(record: &Record) -> Result<String, Error> {
    let parts = (&record.source_hash, &record.directory, &record.recipe, &record.argv, TARGET, record.isolation);
    let text = serde_json::to_vec(&parts)
        .map_err(|error| Error::new(ErrorKind::Store, format!("the key cannot be written: {error}")))?;
    let context = match record.kind() {
        Kind::Provider => "prizm-install 2026 artifact key v1",
        Kind::Service => "prizm-install 2026 service artifact key v1",
    };
    let hash = blake3::Hasher::new_derive_key(context).update(&text).finalize();
    Ok(hash.to_hex()[..32].to_owned())
}

/// Names what a source is at a revision; a directory has no revisions.
pub(super) fn revision_name(kind: Kind, identifier: &Identifier, revision: &Revision) -> Option<String> {
    let source = identifier.source();
    let name = match (identifier, revision) {
        (Identifier::Git(git), Revision::Git(at)) => {
            format!("{source}@{}?dir={}", at.commit, git.directory().unwrap_or_default())
        }
        (_, Revision::Git(at)) => format!("{source}@{}", at.commit),
        (_, Revision::Npm(at)) => format!("{source}@{} {}", at.version, at.integrity),
        (_, Revision::Directory(_)) => return None,
    };
    Some(kind.name(name))
}

/// Names what a directory holds now.
pub(super) fn directory_name(kind: Kind, path: &Path) -> Result<String, Error> {
    Ok(kind.name(format!("{} {}", path.display(), fetch::fingerprint(path)?)))
}
