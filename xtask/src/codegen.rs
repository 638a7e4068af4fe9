//! `cargo xtask codegen`: the committed files that are made of others, each written by one generator.

mod requirements;
mod schemas;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tidy::fault::Fault;

/// Files by their paths from the top.
type Files = BTreeMap<String, String>;

/// What makes some files of others.
struct Generator {
    /// Files and directories, these with `/` at their end, in which nothing else may be.
    owns: &'static [&'static str],
    /// Reads the repository and returns what should be there.
    make: fn(&Path) -> Result<Files>,
}

/// All of them. What a generator reads is written by hand, never by another one.
const GENERATORS: &[Generator] = &[
    Generator { owns: &["protocol/schema/1.0/", "protocol/openrpc.json"], make: schemas::make },
    Generator { owns: &["protocol/requirements/"], make: requirements::make },
];

/// Writes what is not up to date, or says what is not.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let mut wanted = Files::new();
    let mut present = Files::new();
    for generator in GENERATORS {
        wanted.extend((generator.make)(root)?);
        for place in generator.owns {
            present.extend(present_in(root, place)?);
        }
    }
    if check {
        return report(&faults(&wanted, &present), wanted.len());
    }
    let (written, removed) = write(root, &wanted, &present)?;
    eprintln!("codegen: {written} of {} files written, {removed} removed", wanted.len());
    Ok(())
}

fn report(faults: &[Fault], files: usize) -> Result<()> {
    if faults.is_empty() {
        eprintln!("codegen: {files} files are what their sources say");
        return Ok(());
    }
    let list: Vec<_> = faults.iter().map(ToString::to_string).collect();
    bail!("{} of {files} generated files are not what their sources say\n{}", faults.len(), list.join("\n"));
}

fn faults(wanted: &Files, present: &Files) -> Vec<Fault> {
    let remedy = "run `cargo xtask codegen` and commit what it writes";
    let differing = wanted.iter().filter_map(|(path, text)| match present.get(path) {
        None => Some(Fault::of_file(path, "the file is missing", remedy)),
        Some(old) if old == text => None,
        Some(old) => Some(Fault::of_line(path, first_difference(old, text), "it differs from its source", remedy)),
    });
    let stale = present.keys().filter(|path| !wanted.contains_key(*path));
    let stale = stale.map(|path| Fault::of_file(path, "nothing generates it any more", remedy));
    differing.chain(stale).collect()
}

/// The first line (from 1) in which two texts differ.
fn first_difference(old: &str, new: &str) -> usize {
    let common = old.lines().zip(new.lines()).take_while(|(old, new)| old == new);
    common.count() + 1
}

fn write(root: &Path, wanted: &Files, present: &Files) -> Result<(usize, usize)> {
    let changed: Vec<_> = wanted.iter().filter(|(path, text)| present.get(*path) != Some(text)).collect();
    for (path, text) in &changed {
        let full = root.join(path);
        let directory = full.parent().context("a generated file has no directory")?;
        fs::create_dir_all(directory).with_context(|| format!("`{}` cannot be made", directory.display()))?;
        fs::write(&full, text).with_context(|| format!("`{path}` cannot be written"))?;
    }
    let stale: Vec<_> = present.keys().filter(|path| !wanted.contains_key(*path)).collect();
    for path in &stale {
        fs::remove_file(root.join(path)).with_context(|| format!("`{path}` cannot be removed"))?;
    }
    Ok((changed.len(), stale.len()))
}

/// The file at `place`, or the files directly below the directory; none where it does not exist.
fn present_in(root: &Path, place: &str) -> Result<Files> {
    let mut names = vec![place.to_owned()];
    if place.ends_with('/') {
        let entries = match fs::read_dir(root.join(place)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Files::new()),
            entries => entries.with_context(|| format!("`{place}` cannot be listed"))?,
        };
        let entries = entries.collect::<std::io::Result<Vec<_>>>()?;
        names = entries.iter().map(|entry| format!("{place}{}", entry.file_name().to_string_lossy())).collect();
    }
    let mut files = Files::new();
    for name in names {
        match fs::read_to_string(root.join(&name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            text => {
                let text = text.with_context(|| format!("`{name}` cannot be read"))?;
                files.insert(name, text);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_differs_is_named_with_its_remedy() {
        let wanted = files(&[("a/same", "x\n"), ("a/other", "1\n2\n3\n"), ("a/longer", "1\n2\n"), ("a/new", "")]);
        let present = files(&[("a/same", "x\n"), ("a/other", "1\n0\n3\n"), ("a/longer", "1\n"), ("a/old", "")]);
        let error = report(&faults(&wanted, &present), wanted.len()).unwrap_err().to_string();
        let remedy = "\n    run `cargo xtask codegen` and commit what it writes";
        let expected = [
            "4 of 4 generated files are not what their sources say".to_owned(),
            format!("a/longer:2: it differs from its source{remedy}"),
            format!("a/new: the file is missing{remedy}"),
            format!("a/other:2: it differs from its source{remedy}"),
            format!("a/old: nothing generates it any more{remedy}"),
        ];
        assert_eq!(error, expected.join("\n"));
        assert!(report(&faults(&wanted, &wanted), 4).is_ok());
    }

    #[test]
    fn what_is_written_is_up_to_date() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/1.0")).unwrap();
        fs::write(root.path().join("a/1.0/old"), "").unwrap();
        let wanted = files(&[("a/1.0/new", "x\n"), ("b", "y\n")]);
        let present = || {
            let mut present = present_in(root.path(), "a/1.0/").unwrap();
            present.extend(present_in(root.path(), "b").unwrap());
            present
        };
        assert_eq!(write(root.path(), &wanted, &present()).unwrap(), (2, 1));
        assert_eq!(present(), wanted);
        assert_eq!(write(root.path(), &wanted, &present()).unwrap(), (0, 0));
        assert!(present_in(root.path(), "nowhere/").unwrap().is_empty());
    }
}
