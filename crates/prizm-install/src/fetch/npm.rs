//! Packages of npm's registry, through npm's own client: its configuration says which registry, with
//! which credentials and through which proxy.

mod archive;
mod client;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use semver::Version;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::{FetchOptions, Fetched, work};
use crate::{Error, ErrorKind, NpmRevision, NpmSource, Reporter, Revision};

use client::Client;

/// Finds which version is meant: the highest that fits, or what the tag names.
pub(super) async fn resolve(source: &NpmSource, options: &FetchOptions, scratch: &Path) -> Result<NpmRevision, Error> {
    let client = Client::new(source, options, scratch)?;
    let spec = match source.request() {
        Some(request) => format!("{}@{request}", source.name()),
        None => source.name().to_owned(),
    };
    let answer = client.json(&["view", &spec, "name", "version", "dist.integrity", "dist.shasum"], &()).await?;
    let found = match answer {
        Value::Array(versions) => versions.into_iter().filter(|found| version(found).is_some()).max_by_key(version),
        Value::Object(_) => Some(answer).filter(|found| version(found).is_some()),
        _ => None,
    };
    let Some(found) = found else {
        let message = format!("`{}` has no version `{}`", source.name(), source.request().unwrap_or("latest"));
        let hint = format!("see what there is: npm view {} versions dist-tags", source.name());
        return Err(Error::new(ErrorKind::Source, message).with_hint(hint));
    };
    let version = version(&found).map(|version| version.to_string()).unwrap_or_default();
    let integrity = strongest(source, &version, &found)?;
    Ok(NpmRevision { version, integrity })
}

fn version(found: &Value) -> Option<Version> {
    found.get("version")?.as_str()?.parse().ok()
}

/// Takes the sha512 of what the registry promises; nothing weaker will do.
fn strongest(source: &NpmSource, version: &str, found: &Value) -> Result<String, Error> {
    let all = found.get("dist.integrity").and_then(Value::as_str).unwrap_or_default();
    if let Some(integrity) = sha512_among(all) {
        return Ok(integrity.to_owned());
    }
    let has = match all {
        "" => "only a sha1".to_owned(),
        weaker => format!("`{}`", weaker.chars().take(80).collect::<String>().escape_debug()),
    };
    let message = format!("`{}@{version}` has no sha512 in its registry; it has {has}", source.name());
    Err(Error::new(ErrorKind::Mismatch, message).with_hint("its author must publish it again; npm then adds one"))
}

/// Finds the sha512 among the hashes that npm calls an integrity.
pub(crate) fn sha512_among(integrity: &str) -> Option<&str> {
    let is_sha512 = |word: &&str| {
        let digest = word.strip_prefix("sha512-").map(|digest| STANDARD.decode(digest));
        digest.is_some_and(|digest| digest.is_ok_and(|digest| digest.len() == 64))
    };
    integrity.split_ascii_whitespace().find(is_sha512)
}

/// Downloads the archive, checks it, and only then unpacks it.
pub(super) async fn fetch(
    source: &NpmSource,
    revision: &NpmRevision,
    options: &FetchOptions,
    into: &Path,
    scratch: &Path,
    reporter: &dyn Reporter,
) -> Result<Fetched, Error> {
    let client = Client::new(source, options, scratch)?;
    let spec = format!("{}@{}", source.name(), revision.version);
    client.json(&["pack", &spec, "--pack-destination", "."], reporter).await?;
    let archive = client.archive()?;
    let (name, revision, limits, into) = (source.name().to_owned(), revision.clone(), options.limits, into.to_owned());
    work::blocking(limits, move |may_go_on| {
        check_integrity(&name, &revision, &archive)?;
        let source_hash = archive::unpack(&archive, &into, limits, may_go_on)?;
        check_names(&name, &revision, &into)?;
        drop(client);
        Ok(Fetched { root: into, revision: Revision::Npm(revision), source_hash, tree: None, published: None })
    })
    .await
}

fn check_integrity(name: &str, revision: &NpmRevision, archive: &Path) -> Result<(), Error> {
    let hash = || -> std::io::Result<String> {
        let mut hasher = Sha512::new();
        std::io::copy(&mut std::fs::File::open(archive)?, &mut hasher)?;
        Ok(format!("sha512-{}", STANDARD.encode(hasher.finalize())))
    };
    let now =
        hash().map_err(|error| Error::new(ErrorKind::Fetch, format!("the archive of `{name}` is lost: {error}")))?;
    if now == revision.integrity {
        return Ok(());
    }
    let message =
        format!("`{name}@{}` is not what was promised: {} was, and {now} came", revision.version, revision.integrity);
    Err(Error::new(ErrorKind::Mismatch, message)
        .with_hint("somebody changed it, on the registry or on the way: find out who before you use it"))
}

/// What is inside must be what was asked for.
fn check_names(name: &str, revision: &NpmRevision, root: &Path) -> Result<(), Error> {
    let text = crate::manifest::read_text(&root.join("package.json"))?.unwrap_or_default();
    let package: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("nothing").to_owned();
    let (inside, version) = (word("name"), word("version"));
    if inside == name && version.trim_start_matches('v') == revision.version {
        return Ok(());
    }
    let shown = format!("{inside}@{version}").chars().take(200).collect::<String>();
    let message = format!("the archive of `{name}@{}` holds `{}` instead", revision.version, shown.escape_debug());
    Err(Error::new(ErrorKind::Mismatch, message).with_hint("its registry is broken, or lies: ask whoever runs it"))
}
