//! The file by which Node starts a package.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::error::quoted;
use crate::manifest::{PACKAGE_FILE, Package};
use crate::{Error, ErrorKind};

/// Where TypeScript is compiled to, unless `package.json` names another place.
pub(crate) const OUT_DIR: &str = "dist";
/// The files that are looked for where `package.json` names none that exists.
const USUAL: &[&str] = &["dist/index.js", "dist/src/index.js", "index.js"];
/// The conditions of `exports` that hold for a program, the first one that is there counts.
const CONDITIONS: &[&str] = &["node", "import", "require", "default"];

/// Finds the file by which Node starts the package in `root`, relative to it, or lists what was looked
/// for: nothing where there is no `package.json`.
pub(crate) fn node_entry(root: &Path) -> Result<Result<PathBuf, Vec<String>>, Error> {
    let Some(package) = Package::read(root)? else { return Ok(Err(Vec::new())) };
    let mut looked_for = Vec::new();
    for (key, path) in declared(&package)? {
        let path = inside(root, key, &path)?;
        for candidate in spellings(key, &path) {
            if let Some(found) = look_at(root, &candidate)? {
                return Ok(Ok(found));
            }
        }
        looked_for.push(format!("{} (`{key}`)", quoted(&path)));
    }
    for usual in USUAL {
        if let Some(found) = look_at(root, Path::new(usual))? {
            return Ok(Ok(found));
        }
        looked_for.push(format!("`{usual}`"));
    }
    Ok(Err(looked_for))
}

/// Returns the directory into which TypeScript must be compiled for `package.json` to be true: the
/// first part of an entry point that is not there yet.
pub(crate) fn out_dir(root: &Path) -> Result<String, Error> {
    let Some(package) = Package::read(root)? else { return Ok(OUT_DIR.to_owned()) };
    for (key, path) in declared(&package)? {
        let path = inside(root, key, &path)?;
        let first = path.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
        let is_plain = first.starts_with(|c: char| c.is_ascii_alphanumeric()) && first != "node_modules";
        if is_plain && path.iter().count() > 1 && source(&path).is_none() && !root.join(&path).exists() {
            return Ok(first.to_owned());
        }
    }
    Ok(OUT_DIR.to_owned())
}

/// Returns what `package.json` says by which key, best first.
fn declared(package: &Package) -> Result<Vec<(&'static str, String)>, Error> {
    let bin = bin(package)?.map(|path| ("bin", path));
    let exports = package.get("exports").and_then(exported).map(|path| ("exports", path));
    let main = package.text("main")?.map(|path| ("main", path.to_owned()));
    Ok([bin, exports, main].into_iter().flatten().filter(|(_, path)| !path.is_empty()).collect())
}

/// Returns the program: the only one, or the one named like the package.
fn bin(package: &Package) -> Result<Option<String>, Error> {
    if let Some(Value::String(path)) = package.get("bin") {
        return Ok(Some(path.clone()));
    }
    let Some(programs) = package.object("bin")? else { return Ok(None) };
    let name = package.text("name")?.unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or(name);
    let program = match programs.len() {
        1 => programs.values().next(),
        _ => programs.get(name),
    };
    match program {
        Some(Value::String(path)) => Ok(Some(path.clone())),
        Some(_) => Err(package.wrong("a path in `bin` is no text")),
        None => Ok(None),
    }
}

/// Returns the target of `exports` for the package itself.
fn exported(exports: &Value) -> Option<String> {
    match exports {
        Value::String(path) => Some(path.clone()),
        Value::Array(choices) => choices.iter().find_map(exported),
        Value::Object(fields) => match fields.get(".") {
            Some(itself) => exported(itself),
            None => CONDITIONS.iter().find_map(|condition| exported(fields.get(*condition)?)),
        },
        _ => None,
    }
}

/// Returns the path without `.` and `..`. One that leads out is refused.
fn inside(root: &Path, key: &str, path: &str) -> Result<PathBuf, Error> {
    let mut plain = PathBuf::new();
    for component in Path::new(path).components() {
        let stays = match component {
            Component::CurDir => true,
            Component::Normal(part) => {
                plain.push(part);
                true
            }
            Component::ParentDir => plain.pop(),
            Component::RootDir | Component::Prefix(_) => false,
        };
        if !stays {
            let at = quoted(&root.join(PACKAGE_FILE));
            let message = format!("`{key}` in {at} leads out of the directory: `{}`", path.escape_debug());
            return Err(Error::new(ErrorKind::EntryPoint, message)
                .with_hint(format!("write the path of a file in the directory, such as `{OUT_DIR}/index.js`")));
        }
    }
    Ok(plain)
}

/// Returns the files that a path may stand for: itself, for `main` also as a module or a directory, and
/// for TypeScript what it is compiled to.
fn spellings(key: &str, path: &Path) -> Vec<PathBuf> {
    if let Some(compiled) = source(path) {
        let mut parts = compiled.iter();
        parts.next();
        let without_first = parts.as_path();
        let kept = Path::new(OUT_DIR).join(&compiled);
        let is_nested = !without_first.as_os_str().is_empty();
        return is_nested.then(|| Path::new(OUT_DIR).join(without_first)).into_iter().chain([kept]).collect();
    }
    let mut all = vec![path.to_owned()];
    if key == "main" {
        let mut module = path.as_os_str().to_owned();
        module.push(".js");
        all.extend([PathBuf::from(module), path.join("index.js")]);
    }
    all
}

/// Returns what a file in TypeScript is called when it is compiled.
fn source(path: &Path) -> Option<PathBuf> {
    let extension = match path.extension()?.to_str()? {
        "ts" | "tsx" => "js",
        "mts" => "mjs",
        "cts" => "cjs",
        _ => return None,
    };
    Some(path.with_extension(extension))
}

/// Tells whether a regular file is there. A link that leads out is refused.
fn look_at(root: &Path, path: &Path) -> Result<Option<PathBuf>, Error> {
    let Ok(found) = root.join(path).canonicalize() else { return Ok(None) };
    if !found.is_file() {
        return Ok(None);
    }
    if root.canonicalize().is_ok_and(|root| found.starts_with(root)) {
        return Ok(Some(path.to_owned()));
    }
    let message = format!("{} leads out of the directory, to {}", quoted(&root.join(path)), quoted(&found));
    Err(Error::new(ErrorKind::EntryPoint, message).with_hint("copy the file in place of the link"))
}

#[cfg(test)]
mod tests;
