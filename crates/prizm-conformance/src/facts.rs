//! What the survey found out, on which the other checks build.

use crate::declared::Declared;
use crate::job::JobSpec;
use crate::verdict::Stop;

/// What is known of a plugin.
pub(crate) struct Facts {
    /// Whether it declares itself.
    pub(crate) started: Result<(), Stop>,
    pub(crate) declared: Declared,
    /// Whether it took the configuration.
    pub(crate) ready: Result<(), Stop>,
    /// Whether it answers `ping`, `health` and `models`.
    pub(crate) pings: Result<(), Stop>,
    pub(crate) health: Result<(), Stop>,
    pub(crate) models: Result<(), Stop>,
    /// What came of a job of each capability.
    pub(crate) trials: Vec<Trial>,
    /// Whether it ends as a host wants it; else there is no use in waiting for that each time.
    pub(crate) ends_well: bool,
}

/// A job of one capability, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// The job, where one could be made.
    pub(crate) spec: Option<JobSpec>,
    pub(crate) outcome: Result<Tried, Stop>,
}

/// A job that succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) spec: JobSpec,
    /// Its answer is the text that it was given.
    pub(crate) echoes: bool,
}

impl Default for Facts {
    /// Nothing has been found out yet.
    fn default() -> Self {
        let unknown = || Err(Stop::Ended("nothing is known of the plugin".to_owned()));
        Self {
            started: unknown(),
            declared: Declared::default(),
            ready: unknown(),
            pings: Ok(()),
            health: unknown(),
            models: unknown(),
            trials: Vec::new(),
            ends_well: false,
        }
    }
}

impl Facts {
    /// Returns the job that shows most: one that can be made to take long, else one that costs
    /// nothing, else the lightest.
    pub(crate) fn job(&self) -> Result<&Tried, Stop> {
        self.job_that(|_| true, "it has no job to do")
    }

    /// Returns a job of a kind; `none` says that the plugin has no such job.
    pub(crate) fn job_that(&self, fits: impl Fn(&JobSpec) -> bool, none: &str) -> Result<&Tried, Stop> {
        self.ready.clone()?;
        let tried = self.trials.iter().filter_map(|trial| trial.outcome.as_ref().ok());
        let rank = |tried: &&Tried| (tried.spec.delayed(1).is_none(), !tried.spec.is_free, tried.spec.weight());
        if let Some(best) = tried.filter(|tried| fits(&tried.spec)).min_by_key(rank) {
            return Ok(best);
        }
        // What cannot be judged because a job failed is not the same as what does not concern the plugin.
        let fits_or_unknown = |trial: &&Trial| trial.spec.as_ref().is_none_or(&fits);
        let failed = self.trials.iter().filter(fits_or_unknown).find_map(|trial| trial.outcome.as_ref().err());
        Err(failed.cloned().unwrap_or_else(|| Stop::Inapplicable(none.to_owned())))
    }

    /// Returns whether a job of it may give or take a file, as far as is known.
    pub(crate) fn has_files(&self) -> bool {
        self.trials.iter().any(|trial| trial.spec.as_ref().is_none_or(|spec| !spec.is_text_only()))
    }
}
