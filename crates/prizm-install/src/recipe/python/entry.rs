//! How a provider in Python is started.

use std::ffi::OsString;
use std::path::Path;

use crate::error::quoted;
use crate::manifest::Described;
use crate::{Error, ErrorKind, plan};

use super::ENVIRONMENT;
use super::project::Project;

/// Where the packages of a source are: beside `pyproject.toml`, or in `src/`.
const LAYOUTS: &[&str] = &["src", "."];
/// Files that start a provider which says nothing of it.
const FILES: &[&str] = &["provider.py", "main.py"];

/// Finds the command line: `[run] command`, a script of `[project.scripts]`, the `__main__.py` of the
/// package that is named like the project, `provider.py`, `main.py`.
pub(crate) fn argv(
    root: &Path,
    manifest: Option<&Described>,
    project: &Project,
    has_environment: bool,
) -> Result<Vec<OsString>, Error> {
    let python = if has_environment { format!("./{ENVIRONMENT}/bin/python3") } else { "python3".to_owned() };
    if let Some(run) = manifest.and_then(Described::run) {
        let is_python = matches!(run.command.first().map(String::as_str), Some("python" | "python3"));
        if is_python && has_environment {
            return Ok(std::iter::once(&python).chain(&run.command[1..]).map(OsString::from).collect());
        }
        plan::check_program(root, run.command.first().map_or("", |program| program))?;
        return Ok(run.command.iter().map(OsString::from).collect());
    }
    let id = manifest.map(Described::id);
    let mut looked_for = vec!["a `[run] command` in `prizm.toml`".to_owned()];
    let arguments = script(root, project, id, &mut looked_for)
        .or_else(|| package(root, project, id, &mut looked_for))
        .or_else(|| file(root, &mut looked_for))
        .ok_or_else(|| none(root, &looked_for))?;
    // The files are read-only: an interpreter of another version must not try to compile them again.
    let words = [python, "-B".to_owned()].into_iter().chain(arguments);
    Ok(words.map(OsString::from).collect())
}

/// The only script, or the one that is named like the provider or the project.
fn script(root: &Path, project: &Project, id: Option<&str>, looked_for: &mut Vec<String>) -> Option<Vec<String>> {
    let scripts = &project.scripts;
    let named = |name: Option<&str>| name.and_then(|name| scripts.get_key_value(name));
    let only = || scripts.iter().next().filter(|_| scripts.len() == 1);
    let Some((name, object)) = named(id).or_else(|| named(project.name.as_deref())).or_else(only) else {
        let how_many = if scripts.is_empty() { "it has none" } else { "none is named like the provider" };
        looked_for.push(format!("`[project.scripts]` ({how_many})"));
        return None;
    };
    let found = parse_object(object).and_then(|(module, function)| {
        let top = module.split('.').next().unwrap_or(module);
        let first = function.split('.').next().unwrap_or(function);
        let layout = layout_of(root, top)?;
        let import = format!("from {module} import {first}; sys.exit({function}())");
        Some(vec!["-c".to_owned(), format!("{}; {import}", path_to(layout, "sys"))])
    });
    if found.is_none() {
        let (name, object) = (name.escape_debug(), object.escape_debug());
        looked_for.push(format!("the script `{name}` of `[project.scripts]` (`{object}` is not in the source)"));
    }
    found
}

/// The package that is named like the project or the provider, where it can be started by `-m`.
fn package(root: &Path, project: &Project, id: Option<&str>, looked_for: &mut Vec<String>) -> Option<Vec<String>> {
    for name in [project.name.as_deref(), id].into_iter().flatten() {
        let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
        let Some(layout) = LAYOUTS.iter().find(|layout| root.join(layout).join(&name).join("__main__.py").is_file())
        else {
            looked_for.push(format!("`{}/__main__.py`", name.escape_debug()));
            continue;
        };
        if !is_identifier(&name) {
            continue;
        }
        return Some(match *layout {
            "." => vec!["-m".to_owned(), name],
            layout => {
                let run = format!("runpy.run_module('{name}', run_name='__main__', alter_sys=True)");
                vec!["-c".to_owned(), format!("{}; {run}", path_to(layout, "runpy, sys"))]
            }
        });
    }
    None
}

fn file(root: &Path, looked_for: &mut Vec<String>) -> Option<Vec<String>> {
    let found = FILES.iter().find(|name| root.join(name).is_file());
    if found.is_none() {
        looked_for.extend(FILES.iter().map(|name| format!("`{name}`")));
    }
    found.map(|name| vec![(*name).to_owned()])
}

