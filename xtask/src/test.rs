//! `cargo xtask test`: everything that must hold, in the order in which it is cheapest to learn that it does not.

mod protocol;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::sh::Argv;
use crate::steps::Steps;
use crate::{codegen, setup, tidy};

/// Runs every step, without setup when `fast`.
pub fn run(root: &Path, fast: bool) -> Result<()> {
    let mut steps = Steps::new(root);
    if !fast {
        steps.step("setup", &"cargo xtask setup", || setup::run(root))?;
    }
    steps.command("formatting", &Argv::new("cargo fmt --all -- --check"))?;
    steps.command("clippy", &Argv::new("cargo clippy --workspace --all-targets -- -D warnings"))?;
    let of_schemas = "cargo clippy -p prizm-protocol --features schema --lib --bins -- -D warnings";
    steps.command("clippy of the schemas", &Argv::new(of_schemas))?;
    steps.step("tidy", &"cargo xtask tidy", || tidy::run(root))?;
    steps.step("codegen", &"cargo xtask codegen --check", || codegen::run(root, true))?;
    // Cargo builds a package's own binaries for its tests, but not those of others, which the integration tests drive.
    steps.command("binaries", &Argv::new("cargo build --workspace --bins --examples"))?;
    rust_tests(&mut steps)?;
    let documentation = Argv::new("cargo doc --no-deps --workspace").variable("RUSTDOCFLAGS", "-D warnings");
    steps.command("documentation", &documentation)?;
    for (plugin, tests) in plugins_with_tests(root)? {
        match tests {
            NPM_TEST => npm(&mut steps, &plugin, &plugin)?,
            tests => steps.command(&format!("{plugin} tests"), &Argv::new(tests).directory(&plugin))?,
        }
    }
    protocol::run(&mut steps, root)?;
    eprintln!("{steps}");
    Ok(())
}

/// What runs the tests of a package for Node.
const NPM_TEST: &str = "npm test";

/// Fetches what a package is developed with, and runs its tests.
fn npm(steps: &mut Steps, name: &str, directory: &str) -> Result<()> {
    let fetch = Argv::new("npm ci --ignore-scripts --no-audit --no-fund").directory(directory);
    steps.command(&format!("{name} dependencies"), &fetch)?;
    steps.command(&format!("{name} tests"), &Argv::new(NPM_TEST).directory(directory))
}

/// nextest is faster and isolates each test in a process, but it does not run the tests in documentation.
fn rust_tests(steps: &mut Steps) -> Result<()> {
    if which::which("cargo-nextest").is_err() {
        return steps.command("tests", &Argv::new("cargo test --workspace --no-fail-fast"));
    }
    steps.command("tests", &Argv::new("cargo nextest run --workspace --no-fail-fast"))?;
    steps.command("documentation tests", &Argv::new("cargo test --workspace --doc --no-fail-fast"))
}

/// The directories of plugins in Python, Bash and for Node that have tests, relative to the top and sorted, and what runs these.
///
/// A provider in Python is `provider.py`, a service `server.py`; one for Node is a package.
/// unittest succeeds when it finds nothing to run, so a directory of tests without one is an error here.
fn plugins_with_tests(root: &Path) -> Result<Vec<(String, &'static str)>> {
    let plugins = root.join("plugins");
    let mut found = Vec::new();
    for entry in fs::read_dir(&plugins).with_context(|| format!("`{}` cannot be listed", plugins.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))?;
        let is_python = ["provider.py", "server.py"].iter().any(|program| path.join(program).is_file());
        if is_python && path.join("tests").is_dir() {
            if !has_python_test(&path.join("tests"))? {
                bail!("plugins/{name}/tests has no test*.py; add a test or remove the directory");
            }
            found.push((format!("plugins/{name}"), "python3 -B -m unittest discover -s tests -t ."));
        } else if is_python && has_python_test(&path)? {
            found.push((format!("plugins/{name}"), "python3 -B -m unittest"));
        } else if path.join("test.sh").is_file() {
            found.push((format!("plugins/{name}"), "bash test.sh"));
        } else if path.join("package.json").is_file() {
            found.push((format!("plugins/{name}"), NPM_TEST));
        }
    }
    found.sort();
    Ok(found)
}

fn has_python_test(directory: &Path) -> Result<bool> {
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("test") && name.ends_with(".py")) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn finds_the_plugins_that_have_tests() {
        let root = tree(&[
            "plugins/README.md",
            "plugins/b/provider.py",
            "plugins/b/tests/test_b.py",
            "plugins/a/provider.py",
            "plugins/a/tests/test_a.py",
            "plugins/untested/provider.py",
            "plugins/rust/tests/main.rs",
            "plugins/c/provider.py",
            "plugins/c/test_provider.py",
            "plugins/d/test.sh",
            "plugins/service/server.py",
            "plugins/service/tests/test_server.py",
            "plugins/node/package.json",
        ]);
        let discover = "python3 -B -m unittest discover -s tests -t .";
        let expected = [
            ("plugins/a", discover),
            ("plugins/b", discover),
            ("plugins/c", "python3 -B -m unittest"),
            ("plugins/d", "bash test.sh"),
            ("plugins/node", NPM_TEST),
            ("plugins/service", discover),
        ];
        assert_eq!(plugins_with_tests(root.path()).unwrap(), expected.map(|(plugin, it)| (plugin.to_owned(), it)));
    }

    #[test]
    fn tests_without_a_test_are_an_error() {
        let root = tree(&["plugins/a/provider.py", "plugins/a/tests/__init__.py"]);
        let error = plugins_with_tests(root.path()).unwrap_err().to_string();
        assert!(error.contains("plugins/a/tests has no test*.py"), "{error}");
    }
}
