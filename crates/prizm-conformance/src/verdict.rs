//! What is found out about a rule.

use std::sync::Arc;

use crate::Error;
use crate::transcript::Transcript;

/// What was found out about a rule.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The plugin keeps it, as far as was seen.
    Passed,
    /// The plugin breaks it.
    Failed {
        /// How, in a sentence.
        why: String,
        /// What was said in the session in which it did.
        transcript: Arc<Transcript>,
    },
    /// It says nothing about this plugin, or was not to be asked.
    NotApplicable {
        /// Why, and what would make it apply.
        why: String,
    },
    /// Something else was in its way.
    Blocked {
        /// The rule that was broken; `None` where the session was ended for another reason.
        by: Option<&'static str>,
        /// What happened.
        why: String,
    },
}

impl Verdict {
    /// Returns its word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed { .. } => "failed",
            Self::NotApplicable { .. } => "notApplicable",
            Self::Blocked { .. } => "blocked",
        }
    }
}

/// Why a check ends early.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// A rule was broken that stands in the way; the fault has been noted.
    Blocked { by: &'static str, why: String },
    /// The session was ended for another reason.
    Ended(String),
    /// There is nothing to check.
    Inapplicable(String),
    /// The user wants no more.
    Interrupted,
    /// The plugin cannot be started, or the machine failed.
    Failed(Arc<Error>),
}

impl Stop {
    /// The machine failed.
    pub(crate) fn machine(why: impl Into<String>) -> Self {
        Self::Failed(Arc::new(Error::Machine(why.into())))
    }
}

/// A rule was broken.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Which.
    pub(crate) rule: &'static str,
    /// How.
    pub(crate) why: String,
}

impl Fault {
    /// A fault.
    pub(crate) fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}
