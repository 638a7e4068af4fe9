//! How a lock is written: TOML, sorted, the same for the same content.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Locked, VERSION, unusable};
use crate::identifier::is_commit;
use crate::{Error, GitRevision, Identifier, Kind, Revision};

/// The largest lock.
pub(super) const MAX_BYTES: u64 = 8 * 1024 * 1024;
const HEADER: &str = "# What each provider and service is, exactly. Prizm writes it; keep it in version control.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    #[serde(default, rename = "provider", skip_serializing_if = "Vec::is_empty")]
    providers: Vec<Locked>,
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    services: Vec<Locked>,
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Locked>, Error> {
    if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>")) {
        let reason = format!("line {}: it has the marks of a merge that was not finished", line + 1);
        return Err(unusable(path, &reason).with_hint("take one side, then `prizm update`"));
    }
    let newer = |version: i64| {
        let reason = format!("its format is {version}, and this version of Prizm reads up to {VERSION}");
        unusable(path, &reason).with_hint("install a newer Prizm")
    };
    let file: File = toml::from_str(text).map_err(|error| {
        // A newer format may have keys of which this version knows nothing.
        let version = text.parse::<toml::Table>().ok().and_then(|table| table.get("version")?.as_integer());
        if let Some(version) = version.filter(|version| *version != VERSION) {
            return newer(version);
        }
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        unusable(path, &format!("line {line}: {}", error.message()))
    })?;
    if file.version != VERSION {
        return Err(newer(file.version));
    }
    for (kind, entries) in [(Kind::Provider, &file.providers), (Kind::Service, &file.services)] {
        for locked in entries {
            let name = locked.request.escape_debug();
            check(locked, kind).map_err(|reason| unusable(path, &format!("`{name}`: {reason}")))?;
        }
    }
    let mut entries = file.providers;
    entries.extend(file.services);
    entries.sort_by(|a, b| a.request.cmp(&b.request));
    match entries.windows(2).find(|pair| pair[0].request == pair[1].request) {
        Some(pair) => Err(unusable(path, &format!("`{}` is there twice", pair[0].request))),
        None => Ok(entries),
    }
}

/// A lock is a file that anybody may have edited.
fn check(locked: &Locked, kind: Kind) -> Result<(), String> {
    if locked.kind != kind {
        return Err(format!("it stands among the {kind}s, and its `kind` is `{}`", locked.kind));
    }
    let identifier: Identifier = locked.request.parse().map_err(|error: Error| error.to_string())?;
    if identifier.to_string() != locked.request {
        return Err(format!("the canonical request is `{identifier}`"));
    }
    if identifier.source() != locked.source {
        return Err(format!("its source is `{}`, not `{}`", identifier.source(), locked.source.escape_debug()));
    }
    locked.revision.check()?;
    if !fits(&identifier, &locked.revision) {
        return Err(format!("what it is pinned to is not what `{identifier}` asks for: {}", told(&locked.revision)));
    }
    let hex = locked.source_hash.strip_prefix("b3:");
    if !hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err("its `sourceHash` is not `b3:` and 64 hexadecimal digits".to_owned());
    }
    Ok(())
}

/// Tells whether a request can have led to a revision, as far as that can be told without asking anybody.
fn fits(identifier: &Identifier, revision: &Revision) -> bool {
    match (identifier, revision) {
        (Identifier::File(source), Revision::Directory(_)) => source.reference().is_none(),
        (Identifier::File(source), Revision::Git(at)) => {
            source.reference().is_some() && leads_to(source.reference(), at)
        }
        (Identifier::Git(source), Revision::Git(at)) => leads_to(source.reference(), at),
        (Identifier::Npm(source), Revision::Npm(at)) => has_version(source.request(), &at.version),
        _ => false,
    }
}

fn leads_to(asked: Option<&str>, at: &GitRevision) -> bool {
    let Some(name) = at.reference.as_deref() else {
        return asked == Some(&at.commit);
    };
    match asked {
        None => name.starts_with("refs/heads/"),
        Some(asked) if is_commit(asked) => false,
        Some(asked) if asked.starts_with("refs/") => name == asked,
        Some(asked) => [format!("refs/tags/{asked}"), format!("refs/heads/{asked}")].iter().any(|full| full == name),
    }
}

/// Whether a version is one that was asked for. Where a tag leads only the registry knows.
fn has_version(request: Option<&str>, version: &str) -> bool {
    let Some(range) = request.and_then(|request| node_semver::Range::parse(request).ok()) else { return true };
    node_semver::Version::parse(version).is_ok_and(|version| range.satisfies(&version))
}

fn told(revision: &Revision) -> String {
    match revision {
        Revision::Git(GitRevision { reference: Some(name), commit, .. }) => {
            format!("`{}` at {commit}", name.escape_debug())
        }
        revision => revision.to_string(),
    }
}

pub(super) fn print(entries: &[Locked]) -> Result<String, toml::ser::Error> {
    let (providers, services) = entries.iter().cloned().partition(|locked| locked.kind == Kind::Provider);
    let file = File { version: VERSION, providers, services };
    Ok(format!("{HEADER}{}", toml::to_string(&file)?))
}
