//! Unpacks a package's archive, and takes nothing but plain files from it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::EntryType;

use crate::fetch::work::MayGoOn;
use crate::tree::TreeWriter;
use crate::{Error, ErrorKind, Limits};

/// The most bytes of headers of one entry: a long name can be as long as its author likes.
const MAX_HEADERS: u64 = 64 * 1024;

/// Unpacks an archive into `into`, without the directory at its top, and returns the hash of the files.
pub(super) fn unpack(archive: &Path, into: &Path, limits: Limits, may_go_on: MayGoOn<'_>) -> Result<String, Error> {
    let file = File::open(archive).map_err(|error| damaged(&error))?;
    // The archive itself is bounded, too: headers and padding are unpacked before anybody sees them.
    let headers = Cell::new(MAX_HEADERS);
    let inner = GzDecoder::new(BufReader::new(file));
    let mut archive = tar::Archive::new(Bounded { inner, left: limits.bytes.saturating_mul(2), headers: &headers });
    let mut entries = archive.entries().map_err(|error| damaged(&error))?;
    let mut tree = TreeWriter::new(into, limits);
    let mut seen = BTreeSet::new();
    loop {
        may_go_on()?;
        // What is read now are headers only, which are kept in memory: the entry before was read to its end.
        headers.set(MAX_HEADERS);
        let Some(entry) = entries.next() else { return tree.finish() };
        headers.set(u64::MAX);
        let mut entry = entry.map_err(|error| damaged(&error))?;
        let raw = entry.path_bytes().into_owned();
        let path =
            std::str::from_utf8(&raw).map_err(|_| refused(&String::from_utf8_lossy(&raw), "its name is not UTF-8"))?;
        let path = path.to_owned();
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader => {
                io::copy(&mut entry, &mut io::sink()).map_err(|error| damaged(&error))?;
                continue;
            }
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Symlink | EntryType::Link => {
                return Err(refused(&path, "it is a link, and packages hold files only"));
            }
            _ => return Err(refused(&path, "it is no regular file")),
        }
        if path.starts_with('/') {
            return Err(refused(&path, "its path is absolute"));
        }
        let Some((_, name)) = path.split_once('/') else {
            return Err(refused(&path, "it is outside of the package's directory"));
        };
        if !seen.insert(name.to_owned()) {
            return Err(refused(&path, "it is there twice"));
        }
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
        tree.file(name, executable, &mut entry)?;
    }
}

/// Ends with an error after so many bytes, in all or of headers.
struct Bounded<'a, R> {
    inner: R,
    left: u64,
    headers: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other("it unpacks to too much"))?;
        let headers = self.headers.get().checked_sub(read as u64);
        self.headers.set(headers.ok_or_else(|| io::Error::other("the headers of an entry are too long"))?);
        Ok(read)
    }
}

fn refused(path: &str, reason: &str) -> Error {
    let cut: String = path.chars().take(200).collect();
    Error::new(ErrorKind::Fetch, format!("the package holds `{}`, which is refused: {reason}", cut.escape_debug()))
        .with_hint("its author must publish it without that")
}

fn damaged(error: &io::Error) -> Error {
    Error::new(ErrorKind::Fetch, format!("the package's archive cannot be read: {error}"))
        .with_hint("its author must publish it again")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Made {
        path: &'static str,
        kind: EntryType,
        mode: u32,
    }

    fn file(path: &'static str) -> Made {
        Made { path, kind: EntryType::Regular, mode: 0o644 }
    }

    /// Writes names as they are: the tar crate would refuse most of these.
    fn archive(entries: &[Made], content: &[u8]) -> tempfile::NamedTempFile {
        let archive = tempfile::NamedTempFile::new().unwrap();
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(archive.reopen().unwrap(), flate2::Compression::fast()));
        for made in entries {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..made.path.len()].copy_from_slice(made.path.as_bytes());
            header.set_entry_type(made.kind);
            header.set_mode(made.mode);
            let has_content = matches!(
                made.kind,
                EntryType::Regular | EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader
            );
            let content = if has_content { content } else { b"" };
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        archive
    }

    fn unpacked(entries: &[Made], content: &[u8]) -> (tempfile::TempDir, Result<String, Error>) {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let limits = Limits { bytes: 100_000, ..Limits::default() };
        let result = unpack(archive(entries, content).path(), &root, limits, &|| Ok(()));
        assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1, "something was written outside");
        (outer, result)
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        let kind = |path, kind| Made { path, kind, mode: 0o644 };
        for (entries, reason) in [
            (vec![file("package/../../x")], "`..`"),
            (vec![file("package/a/../../../x")], "`..`"),
            (vec![file("/etc/x")], "absolute"),
            (vec![file("x")], "outside of the package's directory"),
            (vec![kind("package/l", EntryType::Symlink)], "a link"),
            (vec![kind("package/l", EntryType::Link)], "a link"),
            (vec![kind("package/f", EntryType::Fifo)], "no regular file"),
            (vec![kind("package/d", EntryType::Char)], "no regular file"),
            (vec![file("package/package.json"), file("package/package.json")], "twice"),
            (vec![file("package/package.json"), file("other/package.json")], "twice"),
            (vec![file("package/a\nb")], "U+000A"),
            (vec![file("package/a\u{202e}b")], "U+202E"),
            (vec![file("package/A"), file("package/a")], "case or composition"),
        ] {
            let (_outer, result) = unpacked(&entries, b"x");
            let error = result.expect_err(reason);
            assert!(error.to_string().contains(reason), "{reason}: {error}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let (_outer, result) = unpacked(&[file("package/a")], &vec![0; 50_000_000]);
        let error = result.unwrap_err();
        assert!(error.to_string().contains("larger than 100000 bytes"), "{error}");
    }

    #[test]
    fn a_long_name_is_not_read_into_memory() {
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let long = Made { path: "long", kind, mode: 0o644 };
            let (_outer, result) = unpacked(&[file("package/a"), long, file("package/b")], &[b'a'; 70_000]);
            assert!(result.unwrap_err().to_string().contains("headers of an entry are too long"), "{kind:?}");
        }
    }

    #[test]
    fn work_ends_between_two_files() {
        let (into, left) = (tempfile::tempdir().unwrap(), Cell::new(2));
        let may_go_on = || {
            left.set(left.get() - 1);
            if left.get() > 0 { Ok(()) } else { Err(Error::new(ErrorKind::Fetch, "enough")) }
        };
        let archive = archive(&[file("package/a"), file("package/b")], b"x");
        let error = unpack(archive.path(), into.path(), Limits::default(), &may_go_on).unwrap_err();
        assert_eq!(error.to_string(), "enough");
        assert!(into.path().join("a").exists() && !into.path().join("b").exists());
    }

    #[test]
    fn modes_are_plain() {
        use std::os::unix::fs::PermissionsExt as _;
        let set = Made { path: "package/run", kind: EntryType::Regular, mode: 0o6755 };
        let (outer, result) = unpacked(&[set, file("package/note")], b"x");
        result.unwrap();
        let mode =
            |name: &str| std::fs::metadata(outer.path().join("root").join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("run"), mode("note")), (0o755, 0o644));
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let mut broken = tempfile::NamedTempFile::new().unwrap();
        broken.write_all(b"<html>").unwrap();
        let into = tempfile::tempdir().unwrap();
        let error = unpack(broken.path(), into.path(), Limits::default(), &|| Ok(())).unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
}
