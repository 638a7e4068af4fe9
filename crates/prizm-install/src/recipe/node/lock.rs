//! `package-lock.json`, checked: npm itself takes whatever stands there, also no hash at all.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use semver::Version;
use serde_json::{Map, Value};

use crate::error::quoted;
use crate::{Error, ErrorKind, fetch, manifest};

use super::configuration::Configuration;
use super::specs::{self, Alias, is_name, shown};

/// The lock files that npm reads, the first that is there counts.
const NAMES: &[&str] = &["npm-shrinkwrap.json", "package-lock.json"];
/// The largest one.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What a locked package needs others for.
const NEEDS: &[&str] = &["dependencies", "optionalDependencies", "peerDependencies"];

/// A lock file, of which nothing is known yet.
#[derive(Debug)]
pub(super) struct Unchecked {
    name: &'static str,
    packages: Map<String, Value>,
}

/// A lock file of which every package has a sha512, and comes from a registry.
#[derive(Debug)]
pub(super) struct Lock {
    name: &'static str,
    packages: Map<String, Value>,
}

/// Returns the name of the lock file in a directory.
pub(super) fn name_in(directory: &Path) -> Option<&'static str> {
    NAMES.iter().copied().find(|name| directory.join(name).symlink_metadata().is_ok())
}

impl Unchecked {
    /// Reads the lock file of this name.
    pub(super) fn read(directory: &Path, name: &'static str) -> Result<Self, Error> {
        let path = directory.join(name);
        let text = manifest::read_text_within(&path, MAX_BYTES)?.unwrap_or_default();
        Self::parse(name, &text).map_err(|reason| {
            manifest::wrong(&path, reason).with_hint(format!("its author must write it anew: {}", anew(name)))
        })
    }

    fn parse(name: &'static str, text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
        let Value::Object(mut fields) = value else { return Err("it is no object".to_owned()) };
        match fields.get("lockfileVersion").and_then(Value::as_u64) {
            Some(2 | 3) => {}
            Some(version) => return Err(format!("its lockfileVersion is {version}, and 2 or 3 is needed (npm 7)")),
            None => return Err("it has no lockfileVersion".to_owned()),
        }
        match fields.remove("packages") {
            Some(Value::Object(packages)) => Ok(Self { name, packages }),
            _ => Err("its `packages` is no object".to_owned()),
        }
    }

    /// Checks every package, and leaves out addresses of which nobody knows what they hold: the
    /// registry is asked for the package by its name, and the sha512 decides.
    pub(super) fn check(
        mut self,
        configuration: &Configuration,
        workspaces: &[String],
        mut aliases: BTreeSet<Alias>,
    ) -> Result<Lock, Error> {
        for (path, entry) in &self.packages {
            let needs = NEEDS.iter().filter_map(|key| entry.get(key)?.as_object());
            for dependencies in needs {
                specs::check(dependencies, &mut aliases)
                    .map_err(|elsewhere| refused(self.name, path, &format!("it {}", elsewhere.told())))?;
            }
        }
        let before = self.packages.clone();
        for (path, entry) in self.packages.iter_mut().filter(|(path, _)| !path.is_empty()) {
            let about = About { packages: &before, configuration, workspaces, aliases: &aliases };
            about.check(path, entry).map_err(|reason| refused(self.name, path, &reason))?;
        }
        Ok(Lock { name: self.name, packages: self.packages })
    }
}

/// What an entry is checked against.
struct About<'a> {
    packages: &'a Map<String, Value>,
    configuration: &'a Configuration,
    workspaces: &'a [String],
    aliases: &'a BTreeSet<Alias>,
}

