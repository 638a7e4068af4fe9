//! Fetches the wheels of what a provider depends on, and writes down what came.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::manifest::Described;
use crate::process::Invocation;
use crate::recipe::Site;
use crate::recipe::site::hex;
use crate::{Error, ErrorKind};

use super::interpreter::{Interpreter, Pip};
use super::requirement::{normal, shown};
use super::requirements::Requirements;
use super::{pip, unwritable};

/// The first line of a lock that was made here.
const HEADER: &str = "# What the provider depends on, as it was resolved when it was installed.\n";

/// Wheels on this machine.
#[derive(Debug)]
pub(super) struct Wheels {
    /// The directory that holds them, and nothing else.
    pub(super) directory: PathBuf,
    /// A requirements file that asks for exactly them: `NAME==VERSION --hash=sha256:HEX`.
    pub(super) lock: String,
    count: usize,
}

impl Wheels {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Lets pip resolve the requirements, and fetch wheels.
pub(super) async fn fetch(
    site: &Site<'_>,
    python: &Interpreter,
    pip: &Pip,
    requirements: &Requirements,
) -> Result<Wheels, Error> {
    let directory = site.scratch.join("wheels");
    fs::create_dir_all(&directory).map_err(|error| unwritable(&directory, &error))?;
    let (arguments, typed) = arguments(site, requirements, &directory)?;
    let invocation = if site.fetch.offline {
        pip::offline(site, python, pip, arguments)?
    } else {
        pip::with_network(site, python, pip, arguments)?
    };
    let fetched = site.run("dependencies", &invocation.typed_as(&typed)).await;
    fetched.map_err(|error| explain(error, site, python, &typed))?;
    let wheels = Wheels::of(directory)?;
    if !site.fetch.offline {
        keep(&wheels.directory, &store(site, site.allowed.python_sources))?;
    }
    Ok(wheels)
}

/// Returns what pip is told, and how it would be typed.
fn arguments(
    site: &Site<'_>,
    requirements: &Requirements,
    directory: &Path,
) -> Result<(Vec<OsString>, Invocation), Error> {
    let mut words: Vec<&str> = match site.allowed.python_sources {
        true => vec!["wheel", "--prefer-binary"],
        false => vec!["download", "--only-binary", ":all:"],
    };
    if requirements.takes_unreleased {
        words.push("--pre");
    }
    if requirements.lock().is_some() {
        words.push("--require-hashes");
    }
    if site.manifest.is_some_and(Described::no_deps) {
        words.push("--no-deps");
    }
    let typed = ["python3", "-m", "pip"].iter().chain(&words).copied().chain(["-r", "requirements.txt"]);
    let typed = Invocation::new(typed, site.root);
    words.extend(["--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"]);
    let mut arguments: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    let cache = pip::cache(site);
    let mut option = |name: &str, path: &Path| arguments.extend([name.into(), path.as_os_str().to_owned()]);
    option("--cache-dir", &cache.join("http"));
    option(if site.allowed.python_sources { "--wheel-dir" } else { "--dest" }, directory);
    let mut file = |option_name: &str, name: &str, text: &str| -> Result<(), Error> {
        let path = site.scratch.join(name);
        write(&path, text)?;
        option(option_name, &path);
        Ok(())
    };
    file("--requirement", "requirements.txt", &requirements.text())?;
    if let Some(text) = requirements.constraints() {
        file("--constraint", "constraints.txt", &text)?;
    }
    if site.fetch.offline {
        for sources in [false, true].into_iter().filter(|sources| !sources || site.allowed.python_sources) {
            option("--find-links", &store(site, sources));
        }
        arguments.push("--no-index".into());
    }
    Ok((arguments, typed))
}

/// Where wheels are kept for times without network, those that may have been built from sources apart.
/// They are used then only: with the network, what is newest is for the index to say.
fn store(site: &Site<'_>, sources: bool) -> PathBuf {
    pip::cache(site).join(if sources { "built" } else { "wheels" })
}

impl Wheels {
    /// Lists and hashes what was fetched.
    fn of(directory: PathBuf) -> Result<Self, Error> {
        let mut lines = Vec::new();
        let read = fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in read.map_err(|error| unwritable(&directory, &error))? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let (package, version) = parse(&name).ok_or_else(|| {
                let message = format!("`{}` was fetched, which is no wheel", shown(&name));
                Error::new(ErrorKind::Build, message).with_hint("ask its author for a wheel")
            })?;
            let hash = hash(&entry.path()).map_err(|error| unwritable(&entry.path(), &error))?;
            lines.push(format!("{package}=={version} --hash=sha256:{hash}\n"));
        }
        lines.sort_unstable();
        Ok(Self { directory, count: lines.len(), lock: HEADER.to_owned() + &lines.concat() })
    }
}

