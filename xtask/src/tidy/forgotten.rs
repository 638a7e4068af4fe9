//! A file of integration tests that `main.rs` does not declare is never compiled, and so never fails.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const DIRECTORY: &str = "tests/it";

/// Every module below `tests/it` that its `main.rs` does not declare.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let main = format!("{DIRECTORY}/main.rs");
    let declared = tree.text(&main).unwrap_or_default();
    let declares = |name: &str| declared.lines().any(|line| module_of(line) == Some(name));
    let mut faults = Vec::new();
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix(DIRECTORY).and_then(|rest| rest.strip_prefix('/')).and_then(module)
        else {
            continue;
        };
        if name != "main" && !declares(name) {
            let what = format!("its tests never run: `{main}` does not declare the module `{name}`");
            faults.push(Fault::of_file(&file.path, what, format!("add `mod {name};` to `{main}`")));
        }
    }
    faults
}

/// The module that the file at `path`, relative to the directory, is the root of: `x.rs` or `x/mod.rs`.
fn module(path: &str) -> Option<&str> {
    let name = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs"))?;
    (!name.contains('/')).then_some(name)
}

/// The module that a line such as `pub mod x;` declares.
fn module_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    Some(line.strip_prefix("mod ")?.split_once(';')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    #[test]
    fn only_undeclared_modules_are_found() {
        let files = [
            ("tests/it/main.rs", "//! Tests.\nmod install; // stage\npub mod support;\n// mod route;\n"),
            ("tests/it/install.rs", ""),
            ("tests/it/install/deep.rs", ""),
            ("tests/it/support/mod.rs", ""),
            ("tests/it/route.rs", ""),
            ("tests/it/spawn/mod.rs", ""),
            ("tests/it/data.json", ""),
        ];
        let expected = [("route.rs", "route"), ("spawn/mod.rs", "spawn")].map(|(path, name)| {
            format!("tests/it/{path}: its tests never run: `tests/it/main.rs` does not declare the module `{name}`")
        });
        assert_eq!(found(&files, check), expected);
    }
}
