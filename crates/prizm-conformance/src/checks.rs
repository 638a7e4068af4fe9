//! The checks: each drives sessions of its own, and breaks no rule but where the plugin does.

mod cancellation;
mod channel;
mod configuration;
mod end;
mod frames;
mod method;
mod refusal;
mod start;
mod version;
mod work;

use serde_json::Value;

use crate::judge::quoted;
use crate::session::{Answer, Session};
use crate::stage::Stage;
use crate::verdict::Stop;
use crate::{survey, trial};

/// A check: what it judges, and how.
pub(crate) struct Scenario {
    /// The rules of which it is the check. It may find others broken.
    pub(crate) rules: &'static [&'static str],
    /// What it does, for people who wait.
    pub(crate) title: &'static str,
    pub(crate) play: fn(&Stage<'_>) -> Result<(), Stop>,
}

/// Every check, in the order of the specification.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    let sections = [
        channel::CHECKS,
        frames::CHECKS,
        start::CHECKS,
        configuration::CHECKS,
        method::CHECKS,
        work::CHECKS,
        refusal::CHECKS,
        cancellation::CHECKS,
        end::CHECKS,
        version::CHECKS,
    ];
    sections.into_iter().flatten()
}

/// The rules that are judged over every session, and what it means where nothing was seen of them.
pub(crate) const EVERYWHERE: &[(&str, &str)] = &[
    ("CH-1", "it wrote no frame"),
    ("CH-2", "it wrote no frame"),
    ("CH-3", "it wrote nothing to stdout"),
    ("CH-12", "it wrote no frame"),
    ("CH-13", "it answered nothing"),
    ("CH-14", "it answered nothing"),
    ("CH-15", "it wrote no frame"),
    ("CF-4", "it sent no `$/startup`"),
    ("TR-2", "no job was done"),
    ("MD-1", "no job was done"),
    ("MD-2", "no job was done"),
    ("MD-3", "no job gave a file"),
    ("MD-4", "no job gave a file"),
    ("MD-5", "no job gave a file"),
    ("MD-6", "no job had a directory"),
    ("PR-1", "it sent no progress, chunk or acceptance"),
    ("PR-2", "it sent no progress, chunk or acceptance"),
    ("PR-3", "it sent no progress and no chunk"),
    ("PR-4", "no progress had a fraction"),
    ("PR-5", "it sent no progress"),
    ("PR-6", "it sent no chunk"),
    ("PR-7", "it sent no chunk of text"),
    ("PR-8", "it sent no `$/accepted`"),
    ("PR-9", "it sent no `$/log`"),
    ("ER-1", "it refused nothing"),
    ("ER-2", "it refused nothing with a named error"),
    ("ER-3", "it refused nothing with a named error"),
    ("ER-4", "it refused nothing"),
    ("ER-5", "it refused nothing that has a name"),
    ("EN-9", "it never ended by itself"),
    ("EN-10", "it wrote nothing to stderr"),
];

/// Returns whether a rule is judged over every session.
pub(crate) fn is_everywhere(rule: &str) -> bool {
    EVERYWHERE.iter().any(|(id, _)| *id == rule)
}

/// Returns whether a rule is judged before the checks begin.
pub(crate) fn is_surveyed(rule: &str) -> bool {
    surveyed().any(|id| id == rule)
}

fn surveyed() -> impl Iterator<Item = &'static str> {
    survey::RULES.iter().chain(survey::DECLARATION).copied().chain([trial::RULE])
}

/// Judges that a request was refused with one of these codes; anything else breaks `rule`.
fn refused(
    session: &mut Session<'_>,
    answer: &Answer,
    rule: &'static str,
    codes: &[i64],
    what: &str,
) -> Result<(), Stop> {
    let refusal = match &answer.outcome {
        Ok(result) => {
            return Err(session.broken(rule, format!("{what} was not refused, but answered with {}", quoted(result))));
        }
        Err(refusal) => refusal,
    };
    match refusal.code {
        Some(code) if codes.is_empty() || codes.contains(&code) => Ok(()),
        // The judge of errors says the rest.
        None => Err(Stop::Blocked { by: "ER-1", why: format!("{what} was answered with {refusal}") }),
        Some(_) => {
            let codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
            Err(session.broken(rule, format!("{what} was answered with {refusal}, not with {}", codes.join(" or "))))
        }
    }
}

/// Judges that an error names what is wrong.
fn named(session: &mut Session<'_>, answer: &Answer, name: &str) {
    let Err(refusal) = &answer.outcome else { return };
    session.see(&["ER-5"]);
    if !refusal.message.contains(name) {
        let message = quoted(&Value::from(refusal.message.clone()));
        session.fault("ER-5", format!("the error about `{name}` does not name it: {message}"));
    }
}

/// Judges that a request was answered with a result; an error breaks `rule`.
fn accepted(session: &mut Session<'_>, answer: Answer, rule: &'static str, what: &str) -> Result<Value, Stop> {
    answer.outcome.map_err(|refusal| session.broken(rule, format!("{what} was answered with {refusal}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::requirements;

    #[test]
    fn every_rule_has_one_check_and_every_check_a_rule() {
        let rules: BTreeSet<_> = requirements().map(|rule| rule.id.as_str()).collect();
        let mut checked = BTreeSet::new();
        let everywhere = EVERYWHERE.iter().map(|(rule, _)| *rule);
        for rule in all().flat_map(|scenario| scenario.rules).copied().chain(surveyed()).chain(everywhere) {
            assert!(checked.insert(rule), "{rule} has two checks");
        }
        assert_eq!(checked, rules);
    }
}