/// The name and version in the name of a wheel: `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`.
fn parse(file: &str) -> Option<(String, &str)> {
    let parts: Vec<_> = file.strip_suffix(".whl")?.split('-').collect();
    let is_plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "._+!".contains(c));
    (matches!(parts.len(), 5 | 6) && parts[..2].iter().all(|part| !part.is_empty() && is_plain(part)))
        .then(|| (normal(parts[0]), parts[1]))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut hasher)?;
    Ok(hex(&hasher.finalize()))
}

/// Copies wheels to where the next offline build finds them, before any code could have changed them.
fn keep(wheels: &Path, store: &Path) -> Result<(), Error> {
    let copy = || -> io::Result<()> {
        fs::create_dir_all(store)?;
        for entry in fs::read_dir(wheels)? {
            let entry = entry?;
            let mut file = tempfile::NamedTempFile::new_in(store)?;
            io::copy(&mut fs::File::open(entry.path())?, &mut file)?;
            file.persist(store.join(entry.file_name())).map_err(|error| error.error)?;
        }
        Ok(())
    };
    copy().map_err(|error| unwritable(store, &error))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    };
    write().map_err(|error| unwritable(path, &error))
}

/// Says in our words what pip said in its own.
fn explain(error: Error, site: &Site<'_>, python: &Interpreter, typed: &Invocation) -> Error {
    let log = error.log().to_vec();
    let after = |mark: &str| log.iter().find_map(|line| line.split_once(mark).map(|(_, rest)| shown(rest.trim())));
    let made = |kind, message: String, hint: String| Error::new(kind, message).with_hint(hint).with_log(log.clone());
    let python = format!("Python {}", python.version);
    let remedies = "ask its author for one, or let it be built, which runs its code: \
                    `pythonSources = true` under [policy] in config.toml";
    if after(pip::REFUSAL).is_some() {
        let message = "a dependency is no wheel: it would be built from its source, which runs its code";
        return made(ErrorKind::Build, message.to_owned(), remedies.to_owned());
    }
    if after("DO NOT MATCH THE HASHES").is_some() {
        let message = "a package is not what the hashes of the requirements promise";
        let hint = "somebody changed it, or its author's lock is wrong: find out which before you use it";
        return made(ErrorKind::Mismatch, message.to_owned(), hint.to_owned());
    }
    let missing = after("No matching distribution found for ");
    if let Some(package) = missing.as_ref().filter(|_| site.fetch.offline) {
        let message = format!("no wheel of `{package}` is in the cache, and the network is off");
        return made(ErrorKind::Offline, message, "load it once without --offline and --frozen".to_owned());
    }
    if after("WARNING: Retrying (").is_some() {
        let message = "the index of Python packages cannot be reached".to_owned();
        let hint = "check the network, the proxy, and pip's configuration: python3 -m pip config debug";
        return made(ErrorKind::Fetch, message, hint.to_owned());
    }
    match missing {
        Some(package) if site.allowed.python_sources => {
            let message = format!("nothing was found that is `{package}` for {python}");
            made(ErrorKind::Build, message, "its author must correct its name and versions".to_owned())
        }
        Some(package) => {
            let message = format!("no wheel of `{package}` was found for {python} on this machine");
            made(ErrorKind::Build, message, remedies.to_owned())
        }
        None => error.with_hint(format!("read what pip says; by hand it is: {typed}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_wheel_tells_what_it_is() {
        for (file, expected) in [
            ("six-1.16.0-py2.py3-none-any.whl", Some(("six", "1.16.0"))),
            ("Ruamel.yaml_x-0.1+local.1-7-cp311-cp311-linux_x86_64.whl", Some(("ruamel-yaml-x", "0.1+local.1"))),
            ("x-1!2.0-py3-none-any.whl", Some(("x", "1!2.0"))),
            ("six-1.16.0.tar.gz", None),
            ("six-1.16.0.whl", None),
            ("six-1 -r x-py3-none-any.whl", None),
        ] {
            assert_eq!(parse(file), expected.map(|(name, version)| (name.to_owned(), version)), "{file}");
        }
    }

    #[test]
    fn what_came_is_listed_with_its_hashes() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("b-2-py3-none-any.whl", "b"), ("A_x-1-py3-none-any.whl", "")] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let wheels = Wheels::of(directory.path().to_owned()).unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let lines: Vec<_> = wheels.lock.lines().collect();
        assert_eq!(lines[1], format!("a-x==1 --hash=sha256:{empty}"));
        assert!(lines[2].starts_with("b==2 --hash=sha256:"), "{lines:?}");
        fs::write(directory.path().join("x.tar.gz"), "").unwrap();
        let error = Wheels::of(directory.path().to_owned()).unwrap_err();
        assert!(error.to_string().contains("`x.tar.gz`"), "{error}");
    }
}