/// `module:function`, both dotted; `[extras]` after it mean nothing any more.
fn parse_object(object: &str) -> Option<(&str, &str)> {
    let object = object.split('[').next().unwrap_or(object);
    let (module, function) = object.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    let is_dotted = |path: &str| path.split('.').all(is_identifier);
    (is_dotted(module) && is_dotted(function)).then_some((module, function))
}

fn is_identifier(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || c == '_') && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn layout_of(root: &Path, module: &str) -> Option<&'static str> {
    let is_there = |layout: &&&str| {
        let path = root.join(layout).join(module);
        path.is_dir() || path.with_extension("py").is_file()
    };
    LAYOUTS.iter().find(is_there).copied()
}

/// Puts a directory of the source first on the path, whatever the working directory becomes.
fn path_to(layout: &str, modules: &str) -> String {
    format!("import os, {modules}; sys.path.insert(0, os.path.abspath('{layout}'))")
}

fn none(root: &Path, looked_for: &[String]) -> Error {
    let message = format!("{} has no entry point; looked for {}", quoted(root), looked_for.join(", "));
    Error::new(ErrorKind::EntryPoint, message)
        .with_hint("write `[run]` with `command = [\"python3\", \"FILE.py\"]` into `prizm.toml`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(files: &[&str], project: &Project) -> Result<Vec<String>, Vec<String>> {
        let root = tempfile::tempdir().unwrap();
        for name in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let (root, id, mut looked_for) = (root.path(), Some("echo"), Vec::new());
        script(root, project, id, &mut looked_for)
            .or_else(|| package(root, project, id, &mut looked_for))
            .or_else(|| file(root, &mut looked_for))
            .ok_or(looked_for)
    }

    fn project(name: &str, scripts: &[(&str, &str)]) -> Project {
        let scripts = scripts.iter().map(|(name, object)| ((*name).to_owned(), (*object).to_owned())).collect();
        Project { name: Some(name.to_owned()), scripts, ..Project::default() }
    }

    #[test]
    fn the_first_rule_that_applies_counts() {
        let all = ["src/my_echo/__init__.py", "src/my_echo/__main__.py", "provider.py", "main.py"];
        let scripts = [("my-echo", "my_echo.cli:App.main [x]"), ("other", "my_echo:other")];
        let insert = "import os, sys; sys.path.insert(0, os.path.abspath('src'))";
        let argv = find(&all, &project("my-echo", &scripts)).unwrap();
        assert_eq!(argv, ["-c", &format!("{insert}; from my_echo.cli import App; sys.exit(App.main())")]);
        let argv = find(&all, &project("My.Echo", &[])).unwrap();
        assert!(argv[1].ends_with("runpy.run_module('my_echo', run_name='__main__', alter_sys=True)"), "{argv:?}");
        assert_eq!(find(&["echo/__main__.py"], &project("x", &[])).unwrap(), ["-m", "echo"]);
        assert_eq!(find(&all[2..], &project("x", &[])).unwrap(), ["provider.py"]);
        assert_eq!(find(&all[3..], &Project::default()).unwrap(), ["main.py"]);
        let argv = find(&["one.py"], &project("x", &[("any", "one:main")])).unwrap();
        assert!(argv[1].contains("abspath('.')") && argv[1].contains("from one import main"), "{argv:?}");
    }

    #[test]
    fn what_was_looked_for_is_listed() {
        let looked_for = find(&[], &project("x", &[("a", "a:b"), ("c", "c:d")])).unwrap_err().join(" ");
        for part in ["none is named like", "`x/__main__.py`", "`echo/__main__.py`", "`provider.py`", "`main.py`"] {
            assert!(looked_for.contains(part), "{looked_for}");
        }
        let looked_for = find(&[], &project("x", &[("a", "gone:main")])).unwrap_err().join(" ");
        assert!(looked_for.contains("`gone:main` is not in the source"), "{looked_for}");
    }

    #[test]
    fn a_script_that_is_no_name_is_no_code() {
        for object in ["os:system('x') or x", "a;b:c", "a:b;c", "a", "a:", ":b", "a..b:c", "1a:b", "a:b()"] {
            assert_eq!(parse_object(object), None, "{object}");
        }
        assert_eq!(parse_object(" a.b : c.d "), Some(("a.b", "c.d")));
    }
}
