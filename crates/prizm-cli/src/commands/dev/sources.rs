//! The files of a provider that its author writes: which there are, and which have changed.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::hash::Hasher as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// What tools write and nobody edits.
const TOOLS: &[&str] = &["node_modules", "target", "__pycache__", "venv"];
/// What builds write, where there is a build.
const OUTPUTS: &[&str] = &["dist", "out", "build"];
/// Files that tools write beside those of the author.
const WRITTEN: &[&str] = &["package-lock.json", "Cargo.lock"];
/// Longest file whose content is looked at, in bytes; a longer one is told by its size and times.
const READ: u64 = 4 * 1024 * 1024;

/// What tells a file from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    /// Its size and times, and which file it is.
    stat: [u64; 5],
    content: u64,
}

/// The files and directories of a provider, as they were when they were looked at.
#[derive(Debug, Default)]
pub(super) struct Sources {
    root: PathBuf,
    files: BTreeMap<PathBuf, Print>,
    directories: BTreeSet<PathBuf>,
    /// What the provider's own results are, and what its build writes every time.
    left_out: BTreeSet<PathBuf>,
    /// Whether a build writes what is in its usual places.
    has_build: bool,
}

impl Sources {
    /// The sources in a directory, not yet looked at.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), ..Self::default() }
    }

    /// Leaves a file out from now on.
    pub(super) fn leave_out(&mut self, path: PathBuf) {
        self.files.remove(&path);
        self.left_out.insert(path);
    }

    /// Says whether the provider has a build, whose outputs are no sources.
    pub(super) fn set_has_build(&mut self, has_build: bool) {
        self.has_build = has_build;
        if has_build {
            let root = self.root.clone();
            let stays = |path: &Path| !path.strip_prefix(&root).is_ok_and(|path| path.iter().any(is_output));
            self.files.retain(|path, _| stays(path));
        }
    }

    /// Returns the directories in which something can change.
    pub(super) fn directories(&self) -> &BTreeSet<PathBuf> {
        &self.directories
    }

    /// Looks again, and returns the files that have come, gone or changed, sorted.
    pub(super) fn look(&mut self) -> Vec<PathBuf> {
        let mut files = BTreeMap::new();
        self.directories.clear();
        let has_build = self.has_build;
        let walk = WalkBuilder::new(&self.root)
            // Without the files above: a provider may lie in what they leave out.
            .parents(false)
            .git_global(false)
            .require_git(false)
            .filter_entry(move |entry| entry.depth() == 0 || !is_left_out(entry.file_name(), has_build))
            .build();
        for entry in walk.flatten() {
            let path = entry.path().to_owned();
            // A link to a file counts as the file.
            let Ok(meta) = fs::metadata(&path) else { continue };
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                self.directories.insert(path);
            } else if meta.is_file() && !self.left_out.contains(&path) {
                let print = print(&path, &meta, self.files.get(&path));
                files.insert(path, print);
            }
        }
        let before = std::mem::replace(&mut self.files, files);
        let gone = before.keys().filter(|path| !self.files.contains_key(*path));
        let differs = |path: &PathBuf, print: &Print| before.get(path).is_none_or(|was| was.content != print.content);
        let changed = self.files.iter().filter(|(path, print)| differs(path, print)).map(|(path, _)| path);
        gone.chain(changed).cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Tells whether a file is one that tools write beside those of the author.
pub(super) fn is_written_by_tools(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    WRITTEN.contains(&name) || name.ends_with(".tsbuildinfo")
}

fn is_left_out(name: &std::ffi::OsStr, has_build: bool) -> bool {
    let text = name.to_string_lossy();
    let is_draft = text.ends_with('~') || text.ends_with(".pyc") || text.ends_with(".egg-info");
    is_draft || TOOLS.iter().any(|tool| *tool == text) || (has_build && is_output(name))
}

fn is_output(name: &std::ffi::OsStr) -> bool {
    OUTPUTS.iter().any(|output| name == *output)
}

/// Looks at a file; at its content only where something else than before is known of it.
fn print(path: &Path, meta: &Metadata, before: Option<&Print>) -> Print {
    let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec()].map(i64::cast_unsigned);
    let stat = [meta.size(), meta.ino(), times[0], times[1], times[2]];
    if let Some(same) = before.filter(|before| before.stat == stat) {
        return *same;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write_u32(meta.mode());
    match fs::read(path) {
        Ok(bytes) if meta.size() <= READ => hasher.write(&bytes),
        _ => stat.iter().for_each(|figure| hasher.write_u64(*figure)),
    }
    Print { stat, content: hasher.finish() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) -> PathBuf {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn what_authors_write_is_seen_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let mut sources = Sources::new(root);
        let code = write(root, "src/a.py", "a");
        for name in [".git/x", ".venv/x", "node_modules/x", "src/__pycache__/x", "target/x", "a.py~", ".a.swp", "gen/x"]
        {
            write(root, name, "");
        }
        write(root, ".gitignore", "gen/\n");
        let dist = write(root, "dist/x.js", "");
        assert_eq!(sources.look(), [dist.clone(), code.clone()]);
        assert_eq!(sources.look(), [] as [PathBuf; 0]);
        let names: Vec<_> = sources.directories().iter().map(|path| path.strip_prefix(root).unwrap()).collect();
        assert_eq!(names, ["", "dist", "src"].map(Path::new));

        sources.set_has_build(true);
        fs::write(&dist, "built").unwrap();
        assert!(sources.look().is_empty(), "a build's outputs are no sources");
        // Saved without a change, then with one, then gone.
        fs::write(&code, "a").unwrap();
        assert!(sources.look().is_empty());
        fs::write(&code, "b").unwrap();
        assert_eq!(sources.look(), std::slice::from_ref(&code));
        fs::remove_file(&code).unwrap();
        assert_eq!(sources.look(), [code]);
        let result = write(root, "echo.png", "");
        sources.leave_out(result.clone());
        assert!(sources.look().is_empty());
        let new = write(root, "lib/deep/new.py", "");
        assert_eq!(sources.look(), [new]);
        assert!(sources.directories().contains(&root.join("lib/deep")));
        assert!(is_written_by_tools(Path::new("a/package-lock.json")) && !is_written_by_tools(&result));
    }
}
