//! The tests of the SDKs and of the reference providers that are written in Python and Bash.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::sh::Argv;
use crate::steps::Steps;

const PYTHON_SDK: &str = "protocol/python";
const PYTHON_ECHO: &str = "protocol/echo/python";
const BASH_ECHO: &str = "protocol/echo/bash";
/// Where the reference provider in Python is put together with the SDK, as `prizm new` does it.
const PYTHON_PROJECT: &str = "target/tmp/echo-python";

/// Runs them all.
pub fn run(steps: &mut Steps, root: &Path) -> Result<()> {
    let discover = Argv::new("python3 -B -m unittest discover -s tests -t .");
    steps.command("Python SDK tests", &discover.directory(PYTHON_SDK))?;
    lay_python_project(root)?;
    let test = Argv::new("python3 -B -m unittest test_provider").directory(PYTHON_PROJECT);
    steps.command("echo in Python tests", &test)?;
    steps.command("echo in Bash tests", &Argv::new("bash test.sh").directory(BASH_ECHO))
}

fn lay_python_project(root: &Path) -> Result<()> {
    let project = root.join(PYTHON_PROJECT);
    if project.exists() {
        fs::remove_dir_all(&project).with_context(|| format!("`{}` cannot be removed", project.display()))?;
    }
    copy(&root.join(PYTHON_ECHO), &project)?;
    copy(&root.join(PYTHON_SDK).join("prizm_plugin"), &project.join("prizm_plugin"))
}

/// Copies a directory but for what Python has compiled.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("`{}` cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("`{}` cannot be listed", from.display()))? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("`{}` cannot be copied", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_the_template_with_the_sdk_and_nothing_old() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "protocol/echo/python/provider.py",
            "protocol/echo/python/.github/workflows/ci.yml",
            "protocol/echo/python/__pycache__/provider.pyc",
            "protocol/python/prizm_plugin/__init__.py",
            "protocol/python/README.md",
            "target/tmp/echo-python/stale.py",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        lay_python_project(root.path()).unwrap();
        let project = root.path().join(PYTHON_PROJECT);
        let mut names: Vec<_> = fs::read_dir(&project).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".github", "prizm_plugin", "provider.py"]);
        assert!(
            project.join(".github/workflows/ci.yml").is_file() && project.join("prizm_plugin/__init__.py").is_file()
        );
    }
}
