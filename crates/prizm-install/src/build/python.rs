//! A provider in Python where it is: what it depends on, in a `.venv` beside it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::quoted;
use crate::manifest::Described;
use crate::process::Invocation;
use crate::recipe::python::interpreter::CHOICE;
use crate::recipe::python::pip::CONFIGURATION;
use crate::recipe::python::project::Project;
use crate::recipe::python::{ENVIRONMENT, entry};
use crate::{Error, ErrorKind, Plan, Reporter, manifest, step};

/// The files that name what is needed, the first that is there counts.
const FILES: &[&str] = &["requirements.lock", "requirements.txt"];
/// Says in an environment what was installed in it.
const STAMP: &str = "prizm-requirements";

/// Installs what the provider depends on, unless that is there already.
pub(super) async fn depend(plan: &Plan, reporter: &dyn Reporter) -> Result<(), Error> {
    let root = plan.root();
    let mut wanted = wanted(root, &Project::read(root)?);
    let no_deps = plan.manifest.as_ref().is_some_and(Described::no_deps);
    wanted.extend((no_deps && !wanted.is_empty()).then(|| "--no-deps".into()));
    let environment = root.join(ENVIRONMENT);
    let stamp = environment.join(STAMP);
    let named = named(root, &wanted)?;
    if wanted.is_empty() || fs::read_to_string(&stamp).is_ok_and(|installed| installed == named) {
        return Ok(());
    }
    if !interpreter(root).is_file() {
        let choice: Vec<_> = CHOICE.iter().map(ToString::to_string).collect();
        let make = Invocation::new(["python3", "-m", "venv", ENVIRONMENT], root).grant(&choice);
        step::run("dependencies", &make.isolated(plan.isolation), reporter).await?;
    } else if !has_pip(&environment) {
        // Its author fills it with something else.
        return Ok(());
    }
    let typed = ["python3", "-m", "pip", "install"].into_iter().map(OsString::from).chain(wanted.iter().cloned());
    let typed = Invocation::new(typed, root);
    let mut argv: Vec<OsString> = vec![interpreter(root).into()];
    argv.extend(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"].map(Into::into));
    argv.extend(["--no-color", "--progress-bar", "off"].map(Into::into));
    argv.extend(plan.offline.then(|| "--no-index".into()));
    argv.extend(wanted);
    let configuration: Vec<_> = CONFIGURATION.iter().map(ToString::to_string).collect();
    let install = Invocation::new(argv, root).grant(&configuration).isolated(plan.isolation).typed_as(&typed);
    step::run("dependencies", &install, reporter).await?;
    fs::write(&stamp, named).map_err(|error| {
        Error::new(ErrorKind::Build, format!("{} cannot be written: {error}", quoted(&stamp)))
            .with_hint(format!("remove {}, and it is made anew", quoted(&environment)))
    })
}

/// Returns the program and its arguments, in the environment where there is one.
pub(super) fn argv(plan: &Plan) -> Result<Vec<OsString>, Error> {
    let root = plan.root();
    let in_environment = interpreter(root).is_file();
    let found = entry::argv(root, plan.manifest.as_ref(), &Project::read(root)?, in_environment);
    // One that has files for Python may be started by something else.
    found.or_else(|error| plan.argv_after_build().map_err(|_| error))
}

fn interpreter(root: &Path) -> PathBuf {
    root.join(ENVIRONMENT).join("bin/python3")
}

/// Returns what pip is told to install.
fn wanted(root: &Path, project: &Project) -> Vec<OsString> {
    if let Some(file) = FILES.iter().find(|file| root.join(file).is_file()) {
        return vec!["-r".into(), file.into()];
    }
    if project.hidden.is_some() {
        return vec!["-e".into(), ".".into()];
    }
    project.dependencies.iter().flatten().map(Into::into).collect()
}

/// Returns all that is known of what is wanted, to be compared with what was installed.
fn named(root: &Path, wanted: &[OsString]) -> Result<String, Error> {
    let mut named: Vec<String> = wanted.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if wanted.first().is_some_and(|word| word == "-e") {
        named.extend(manifest::read_text(&root.join("pyproject.toml"))?);
    }
    let mut files: Vec<_> = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| is_requirements(file)) {
        named.extend(manifest::read_text(file)?);
    }
    Ok(named.join("\n"))
}

fn is_requirements(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_text = path.extension().is_some_and(|extension| extension == "txt" || extension == "lock");
    is_text && (name.starts_with("requirements") || name.starts_with("constraints"))
}

fn has_pip(environment: &Path) -> bool {
    let libraries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    libraries.map(|library| library.path().join("site-packages/pip")).any(|pip| pip.is_dir())
}
