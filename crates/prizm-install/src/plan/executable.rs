//! Executable files, found by their names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::error::quoted;
use crate::process::find_program;
use crate::{Error, ErrorKind, manifest};

/// Finds the first executable file by the names that a provider's may have, or lists what was looked
/// for. What is there but leads out of `root` is an error.
pub(super) fn find(root: &Path, name: Option<&str>, id: Option<&str>) -> Result<Result<PathBuf, Vec<String>>, Error> {
    let mut looked_for = Vec::new();
    for name in candidates(name, id) {
        match look_at(root, &name)? {
            Seen::Executable(path) => return Ok(Ok(path)),
            Seen::Absent => looked_for.push(format!("`{name}`")),
            Seen::NotRegular => looked_for.push(format!("`{name}` (it is no regular file)")),
            Seen::NotExecutable => looked_for.push(format!("`{name}` (it is not executable: chmod +x)")),
        }
    }
    Ok(Err(looked_for))
}

/// Checks that the program of `[run] command` exists.
pub(crate) fn check_program(root: &Path, program: &str) -> Result<(), Error> {
    if find_program(OsStr::new(program), root).is_some() {
        return Ok(());
    }
    let shown = program.escape_debug();
    let starts = format!("`[run] command` in {} starts `{shown}`", quoted(&root.join(manifest::file_name(root))));
    let failed = |reason: &str| Error::new(ErrorKind::EntryPoint, format!("{starts}, which {reason}"));
    let path = root.join(program);
    Err(match (program.contains('/'), path.exists()) {
        (true, true) => failed("is not executable").with_hint(format!("chmod +x {}", quoted(&path))),
        (true, false) => failed("does not exist").with_hint("check the path; it is relative to the directory"),
        (false, true) => failed("is not on PATH").with_hint(format!("write `./{shown}` to start the file there")),
        (false, false) => failed("is not on PATH").with_hint(format!("install `{shown}`, or put it on PATH")),
    })
}

fn candidates(name: Option<&str>, id: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in [id, name, Some("provider"), Some("plugin")].into_iter().flatten() {
        for candidate in [name.to_owned(), format!("bin/{name}")] {
            if !names.contains(&candidate) {
                names.push(candidate);
            }
        }
    }
    names
}

enum Seen {
    Executable(PathBuf),
    Absent,
    NotRegular,
    NotExecutable,
}

fn look_at(root: &Path, name: &str) -> Result<Seen, Error> {
    let Ok(path) = root.join(name).canonicalize() else { return Ok(Seen::Absent) };
    if !path.is_file() {
        return Ok(Seen::NotRegular);
    }
    if access(&path, Access::EXEC_OK).is_err() {
        return Ok(Seen::NotExecutable);
    }
    if !path.starts_with(root) {
        let message = format!("{} leads out of the directory, to {}", quoted(&root.join(name)), quoted(&path));
        return Err(Error::new(ErrorKind::EntryPoint, message).with_hint("copy the file in place of the link"));
    }
    Ok(Seen::Executable(root.join(name)))
}
