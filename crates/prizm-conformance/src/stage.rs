//! Where one scenario plays: the plugin, the plan, what is known already, and what comes of it.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use crate::declared::Declared;
use crate::facts::Facts;
use crate::session::secrets::Secrets;
use crate::transcript::Transcript;
use crate::verdict::Fault;
use crate::{Plan, Subject};

/// Where one scenario plays.
pub(crate) struct Stage<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) plan: &'a Plan,
    pub(crate) secrets: Secrets,
    facts: Option<&'a Facts>,
    finished: Mutex<Vec<Finished>>,
}

/// What came of a session.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) transcript: Transcript,
    /// What the scenario found.
    pub(crate) faults: Vec<Fault>,
    /// The rules that the scenario saw something of.
    pub(crate) seen: BTreeSet<&'static str>,
}

static NOTHING: LazyLock<Facts> = LazyLock::new(Facts::default);

impl<'a> Stage<'a> {
    /// Sets a stage.
    pub(crate) fn new(subject: &'a Subject, plan: &'a Plan, facts: Option<&'a Facts>) -> Self {
        let declared = facts.map(|facts| &facts.declared);
        let secrets = Secrets::new(subject, plan, declared.unwrap_or(&Declared::default()));
        Self { subject, plan, secrets, facts, finished: Mutex::default() }
    }

    /// Returns what is known of the plugin.
    pub(crate) fn facts(&self) -> &'a Facts {
        self.facts.unwrap_or(&NOTHING)
    }

    /// Returns a number of the specification's seconds, as the user's patience has them.
    pub(crate) fn seconds(&self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds * self.plan.patience.unwrap_or(1.0)).unwrap_or(Duration::MAX / 4)
    }

    /// Takes what came of a session.
    pub(crate) fn take(&self, finished: Finished) {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push(finished);
    }

    /// Returns what came of all of them.
    pub(crate) fn into_finished(self) -> Vec<Finished> {
        self.finished.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
