//! Manifests and the lock file of cargo, for packages that have left their workspace.

use std::fmt;

use toml::{Table, Value};

/// What only the workspace's own tests need.
const LEFT_OUT: &[&str] = &["dev-dependencies", "bench", "example", "test"];

/// What a manifest lacks that should stand alone.
#[derive(Debug)]
pub(super) struct Lack(String);

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes a member's manifest with what it inherits from its workspace spelled out. Other members that it depends on
/// are taken to lie beside it.
pub(super) fn standing_alone(manifest: &str, workspace: &str) -> Result<String, Lack> {
    let read = |text: &str| text.parse::<Table>().map_err(|error| Lack(error.to_string()));
    let (mut manifest, workspace) = (read(manifest)?, read(workspace)?);
    let from = |section: &str, key: &str| {
        let found = workspace.get("workspace").and_then(|it| it.get(section)).and_then(|it| it.get(key));
        found.cloned().ok_or_else(|| Lack(format!("the workspace has no `{section}.{key}`")))
    };
    manifest.retain(|key, _| !LEFT_OUT.contains(&key));
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        for (key, value) in package.iter_mut().filter(|(_, value)| inherits(value)) {
            *value = from("package", key)?;
        }
    }
    if let Some(dependencies) = manifest.get_mut("dependencies").and_then(Value::as_table_mut) {
        for (name, value) in dependencies.iter_mut().filter(|(_, value)| inherits(value)) {
            *value = dependency(value, from("dependencies", name)?);
        }
    }
    if manifest.get("lints").is_some_and(inherits) {
        let lints = workspace.get("workspace").and_then(|it| it.get("lints"));
        manifest.insert("lints".to_owned(), lints.cloned().unwrap_or_else(|| Table::new().into()));
    }
    let package = Table::from_iter(manifest.remove_entry("package"));
    let print = |table: &Table| toml::to_string(table).map_err(|error| Lack(error.to_string()));
    Ok(format!("{}\n{}", print(&package)?, print(&manifest)?))
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Adds what a member asks for to what the workspace says of a dependency.
fn dependency(own: &Value, inherited: Value) -> Value {
    let mut table = match inherited {
        Value::Table(table) => table,
        version => Table::from_iter([("version".to_owned(), version)]),
    };
    if let Some(Value::String(path)) = table.get_mut("path") {
        *path = format!("../{}", path.rsplit('/').next().unwrap_or_default());
    }
    for (key, value) in own.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace") {
        match (table.get_mut(key), value) {
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more.iter().cloned()),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
    table.into()
}

/// Puts the packages of a lock file into cargo's order, whatever one of them was renamed to.
pub(super) fn sorted(lock: &str) -> String {
    const PACKAGE: &str = "[[package]]\n";
    let mut parts = lock.split(PACKAGE);
    let head = parts.next().unwrap_or_default();
    let mut packages: Vec<_> = parts.map(str::trim_end).collect();
    // The first line is the name; versions of one name are in order already.
    packages.sort_by_key(|package| package.lines().next());
    let packages: Vec<_> = packages.iter().map(|package| format!("{PACKAGE}{package}\n")).collect();
    format!("{head}{}", packages.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\nserde = \"1\"\n\
        prizm-protocol = { path = \"crates/prizm-protocol\" }\ntokio = { version = \"1\", features = [\"rt\"] }\n\
        [workspace.lints.rust]\nmissing_docs = \"warn\"\n";

    #[test]
    fn what_is_inherited_is_spelled_out() {
        let member = "[package]\nname = \"a\"\nedition.workspace = true\n[lints]\nworkspace = true\n\
            [dependencies]\nown = \"2\"\nserde = { workspace = true, optional = true }\nprizm-protocol.workspace = true\n\
            tokio = { workspace = true, features = [\"net\"] }\n[dev-dependencies]\nproptest.workspace = true\n\
            [[test]]\nname = \"t\"\n";
        let expected = "[package]\nname = \"a\"\nedition = \"2024\"\n[lints.rust]\nmissing_docs = \"warn\"\n\
            [dependencies]\nown = \"2\"\nserde = { version = \"1\", optional = true }\n\
            prizm-protocol = { path = \"../prizm-protocol\" }\ntokio = { version = \"1\", features = [\"rt\", \"net\"] }\n";
        let printed: Table = standing_alone(member, WORKSPACE).unwrap().parse().unwrap();
        assert_eq!(printed, expected.parse().unwrap());
    }

    #[test]
    fn what_the_workspace_lacks_is_named() {
        for (member, lack) in [
            ("[package]\nlicense.workspace = true\n", "the workspace has no `package.license`"),
            ("[dependencies]\nlibc.workspace = true\n", "the workspace has no `dependencies.libc`"),
        ] {
            assert_eq!(standing_alone(member, WORKSPACE).unwrap_err().to_string(), lack);
        }
        assert!(standing_alone("name =\n", WORKSPACE).is_err());
    }

    #[test]
    fn packages_are_in_cargos_order() {
        let lock = "version = 4\n\n[[package]]\nname = \"zoo\"\nversion = \"1\"\n\n[[package]]\nname = \"a\"\nversion = \"2\"\n";
        let expected = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"2\"\n\n[[package]]\nname = \"zoo\"\nversion = \"1\"\n";
        assert_eq!(sorted(lock), expected);
        assert_eq!(sorted(expected), expected);
    }
}
