//! The interpreter that is on PATH, and the pip that belongs to it.

use std::path::PathBuf;

use serde::Deserialize;

use crate::process::Invocation;
use crate::recipe::Site;
use crate::{Error, ErrorKind, step};

/// Prints where the interpreter really is: what is on PATH may be a shim of pyenv or asdf.
const PROBE: &str = r#"
import json, os, platform, sys
found = {"executable": sys.executable, "version": platform.python_version(), "pip": None}
try:
    import pip
    runner = os.path.join(os.path.dirname(os.path.abspath(pip.__file__)), "__pip-runner__.py")
    found["pip"] = {"version": pip.__version__, "runner": runner}
except ImportError:
    pass
print(json.dumps(found))
"#;
const REMEDY: &str = "install Python from https://www.python.org, or with the system's own packages \
                      (Debian: apt install python3 python3-pip python3-venv)";
/// The oldest that compiles without writing where it does so.
const OLDEST: (u32, u32) = (3, 9);
/// Variables by which a user chooses between several interpreters.
pub(crate) const CHOICE: &[&str] =
    &["PYENV_VERSION", "PYENV_ROOT", "ASDF_DATA_DIR", "ASDF_PYTHON_VERSION", "MISE_DATA_DIR"];

/// An interpreter.
#[derive(Debug, Deserialize)]
pub(super) struct Interpreter {
    /// Its absolute path.
    pub(super) executable: PathBuf,
    /// Its version, such as `3.11.7`.
    pub(super) version: String,
    pip: Option<Pip>,
}

/// The pip of an interpreter.
#[derive(Debug, Deserialize)]
pub(super) struct Pip {
    pub(super) version: String,
    /// A script that runs it in another environment; there since pip 22.3.
    pub(super) runner: PathBuf,
}

impl Interpreter {
    /// Asks the `python3` on PATH what it is, in a directory where the repository has no say: shims
    /// read `.python-version` and the like from the one they are started in.
    pub(super) async fn find(site: &Site<'_>) -> Result<Self, Error> {
        let shim = site.tool("python3", "a provider in Python", REMEDY)?;
        let typed = Invocation::new(["python3", "--version"], site.scratch);
        let argv = [shim.into_os_string(), "-I".into(), "-c".into(), PROBE.into()];
        let choice: Vec<_> = CHOICE.iter().map(ToString::to_string).collect();
        let invocation = as_user(site.network_step(argv, site.scratch)).grant(&choice).typed_as(&typed);
        let mut found = None;
        step::read(&invocation, site.reporter, |line| {
            found = line.whole().and_then(|line| serde_json::from_slice::<Self>(line).ok()).or(found.take());
        })
        .await
        .map_err(|error| error.with_hint(REMEDY))?;
        let found = found.filter(|found| found.executable.is_absolute()).ok_or_else(|| {
            Error::new(ErrorKind::Build, "`python3` does not say which interpreter it is").with_hint(REMEDY)
        })?;
        found.check()
    }

    fn check(self) -> Result<Self, Error> {
        let mut parts = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if version >= OLDEST {
            return Ok(self);
        }
        let message =
            format!("a provider in Python needs Python {}.{}, and `python3` is {}", OLDEST.0, OLDEST.1, self.version);
        Err(Error::new(ErrorKind::Build, message).with_hint("install a newer one from https://www.python.org"))
    }

    /// Returns its pip, where that is one that can be used.
    pub(super) fn pip(&self) -> Result<&Pip, Error> {
        match &self.pip {
            Some(pip) if pip.runner.is_file() => Ok(pip),
            Some(pip) => {
                let message = format!("a provider with dependencies needs pip 22.3, and `python3` has {}", pip.version);
                Err(Error::new(ErrorKind::Build, message)
                    .with_hint("install a newer one: python3 -m pip install --upgrade pip"))
            }
            None => {
                let message = "a provider with dependencies needs pip, and `python3` has none";
                Err(Error::new(ErrorKind::Build, message).with_hint(
                    "install it: python3 -m ensurepip --upgrade (Debian: apt install python3-pip python3-venv)",
                ))
            }
        }
    }
}

/// Gives a step the user's own home, with their configuration: nothing of the repository runs in it.
pub(super) fn as_user(invocation: Invocation) -> Invocation {
    match std::env::var_os("HOME") {
        Some(home) => invocation.set("HOME", home),
        None => invocation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(version: &str, pip: Option<Pip>) -> Interpreter {
        Interpreter { executable: "/usr/bin/python3".into(), version: version.to_owned(), pip }
    }

    #[test]
    fn what_is_too_old_is_told_with_its_version() {
        for version in ["3.9.0", "3.13.1", "3.15.0a2", "4.0.0"] {
            interpreter(version, None).check().unwrap();
        }
        for version in ["2.7.18", "3.8.18"] {
            let error = interpreter(version, None).check().unwrap_err();
            assert!(error.to_string().ends_with(&format!("`python3` is {version}")), "{error}");
        }
    }

    #[test]
    fn a_pip_that_is_missing_or_old_has_its_remedy() {
        let error = interpreter("3.11.2", None).pip().unwrap_err();
        assert!(error.hint().unwrap().contains("ensurepip"), "{error:?}");
        let old = Pip { version: "22.0.2".to_owned(), runner: "/no/__pip-runner__.py".into() };
        let error = interpreter("3.10.6", Some(old)).pip().unwrap_err();
        assert_eq!(error.to_string(), "a provider with dependencies needs pip 22.3, and `python3` has 22.0.2");
        assert!(error.hint().unwrap().ends_with("install --upgrade pip"));
    }
}
