//! Which provider does a job. What is known of each goes into a snapshot, `prizm-route` decides, and what
//! comes of it is remembered.

mod attempt;
mod config;
mod fit;
mod live;
mod memory;
mod offers;
mod queries;
mod routed;
mod survey;
mod watch;

use std::time::{SystemTime, UNIX_EPOCH};

use prizm_route::{Criteria, Millis};

pub use attempt::Attempt;
pub(crate) use config::RoutingConfig;
pub(crate) use fit::Job;
pub(crate) use memory::Memory;
pub use memory::{LearnedModel, Recorded};
pub(crate) use offers::{Offers, Origins, PRICES, Told};
pub(crate) use routed::none_qualifies;
pub use routed::{Routed, RoutedTransform};
pub(crate) use survey::Survey;
pub(crate) use watch::Watch;

/// What a registry routes by: the configuration, and what was learned.
pub(crate) struct Routing {
    pub(crate) config: RoutingConfig,
    pub(crate) memory: std::sync::Arc<Memory>,
}

impl Routing {
    /// Returns what a choice goes by where nobody says otherwise.
    pub(crate) fn criteria(&self) -> Criteria {
        self.config.criteria.clone()
    }
}

/// Returns the time, in milliseconds since 1970.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

/// Returns a time in milliseconds.
pub(crate) fn millis(time: std::time::Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
