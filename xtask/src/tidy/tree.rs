//! The files that the rules are about, read once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::sh::Argv;

/// The files of a repository: tracked ones, and new ones that are not ignored.
#[derive(Debug)]
pub struct Tree {
    /// The repository's top.
    pub root: PathBuf,
    /// In the order of their paths.
    pub files: Vec<File>,
}

/// One regular file.
#[derive(Debug)]
pub struct File {
    /// Relative to the top, with forward slashes.
    pub path: String,
    /// Its text; `None` for anything that is not UTF-8 or holds a NUL.
    pub text: Option<String>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

impl Tree {
    /// The files that git lists in the repository at `root`.
    pub fn of_repository(root: &Path) -> Result<Tree> {
        let output = list_files(root)?.output(root)?;
        if !output.status.success() {
            bail!(
                "git cannot list the files of `{}`: {}",
                root.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let names = String::from_utf8(output.stdout).context("the path of a tracked file is not UTF-8")?;
        Tree::of_paths(root, names.split_terminator('\0'))
    }

    /// The regular files among `paths`; a file that git still tracks may be deleted, and a link has no text of its own.
    fn of_paths<'a>(root: &Path, paths: impl Iterator<Item = &'a str>) -> Result<Tree> {
        let mut files = Vec::new();
        for path in paths {
            let full = root.join(path);
            let Ok(metadata) = fs::symlink_metadata(&full) else {
                continue;
            };
            if metadata.is_file() {
                let bytes = fs::read(&full).with_context(|| format!("`{path}` cannot be read"))?;
                let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
                files.push(File { path: path.to_owned(), text, executable: executable(&metadata) });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(Tree { root: root.to_path_buf(), files })
    }

    /// The file at exactly `path`.
    pub fn file(&self, path: &str) -> Option<&File> {
        let index = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    /// The text of the file at exactly `path`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.file(path)?.text.as_deref()
    }

    /// Path and text of every text file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// The names directly below `directory` (`""` is the top) that are directories, sorted.
    pub fn directories(&self, directory: &str) -> Vec<&str> {
        let below = self.files.iter().filter_map(|file| match directory {
            "" => Some(file.path.as_str()),
            _ => file.path.strip_prefix(directory)?.strip_prefix('/'),
        });
        let mut names: Vec<_> = below.filter_map(|path| Some(path.split_once('/')?.0)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Where the sources lie outside a checkout, as an unpacked archive does, an empty repository in the target directory
/// answers the same question by `.gitignore`.
fn list_files(root: &Path) -> Result<Argv> {
    let list = "ls-files -z --cached --others --exclude-standard";
    let top = root.to_str().with_context(|| format!("`{}` is not UTF-8", root.display()))?;
    // A checkout made by another user, as in a container, is still only listed.
    let git = Argv::from_words(["git", "-c", &format!("safe.directory={top}")]);
    if root.join(".git").exists() {
        return Ok(git.args(list.split(' ')));
    }
    let empty = root.join("target").join("tidy.git");
    fs::create_dir_all(&empty).with_context(|| format!("`{}` cannot be made", empty.display()))?;
    let empty = empty.to_str().with_context(|| format!("`{}` is not UTF-8", empty.display()))?;
    Argv::new("git init --quiet --bare").args([empty]).run(root).context("git init failed")?;
    let place = [format!("--git-dir={empty}"), format!("--work-tree={top}")];
    Ok(git.args(place).args(list.split(' ')).args(["--exclude=/target"]))
}

#[cfg(unix)]
fn executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

/// Elsewhere the bit does not exist, so nothing lacks it.
#[cfg(not(unix))]
fn executable(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
pub mod testing {
    //! Trees for the tests of the rules.

    use super::*;

    /// A temporary directory with these files, and its tree.
    pub fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let tree = Tree::of_paths(root.path(), files.iter().map(|(path, _)| *path)).unwrap();
        (root, tree)
    }

    /// What a rule finds in these files, each as it is printed but without its remedy.
    pub fn found(files: &[(&str, &str)], check: impl Fn(&Tree) -> Vec<super::super::Fault>) -> Vec<String> {
        let (_root, tree) = tree(files);
        check(&tree).iter().map(|fault| fault.to_string().lines().next().unwrap().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::tree;
    use super::*;

    #[test]
    fn lists_new_files_and_neither_ignored_nor_deleted_ones() {
        let (root, _) = tree(&[(".gitignore", "*.log\n"), ("kept.rs", ""), ("a.log", ""), ("gone.rs", "")]);
        Argv::new("git init --quiet .").run(root.path()).unwrap();
        Argv::new("git add gone.rs").run(root.path()).unwrap();
        fs::remove_file(root.path().join("gone.rs")).unwrap();
        let tree = Tree::of_repository(root.path()).unwrap();
        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "kept.rs"]);
    }

    #[test]
    fn works_outside_a_checkout() {
        let (root, _) = tree(&[(".gitignore", "*.log\n"), ("a.log", ""), ("é/kept.rs", "x")]);
        let tree = Tree::of_repository(root.path()).unwrap();
        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "é/kept.rs"]);
        assert_eq!(tree.text("é/kept.rs"), Some("x"));
    }

    #[test]
    fn binary_files_have_no_text() {
        let (root, _) = tree(&[]);
        fs::write(root.path().join("image"), b"\x89PNG\0").unwrap();
        let tree = Tree::of_paths(root.path(), ["image"].into_iter()).unwrap();
        assert!(tree.file("image").is_some());
        assert_eq!(tree.text("image"), None);
    }

    #[test]
    fn directories_are_those_directly_below() {
        let (_root, tree) = tree(&[("a/b/c/d", ""), ("a/e", ""), ("ab/f/g", ""), ("h", "")]);
        assert_eq!(tree.directories("a"), ["b"]);
        assert_eq!(tree.directories(""), ["a", "ab"]);
    }
}
