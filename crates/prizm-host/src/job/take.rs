//! Taking an output: opened beneath the job's directory following no link, a regular file, of the
//! declared kind, hashed, and moved out of the plugin's reach.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prizm_protocol::MediaKind;
use rustix::fs::{Mode, OFlags};

use super::JobDir;
use crate::sniff::{SNIFF_BYTES, Sniffed, agrees, sniff};
use crate::{Error, ErrorKind, Stage};

/// The largest output, by its length. It bounds the time to hash a sparse file.
const MAX_OUTPUT: u64 = 64 * 1024 * 1024 * 1024;

/// The largest file that is a partial result.
const MAX_CHUNK: u64 = 64 * 1024 * 1024;

/// A file that a plugin made and the host has taken. It is removed with its last clone.
#[derive(Clone, Debug)]
pub struct TakenFile {
    path: PathBuf,
    size: u64,
    hash: blake3::Hash,
    given_away: Arc<AtomicBool>,
    _job: JobDir,
}

impl TakenFile {
    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the BLAKE3 hash of its content, in hexadecimal.
    pub fn hash(&self) -> String {
        self.hash.to_hex().to_string()
    }

    /// Puts the file at `target`, which appears whole or not at all: without a copy the first time
    /// where both are on one file system. Blocks.
    ///
    /// # Errors
    /// The target's directory cannot be written.
    pub fn save(&self, target: &Path) -> io::Result<()> {
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // A hard link costs nothing; the job's own name for the file goes with the job. A second
        // one would tie two of the user's files together.
        if !self.given_away.swap(true, Ordering::AcqRel) {
            let link =
                tempfile::Builder::new().prefix(".prizm-").make_in(directory, |path| fs::hard_link(&self.path, path));
            if let Ok(link) = link {
                return link.into_temp_path().persist(target).map_err(|error| error.error);
            }
        }
        let copy = tempfile::Builder::new().prefix(".prizm-").tempfile_in(directory)?;
        fs::copy(&self.path, copy.path())?;
        copy.persist(target).map(drop).map_err(|error| error.error)
    }
}

/// Takes the file at `path`, which the plugin says is of this kind. Blocks.
pub(crate) fn take(
    job: &JobDir,
    path: &str,
    kind: MediaKind,
    mime: &str,
) -> Result<(TakenFile, Option<Sniffed>), Error> {
    take_if(job, path, |found, size| {
        // A text may be empty; nothing else is what it says without a byte.
        if (size == 0 && kind == MediaKind::Text) || (size > 0 && agrees(found, kind, mime)) {
            return Ok(());
        }
        if size == 0 {
            return Err(format!("is declared as {kind} ({mime}), but is empty"));
        }
        let found = found.map_or("unknown", |found| found.mime);
        Err(format!("is declared as {kind} ({mime}), but its content is {found}"))
    })
}

/// Takes the file at `path`, a partial result, whatever it is. Blocks, but not for long: it may not be
/// large.
pub(crate) fn take_chunk(job: &JobDir, path: &str) -> Result<TakenFile, Error> {
    let small = |_, size| match size {
        0..=MAX_CHUNK => Ok(()),
        _ => Err(format!("is a partial result of {size} bytes, over the limit of {MAX_CHUNK}")),
    };
    take_if(job, path, small).map(|(taken, _)| taken)
}

