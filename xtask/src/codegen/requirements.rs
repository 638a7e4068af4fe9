//! The requirements as data, of the tables in the specification.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Files;
use crate::markdown::{self, Table};
use crate::tidy::fault::Fault;

const SPECIFICATION: &str = "protocol/SPEC.md";
const PROTOCOL: &str = "1.0";
/// The head of a table of rules; tables with another one say something else.
const HEAD: [&str; 4] = ["id", "level", "rule", "reason"];
const LEVELS: [&str; 2] = ["MUST", "SHOULD"];
/// What the ids of rules for hosts begin with; the others are for plugins.
const HOST: &str = "HO";

/// A rule of the specification.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    id: String,
    level: String,
    section: String,
    rule: String,
    reason: String,
}

/// Reads the specification; the error lists every fault.
pub fn make(root: &Path) -> Result<Files> {
    let text = fs::read_to_string(root.join(SPECIFICATION)).with_context(|| format!("`{SPECIFICATION}`"))?;
    let (requirements, faults) = read(&text);
    if !faults.is_empty() {
        let list: Vec<_> = faults.iter().map(ToString::to_string).collect();
        bail!("the rules of the specification\n{}", list.join("\n"));
    }
    Ok(Files::from([(format!("protocol/requirements/{PROTOCOL}.json"), print(&requirements))]))
}

/// The rules in the order of the text, and what is wrong with them.
fn read(text: &str) -> (Vec<Requirement>, Vec<Fault>) {
    let mut requirements: Vec<Requirement> = Vec::new();
    let mut faults = Vec::new();
    let mut last = BTreeMap::new();
    let is_of_rules = |table: &Table| table.head.iter().map(|cell| cell.to_lowercase()).eq(HEAD);
    for table in markdown::tables(text).into_iter().filter(is_of_rules) {
        let of_hosts = table.rows.first().is_some_and(|(_, cells)| cells.first().is_some_and(|id| is_of_host(id)));
        for (line, cells) in &table.rows {
            let requirement = requirement(&table.section, cells);
            let mut fault =
                |what: String, remedy: &str| faults.push(Fault::of_line(SPECIFICATION, *line, what, remedy));
            for (what, remedy) in wrong(&requirement) {
                fault(what, remedy);
            }
            if is_of_host(&requirement.id) != of_hosts {
                let what = format!("`{}` is among rules for the other side", requirement.id);
                fault(what, "keep the rules for hosts in a section of their own");
            }
            if requirements.iter().any(|known| known.id == requirement.id) {
                fault(format!("`{}` is there twice", requirement.id), "an id means one rule for ever; take a new one");
            } else if let Some((letters, number)) = parts(&requirement.id) {
                let next = last.get(letters).map_or(1, |last| last + 1);
                if number != next {
                    let what = format!("`{}` stands where `{letters}-{next}` is next", requirement.id);
                    fault(what, "number the rules of a section from 1 without gaps");
                }
                last.insert(letters.to_owned(), number);
            }
            requirements.push(requirement);
        }
    }
    if requirements.is_empty() {
        let what = format!("there is no table `| {} |`", HEAD.join(" | "));
        faults.push(Fault::of_file(SPECIFICATION, what, "write the rules as rows of such tables"));
    }
    (requirements, faults)
}

fn requirement(section: &str, cells: &[String]) -> Requirement {
    let cell = |index: usize| cells.get(index).cloned().unwrap_or_default();
    Requirement { id: cell(0), level: cell(1), section: section.to_owned(), rule: cell(2), reason: cell(3) }
}

fn is_of_host(id: &str) -> bool {
    parts(id).is_some_and(|(letters, _)| letters == HOST)
}

/// The letters and the number of an id such as `ST-3`.
fn parts(id: &str) -> Option<(&str, u32)> {
    let (letters, number) = id.split_once('-')?;
    let canonical = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    let letters = Some(letters).filter(|text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()))?;
    Some((letters, number.parse().ok().filter(|_| canonical)?))
}

/// What is wrong with a rule by itself.
fn wrong(requirement: &Requirement) -> Vec<(String, &'static str)> {
    let Requirement { id, level, rule, reason, .. } = requirement;
    let mut wrong = Vec::new();
    if parts(id).is_none() {
        wrong.push((format!("`{id}` is no id"), "write two capital letters, `-` and a number, such as `ST-3`"));
    }
    if !LEVELS.contains(&level.as_str()) {
        wrong.push((format!("`{id}` has the level `{level}`"), "write `MUST` or `SHOULD`"));
    }
    if rule.is_empty() {
        wrong.push((format!("`{id}` has no rule"), "say what is required"));
    }
    if reason.is_empty() {
        wrong.push((format!("`{id}` has no reason"), "say why; a rule without a reason is not kept"));
    }
    wrong
}

