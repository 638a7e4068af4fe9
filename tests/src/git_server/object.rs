//! Objects, written as they are: what git would refuse to write, a server can still have.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Entry;

/// How the objects of a repository are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// By SHA-1: 40 digits.
    Sha1,
    /// By SHA-256: 64 digits.
    Sha256,
}

impl ObjectFormat {
    /// Returns what git calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    fn id(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha1 => hex(&Sha1::digest(bytes)),
            Self::Sha256 => hex(&Sha256::digest(bytes)),
        }
    }
}

/// Returns hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the bytes that hexadecimal digits stand for.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("an id has hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Writes an object of this kind into the repository and returns its id.
pub(crate) fn write(repository: &Path, format: ObjectFormat, kind: &str, content: &[u8]) -> String {
    let bytes = [format!("{kind} {}\0", content.len()).as_bytes(), content].concat();
    let id = format.id(&bytes);
    let path = repository.join("objects").join(&id[..2]).join(&id[2..]);
    if !path.exists() {
        fs::create_dir_all(path.parent().expect("an object has a directory")).expect("a directory for objects");
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes).expect("memory takes all");
        fs::write(path, packed.finish().expect("memory takes all")).expect("an object");
    }
    id
}

/// Writes an entry with all that is in it; returns its mode and its id.
pub(crate) fn write_entry(repository: &Path, format: ObjectFormat, entry: &Entry) -> (String, String) {
    let (mode, kind, content) = match entry {
        Entry::File(content) => ("100644", "blob", content),
        Entry::Executable(content) => ("100755", "blob", content),
        Entry::Symlink(target) => ("120000", "blob", target),
        Entry::Submodule(commit) => return ("160000".to_owned(), commit.clone()),
        Entry::Object { mode, id } => return (mode.clone(), id.clone()),
        Entry::Tree(entries) => {
            let mut tree = Vec::new();
            for (name, entry) in entries {
                let (mode, id) = write_entry(repository, format, entry);
                tree.extend([mode.as_bytes(), b" ", name, b"\0", &unhex(&id)].concat());
            }
            return ("40000".to_owned(), write(repository, format, "tree", &tree));
        }
    };
    (mode.to_owned(), write(repository, format, kind, content))
}
