//! What the user wants to be examined, and with what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

/// What is examined, and with what.
#[derive(Clone, Default)]
pub struct Plan {
    /// Only these rules; all where it is empty.
    pub only: Vec<String>,
    /// Not these rules.
    pub skip: Vec<String>,
    /// Leave out whatever calls `transform`.
    pub no_jobs: bool,
    /// The model to work with, instead of the first that has a capability.
    pub model: Option<String>,
    /// The only capability to work with.
    pub capability: Option<String>,
    /// Files to be worked on, instead of the samples, by role; the primary one has an empty role.
    pub inputs: BTreeMap<String, PathBuf>,
    /// Options of the jobs.
    pub options: Map<String, Value>,
    /// Settings for `configure`.
    pub settings: Map<String, Value>,
    /// The factor of every deadline; `None` for 1.
    pub patience: Option<f64>,
    /// Sessions at once; `None` for as many as the machine has cores.
    pub jobs: Option<usize>,
    /// Keep every session for the report, not only those in which a rule was broken.
    pub keep_sessions: bool,
    /// Ends the examination from elsewhere.
    pub stop: StopSwitch,
}

/// Ends an examination from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct StopSwitch(Arc<AtomicBool>);

impl StopSwitch {
    /// Ends it: every session is killed, and the examination returns.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether it is to end.
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Plan {
    /// Returns whether a rule is to be judged.
    pub(crate) fn wants(&self, id: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|rule| rule.eq_ignore_ascii_case(id));
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}