impl About<'_> {
    fn check(&self, path: &str, entry: &mut Value) -> Result<(), String> {
        let entry = entry.as_object_mut().ok_or("it is no object")?;
        let Some(name) = package_name(path, self.workspaces)? else { return self.check_workspace(entry) };
        if entry.get("link").is_some_and(|link| link != &Value::Bool(false)) {
            return self.check_link(entry);
        }
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let version = text("version").ok_or("it has no `version`")?;
        version.parse::<Version>().map_err(|_| format!("{} is no version", shown(version)))?;
        let real = text("name").unwrap_or(name);
        if real != name && !self.aliases.contains(&(name.to_owned(), real.to_owned())) {
            return Err(format!("it is really {}, which nobody asked for", shown(real)));
        }
        let integrity = match entry.get("integrity") {
            None if entry.get("inBundle") == Some(&Value::Bool(true)) && self.is_bundled(path) => None,
            integrity => Some(strong(integrity)?),
        };
        let serves = |url| integrity.is_some() && self.configuration.serves(&url, real, version);
        let keeps_address = resolved(entry.get("resolved"))?.is_some_and(serves);
        if !keeps_address {
            entry.remove("resolved");
        }
        entry.extend(integrity.map(|integrity| ("integrity".to_owned(), integrity.into())));
        Ok(())
    }

    /// A package of the source itself: nothing of it is fetched.
    fn check_workspace(&self, entry: &Map<String, Value>) -> Result<(), String> {
        match entry.get("link").or(entry.get("resolved")) {
            None => Ok(()),
            Some(_) => Err("it is a workspace, and leads elsewhere".to_owned()),
        }
    }

    fn check_link(&self, entry: &Map<String, Value>) -> Result<(), String> {
        let target = entry.get("resolved").and_then(Value::as_str).unwrap_or_default();
        match self.workspaces.iter().any(|workspace| workspace == target) {
            true => Ok(()),
            false => Err(format!("it is a link to {}, which is no workspace of the package", shown(target))),
        }
    }

    /// Tells whether the archive of a package above holds this one.
    fn is_bundled(&self, path: &str) -> bool {
        path.match_indices("/node_modules/").any(|(at, _)| {
            let above = self.packages.get(&path[..at]);
            let bundled = above.and_then(|above| above.get("bundleDependencies"));
            above.is_some_and(|above| above.get("integrity").is_some())
                && bundled.is_some_and(|bundled| *bundled != false)
        })
    }
}

/// Returns the name of the package that npm puts at a path; none for a workspace.
fn package_name<'a>(path: &'a str, workspaces: &[String]) -> Result<Option<&'a str>, String> {
    if workspaces.iter().any(|workspace| workspace == path) {
        return Ok(None);
    }
    let within = |workspace: &String| path.strip_prefix(&**workspace)?.strip_prefix("/node_modules/");
    let rest = path.strip_prefix("node_modules/").or_else(|| workspaces.iter().find_map(within));
    let names = rest.ok_or("it is not in `node_modules`")?;
    let names: Vec<_> = names.split("/node_modules/").collect();
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(format!("{} is no name of a package", shown(name))),
        None => Ok(names.last().copied()),
    }
}

/// Returns the sha512 among the hashes; nothing weaker will do.
fn strong(integrity: Option<&Value>) -> Result<String, String> {
    let all = integrity.and_then(Value::as_str).ok_or("it has no `integrity`")?;
    fetch::sha512_among(all).map(str::to_owned).ok_or_else(|| format!("it has no sha512, only {}", shown(all)))
}

/// Reads where an archive is said to be.
fn resolved(address: Option<&Value>) -> Result<Option<url::Url>, String> {
    let Some(address) = address else { return Ok(None) };
    let elsewhere = || format!("it comes from {}, which is no registry", shown(address.as_str().unwrap_or("nowhere")));
    let url: url::Url = address.as_str().and_then(|address| address.parse().ok()).ok_or_else(elsewhere)?;
    if matches!(url.scheme(), "http" | "https") { Ok(Some(url)) } else { Err(elsewhere()) }
}

impl Lock {
    /// Returns the name of the file.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the text for npm.
    pub(super) fn text(&self) -> String {
        // Without what the second version repeats for npm 6.
        serde_json::json!({"lockfileVersion": 3, "requires": true, "packages": self.packages}).to_string()
    }

    /// Returns the version of `typescript`, if it is there, and the package of that name.
    pub(super) fn typescript(&self) -> Result<Option<&str>, Error> {
        let Some(entry) = self.packages.get("node_modules/typescript") else { return Ok(None) };
        // From its seventh version on, the compiler itself is in other packages.
        let is_part = |path: &str| path == "node_modules/typescript" || path.contains("node_modules/@typescript/");
        let aliased = |(path, entry): (&String, &Value)| {
            let real = entry.get("name").and_then(Value::as_str).filter(|real| !path.ends_with(&format!("/{real}")));
            real.filter(|_| is_part(path)).map(|real| (path.clone(), real.to_owned()))
        };
        if let Some((path, real)) = self.packages.iter().find_map(aliased) {
            let reason = format!("it is really {}, and would run while the provider is built", shown(&real));
            return Err(refused(self.name, &path, &reason)
                .with_hint("its author must depend on the package `typescript` itself"));
        }
        Ok(entry.get("version").and_then(Value::as_str))
    }
}

/// Returns the paths of a workspace's directories as the lock has them.
pub(super) fn workspace_path(directory: &Path) -> Option<String> {
    let parts = directory.components().map(|component| match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

fn refused(file: &str, path: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Policy, format!("{} in `{file}` is refused: {reason}", quoted(Path::new(path))))
        .with_hint(format!("its author must lock it anew, from a registry: {}", anew(file)))
}

fn anew(file: &str) -> String {
    format!("rm -r node_modules {file}; npm install")
}

#[cfg(test)]
mod tests;
