//! `cargo xtask conformance`: every check of the conformance crate, tried on a plugin that breaks its rule.

use std::path::Path;

use anyhow::Result;

use crate::sh::Argv;

/// Prints the matrix of rules and misbehaviour; only the rows of `rules` where there are any.
pub fn run(root: &Path, rules: &[String]) -> Result<()> {
    let argv = argv(rules);
    eprintln!("{argv}");
    argv.run(root)
}

fn argv(rules: &[String]) -> Argv {
    let argv = Argv::new("cargo test --quiet -p prizm-tests --test it -- --nocapture matrix::every_check");
    if rules.is_empty() { argv } else { argv.variable("PRIZM_MATRIX", &rules.join(",").to_uppercase()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_run_is_shown() {
        let all = "cargo test --quiet -p prizm-tests --test it -- --nocapture matrix::every_check";
        assert_eq!(argv(&[]).to_string(), all);
        assert_eq!(argv(&["ch-2".to_owned(), "EN-9".to_owned()]).to_string(), format!("PRIZM_MATRIX=CH-2,EN-9 {all}"));
    }
}
