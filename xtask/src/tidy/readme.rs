//! The README's two commands are in it, and continuous integration runs the second and nothing else.

use crate::demo::MAIN_COMMAND;
use crate::markdown;
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// The README's test command.
const TEST_COMMAND: &str = "cargo xtask test";

const README: &str = "README.md";
const CI: &str = ".ci/run";

/// What the README or the script lacks or has too much.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let commands = tree.text(README).map(markdown::commands).unwrap_or_default();
    let has = |wanted: &dyn Fn(&str) -> bool| commands.iter().any(|(_, command)| wanted(command));
    if !has(&|command| command.starts_with(MAIN_COMMAND)) {
        let what = format!("there is no fenced line `{MAIN_COMMAND} …`");
        faults.push(Fault::of_file(README, what, "show the main command in a fenced code block"));
    }
    if !has(&|command| shlex::split(command).is_some_and(|words| words.join(" ") == TEST_COMMAND)) {
        let what = format!("there is no fenced line `{TEST_COMMAND}`");
        faults.push(Fault::of_file(README, what, "show the test command in a fenced code block"));
    }
    faults.extend(script(tree));
    faults
}

fn script(tree: &Tree) -> Vec<Fault> {
    let Some(file) = tree.file(CI) else {
        let remedy = format!("add a script whose only command is `{TEST_COMMAND}`");
        return vec![Fault::of_file(CI, "the file is missing", remedy)];
    };
    let mut faults = Vec::new();
    if !file.executable {
        faults.push(Fault::of_file(CI, "the file is not executable", format!("run `chmod +x {CI}`")));
    }
    let preparation =
        |line: &str| line.is_empty() || line.starts_with('#') || line.starts_with("cd ") || line == "set -euo pipefail";
    let lines = file.text.as_deref().unwrap_or_default().lines().map(str::trim).zip(1..);
    let (commands, others): (Vec<_>, Vec<_>) =
        lines.filter(|(line, _)| !preparation(line)).partition(|(line, _)| *line == TEST_COMMAND);
    if commands.len() != 1 {
        let what = format!("`{TEST_COMMAND}` is in it {} times", commands.len());
        faults.push(Fault::of_file(CI, what, "run the README's test command once"));
    }
    faults.extend(others.iter().map(|(line, number)| {
        let what = format!("`{line}` is not the README's test command");
        Fault::of_line(CI, *number, what, "do it in `cargo xtask test`, so that everyone does what CI does")
    }));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::tree;

    fn faults(readme: &str, script: &str, executable: bool) -> Vec<String> {
        let (_root, mut tree) = tree(&[(README, readme), (CI, script)]);
        let ci = tree.files.iter_mut().find(|file| file.path == CI).unwrap();
        ci.executable = executable;
        check(&tree).iter().map(|fault| fault.to_string().lines().next().unwrap().to_owned()).collect()
    }

    const GOOD_SCRIPT: &str = "#!/usr/bin/env bash\n# Why.\nset -euo pipefail\ncd x\ncargo xtask test\n";

    fn good_readme() -> String {
        format!("```sh\n{MAIN_COMMAND} \"Hello\" -o a.png\n{TEST_COMMAND}   # everything\n```\n")
    }

    #[test]
    fn what_is_right_passes() {
        assert!(faults(&good_readme(), GOOD_SCRIPT, true).is_empty());
    }

    #[test]
    fn commands_outside_fenced_code_do_not_count() {
        let readme = format!("`{MAIN_COMMAND}`\n\n{TEST_COMMAND}\n");
        let expected = [
            format!("README.md: there is no fenced line `{MAIN_COMMAND} …`"),
            format!("README.md: there is no fenced line `{TEST_COMMAND}`"),
        ];
        assert_eq!(faults(&readme, GOOD_SCRIPT, true), expected);
    }

    #[test]
    fn the_script_runs_one_command_and_can_be_run() {
        let expected = [
            ".ci/run: the file is not executable",
            ".ci/run: `cargo xtask test` is in it 0 times",
            ".ci/run:2: `cargo test || true` is not the README's test command",
        ];
        assert_eq!(faults(&good_readme(), "#!/bin/sh\ncargo test || true\n", false), expected);
    }

    #[test]
    fn missing_files_are_named() {
        let (_root, tree) = tree(&[]);
        let paths: Vec<_> = check(&tree).iter().map(|fault| fault.to_string()).collect();
        assert_eq!(paths.len(), 3, "{paths:?}");
        assert!(paths[2].starts_with(".ci/run: the file is missing"), "{paths:?}");
    }
}
