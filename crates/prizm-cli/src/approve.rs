//! Questions of trust: asked on a terminal, answered with yes by `--yes`, else with no.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use prizm_registry::{Approver, Question};

use crate::args::Global;
use crate::output::{note, printable};
use crate::progress::Bar;

/// Who answers: the user.
pub(crate) struct User {
    yes: bool,
    quiet: bool,
    bar: Bar,
}

impl User {
    pub(crate) fn new(global: &Global, bar: &Bar) -> Self {
        Self { yes: global.yes, quiet: global.quiet, bar: bar.clone() }
    }
}

impl Approver for User {
    fn approves(&self, question: &Question) -> bool {
        let (what, ask) = match question {
            Question::NewSource { source } => (
                format!("`{source}` is a new source; what it holds will be built and run with your rights"),
                "load it, now and later?",
            ),
            Question::Drift { id, drift } => {
                (format!("`{id}` asks for more than was approved:\n{drift}"), "approve it?")
            }
            Question::Settings { id, source, names } => (
                format!(
                    "`{source}` calls itself `{id}`, and your configuration has settings for that: {}",
                    names.join(", ")
                ),
                "give it these settings?",
            ),
            _ => return false,
        };
        if self.yes {
            if !self.quiet {
                self.bar.suspend(|| note(&format!("{what}: approved by --yes")));
            }
            return true;
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return false;
        }
        self.bar.suspend(|| answered_yes(&format!("{what}\n{ask} [y/N] ")))
    }
}

fn answered_yes(question: &str) -> bool {
    let mut stderr = std::io::stderr().lock();
    let asked = write!(stderr, "{}", printable(question)).and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES")
}