fn take_if(
    job: &JobDir,
    path: &str,
    check: impl FnOnce(Option<Sniffed>, u64) -> Result<(), String>,
) -> Result<(TakenFile, Option<Sniffed>), Error> {
    let refuse = |why: String| {
        Error::new(ErrorKind::Protocol, Stage::Output, format!("the plugin's output `{}` {why}", path.escape_debug()))
            .with_hint("the plugin breaks the protocol: an output is a regular file of its own beneath `out/` in the job directory")
    };
    let relative = beneath_out(path).map_err(|why| refuse(why.to_owned()))?;
    let (parent, opened) =
        open_beneath(&job.path(), &relative).map_err(|error| refuse(format!("cannot be taken: {error}")))?;
    let mut file = File::from(opened);
    let meta = file.metadata().map_err(|error| refuse(format!("cannot be taken: {error}")))?;
    if !meta.is_file() {
        return Err(refuse("is no regular file".to_owned()));
    }
    if meta.nlink() != 1 {
        return Err(refuse(format!("has {} names: it is a hard link to something else", meta.nlink())));
    }
    if meta.len() > MAX_OUTPUT {
        return Err(refuse(format!("has {} bytes, over the limit of {MAX_OUTPUT}", meta.len())));
    }
    let io = |error: io::Error| {
        Error::io(Stage::Output, format!("cannot take the output `{}`", path.escape_debug()), &error)
    };
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    file.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).map_err(io)?;
    let found = sniff(&head);
    check(found, meta.len()).map_err(refuse)?;
    file.rewind().map_err(io)?;
    // Never more than was there: a file that is extended all the while would be hashed for ever.
    let (hash, hashed) = hash(file.by_ref().take(meta.len())).map_err(io)?;
    let name = relative.file_name().unwrap_or_default();
    let target = job.0.path().join("taken").join(format!("{}-{}", meta.ino(), name.to_string_lossy()));
    // From the directory that was opened, not by its path again: that may lead elsewhere by now.
    rustix::fs::renameat(&parent, name, rustix::fs::CWD, &target).map_err(|error| io(error.into()))?;
    // What was renamed must be what was checked.
    let moved = fs::symlink_metadata(&target).map_err(io)?;
    if (moved.dev(), moved.ino(), moved.len()) != (meta.dev(), meta.ino(), hashed) {
        return Err(refuse("was changed while it was taken".to_owned()));
    }
    let taken = TakenFile { path: target, size: meta.len(), hash, given_away: Arc::default(), _job: job.clone() };
    Ok((taken, found))
}

/// Returns the hash of what is read, and how much that was. It is not mapped: who shortens a file that is mapped ends the
/// process that reads it.
fn hash(mut file: impl io::Read) -> io::Result<(blake3::Hash, u64)> {
    // Of many blocks at once a hash costs a third.
    let mut buffer = vec![0; 256 * 1024];
    let (mut hasher, mut hashed) = (blake3::Hasher::new(), 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finalize(), hashed)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                hashed += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Checks the words of a path: relative, under `out/`, without `..`.
fn beneath_out(path: &str) -> Result<PathBuf, &'static str> {
    let path = Path::new(path);
    let mut parts = path.components();
    if path.as_os_str().len() > 1024 {
        return Err("has a name of more than 1,024 bytes");
    }
    if parts.next() != Some(Component::Normal("out".as_ref())) || parts.as_path().as_os_str().is_empty() {
        return Err("is not under `out/`");
    }
    if !parts.all(|part| matches!(part, Component::Normal(_))) {
        return Err("leaves the job directory");
    }
    Ok(path.to_owned())
}

