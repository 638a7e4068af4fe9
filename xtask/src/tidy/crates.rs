//! Every crate is a member, inherits what the workspace decides and says what it is; every plugin is complete.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// Keys of `[package]` that the workspace decides.
const INHERITED: &[&str] = &["edition", "rust-version", "license"];

/// What crates and plugins lack.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut packages = vec!["tests".to_owned(), "xtask".to_owned()];
    for name in tree.directories("crates") {
        packages.push(format!("crates/{name}"));
    }
    for name in tree.directories("plugins") {
        let plugin = format!("plugins/{name}");
        faults.extend(plugin_files(tree, &plugin));
        if tree.file(&format!("{plugin}/Cargo.toml")).is_some() {
            packages.push(plugin);
        }
    }
    let members = members(tree);
    for package in packages.iter().filter(|package| tree.directories("").contains(&top(package))) {
        faults.extend(manifest(tree, package));
        faults.extend(documentation(tree, package));
        if !members.iter().any(|member| covers(member, package)) {
            let what = format!("`{package}` is not a member of the workspace, so nothing builds or tests it");
            faults.push(Fault::of_file("Cargo.toml", what, format!("add \"{package}\" to `members`")));
        }
    }
    faults
}

fn top(package: &str) -> &str {
    package.split('/').next().unwrap_or(package)
}

fn plugin_files(tree: &Tree, plugin: &str) -> Vec<Fault> {
    let needed = [("prizm.toml", "every plugin has a manifest"), ("README.md", "every plugin says what it does")];
    let missing = needed.into_iter().filter(|(name, _)| tree.file(&format!("{plugin}/{name}")).is_none());
    missing.map(|(name, why)| Fault::of_file(&format!("{plugin}/{name}"), "the file is missing", why)).collect()
}

fn manifest(tree: &Tree, package: &str) -> Vec<Fault> {
    let path = format!("{package}/Cargo.toml");
    let Some(text) = tree.text(&path) else {
        return vec![Fault::of_file(&path, "the file is missing", "make it a crate, or move it out of this directory")];
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            return vec![Fault::of_file(&path, format!("it is not TOML: {}", error.message()), "correct it")];
        }
    };
    let inherits = |section: &str, key: Option<&str>| {
        let section = table.get(section);
        let value = key.map_or(section, |key| section.and_then(|section| section.get(key)));
        value.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
    };
    let mut faults = Vec::new();
    for key in INHERITED.iter().filter(|key| !inherits("package", Some(key))) {
        let what = format!("`{key}` is not the workspace's");
        faults.push(Fault::of_file(&path, what, format!("write `{key}.workspace = true` under [package]")));
    }
    if !inherits("lints", None) {
        faults.push(Fault::of_file(
            &path,
            "the lints are not the workspace's",
            "write `workspace = true` under [lints]",
        ));
    }
    faults
}

fn documentation(tree: &Tree, package: &str) -> Vec<Fault> {
    let sources = format!("{package}/src/");
    let mut faults = Vec::new();
    let mut roots = 0;
    for (path, text) in tree.texts() {
        if path.strip_prefix(&sources).is_some_and(is_root) {
            roots += 1;
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            if !first.starts_with("//!") && !first.starts_with("#![doc = include_str!") {
                let remedy = "say first what the crate or the program is, and what it does not know";
                faults.push(Fault::of_line(path, 1, "the file does not begin with `//!`", remedy));
            }
        }
    }
    if roots == 0 {
        faults.push(Fault::of_file(
            &sources,
            "there is neither lib.rs nor main.rs",
            "a crate appears when it has content",
        ));
    }
    faults
}

/// Whether a path below `src/` is the root of a library or a program.
fn is_root(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>()[..] {
        [name] => name == "lib.rs" || name == "main.rs",
        ["bin", name] => name.ends_with(".rs"),
        ["bin", _, name] => name == "main.rs",
        _ => false,
    }
}

fn members(tree: &Tree) -> Vec<String> {
    let manifest = tree.text("Cargo.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let members = manifest.as_ref().and_then(|it| it.get("workspace")?.get("members")?.as_array());
    members.into_iter().flatten().filter_map(|member| Some(member.as_str()?.to_owned())).collect()
}

/// Whether an entry of `members` is `package` or a pattern such as `crates/*` that holds it.
fn covers(member: &str, package: &str) -> bool {
    match member.strip_suffix("/*") {
        Some(directory) => package.rsplit_once('/').is_some_and(|(parent, _)| parent == directory),
        None => member == package,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    const ROOT: (&str, &str) = ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\", \"plugins/a\"]\n");

    const GOOD: &str = "[package]\nname = \"a\"\nedition.workspace = true\nrust-version = { workspace = true }\n\
                        license.workspace = true\n\n[lints]\nworkspace = true\n";

    #[test]
    fn a_good_crate_and_good_plugins_pass() {
        let files = [
            ROOT,
            ("crates/README.md", ""),
            ("crates/a/Cargo.toml", GOOD),
            ("crates/a/src/lib.rs", "\n//! A crate.\n"),
            ("crates/a/src/bin/tool.rs", "//! A tool.\n"),
            ("crates/a/src/deep/lib.rs", "mod x;\n"),
            ("plugins/README.md", ""),
            ("plugins/a/Cargo.toml", GOOD),
            ("plugins/a/src/main.rs", "#![doc = include_str!(\"../README.md\")]\n"),
            ("plugins/a/prizm.toml", ""),
            ("plugins/a/README.md", ""),
            ("plugins/python/provider.py", ""),
            ("plugins/python/prizm.toml", ""),
            ("plugins/python/README.md", ""),
        ];
        assert_eq!(found(&files, check), Vec::<String>::new());
    }

    #[test]
    fn every_lack_is_named() {
        let own = GOOD.replace("edition.workspace = true", "edition = \"2021\"").replace("[lints]", "[other]");
        let files = [
            ROOT,
            ("crates/a/Cargo.toml", own.as_str()),
            ("crates/a/src/lib.rs", "mod x;\n//! Late.\n"),
            ("crates/a/src/bin/tool/main.rs", "fn main() {}\n"),
            ("crates/b/Cargo.toml", GOOD),
            ("crates/c/notes.txt", ""),
            ("plugins/b/Cargo.toml", "name =\n"),
            ("plugins/b/src/main.rs", "//! A plugin.\n"),
            ("tests/Cargo.toml", GOOD),
            ("tests/src/lib.rs", "//! Support.\n"),
        ];
        let faults = found(&files, check);
        for expected in [
            "plugins/b/prizm.toml: the file is missing",
            "plugins/b/README.md: the file is missing",
            "Cargo.toml: `tests` is not a member of the workspace, so nothing builds or tests it",
            "Cargo.toml: `plugins/b` is not a member of the workspace, so nothing builds or tests it",
            "crates/a/Cargo.toml: `edition` is not the workspace's",
            "crates/a/Cargo.toml: the lints are not the workspace's",
            "crates/a/src/lib.rs:1: the file does not begin with `//!`",
            "crates/a/src/bin/tool/main.rs:1: the file does not begin with `//!`",
            "crates/b/src/: there is neither lib.rs nor main.rs",
            "crates/c/Cargo.toml: the file is missing",
            "crates/c/src/: there is neither lib.rs nor main.rs",
        ] {
            assert!(faults.iter().any(|fault| fault == expected), "{expected}: {faults:#?}");
        }
        assert!(faults.iter().any(|fault| fault.starts_with("plugins/b/Cargo.toml: it is not TOML")), "{faults:#?}");
        assert_eq!(faults.len(), 12, "{faults:#?}");
    }
}
