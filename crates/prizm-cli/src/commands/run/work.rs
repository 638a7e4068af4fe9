//! What is to be done: by somebody in particular, or by whoever is best.

use std::time::Duration;

use prizm_registry::{Chunk, Media, Outcome, Progress, Routed, RoutedTransform, Transform};
use serde_json::{Value, json};

use crate::failure::Failure;

/// What is to be done.
pub(super) enum Work {
    /// By a model that the user named.
    Named(Box<Transform>, (String, String)),
    /// By whoever is best.
    Routed(Box<RoutedTransform>),
}

/// What came of it.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) provider: String,
    pub(super) model: String,
    /// How it was chosen, for other programs.
    pub(super) routing: Value,
}

macro_rules! both {
    ($self:ident, $work:ident => $change:expr) => {
        match $self {
            Self::Named(boxed, names) => {
                let $work = *boxed;
                Self::Named(Box::new($change), names)
            }
            Self::Routed(boxed) => {
                let $work = *boxed;
                Self::Routed(Box::new($change))
            }
        }
    };
}

impl Work {
    pub(super) fn input(self, input: Media) -> Self {
        both!(self, work => work.input(input))
    }

    pub(super) fn timeout(self, timeout: Duration) -> Self {
        both!(self, work => work.timeout(timeout))
    }

    pub(super) fn on_progress(self, listener: impl FnMut(Progress) + Send + 'static) -> Self {
        both!(self, work => work.on_progress(listener))
    }

    pub(super) fn on_chunk(self, listener: impl FnMut(Chunk) + Send + 'static) -> Self {
        both!(self, work => work.on_chunk(listener))
    }

    /// Checks what can be checked before anything starts.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Named(transform, _) => {
                transform.check()?;
            }
            Self::Routed(routed) => routed.check()?,
        }
        Ok(())
    }

    pub(super) async fn outcome(self) -> Result<Done, Failure> {
        match self {
            Self::Named(transform, (provider, model)) => {
                Ok(Done { outcome: transform.outcome().await?, provider, model, routing: Value::Null })
            }
            Self::Routed(routed) => {
                let Routed { outcome, provider, model, decision, attempts, .. } = routed.outcome().await?;
                let routing = json!({"decision": decision, "attempts": attempts});
                Ok(Done { outcome, provider: provider.to_string(), model: model.to_string(), routing })
            }
        }
    }
}
