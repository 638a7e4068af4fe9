//! How pip is run with the network: as the user would run it, but for what it may start.
//!
//! `--only-binary :all:` is not enough to keep pip from running the code of packages: a wheel may ask
//! for another package by a URL, and what is there is built whatever its form. Everything that pip
//! starts, it starts by `sys.executable`. So that is a small program here, which refuses or, where the
//! policy lets packages be built, takes the network away first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::process::Invocation;
use crate::recipe::Site;

use super::interpreter::{Interpreter, Pip, as_user};
use super::unwritable;

/// Runs pip with another `sys.executable`: arguments are its path, its text, and pip's own.
///
/// It is written here, by a process with one thread: elsewhere a fork might hold it open for writing,
/// and then it cannot be executed.
const BOOT: &str = r#"
import os, runpy, sys
program, text = sys.argv[1:3]
if not os.path.exists(program):
    with open(os.open(program, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755), "w") as file:
        file.write(text)
sys.executable = program
del sys.argv[:3]
runpy.run_path(sys.argv[0], run_name="__main__")
"#;
/// What is printed instead of building a package.
pub(super) const REFUSAL: &str = "prizm: this package would be built from its source, which runs its code";
/// Variables of the user's by which pip knows where packages come from, and how to get there.
pub(crate) const CONFIGURATION: &[&str] = &[
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_CONSTRAINT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "NETRC",
];

/// Prepares pip with the network and the user's configuration, in a directory of ours.
pub(super) fn with_network(
    site: &Site<'_>,
    python: &Interpreter,
    pip: &Pip,
    arguments: Vec<OsString>,
) -> Result<Invocation, Error> {
    let granted: Vec<_> = CONFIGURATION.iter().map(ToString::to_string).collect();
    Ok(as_user(offline(site, python, pip, arguments)?).grant(&granted))
}

/// Prepares pip without a word of the user's configuration, which might lead to the network.
pub(super) fn offline(
    site: &Site<'_>,
    python: &Interpreter,
    pip: &Pip,
    arguments: Vec<OsString>,
) -> Result<Invocation, Error> {
    let boot = site.scratch.join("pip.py");
    std::fs::write(&boot, BOOT).map_err(|error| unwritable(&boot, &error))?;
    let program = site.scratch.join("started-by-pip");
    let text = if site.allowed.python_sources { builder(site, python, &boot) } else { refuser() };
    let mut argv: Vec<OsString> = vec![python.executable.clone().into(), "-I".into(), boot.into(), program.into()];
    argv.extend([text.into(), pip.runner.clone().into_os_string()]);
    argv.extend(arguments);
    // It is meant for shells in which people work.
    Ok(site.network_step(argv, site.scratch).set("PIP_REQUIRE_VIRTUALENV", "0"))
}

fn refuser() -> String {
    format!("#!/bin/sh\necho '{REFUSAL}' >&2\nexit 1\n")
}

/// Starts pip, which fetches what a build needs, as it was started itself; and all else without the
/// network, the user's home and what pip knows of servers.
fn builder(site: &Site<'_>, python: &Interpreter, boot: &Path) -> String {
    let prefix = site.isolation.prefix();
    let isolated = prefix.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    let (python, boot, home) = (path(&python.executable), path(boot), path(&site.scratch.join("home")));
    format!(
        "#!/bin/sh\n\
         case \"$1\" in\n\
         */__pip-runner__.py) exec {python} -I {boot} \"$0\" '' \"$@\" ;;\n\
         esac\n\
         for name in $(env | sed -n 's/^\\(PIP_[A-Z_]*\\)=.*/\\1/p') XDG_CONFIG_HOME XDG_CONFIG_DIRS NETRC; do\n\
         unset \"$name\"\n\
         done\n\
         HOME={home} exec {isolated} {python} \"$@\"\n"
    )
}

fn path(path: &Path) -> String {
    quote(path.as_os_str())
}

fn quote(word: &std::ffi::OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}

/// Where pip keeps what it downloads.
pub(super) fn cache(site: &Site<'_>) -> PathBuf {
    site.caches.join("pip")
}
