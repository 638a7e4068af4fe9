//! The table against made-up workspaces.

use super::*;
use crate::tidy::tree::testing::tree;

/// A workspace with every crate of the table, and one crate's dependencies.
fn workspace(name: &str, dependencies: &[&str]) -> Vec<Member> {
    let names = TABLE.iter().map(|row| row.name);
    let mut members: Vec<_> = names.map(|name| member(name, &[])).collect();
    members.retain(|member| member.name != name);
    members.push(member(name, dependencies));
    members
}

fn member(name: &str, dependencies: &[&str]) -> Member {
    let dependency = |name: &&str| Dependency { name: (*name).to_owned(), key: (*name).to_owned() };
    Member {
        name: name.to_owned(),
        manifest: format!("crates/{name}/Cargo.toml"),
        dependencies: dependencies.iter().map(dependency).collect(),
    }
}

fn faults(members: &[Member]) -> Vec<String> {
    let (_root, tree) = tree(&[]);
    check(&tree, members).iter().map(ToString::to_string).collect()
}

#[test]
fn edges_are_held_to_the_table() {
    for (name, dependency, allowed) in [
        ("prizm-protocol", "serde", true),
        ("prizm-protocol", "tokio", false),
        ("prizm-protocol", "tokio-util", false),
        ("prizm-protocol", "libc", false),
        ("prizm-protocol", "rustix", false),
        ("prizm-protocol", "prizm-host", false),
        ("prizm-plugin", "prizm-protocol", true),
        ("prizm-plugin", "prizm-host", false),
        ("prizm-plugin", "jsonrpsee", false),
        ("prizm-plugin", "git2", false),
        ("prizm-host", "prizm-protocol", true),
        ("prizm-host", "jsonrpsee", true),
        ("prizm-host", "jsonrpsee-types", true),
        ("prizm-host", "prizm-install", false),
        ("prizm-host", "git2", false),
        ("prizm-install", "git2", true),
        ("prizm-install", "prizm-host", false),
        ("prizm-install", "jsonrpsee-core", false),
        ("prizm-ledger", "rusqlite", true),
        ("prizm-ledger", "prizm-route", false),
        ("prizm-ledger", "tokio", false),
        ("prizm-registry", "prizm-install", true),
        ("prizm-registry", "prizm-ledger", true),
        ("prizm-registry", "rusqlite", false),
        ("prizm-registry", "prizm-tests", false),
        ("prizm-cli", "prizm-canvas", true),
        ("prizm-cli", "prizm-host", false),
        ("prizm-canvas", "prizm-protocol", false),
        ("prizm-canvas", "prizm-relief", false),
        ("prizm-relief", "prizm-canvas", true),
        ("prizm-relief", "prizm-registry", false),
        ("prizm-tests", "prizm-host", true),
        ("prizm-tests", "prizm-canvas", true),
        ("prizm-tests", "jsonrpsee", false),
        ("xtask", "prizm-protocol", false),
        ("xtask", "clap", true),
    ] {
        let faults = faults(&workspace(name, &[dependency]));
        assert_eq!(faults.is_empty(), allowed, "{name} → {dependency}: {faults:?}");
        if !allowed {
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].starts_with(&format!("crates/{name}/Cargo.toml:1: `{name}`")), "{faults:?}");
            assert!(faults[0].contains(&format!("`{dependency}`")), "{faults:?}");
        }
    }
}

#[test]
fn rows_and_crates_correspond() {
    let mut members = workspace("prizm-stray", &[]);
    members.retain(|member| member.name != "prizm-host");
    let faults = faults(&members);
    for expected in ["`prizm-stray` is not in the dependency table", "`prizm-host` is not a crate of the workspace"] {
        assert_eq!(faults.iter().filter(|fault| fault.contains(expected)).count(), 1, "{expected}: {faults:?}");
    }
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn the_table_has_no_cycle_and_knows_every_name_it_uses() {
    for (index, row) in TABLE.iter().enumerate() {
        let May::DependOn(names) = row.may else {
            continue;
        };
        for name in names {
            let place = TABLE.iter().position(|row| row.name == *name).unwrap_or(usize::MAX);
            assert!(place < index, "{} → {name}: not in the table, or not below it", row.name);
        }
    }
}

#[test]
fn cargo_tells_names_lines_and_all_kinds() {
    let manifest = "[package]\nname = \"prizm-plugin\"\nedition = \"2024\"\n\n[dependencies]\nwire = { package = \
                    \"jsonrpsee\", version = \"1\" }\n\n[dev-dependencies.git2]\nversion = \"1\"\n\n\
                    [target.'cfg(windows)'.build-dependencies]\njsonrpsee-types = \"1\"\n";
    let (root, tree) = tree(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n"),
        ("a/Cargo.toml", manifest),
        ("a/src/lib.rs", ""),
    ]);
    let faults = check(&tree, &members(root.path()).unwrap());
    let mut of_a: Vec<_> = faults.iter().map(ToString::to_string).filter(|fault| fault.starts_with("a/")).collect();
    of_a.sort();
    let starts = [
        "a/Cargo.toml:12: `prizm-plugin` names `jsonrpsee-types`",
        "a/Cargo.toml:6: `prizm-plugin` names `jsonrpsee`",
        "a/Cargo.toml:8: `prizm-plugin` names `git2`",
    ];
    assert_eq!(of_a.len(), starts.len(), "{of_a:?}");
    for (fault, start) in of_a.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault}");
    }
}
