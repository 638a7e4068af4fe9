//! Reads the files that describe a provider or a service, in bounded memory.

mod described;
mod package;

use std::ops::Range;
use std::path::Path;

use prizm_protocol::{MANIFEST_FILE, Manifest, ManifestError, ServiceManifest};
use serde_json::Value;

pub(crate) use described::{Described, check_run_by_others};
pub(crate) use package::{PACKAGE_FILE, Package};

use crate::error::quoted;
use crate::{Error, ErrorKind, Kind, read_text_bounded};

/// The largest `prizm.toml`, `package.json` or `Cargo.toml`.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads the manifest of `root`: `prizm.toml`, else what stands under `prizm` in `package.json`. None
/// is no error.
pub(crate) fn read(root: &Path) -> Result<Option<Described>, Error> {
    let path = root.join(MANIFEST_FILE);
    let Some(text) = read_text(&path)? else { return in_package(root) };
    // What is no TOML is told below, with its line.
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let has = |section: &str| table.contains_key(section);
    let kind = kind_of(has("provider"), has("service")).map_err(|reason| wrong(&path, reason).with_hint(ONE_EACH))?;
    kind.read(|| Manifest::from_toml(&text), || ServiceManifest::from_toml(&text)).map(Some).map_err(
        |error| match error {
            ManifestError::Toml(error) => wrong(&path, at_line(&text, error.span(), error.message())),
            error => wrong(&path, error),
        },
    )
}

/// What to do about a repository that is both.
const ONE_EACH: &str = "its author must put one of them into a directory of its own: a source may say `?dir=DIRECTORY`";

/// Tells what a manifest describes by its sections. One without either is a provider's that lacks it.
fn kind_of(provider: bool, service: bool) -> Result<Kind, &'static str> {
    match (provider, service) {
        (true, true) => Err("it has `[provider]` and `[service]`"),
        (false, true) => Ok(Kind::Service),
        (_, false) => Ok(Kind::Provider),
    }
}

impl Kind {
    fn read(
        self,
        provider: impl FnOnce() -> Result<Manifest, ManifestError>,
        service: impl FnOnce() -> Result<ServiceManifest, ManifestError>,
    ) -> Result<Described, ManifestError> {
        match self {
            Self::Provider => provider().map(Box::new).map(Described::Provider),
            Self::Service => service().map(Box::new).map(Described::Service),
        }
    }
}

/// Returns the name of the file that holds the manifest of `root`, or should.
pub(crate) fn file_name(root: &Path) -> &'static str {
    let in_package = || Package::read(root).is_ok_and(|package| package.is_some_and(|p| p.get("prizm").is_some()));
    match !root.join(MANIFEST_FILE).exists() && in_package() {
        true => PACKAGE_FILE,
        false => MANIFEST_FILE,
    }
}

fn in_package(root: &Path) -> Result<Option<Described>, Error> {
    let Some(package) = Package::read(root)? else { return Ok(None) };
    let Some(value) = package.get("prizm") else { return Ok(None) };
    let has = |section: &str| value.get(section).is_some_and(|section| !section.is_null());
    let kind = kind_of(has("provider"), has("service"));
    let kind = kind.map_err(|reason| package.wrong(format!("under `prizm`: {reason}")).with_hint(ONE_EACH))?;
    let json = || Value::clone(value);
    kind.read(|| Manifest::from_json(json()), || ServiceManifest::from_json(json()))
        .map(Some)
        .map_err(|error| package.wrong(format!("under `prizm`: {error}")))
}

/// Reads a text file that may be absent.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, Error> {
    read_text_within(path, MAX_BYTES)
}

/// Reads a text file that may be absent, and may be large.
pub(crate) fn read_text_within(path: &Path, limit: u64) -> Result<Option<String>, Error> {
    read_text_bounded(path, limit).map_err(|error| wrong(path, error))
}

/// An error about a file.
pub(crate) fn wrong(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Manifest, format!("{}: {reason}", quoted(path)))
        .with_hint(format!("correct {}", quoted(path)))
}

/// Puts the line in front of a parser's message.
pub(crate) fn at_line(text: &str, span: Option<Range<usize>>, message: &str) -> String {
    let message = message.trim_end().trim_end_matches('.').replace('\n', ", ");
    match span.and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message,
    }
}
