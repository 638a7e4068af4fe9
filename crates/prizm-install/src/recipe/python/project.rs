//! What `pyproject.toml` says of a provider, as far as it can be read without running anything.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::{Error, ErrorKind, manifest};

use super::version::admits;

const FILE: &str = "pyproject.toml";

/// The `[project]` table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Project {
    pub(super) name: Option<String>,
    pub(crate) dependencies: Option<Vec<String>>,
    /// Commands and the functions that they call: `module:function`.
    pub(super) scripts: BTreeMap<String, String>,
    pub(super) requires_python: Option<String>,
    pub(super) dynamic: Vec<String>,
    /// Where the dependencies are told in a way that only running it can read.
    #[serde(skip)]
    pub(crate) hidden: Option<&'static str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    project: Project,
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    poetry: Poetry,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Poetry {
    dependencies: toml::Table,
}

impl Project {
    /// Reads it; without the file everything is absent.
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let text = manifest::read_text(&path)?.unwrap_or_default();
        let file: File = toml::from_str(&text)
            .map_err(|error| manifest::wrong(&path, manifest::at_line(&text, error.span(), error.message())))?;
        let mut project = file.project;
        project.hidden = if project.dependencies.is_some() {
            None
        } else if project.dynamic.iter().any(|key| key == "dependencies") {
            Some("`dynamic` of `pyproject.toml`")
        } else if file.tool.poetry.dependencies.keys().any(|name| name != "python") {
            Some("`[tool.poetry]` of `pyproject.toml`")
        } else {
            told_by_setup(root)
        };
        Ok(project)
    }

    /// Checks `requires-python`.
    pub(super) fn check_python(&self, version: &str) -> Result<(), Error> {
        match self.requires_python.as_deref().filter(|wanted| !admits(wanted, version)) {
            Some(wanted) => {
                let wanted = wanted.escape_debug();
                let message = format!("the provider needs Python {wanted}, and `python3` is {version}");
                Err(Error::new(ErrorKind::Build, message)
                    .with_hint("put such a `python3` first on PATH: https://www.python.org"))
            }
            None => Ok(()),
        }
    }
}

fn told_by_setup(root: &Path) -> Option<&'static str> {
    let told = |name: &str| {
        let bytes = std::fs::read(root.join(name)).unwrap_or_default();
        memchr::memmem::find(&bytes, b"install_requires").is_some()
    };
    if told("setup.py") {
        return Some("`setup.py`");
    }
    told("setup.cfg").then_some("`setup.cfg`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Project, Error> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(root.path().join(name), text).unwrap();
        }
        Project::read(root.path())
    }

    #[test]
    fn what_can_be_read_is_read() {
        let text = "[build-system]\nrequires = [\"x\"]\n[project]\nname = \"my-echo\"\nrequires-python = \">=3.9\"\n\
                    dependencies = [\"six\"]\n[project.scripts]\necho = \"echo.cli:main\"\n[tool.other]\nkey = 1\n";
        let project = read(&[(FILE, text)]).unwrap();
        assert_eq!(project.name.as_deref(), Some("my-echo"));
        assert_eq!(project.dependencies, Some(vec!["six".to_owned()]));
        assert_eq!(project.scripts["echo"], "echo.cli:main");
        project.check_python("3.11.7").unwrap();
        let error = project.check_python("3.8.1").unwrap_err();
        assert_eq!(error.to_string(), "the provider needs Python >=3.9, and `python3` is 3.8.1");
        assert_eq!(read(&[]).unwrap().dependencies, None);
    }

    #[test]
    fn dependencies_that_only_code_can_tell_are_noticed() {
        for (name, text, expected) in [
            (FILE, "[project]\nname = \"x\"\ndynamic = [\"dependencies\"]\n", Some("`dynamic` of `pyproject.toml`")),
            (
                FILE,
                "[tool.poetry.dependencies]\npython = \"^3\"\nsix = \"*\"\n",
                Some("`[tool.poetry]` of `pyproject.toml`"),
            ),
            (FILE, "[tool.poetry.dependencies]\npython = \"^3\"\n", None),
            (FILE, "[project]\nname = \"x\"\ndynamic = [\"version\"]\n", None),
            ("setup.py", "setup(install_requires=['six'])", Some("`setup.py`")),
            ("setup.py", "setup(name='x')", None),
            ("setup.cfg", "[options]\ninstall_requires = six\n", Some("`setup.cfg`")),
        ] {
            assert_eq!(read(&[(name, text)]).unwrap().hidden, expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let error = read(&[(FILE, "[project]\ndependencies = \"six\"\n")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Manifest);
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
