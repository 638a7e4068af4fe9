//! The matrix for people: a line for each mode, a letter for each rule.

use std::fmt;

use prizm_conformance::{Verdict, requirements};

use super::run::Found;
use super::table::Row;

/// What was found of rows.
pub struct Grid<'a>(pub &'a [&'a Row], pub &'a [Found]);

impl fmt::Display for Grid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.mode.len()).max().unwrap_or_default();
        writeln!(f, "F the check fails, b another rule is in its way, - it does not apply, . it passes\n")?;
        let sections: Vec<_> = requirements().map(|rule| section(&rule.id)).collect();
        let mut heading = String::new();
        for (index, section) in sections.iter().enumerate() {
            if index == 0 || sections[index - 1] != *section {
                let rules = sections.iter().filter(|other| *other == section).count();
                heading.push_str(&format!(" {section:<rules$}"));
            }
        }
        writeln!(f, "{:6}{:width$}{heading}  seconds", "rule", "mode")?;
        for (row, found) in self.0.iter().zip(self.1) {
            writeln!(f, "{:6}{:width$}{} {:8.1}", row.rule, row.mode, letters(found), found.took.as_secs_f64())?;
        }
        Ok(())
    }
}

fn letters(found: &Found) -> String {
    let (mut letters, mut last) = (String::new(), "");
    for (rule, verdict) in found.verdicts() {
        if section(rule) != last {
            letters.push(' ');
            last = section(rule);
        }
        letters.push(match verdict {
            Verdict::Passed => '.',
            Verdict::Failed { .. } => 'F',
            Verdict::Blocked { .. } => 'b',
            _ => '-',
        });
    }
    letters
}

fn section(rule: &str) -> &str {
    rule.split('-').next().unwrap_or_default()
}
