//! The binary of a Cargo package.

use std::path::Path;

use cargo_toml::{Error as TomlError, Manifest};

use crate::error::quoted;
use crate::{Error, ErrorKind, manifest};

/// A binary that cargo builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CargoBinary {
    /// The package in the plan's root.
    pub(crate) package: String,
    /// Its binary.
    pub(crate) binary: String,
}

/// What `Cargo.toml` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Binary(CargoBinary),
    /// A package, but a library only.
    NoBinary,
    NoCargoToml,
}

/// Finds the binary of the package in `root`: the only one, or the one named like the package or `id`.
pub(crate) fn find(root: &Path, id: Option<&str>) -> Result<Found, Error> {
    let path = root.join("Cargo.toml");
    let Some(text) = manifest::read_text(&path)? else { return Ok(Found::NoCargoToml) };
    let wrong = |error: &TomlError| manifest::wrong(&path, reason(&text, error));
    let mut cargo = Manifest::from_slice(text.as_bytes()).map_err(|error| wrong(&error))?;
    let Some(package) = cargo.package.as_ref().map(|package| package.name.clone()) else {
        return Err(match &cargo.workspace {
            Some(workspace) => virtual_manifest(root, &workspace.members),
            None => manifest::wrong(&path, "it has neither a `[package]` nor a `[workspace]`"),
        });
    };
    // Binaries that cargo finds by their place, such as `src/main.rs`.
    cargo.complete_from_path(&path).map_err(|error| wrong(&error))?;
    let binaries: Vec<String> = cargo.bin.into_iter().filter_map(|binary| binary.name).collect();
    choose(&binaries, &package, id).map_err(|names| ambiguous(&path, &package, id, names))
}

fn choose<'a>(binaries: &'a [String], package: &str, id: Option<&str>) -> Result<Found, &'a [String]> {
    let named = |name: &str| binaries.iter().find(|binary| *binary == name);
    let binary = match binaries {
        [] => return Ok(Found::NoBinary),
        [only] => only,
        several => named(package).or_else(|| named(id?)).ok_or(several)?,
    };
    Ok(Found::Binary(CargoBinary { package: package.to_owned(), binary: binary.clone() }))
}

fn ambiguous(path: &Path, package: &str, id: Option<&str>, names: &[String]) -> Error {
    let wanted = match id {
        Some(id) if id != package => format!("`{package}` or `{id}`"),
        _ => format!("`{package}`"),
    };
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("{} has the binaries {}, and none is named {wanted}", quoted(path), names.join(", "));
    Error::new(ErrorKind::EntryPoint, message).with_hint(format!("name the binary that is the provider {wanted}"))
}

fn virtual_manifest(root: &Path, members: &[String]) -> Error {
    let message = format!("{} is a workspace without a package of its own", quoted(&root.join("Cargo.toml")));
    let members: Vec<_> = members.iter().take(10).map(|member| format!("`{}`", member.escape_debug())).collect();
    let which = if members.is_empty() { String::new() } else { format!(": {}", members.join(", ")) };
    Error::new(ErrorKind::EntryPoint, message).with_hint(format!("name the directory of one of its members{which}"))
}

fn reason(text: &str, error: &TomlError) -> String {
    match error {
        TomlError::Parse(error) => manifest::at_line(text, error.span(), error.message()),
        error => manifest::at_line("", None, &error.to_string()),
    }
}
