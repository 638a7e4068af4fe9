//! One concept a file: a source file that has grown too long is two.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// The most lines that a source file may have, tests included.
const LIMIT: usize = 400;

const SOURCES: &[&str] = &[".rs", ".py", ".ts", ".tsx", ".mts", ".cts"];

/// A file that may be longer than the limit.
#[derive(Debug)]
pub struct Exception {
    /// Its path from the top.
    pub path: &'static str,
    /// Why it is better whole.
    pub reason: &'static str,
}

/// All of them. The list only shrinks: an entry that is not needed is a fault.
pub const EXCEPTIONS: &[Exception] = &[];

/// Every source file over the limit, and every exception that is not one.
pub fn check(tree: &Tree, exceptions: &[Exception]) -> Vec<Fault> {
    let long = |path: &str| tree.text(path).is_some_and(|text| text.lines().count() > LIMIT);
    let stale = exceptions.iter().filter(|exception| !long(exception.path)).map(|exception| {
        let what = format!("the file is an exception ({}), but is not over {LIMIT} lines", exception.reason);
        Fault::of_file(exception.path, what, "remove it from EXCEPTIONS in xtask/src/tidy/budgets.rs")
    });
    let sources = tree.texts().filter(|(path, _)| SOURCES.iter().any(|suffix| path.ends_with(suffix)));
    let bound = sources.filter(|(path, _)| !exceptions.iter().any(|exception| exception.path == *path));
    let over = bound.filter(|(path, _)| long(path)).map(|(path, text)| {
        let what = format!("{} lines, the limit is {LIMIT}", text.lines().count());
        Fault::of_file(path, what, "split it: one concept a file")
    });
    stale.chain(over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    #[test]
    fn the_limit_binds_sources_only() {
        let (at, over) = ("x\n".repeat(LIMIT), "x\n".repeat(LIMIT + 1));
        let files =
            [("at.rs", at.as_str()), ("over.rs", &over), ("over.py", &over), ("over.ts", &over), ("over.md", &over)];
        let expected = ["over.py", "over.rs", "over.ts"].map(|path| format!("{path}: 401 lines, the limit is 400"));
        assert_eq!(found(&files, |tree| check(tree, &[])), expected);
    }

    #[test]
    fn exceptions_hold_only_while_they_are_needed() {
        let over = "x\n".repeat(LIMIT + 1);
        let exceptions = ["long.rs", "short.rs", "gone.rs"].map(|path| Exception { path, reason: "a table of codes" });
        let faults = found(&[("long.rs", &over), ("short.rs", "x\n")], |tree| check(tree, &exceptions));
        let stale = "the file is an exception (a table of codes), but is not over 400 lines";
        assert_eq!(faults, [format!("short.rs: {stale}"), format!("gone.rs: {stale}")]);
    }
}
