//! A bare repository of a git server.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::text;
use super::object::{self, ObjectFormat};
use super::{Entry, command};

/// Who commits and tags, and when: the same content has the same ids in every run.
const WHO: &str = "Laboratory <laboratory@example.invalid> 1700000000 +0000";

/// A repository with real objects. Clones are the same repository.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
    url: String,
    format: ObjectFormat,
}

impl Repository {
    pub(crate) fn make(path: PathBuf, url: String, format: ObjectFormat) -> Self {
        let repository = Self { path, url, format };
        if !repository.path.exists() {
            fs::create_dir_all(&repository.path).expect("a directory for a repository");
            let format = format!("--object-format={}", format.name());
            repository.git(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", &format], b"");
        }
        repository
    }

    /// Returns its URL, which ends in `.git`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Commits these files, and no others, on top of a branch; returns the commit.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)]) -> String {
        let files: Vec<_> = files.iter().map(|(path, content)| (*path, Entry::file(*content))).collect();
        self.commit_entries(branch, &files)
    }

    /// Commits these entries, and no others, on top of a branch; returns the commit.
    pub fn commit_entries(&self, branch: &str, entries: &[(&str, Entry)]) -> String {
        self.commit_tree(branch, &Entry::of_paths(entries.iter().cloned()))
    }

    /// Commits a tree with entries of exactly these names, in this order, on top of a branch; returns
    /// the commit. Nothing is refused: `..`, `.git`, `a/../../x`, names twice, and what is no UTF-8.
    pub fn commit_raw(&self, branch: &str, entries: &[(&[u8], Entry)]) -> String {
        self.commit_tree(branch, &Entry::tree(entries.iter().map(|(name, entry)| (*name, entry.clone()))))
    }

    /// Commits a tree on top of a branch; returns the commit.
    pub fn commit_tree(&self, branch: &str, tree: &Entry) -> String {
        let name = format!("refs/heads/{branch}");
        let commit = self.commit_object(&self.object(tree), self.resolve(&name).as_deref(), "A commit\n");
        self.set_ref(&name, &commit);
        commit
    }

    /// Commits these files where no ref leads; returns the commit.
    pub fn dangling_commit(&self, files: &[(&str, &str)]) -> String {
        let tree = Entry::of_paths(files.iter().map(|(path, content)| (*path, Entry::file(*content))));
        self.commit_object(&self.object(&tree), None, "A commit that no ref leads to\n")
    }

    /// Writes a commit that is on no branch and returns it.
    pub fn commit_object(&self, tree: &str, parent: Option<&str>, message: &str) -> String {
        let parent = parent.map(|parent| format!("parent {parent}\n")).unwrap_or_default();
        let content = format!("tree {tree}\n{parent}author {WHO}\ncommitter {WHO}\n\n{message}");
        self.write("commit", content.as_bytes())
    }

    /// Writes an entry and what is in it; returns the object.
    pub fn object(&self, entry: &Entry) -> String {
        object::write_entry(&self.path, self.format, entry).1
    }

    /// Writes an object of any content and returns it.
    pub fn write(&self, kind: &str, content: &[u8]) -> String {
        object::write(&self.path, self.format, kind, content)
    }

    /// Points a tag at an object.
    pub fn tag(&self, name: &str, target: &str) {
        self.set_ref(&format!("refs/tags/{name}"), target);
    }

    /// Points an annotated tag at an object, which may be another such tag; returns the tag's object.
    pub fn annotated_tag(&self, name: &str, target: &str) -> String {
        let kind = text(self.git(["cat-file", "-t", target], b""));
        let content = format!("object {target}\ntype {kind}\ntag {name}\ntagger {WHO}\n\nA tag\n");
        let tag = self.write("tag", content.as_bytes());
        self.tag(name, &tag);
        tag
    }

    /// Points a ref, by its full name or `HEAD`, at an object, even at one that is not there.
    pub fn set_ref(&self, name: &str, target: &str) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("a ref has a directory")).expect("a directory for a ref");
        fs::write(path, format!("{target}\n")).expect("a ref");
    }

    /// Removes a ref by its full name.
    pub fn delete_ref(&self, name: &str) {
        self.git(["update-ref", "--no-deref", "-d", name], b"");
    }

    /// Makes a branch the default, whether it is there or not.
    pub fn set_head(&self, branch: &str) {
        fs::write(self.path.join("HEAD"), format!("ref: refs/heads/{branch}\n")).expect("HEAD");
    }

    /// Points so many refs, `PREFIX/0000000` and on, at a commit.
    pub fn many_refs(&self, prefix: &str, count: usize, commit: &str) {
        let path = self.path.join("packed-refs");
        let packed = fs::read_to_string(&path).unwrap_or_default();
        let mut lines: Vec<_> = packed.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        lines.extend((0..count).map(|number| format!("{commit} {prefix}/{number:07}")));
        lines.sort_by(|one, other| one.split(' ').nth(1).cmp(&other.split(' ').nth(1)));
        fs::write(path, format!("# pack-refs with: peeled fully-peeled sorted \n{}\n", lines.join("\n")))
            .expect("packed-refs");
    }

    /// Returns what a ref points at, by its full name or `HEAD`.
    pub fn resolve(&self, name: &str) -> Option<String> {
        resolve(&self.path, name)
    }

    /// Sets a value of the configuration: `uploadpack.allowAnySHA1InWant` to `true`.
    pub fn config(&self, key: &str, value: &str) {
        self.git(["config", key, value], b"");
    }

    /// Returns every object that a commit leads to, itself included.
    pub fn objects(&self, commit: &str) -> Vec<String> {
        let listed = self.git(["rev-list", "--objects", "--no-object-names", commit], b"");
        text(listed).lines().map(str::to_owned).collect()
    }

    /// Returns a pack of exactly these objects, for [`Lie::Pack`](super::Lie::Pack).
    pub fn pack(&self, objects: &[String]) -> Vec<u8> {
        self.git(["pack-objects", "--quiet", "--stdout"], (objects.join("\n") + "\n").as_bytes())
    }

    /// Runs git in the repository and returns what it printed.
    ///
    /// # Panics
    /// It failed.
    pub fn git<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, stdin: &[u8]) -> Vec<u8> {
        command::git(&self.path, arguments, stdin)
    }
}

/// Returns what a ref of the repository in this directory points at.
pub(crate) fn resolve(directory: &Path, name: &str) -> Option<String> {
    if let Ok(loose) = fs::read_to_string(directory.join(name)) {
        return match loose.trim_end().strip_prefix("ref: ") {
            Some(other) => resolve(directory, other),
            None => Some(loose.trim_end().to_owned()),
        };
    }
    let packed = fs::read_to_string(directory.join("packed-refs")).ok()?;
    let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, ref_name)| *ref_name == name).map(|(id, _)| id.to_owned())
}