/// One requirement a line, so that a change of the specification is a change of its line.
fn print(requirements: &[Requirement]) -> String {
    let lines: Vec<_> = requirements.iter().map(|it| format!("    {}", line(it))).collect();
    let list = lines.join(",\n");
    format!("{{\n  \"protocol\": \"{PROTOCOL}\",\n  \"requirements\": [\n{list}\n  ]\n}}\n")
}

fn line(requirement: &Requirement) -> String {
    let of = if is_of_host(&requirement.id) { "host" } else { "plugin" };
    let fields = [
        ("id", requirement.id.as_str()),
        ("level", &requirement.level),
        ("of", of),
        ("section", &requirement.section),
        ("rule", &requirement.rule),
        ("reason", &requirement.reason),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, text)| format!("\"{name}\": {}", Value::from(*text))).collect();
    format!("{{{}}}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(plugin_rows: &str, host_rows: &str) -> String {
        let head = "| id | level | rule | reason |\n|---|---|---|---|";
        let other = "| state | what may be asked |\n|---|---|\n| a | b |";
        format!("# S\n\n## Start\n\n{other}\n\n{head}\n{plugin_rows}\n\n## Hosts\n\n{head}\n{host_rows}\n")
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let text = text(
            "| ST-1 | MUST | `a` is \"b\". | Why. |\n| ST-2 | SHOULD | x\\|y | Z |\n| CH-1 | MUST | c | d |",
            "| HO-1 | MUST | e | f |",
        );
        let (requirements, faults) = read(&text);
        assert!(faults.is_empty(), "{faults:?}");
        let printed: Value = serde_json::from_str(&print(&requirements)).unwrap();
        let expected = serde_json::json!({"protocol": "1.0", "requirements": [
            {"id": "ST-1", "level": "MUST", "of": "plugin", "section": "Start", "rule": "`a` is \"b\".", "reason": "Why."},
            {"id": "ST-2", "level": "SHOULD", "of": "plugin", "section": "Start", "rule": "x|y", "reason": "Z"},
            {"id": "CH-1", "level": "MUST", "of": "plugin", "section": "Start", "rule": "c", "reason": "d"},
            {"id": "HO-1", "level": "MUST", "of": "host", "section": "Hosts", "rule": "e", "reason": "f"},
        ]});
        assert_eq!(printed, expected);
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        for (rows, expected) in [
            ("| ST-1 | MUST | a | b |\n| ST-1 | MUST | a | b |", "12: `ST-1` is there twice"),
            ("| ST-1 | MUST | a | b |\n| ST-3 | MUST | a | b |", "12: `ST-3` stands where `ST-2` is next"),
            ("| ST-2 | MUST | a | b |", "11: `ST-2` stands where `ST-1` is next"),
            ("| ST-1 | must | a | b |", "11: `ST-1` has the level `must`"),
            ("| ST-1 | MUST | a | |", "11: `ST-1` has no reason"),
            ("| ST-1 | MUST | a |", "11: `ST-1` has no reason"),
            ("| ST-1 | MUST | | b |", "11: `ST-1` has no rule"),
            ("| S-1 | MUST | a | b |", "11: `S-1` is no id"),
            ("| ST-01 | MUST | a | b |", "11: `ST-01` is no id"),
            ("| st-1 | MUST | a | b |", "11: `st-1` is no id"),
            ("| ST-1 | MUST | a | b |\n| HO-2 | MUST | a | b |", "12: `HO-2` is among rules for the other side"),
        ] {
            let (_, faults) = read(&text(rows, "| HO-1 | MUST | e | f |"));
            let said: Vec<_> =
                faults.iter().map(|fault| fault.to_string().lines().next().unwrap().to_owned()).collect();
            assert!(said.contains(&format!("{SPECIFICATION}:{expected}")), "{rows}: {said:?}");
        }
        let (_, faults) = read("# Nothing\n");
        assert!(faults[0].to_string().contains("there is no table `| id | level | rule | reason |`"), "{faults:?}");
    }
}
