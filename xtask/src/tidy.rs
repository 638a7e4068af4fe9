//! `cargo xtask tidy`: the rules of the repository, each in its own module, every fault reported at once.

mod attacks;
mod budgets;
mod crates;
mod data;
mod dependencies;
mod excerpts;
pub mod fault;
mod forgotten;
mod links;
mod markers;
mod paths;
mod readme;
mod rules;
mod tree;

use std::path::Path;

use anyhow::{Result, bail};

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// Checks the repository at `root`; the error lists every fault with its remedy.
pub fn run(root: &Path) -> Result<()> {
    let faults = faults(root)?;
    if faults.is_empty() {
        eprintln!("tidy: no breach of the repository's rules");
        return Ok(());
    }
    let list: Vec<_> = faults.iter().map(ToString::to_string).collect();
    bail!("{} of the repository's rules\n{}", count(faults.len()), list.join("\n"));
}

fn faults(root: &Path) -> Result<Vec<Fault>> {
    let tree = Tree::of_repository(root)?;
    let mut faults = [
        dependencies::check(&tree, &dependencies::members(root)?),
        budgets::check(&tree, budgets::EXCEPTIONS),
        markers::check(&tree),
        crates::check(&tree),
        paths::check(&tree),
        forgotten::check(&tree),
        links::check(&tree),
        readme::check(&tree),
        data::check(&tree),
        attacks::check(&tree),
        excerpts::check(&tree),
        rules::check(&tree),
    ]
    .concat();
    faults.sort();
    faults.dedup();
    Ok(faults)
}

fn count(faults: usize) -> String {
    if faults == 1 { "1 breach".to_owned() } else { format!("{faults} breaches") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        if let Err(error) = run(&crate::root()) {
            panic!("{error}");
        }
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"crates/stray\"]\nresolver = \"3\"\n");
        write("crates/stray/Cargo.toml", "[package]\nname = \"stray\"\nedition = \"2024\"\n");
        write("crates/stray/src/lib.rs", &"// long\n".repeat(401));
        write("README.md", "[gone](gone.md)\n");
        write(".gitignore", "ignored\n");
        write("ignored/a.py", &format!("{}\n", concat!("TO", "DO")));
        let report = run(root.path()).unwrap_err().to_string();
        for expected in [
            "crates/stray/Cargo.toml:2: `stray` is not in the dependency table",
            "crates/stray/src/lib.rs: 401 lines",
            "crates/stray/src/lib.rs:1: the file does not begin with `//!`",
            "README.md:1: `gone.md` is not a file of the repository",
            "README.md: there is no fenced line `cargo xtask test`",
            ".ci/run: the file is missing",
        ] {
            assert!(report.contains(expected), "{expected}\nis not in\n{report}");
        }
        assert!(!report.contains("ignored/a.py"), "{report}");
    }
}
