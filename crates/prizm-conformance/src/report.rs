//! What an examination found.

mod json;
mod junit;

use std::sync::Arc;

use crate::requirements::{Level, Requirement};
use crate::{Transcript, Verdict};

/// What an examination found.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) command: String,
    pub(crate) checks: Vec<Check>,
    pub(crate) sessions: Vec<Arc<Transcript>>,
}

/// A rule and what was found of it.
#[derive(Clone, Debug)]
pub struct Check {
    /// The rule.
    pub requirement: &'static Requirement,
    /// What was found.
    pub verdict: Verdict,
}

/// How many checks came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Rules that are kept.
    pub passed: usize,
    /// Rules that are broken.
    pub failed: usize,
    /// Rules that say nothing here.
    pub not_applicable: usize,
    /// Rules that could not be judged.
    pub blocked: usize,
}

impl Report {
    /// Returns the plugin's command.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Returns every check that was asked for, in the order of the specification.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns every session, where the plan keeps them.
    pub fn sessions(&self) -> impl Iterator<Item = &Transcript> {
        self.sessions.iter().map(|session| &**session)
    }

    /// Returns how many checks came out how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for check in &self.checks {
            *match check.verdict {
                Verdict::Passed => &mut counts.passed,
                Verdict::Failed { .. } => &mut counts.failed,
                Verdict::NotApplicable { .. } => &mut counts.not_applicable,
                Verdict::Blocked { .. } => &mut counts.blocked,
            } += 1;
        }
        counts
    }

    /// Returns whether no MUST is broken, as far as was asked, and with `strict` no SHOULD either. What
    /// could not be judged is not known to be kept.
    pub fn conforms(&self, strict: bool) -> bool {
        !self.checks.iter().any(|check| {
            let is_good = matches!(check.verdict, Verdict::Passed | Verdict::NotApplicable { .. });
            !is_good && (strict || check.requirement.level == Level::Must)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement;

    fn report(id: &str, verdict: Verdict) -> Report {
        let checks = vec![Check { requirement: requirement(id).unwrap(), verdict }];
        Report { command: "x".to_owned(), checks, sessions: Vec::new() }
    }

    #[test]
    fn what_could_not_be_judged_is_not_held_to_be_kept() {
        let blocked = || Verdict::Blocked { by: Some("ME-2"), why: "no answer".to_owned() };
        assert!(!report("CH-6", blocked()).conforms(false));
        assert!(report("CH-7", blocked()).conforms(false) && !report("CH-7", blocked()).conforms(true));
        assert!(report("CH-6", Verdict::NotApplicable { why: "no job".to_owned() }).conforms(true));
        let counts = report("CH-6", blocked()).counts();
        assert_eq!(counts, Counts { blocked: 1, ..Counts::default() });
    }

    #[test]
    fn a_broken_should_counts_only_where_it_is_strict() {
        let failed = |id| report(id, Verdict::Failed { why: "so".to_owned(), transcript: Arc::default() });
        assert!(failed("CH-2").conforms(false) && !failed("CH-2").conforms(true));
        assert!(!failed("CH-1").conforms(false));
    }
}
