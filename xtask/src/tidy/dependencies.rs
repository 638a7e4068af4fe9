//! Which crate may know of which: the architecture's picture as data, compared with what cargo sees.

mod table;

use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::tidy::dependencies::table::{FORBIDDEN, May, ONLY, Row, TABLE};
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const TABLE_FILE: &str = "xtask/src/tidy/dependencies/table.rs";

/// A crate of the workspace, as far as the table speaks of it.
#[derive(Debug)]
pub struct Member {
    name: String,
    manifest: String,
    dependencies: Vec<Dependency>,
}

/// A dependency of any kind, for any target; development dependencies obey the same rules.
#[derive(Debug)]
struct Dependency {
    name: String,
    /// What the manifest calls it.
    key: String,
}

/// The crates of the workspace at `root`.
pub fn members(root: &Path) -> Result<Vec<Member>> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    Ok(from_metadata(&metadata))
}

fn from_metadata(metadata: &Metadata) -> Vec<Member> {
    let member = |package: &&cargo_metadata::Package| {
        let dependency = |dependency: &cargo_metadata::Dependency| Dependency {
            name: dependency.name.clone(),
            key: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        };
        let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root).unwrap_or(&package.manifest_path);
        Member {
            name: package.name.to_string(),
            manifest: manifest.to_string(),
            dependencies: package.dependencies.iter().map(dependency).collect(),
        }
    };
    metadata.workspace_packages().iter().map(member).collect()
}

/// Every edge and every crate that the table does not have, and every row without a crate.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Fault> {
    let mut faults: Vec<_> = TABLE.iter().filter_map(|row| stale(row, members)).collect();
    for member in members {
        let Some(row) = TABLE.iter().find(|row| row.name == member.name) else {
            let what = format!("`{}` is not in the dependency table", member.name);
            let remedy = format!("add a row to {TABLE_FILE} and a line to crates/README.md");
            let line = line_of(tree, &member.manifest, "name");
            faults.push(Fault::of_line(&member.manifest, line, what, remedy));
            continue;
        };
        for dependency in &member.dependencies {
            let is_member = members.iter().any(|other| other.name == dependency.name);
            let outcome = if is_member { inner(row, &dependency.name) } else { outer(&member.name, &dependency.name) };
            if let Err((what, remedy)) = outcome {
                let line = line_of(tree, &member.manifest, &dependency.key);
                faults.push(Fault::of_line(&member.manifest, line, what, remedy));
            }
        }
    }
    faults
}

type Breach = (String, String);

fn inner(row: &Row, dependency: &str) -> Result<(), Breach> {
    let allowed = match row.may {
        May::DependOn(names) => names.contains(&dependency),
        May::DependOnEverything => true,
    };
    if allowed {
        return Ok(());
    }
    let what = format!("`{}` may not depend on `{dependency}`, not even in its tests: it {}", row.name, row.ignorance);
    Err((what, "move what needs both to a crate above them, a test to tests/it".to_owned()))
}

fn outer(member: &str, dependency: &str) -> Result<(), Breach> {
    let family =
        |name: &str| dependency == name || dependency.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
    for (name, owner) in ONLY {
        if family(name) && member != *owner {
            let what = format!("`{member}` names `{dependency}`, which only `{owner}` may");
            return Err((what, format!("ask for what you need in `{owner}`'s interface")));
        }
    }
    for (crate_name, names, reason) in FORBIDDEN {
        if member == *crate_name && names.iter().any(|name| family(name)) {
            let what = format!("`{member}` may not depend on `{dependency}`: it {reason}");
            return Err((what, "do it in a crate above".to_owned()));
        }
    }
    Ok(())
}

fn stale(row: &Row, members: &[Member]) -> Option<Fault> {
    let exists = members.iter().any(|member| member.name == row.name);
    let what = format!("`{}` is not a crate of the workspace", row.name);
    (!exists).then(|| Fault::of_file(TABLE_FILE, what, "remove its row"))
}

/// The line of the manifest whose key is `key`; 1 when it is written in some other way.
fn line_of(tree: &Tree, manifest: &str, key: &str) -> usize {
    let is_key = |line: &str| {
        let line = line.trim_start();
        let line =
            line.strip_prefix('[').and_then(|section| section.rsplit_once("dependencies.")).map_or(line, |it| it.1);
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '=', '.', ']']))
    };
    let text = tree.text(manifest).unwrap_or_default();
    text.lines().position(is_key).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests;
