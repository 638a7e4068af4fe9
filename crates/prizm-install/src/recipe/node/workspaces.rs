//! The packages of one source that belong together.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::error::quoted;
use crate::manifest::Package;
use crate::{Error, ErrorKind};

use super::specs::shown;

/// Returns the directories below `root` that hold a package, relative to it, where the package in
/// `root` has workspaces. Which of them are its workspaces is for npm to tell.
pub(super) fn of(package: &Package, root: &Path) -> Result<Vec<PathBuf>, Error> {
    let patterns = match package.get("workspaces") {
        None => return Ok(Vec::new()),
        Some(Value::Object(fields)) => fields.get("packages"),
        patterns => patterns,
    };
    let wrong = || package.wrong("`workspaces` is no list of directories");
    for pattern in patterns.and_then(Value::as_array).ok_or_else(wrong)? {
        let pattern = pattern.as_str().ok_or_else(wrong)?;
        let stays = |component| matches!(component, Component::Normal(_) | Component::CurDir);
        // A brace may hide what leads out.
        let stays = !pattern.contains("..") && Path::new(pattern.trim_start_matches('!')).components().all(stays);
        if !stays {
            let message = format!("a workspace of {} leads out of it: {}", quoted(root), shown(pattern));
            return Err(Error::new(ErrorKind::Policy, message)
                .with_hint("its author must put what the provider needs into its directory"));
        }
    }
    Ok(below(root))
}

/// Returns the names of packages of the same source that are never published, where the package in
/// `root` is one of several: whatever a registry has under such a name is somebody else's.
pub(super) fn unpublished(root: &Path, tree: &Path) -> BTreeSet<String> {
    let above = root.ancestors().skip(1).take_while(|directory| directory.starts_with(tree));
    let read = |directory: &Path| Package::read(directory).ok().flatten();
    let has_workspaces = |directory: &&Path| read(directory).is_some_and(|package| package.get("workspaces").is_some());
    let members = above
        .filter(has_workspaces)
        .flat_map(|directory| below(directory).into_iter().filter_map(move |member| read(&directory.join(member))));
    let private = members.filter(|package| package.get("private") == Some(&Value::Bool(true)));
    private.filter_map(|package| package.text("name").ok().flatten().map(str::to_owned)).collect()
}

fn below(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(directory) = left.pop() {
        // What cannot be read has no package that npm could read.
        for entry in fs::read_dir(root.join(&directory)).into_iter().flatten().flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && entry.file_name() != "node_modules" {
                let path = directory.join(entry.file_name());
                if entry.path().join("package.json").is_file() {
                    found.push(path.clone());
                }
                left.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn of_root(root: &Path) -> Result<Vec<PathBuf>, Error> {
        of(&Package::read(root).unwrap().unwrap(), root)
    }

    #[test]
    fn packages_below_are_found() {
        let json = r#"{"workspaces": ["packages/*", "!packages/b", "./tool"]}"#;
        let files = [
            ("package.json", json),
            ("packages/a/package.json", "{}"),
            ("packages/a/node_modules/x/package.json", "{}"),
            ("tool/package.json", "{}"),
            ("docs/x", ""),
        ];
        let root = tree(&files);
        assert_eq!(of_root(root.path()).unwrap(), [Path::new("packages/a"), Path::new("tool")]);
        let without = tree(&[("package.json", "{}"), ("a/package.json", "{}")]);
        assert!(of_root(without.path()).unwrap().is_empty());
    }

    #[test]
    fn workspaces_that_lead_out_are_refused() {
        for pattern in ["../x", "a/../../x", "/srv/*", "!../x", "{..,a}/x"] {
            for json in [
                format!(r#"{{"workspaces": ["{pattern}"]}}"#),
                format!(r#"{{"workspaces": {{"packages": ["{pattern}"]}}}}"#),
            ] {
                let root = tree(&[("package.json", &json)]);
                let error = of_root(root.path()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Policy, "{json}");
                assert!(error.to_string().contains(pattern), "{error}");
            }
        }
        let root = tree(&[("package.json", r#"{"workspaces": "x"}"#)]);
        assert_eq!(of_root(root.path()).unwrap_err().kind(), ErrorKind::Manifest);
    }

    #[test]
    fn private_neighbours_are_known() {
        let root = tree(&[
            ("package.json", r#"{"workspaces": ["*"]}"#),
            ("a/package.json", r#"{"name": "@acme/a"}"#),
            ("b/package.json", r#"{"name": "@acme/b", "private": true}"#),
            ("c/package.json", "broken"),
        ]);
        let names: Vec<_> = unpublished(&root.path().join("a"), root.path()).into_iter().collect();
        assert_eq!(names, ["@acme/b"]);
        assert!(unpublished(root.path(), root.path()).is_empty());
    }
}
