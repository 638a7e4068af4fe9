//! Where a new project goes. It appears whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use prizm_registry::ProviderId;

use super::project::File;
use crate::failure::Failure;

/// How many of the names in a directory a refusal tells.
const SHOWN: usize = 3;

/// A directory that is not there yet, or is empty.
pub(super) struct Place {
    path: PathBuf,
    is_there: bool,
}

impl Place {
    /// Looks at what is there, and changes nothing.
    pub(super) fn find(directory: &Path) -> Result<Self, Failure> {
        let shown = directory.display();
        let path = std::path::absolute(directory).map_err(|error| Failure::usage(format!("`{shown}`: {error}")))?;
        if path.symlink_metadata().is_err() {
            return Ok(Self { path, is_there: false });
        }
        // What `.` and links are called is what they lead to.
        let path = path.canonicalize().map_err(|error| unreadable(directory, &error))?;
        if !path.is_dir() {
            let failure = Failure::usage(format!("`{shown}` is there already, and is no directory"));
            return Err(failure.hint("name a directory that does not exist yet"));
        }
        let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<_> = entries
            .map_err(|error| unreadable(directory, &error))?
            .iter()
            .map(|entry| format!("`{}`", entry.file_name().to_string_lossy()))
            .collect();
        if names.is_empty() {
            return Ok(Self { path, is_there: true });
        }
        names.sort();
        let more = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        names.extend((more > 0).then(|| format!("{more} more")));
        let failure = Failure::usage(format!("`{shown}` is not empty: it has {}", names.join(", ")));
        Err(failure.hint("name a directory that does not exist yet, or is empty"))
    }

    /// Takes the last part of the path for an id.
    pub(super) fn id(&self) -> Result<ProviderId, Failure> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        name.parse::<ProviderId>().map_err(|error| Failure::usage(error.to_string()).hint(hint(&name)))
    }

    /// Writes the files beside it, then puts them there; returns the path.
    pub(super) fn write(self, files: &[File]) -> Result<PathBuf, Failure> {
        self.try_write(files).map_err(|error| {
            let what = format!("the project cannot be written to `{}`: {error}", self.path.display());
            Failure::io(what).hint("check that you may write there and that there is room")
        })?;
        Ok(self.path)
    }

    fn try_write(&self, files: &[File]) -> io::Result<()> {
        let there = self.path.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/"));
        let staging = tempfile::Builder::new().prefix(".prizm-new-").tempdir_in(there)?;
        let project = staging.path().join("project");
        fs::create_dir(&project)?;
        for file in files {
            let path = project.join(&file.path);
            fs::create_dir_all(path.parent().unwrap_or(&project))?;
            let mode = if file.is_executable() { 0o777 } else { 0o666 };
            let mut opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
            opened.write_all(&file.bytes)?;
        }
        if self.is_there {
            return move_all(&project, &self.path);
        }
        fs::create_dir_all(self.path.parent().unwrap_or(there))?;
        fs::rename(&project, &self.path)
    }
}

/// Moves what is in a directory into an empty one, which somebody may stand in; all of it, or nothing.
fn move_all(from: &Path, to: &Path) -> io::Result<()> {
    let mut moved: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if let Err(error) = fs::rename(entry.path(), &place) {
            for place in moved {
                // Back to where all of it is removed.
                fs::rename(&place, from.join(place.file_name().unwrap_or_default()))?;
            }
            return Err(error);
        }
        moved.push(place);
    }
    Ok(())
}

/// Says what would be an id.
fn hint(name: &str) -> String {
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let id: String = words.join("-").to_ascii_lowercase().chars().take(64).collect();
    match id.is_empty() {
        true => "choose one: --id ID".to_owned(),
        false => format!("choose one: --id {}", id.trim_end_matches('-')),
    }
}

fn unreadable(directory: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("`{}` cannot be read: {error}", directory.display())).hint("name another directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), bytes: text.into() }
    }

    #[test]
    fn a_project_appears_whole_or_not_at_all() {
        let here = tempfile::tempdir().unwrap();
        let names = || fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let twice = [file("a", "1"), file("a", "2")];
        assert!(Place::find(&here.path().join("x/y")).unwrap().write(&twice).is_err());
        assert!(names().is_empty(), "{:?}", names());
        assert!(Place::find(here.path()).unwrap().write(&twice).is_err());
        assert!(names().is_empty(), "{:?}", names());
        let root = Place::find(&here.path().join("x/y")).unwrap().write(&[file("b/c", "#!/bin/sh\n")]).unwrap();
        assert_eq!(names(), ["x"]);
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(root.join("b/c")).unwrap().permissions().mode() & 0o100, 0o100);
    }

    #[test]
    fn an_empty_directory_stays_the_same_one() {
        use std::os::unix::fs::MetadataExt as _;
        let here = tempfile::tempdir().unwrap();
        let before = fs::metadata(here.path()).unwrap().ino();
        Place::find(here.path()).unwrap().write(&[file("a", ""), file("b/c", "")]).unwrap();
        assert_eq!(fs::metadata(here.path()).unwrap().ino(), before);
        let mut names: Vec<_> = fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn what_would_be_an_id_is_said() {
        assert_eq!(hint("My Provider_2"), "choose one: --id my-provider-2");
        assert_eq!(hint("é"), "choose one: --id ID");
    }
}
