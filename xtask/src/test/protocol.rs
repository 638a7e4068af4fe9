//! The tests of the SDKs and of the reference providers that are not written in Rust.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::npm;
use crate::sh::Argv;
use crate::steps::Steps;

const PYTHON_SDK: &str = "protocol/python";
const TYPESCRIPT_SDK: &str = "protocol/typescript";
const BASH_ECHO: &str = "protocol/echo/bash";

/// A reference provider that is put together with its SDK, as `prizm new` does it.
struct Project {
    template: &'static str,
    sdk: &'static str,
    /// Where in the project the SDK is.
    place: &'static str,
    project: &'static str,
}

const PYTHON: Project = Project {
    template: "protocol/echo/python",
    sdk: "protocol/python/prizm_plugin",
    place: "prizm_plugin",
    project: "target/tmp/echo-python",
};
const TYPESCRIPT: Project = Project {
    template: "protocol/echo/typescript",
    sdk: "protocol/typescript/src",
    place: "vendor/prizm-plugin",
    project: "target/tmp/echo-typescript",
};

/// What is made of sources and of lock files, and is no part of a template.
const MADE: &[&str] = &["__pycache__", "node_modules", "dist"];

/// Runs them all.
pub fn run(steps: &mut Steps, root: &Path) -> Result<()> {
    let discover = Argv::new("python3 -B -m unittest discover -s tests -t .");
    steps.command("Python SDK tests", &discover.directory(PYTHON_SDK))?;
    PYTHON.lay(root)?;
    let test = Argv::new("python3 -B -m unittest test_provider").directory(PYTHON.project);
    steps.command("echo in Python tests", &test)?;
    npm(steps, "TypeScript SDK", TYPESCRIPT_SDK)?;
    TYPESCRIPT.lay(root)?;
    npm(steps, "echo in TypeScript", TYPESCRIPT.project)?;
    steps.command("echo in Bash tests", &Argv::new("bash test.sh").directory(BASH_ECHO))
}

impl Project {
    /// Puts it together anew.
    fn lay(&self, root: &Path) -> Result<()> {
        let project = root.join(self.project);
        if project.exists() {
            fs::remove_dir_all(&project).with_context(|| format!("`{}` cannot be removed", project.display()))?;
        }
        copy(&root.join(self.template), &project)?;
        copy(&root.join(self.sdk), &project.join(self.place))
    }
}

/// Copies a directory but for what is made.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("`{}` cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("`{}` cannot be listed", from.display()))? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if MADE.iter().any(|made| entry.file_name() == *made) {
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
    fn a_project_is_the_template_with_the_sdk_and_nothing_old() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "protocol/echo/python/provider.py",
            "protocol/echo/python/.github/workflows/ci.yml",
            "protocol/echo/python/__pycache__/provider.pyc",
            "protocol/python/prizm_plugin/__init__.py",
            "protocol/python/README.md",
            "target/tmp/echo-python/stale.py",
            "protocol/echo/typescript/package.json",
            "protocol/echo/typescript/dist/src/main.js",
            "protocol/echo/typescript/node_modules/x/index.js",
            "protocol/typescript/src/wire/read.ts",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (project, expected, part) in [
            (PYTHON, &[".github", "prizm_plugin", "provider.py"][..], "prizm_plugin/__init__.py"),
            (TYPESCRIPT, &["package.json", "vendor"][..], "vendor/prizm-plugin/wire/read.ts"),
        ] {
            project.lay(root.path()).unwrap();
            let laid = root.path().join(project.project);
            let mut names: Vec<_> = fs::read_dir(&laid).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, expected);
            assert!(laid.join(part).is_file(), "{part}");
        }
    }
}
