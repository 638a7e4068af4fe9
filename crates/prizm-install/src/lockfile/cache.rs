//! Locks as they were read last: whoever looks up a hundred providers reads their lock once, and the next process reads
//! what this one made of it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Locked, Lockfile, text};
use crate::Error;

/// A lock of less is read as soon as a copy of it would be.
const WORTH_A_COPY: usize = 16 * 1024;

/// What tells one state of a file from another: a lock is written anew and renamed, so its inode is another, too.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

/// The locks that were read, by their paths. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Locks {
    read: Arc<Mutex<HashMap<PathBuf, Read>>>,
    copies: PathBuf,
}

/// A lock, as it was when it was read.
type Read = (Stamp, Arc<Lockfile>);

impl Locks {
    pub(crate) fn new(home: &Path) -> Self {
        Self { read: Arc::default(), copies: home.join("cache/locks") }
    }

    /// Reads a lock file, unless it is as it was when it was read last.
    ///
    /// # Errors
    /// As [`Lockfile::load`].
    pub(crate) fn load(&self, path: &Path) -> Result<Arc<Lockfile>, Error> {
        let Some(now) = stamp(path) else { return Lockfile::load(path).map(Arc::new) };
        // Held while it is read: those who ask meanwhile wait for one reading.
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, lock)) = known.get(path)
            && *then == now
        {
            return Ok(Arc::clone(lock));
        }
        let lock = Arc::new(Lockfile::read(path, |text| self.entries(path, text))?);
        known.insert(path.to_owned(), (now, Arc::clone(&lock)));
        Ok(lock)
    }

    /// Returns the entries of a lock: from the copy of what was made of this very text, else from the text. TOML that
    /// people read takes ten times as long to read as JSON.
    fn entries(&self, path: &Path, text: &str) -> Result<Vec<Locked>, Error> {
        if text.len() < WORTH_A_COPY {
            return text::parse(path, text);
        }
        let copy = Kept::of(&self.copies, path, text);
        if let Some(entries) = copy.read() {
            return Ok(entries);
        }
        let entries = text::parse(path, text)?;
        if let Err(error) = copy.write(&entries) {
            tracing::debug!(lock = %path.display(), "there is no copy of it: {error}");
        }
        Ok(entries)
    }
}

/// What was made of a lock, in a file of its own: a line with the hash of the text and of the program's version, then JSON.
struct Kept {
    file: PathBuf,
    head: String,
}

impl Kept {
    /// One for each path, so that there are no more of them than locks.
    fn of(directory: &Path, path: &Path, text: &str) -> Self {
        let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        let mut hasher = blake3::Hasher::new_derive_key(concat!("prizm-install lock ", env!("CARGO_PKG_VERSION")));
        let hash = hasher.update(text.as_bytes()).finalize().to_hex();
        Self { file: directory.join(format!("{}.json", &name[..32])), head: format!("{hash}\n") }
    }

    fn read(&self) -> Option<Vec<Locked>> {
        let copy = fs::read(&self.file).ok()?;
        serde_json::from_slice(copy.strip_prefix(self.head.as_bytes())?).ok()
    }

    fn write(&self, entries: &[Locked]) -> io::Result<()> {
        let directory = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let mut copy = tempfile::NamedTempFile::new_in(directory)?;
        let mut text = self.head.clone().into_bytes();
        serde_json::to_writer(&mut text, entries)?;
        io::Write::write_all(&mut copy, &text)?;
        copy.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino(), meta.len(), (meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_again_when_it_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, locks) = (directory.path().join("prizm.lock"), Locks::new(directory.path()));
        assert!(locks.load(&path).unwrap().entries().is_empty());
        fs::write(&path, "version = 1\n").unwrap();
        let first = locks.load(&path).unwrap();
        assert!(Arc::ptr_eq(&first, &locks.load(&path).unwrap()));
        fs::write(&path, "version = 1 # another\n").unwrap();
        assert!(!Arc::ptr_eq(&first, &locks.load(&path).unwrap()));
        fs::write(&path, "not a lock").unwrap();
        assert!(locks.load(&path).is_err());
    }

    #[test]
    fn the_copy_of_a_large_lock_is_read_while_it_is_of_this_text() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("prizm.lock");
        let entry = |number: usize| {
            format!(
                "[[provider]]\nid = \"p{number:03}\"\nkind = \"provider\"\nrequest = \"file:///p/{number:03}\"\n\
                 source = \"file:///p/{number:03}\"\nmutable = true\nsourceHash = \"b3:{}\"\n\
                 [provider.build]\nrecipe = \"command/1\"\ndependencyLockGenerated = false\nisolation = \"none\"\n\
                 [provider.build.tools]\n[provider.artifact.x]\nhash = \"b3:0\"\nentry = [\"./p\"]\n\
                 [provider.contract]\nversion = \"1.0.0\"\ncapabilities = []\n[provider.contract.permissions]\n",
                "0".repeat(64)
            )
        };
        let text = |count: usize| format!("version = 1\n{}", (0..count).map(entry).collect::<String>());
        fs::write(&path, text(100)).unwrap();
        let first = Locks::new(home.path()).load(&path).unwrap();
        assert_eq!(first.entries().len(), 100);
        let copies: Vec<_> = fs::read_dir(home.path().join("cache/locks")).unwrap().collect();
        assert_eq!(copies.len(), 1);
        let copy = copies[0].as_ref().unwrap().path();
        assert_eq!(*Locks::new(home.path()).load(&path).unwrap(), *first, "from the copy");
        let (head, json) =
            fs::read_to_string(&copy).unwrap().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        fs::write(&copy, format!("{head}\n{}", json.replace("p042", "p999"))).unwrap();
        assert!(Locks::new(home.path()).load(&path).unwrap().entries().iter().any(|locked| locked.id == "p999"));
        fs::write(&copy, format!("{head}\nnonsense")).unwrap();
        assert_eq!(*Locks::new(home.path()).load(&path).unwrap(), *first, "a damaged copy is none");
        fs::write(&path, text(101)).unwrap();
        assert_eq!(Locks::new(home.path()).load(&path).unwrap().entries().len(), 101);
        assert_eq!(fs::read_dir(home.path().join("cache/locks")).unwrap().count(), 1);
    }
}
