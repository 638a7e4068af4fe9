//! What one asks a registry that is about nobody in particular.

use std::sync::Arc;

use prizm_protocol::Capability;
use prizm_route::{Criteria, Report, Request, decide};

use super::{LearnedModel, Recorded, RoutedTransform, none_qualifies, now};
use crate::registry::Registry;
use crate::{Media, Provider, Result};

impl Registry {
    /// Returns what a choice goes by where nobody says otherwise: `[routing.criteria]` of the configuration.
    pub fn default_criteria(&self) -> Criteria {
        self.around().routing.criteria()
    }

    /// Chooses the best provider for a capability. Starts nothing; reads what was learned the first time, and
    /// what is left of a budget that the criteria name.
    ///
    /// # Errors
    /// None qualifies: the error names each candidate and what speaks against it, and has the whole
    /// decision. `.ok()` makes `None` of it.
    pub fn find_best_provider(&self, capability: &Capability, criteria: &Criteria) -> Result<Provider> {
        let request = Request { criteria: criteria.clone(), ..Request::new(capability.clone()) };
        let survey = self.survey(request, None)?;
        let decision = decide(&survey.request, &survey.snapshot);
        tracing::debug!(%capability, chosen_by = decision.chosen_by.as_str(), qualify = decision.plan.len(), "decided");
        match decision.plan.first() {
            Some(chosen) => Ok(self.provider(Arc::clone(&survey.seats[*chosen].entry))),
            None => Err(none_qualifies(&Report::of(survey.request, survey.snapshot))),
        }
    }

    /// Chooses, and says why: every candidate with its verdict. Starts nothing, calls nobody, and changes
    /// nothing.
    ///
    /// # Errors
    /// What is left of the budget that the criteria name is not known.
    pub fn decide(&self, capability: &Capability, criteria: &Criteria) -> Result<Report> {
        let request = Request { criteria: criteria.clone(), ..Request::new(capability.clone()) };
        let survey = self.survey(request, None)?;
        Ok(Report::of(survey.request, survey.snapshot))
    }

    /// Makes a job for whoever is best at it, and for the next best where that fails. Nothing happens until it
    /// is awaited.
    ///
    /// ```no_run
    /// # async fn run(registry: prizm_registry::Registry) -> prizm_registry::Result<()> {
    /// use prizm_registry::{Capability, Criteria};
    ///
    /// let criteria = Criteria { free: true, ..registry.default_criteria() };
    /// let image = registry.transform(Capability::TEXT_TO_IMAGE, "a red fox").criteria(criteria).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transform(&self, capability: Capability, input: impl Into<Media>) -> RoutedTransform {
        RoutedTransform::new(self.clone(), capability, input.into())
    }

    /// Returns a decision that was carried out, and what came of it, by its id or the beginning of it.
    ///
    /// # Errors
    /// The ledger cannot be read, or several decisions begin like this.
    pub async fn recorded(&self, decision: &str) -> Result<Option<Recorded>> {
        self.around().routing.memory.recorded(decision.to_owned()).await
    }

    /// Returns what was learned of every model that was called, by this program and by those before it.
    pub fn learned(&self) -> Vec<LearnedModel> {
        self.around().routing.memory.learned(now())
    }

    /// Returns what is left of each budget, with its name.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn budgets(&self) -> Result<Vec<prizm_route::Budget>> {
        let routing = &self.around().routing;
        let at = now();
        routing.config.budgets().map(|(name, budget)| routing.memory.left(name, &budget, at)).collect()
    }
}
