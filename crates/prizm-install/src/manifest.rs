//! Reads the files that describe a provider, in bounded memory.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use prizm_protocol::{MANIFEST_FILE, Manifest, ManifestError};
use rustix::fs::OFlags;

use crate::error::quoted;
use crate::{Error, ErrorKind};

/// The largest `prizm.toml` or `Cargo.toml`.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads `prizm.toml` of `root`; none is no error.
pub(crate) fn read(root: &Path) -> Result<Option<Manifest>, Error> {
    let path = root.join(MANIFEST_FILE);
    let Some(text) = read_text(&path)? else { return Ok(None) };
    Manifest::from_toml(&text).map(Some).map_err(|error| match error {
        ManifestError::Toml(error) => wrong(&path, at_line(&text, error.span(), error.message())),
        error => wrong(&path, error),
    })
}

/// Reads a text file that may be absent.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, Error> {
    match read_bounded(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(path, error)),
    }
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

fn read_bounded(path: &Path) -> io::Result<String> {
    // Without waiting, because opening a pipe would wait for its writer.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        io::Error::other(format!("line {line}: it is not UTF-8"))
    })
}
