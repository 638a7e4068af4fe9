//! Every rule of the protocol's specification is held: those for hosts by a test that `tests/README.md`
//! names, those for plugins by a row of the matrix, whose mode breaks it.

use std::collections::BTreeMap;

use crate::tidy::attacks::unproven;
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const SPEC: &str = "protocol/SPEC.md";
const HOSTS: &str = "tests/README.md";
const MATRIX: &str = "tests/it/matrix/table.rs";

/// Every rule that nothing holds, and every row of a rule that is not there.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let texts = [SPEC, HOSTS, MATRIX].map(|path| (path, tree.text(path)));
    if let Some((path, _)) = texts.iter().find(|(_, text)| text.is_none()) {
        return vec![Fault::of_file(
            path,
            "the file is missing",
            "the protocol's rules and what holds them are needed",
        )];
    }
    let [spec, hosts, matrix] = texts.map(|(_, text)| text.unwrap_or_default());
    let rules: BTreeMap<_, _> = rows(spec).map(|(line, rule, _)| (rule, line)).collect();
    let held: BTreeMap<_, _> = rows(hosts).map(|(line, rule, proof)| (rule, (line, proof))).collect();
    let tried: BTreeMap<_, _> = modes(matrix).map(|(line, rule)| (rule, line)).collect();
    let mut faults = Vec::new();
    for (rule, line) in &rules {
        let (where_to, is_held) = match rule.starts_with("HO-") {
            true => (HOSTS, held.contains_key(rule)),
            false => (MATRIX, tried.contains_key(rule)),
        };
        if !is_held {
            faults.push(Fault::of_line(
                SPEC,
                *line,
                format!("nothing holds {rule}"),
                format!("add a row to {where_to}"),
            ));
        }
    }
    let strangers = held.iter().map(|(rule, (line, _))| (HOSTS, rule, *line));
    for (path, rule, line) in strangers.chain(tried.iter().map(|(rule, line)| (MATRIX, rule, *line))) {
        if !rules.contains_key(rule) {
            faults.push(Fault::of_line(path, line, format!("{rule} is no rule of {SPEC}"), "remove the row"));
        }
    }
    for (rule, (line, proof)) in &held {
        let wrong = unproven(tree, proof);
        faults.extend(
            wrong.into_iter().map(|what| Fault::of_line(HOSTS, *line, format!("{rule}: {what}"), "name a test")),
        );
    }
    faults
}

/// Rows of tables whose first cell is the id of a rule: the line, the rule and the last cell.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        let rule = cells.split('|').next()?.trim();
        is_rule(rule).then(|| (number, rule, cells.rsplit('|').next().unwrap_or_default().trim()))
    })
}

/// The rules that have a mode: the line and the rule.
fn modes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let rule = line.trim().strip_prefix("row(\"")?.split('"').next()?;
        Some((number, rule))
    })
}

fn is_rule(word: &str) -> bool {
    let Some((section, number)) = word.split_once('-') else { return false };
    section.len() == 2 && section.bytes().all(|byte| byte.is_ascii_uppercase()) && number.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    const RULES: &str =
        "| id | level | rule | reason |\n|---|---|---|---|\n| CH-1 | MUST | a | b |\n| HO-1 | MUST | c | d |\n";

    fn faults(hosts: &str, matrix: &str) -> Vec<String> {
        let files = [(SPEC, RULES), (HOSTS, hosts), (MATRIX, matrix), ("tests/it/noise.rs", "fn holds() {}")];
        found(&files, check)
    }

    #[test]
    fn a_rule_is_held_by_a_test_or_a_mode() {
        let (hosts, matrix) = ("| HO-1 | c | `noise::holds` |\n", "    row(\"CH-1\", \"bad\").also(&[]),\n");
        assert!(faults(hosts, matrix).is_empty());
        assert_eq!(faults(hosts, ""), ["protocol/SPEC.md:3: nothing holds CH-1"]);
        assert_eq!(faults("", matrix), ["protocol/SPEC.md:4: nothing holds HO-1"]);
        assert_eq!(
            faults("| HO-1 | c | `noise::gone` |\n", matrix),
            ["tests/README.md:1: HO-1: there is no test `noise::gone`"]
        );
        assert_eq!(
            faults(hosts, &format!("{matrix}    row(\"CH-9\", \"worse\"),\n")),
            ["tests/it/matrix/table.rs:2: CH-9 is no rule of protocol/SPEC.md"]
        );
    }
}
