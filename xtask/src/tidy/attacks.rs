//! Every fault and attack that fetching and building must survive has a test, or a reason why it
//! cannot be tried: the tables of `tests/README.md` say which.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const TABLE: &str = "tests/README.md";
/// What stands where no test can.
const UNTRIED: &str = "not tried:";

/// The rows that must be there, by their numbers.
const NEEDED: &[RangeInclusive<u32>] = &[1..=39, 41..=43, 45..=46, 52..=53, 55..=56, 61..=70];

/// Every row that is missing, empty, or names a test that is not there.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let Some(text) = tree.text(TABLE) else {
        return vec![Fault::of_file(TABLE, "the file is missing", "add the tables of faults and attacks")];
    };
    let rows: BTreeMap<u32, (usize, &str)> = rows(text).collect();
    let missing = NEEDED.iter().cloned().flatten().filter(|number| !rows.contains_key(number)).map(|number| {
        Fault::of_file(
            TABLE,
            format!("row {number} is not in any table"),
            "add it with its test, or the reason why there is none",
        )
    });
    let wrong = rows.iter().flat_map(|(number, (line, proof))| {
        let faults = unproven(tree, proof);
        faults.into_iter().map(move |what| Fault::of_line(TABLE, *line, format!("row {number}: {what}"), "name a test"))
    });
    missing.chain(wrong).collect()
}

/// Rows of tables whose first cell is a number: the line and the last cell.
fn rows(text: &str) -> impl Iterator<Item = (u32, (usize, &str))> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let cells: Vec<_> = line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        Some((cells.first()?.parse().ok()?, (number, *cells.last()?)))
    })
}

/// What is wrong with the last cell of a row.
pub fn unproven(tree: &Tree, proof: &str) -> Vec<String> {
    if let Some(reason) = proof.strip_prefix(UNTRIED) {
        return if reason.trim().is_empty() { vec!["it gives no reason".to_owned()] } else { Vec::new() };
    }
    let tests: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
    if tests.is_empty() {
        return vec![format!("`{proof}` names no test in backticks, nor `{UNTRIED}` and a reason")];
    }
    let absent = tests.iter().filter(|test| !is_there(tree, test));
    absent.map(|test| format!("there is no test `{test}`")).collect()
}

/// Looks for the function that `module::name` means, in a file of that name or directory.
fn is_there(tree: &Tree, test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").unwrap_or(("", test));
    let module = module.rsplit("::").next().unwrap_or_default();
    let (rust, python) = (format!("fn {name}("), format!("def {name}("));
    tree.texts().any(|(path, text)| {
        let of_module = module.is_empty() || path.split(['/', '.']).any(|part| part == module);
        of_module && (text.contains(&rust) || text.contains(&python))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    fn table(row: &str) -> String {
        let numbers = NEEDED.iter().cloned().flatten().filter(|number| *number != 7);
        let rows: Vec<_> = numbers.map(|number| format!("| {number} | x | `git::holds` |")).collect();
        format!("| row | what | where |\n|---|---|---|\n{row}\n{}\n", rows.join("\n"))
    }

    fn faults(row: &str) -> Vec<String> {
        found(
            &[(TABLE, &table(row)), ("tests/it/git.rs", "fn holds() {}"), ("tests/it/npm.rs", "fn other() {}")],
            check,
        )
    }

    #[test]
    fn a_row_has_a_test_or_a_reason() {
        for good in [
            "| 7 | moved | `git::holds` |",
            "| 7 | moved | `holds` and `npm::other` |",
            "| 7 | moved | not tried: no such server |",
        ] {
            assert!(faults(good).is_empty(), "{good}");
        }
        for (bad, says) in [
            ("", "tests/README.md: row 7 is not in any table"),
            ("| 7 | moved | `git::gone` |", "tests/README.md:3: row 7: there is no test `git::gone`"),
            ("| 7 | moved | `npm::holds` |", "tests/README.md:3: row 7: there is no test `npm::holds`"),
            ("| 7 | moved | not tried: |", "tests/README.md:3: row 7: it gives no reason"),
            (
                "| 7 | moved | later |",
                "tests/README.md:3: row 7: `later` names no test in backticks, nor `not tried:` and a reason",
            ),
        ] {
            assert_eq!(faults(bad), [says], "{bad}");
        }
    }
}