/// Opens a path beneath a directory for reading, following no symbolic link on the way, and returns it
/// with the directory that it is in.
fn open_beneath(directory: &Path, relative: &Path) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut at: OwnedFd = rustix::fs::open(directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut parent = at.try_clone()?;
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        // NONBLOCK, so that a FIFO in the file's place cannot make the host wait.
        let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        if parts.peek().is_some() {
            flags |= OFlags::DIRECTORY;
        }
        let next = rustix::fs::openat(at.as_fd(), part.as_os_str(), flags, Mode::empty());
        parent = at;
        at = next.map_err(|error| match error {
            rustix::io::Errno::LOOP | rustix::io::Errno::MLINK => io::Error::other("it is a symbolic link"),
            rustix::io::Errno::NOTDIR => io::Error::other("a part of its path is no directory"),
            rustix::io::Errno::NOENT => io::Error::other("there is no such file"),
            other => other.into(),
        })?;
    }
    Ok((parent, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::prepare;

    fn job() -> (tempfile::TempDir, JobDir) {
        let work = tempfile::tempdir().unwrap();
        let (job, _) = prepare(work.path(), Vec::new()).unwrap();
        (work, job)
    }

    fn refused(job: &JobDir, path: &str, expected: &str) {
        let error = take(job, path, MediaKind::Image, "image/png").unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Protocol, Stage::Output));
        assert!(error.to_string().contains(expected), "{error}");
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

    #[test]
    fn only_regular_files_of_its_own_beneath_out_are_taken() {
        let (work, job) = job();
        let out = job.path().join("out");
        let secret = work.path().join("secret");
        fs::write(&secret, PNG).unwrap();
        std::os::unix::fs::symlink(&secret, out.join("link")).unwrap();
        std::os::unix::fs::symlink(work.path(), out.join("dir")).unwrap();
        fs::hard_link(&secret, out.join("hard")).unwrap();
        fs::write(out.join("text.png"), "hello").unwrap();
        fs::write(job.path().join("in/x.png"), PNG).unwrap();
        File::create(out.join("sparse")).unwrap().set_len(1 << 40).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, out.join("fifo"), Mode::RWXU).unwrap();
        refused(&job, "../escape.png", "is not under `out/`");
        refused(&job, "out/../../secret", "leaves the job directory");
        refused(&job, secret.to_str().unwrap(), "is not under `out/`");
        refused(&job, "out", "is not under `out/`");
        refused(&job, "in/x.png", "is not under `out/`");
        refused(&job, "out/link", "it is a symbolic link");
        refused(&job, "out/dir/secret", "a part of its path is no directory");
        refused(&job, "out/hard", "hard link");
        refused(&job, "out/fifo", "no regular file");
        refused(&job, "out/none", "there is no such file");
        refused(&job, "out/text.png", "its content is text/plain");
        refused(&job, "out/sparse", "over the limit");
    }

    #[test]
    fn a_directory_that_is_swapped_leads_nowhere() {
        let (work, job) = job();
        let theirs = work.path().join("theirs");
        fs::create_dir_all(job.path().join("out/d")).unwrap();
        fs::create_dir(&theirs).unwrap();
        fs::write(job.path().join("out/d/f.png"), PNG).unwrap();
        fs::write(theirs.join("f.png"), PNG).unwrap();
        let swap = |_, _| {
            fs::rename(job.path().join("out/d"), job.path().join("out/e")).unwrap();
            std::os::unix::fs::symlink(&theirs, job.path().join("out/d")).unwrap();
            Ok(())
        };
        let (taken, _) = take_if(&job, "out/d/f.png", swap).unwrap();
        assert_eq!(fs::read(taken.path()).unwrap(), PNG);
        assert!(theirs.join("f.png").exists(), "the user's file is where it was");
        assert!(!job.path().join("out/e/f.png").exists());
    }

    #[test]
    fn a_taken_file_is_saved_whole_and_removed_with_its_job() {
        let (work, job) = job();
        fs::write(job.path().join("out/a.png"), PNG).unwrap();
        let (taken, found) = take(&job, "out/a.png", MediaKind::Image, "image/jpeg").unwrap();
        assert_eq!((found.unwrap().mime, taken.size()), ("image/png", PNG.len() as u64));
        assert_eq!(taken.hash(), blake3::hash(PNG).to_hex().to_string());
        let (first, second) = (work.path().join("1.png"), work.path().join("2.png"));
        taken.save(&first).unwrap();
        taken.save(&second).unwrap();
        let kept = taken.path().to_owned();
        drop((taken, job));
        assert!(!kept.exists());
        assert_eq!(fs::read(&first).unwrap(), PNG);
        assert_eq!(fs::metadata(&first).unwrap().nlink(), 1, "nothing shares the user's file");
        assert_ne!(fs::metadata(&first).unwrap().ino(), fs::metadata(&second).unwrap().ino());
    }
}
