//! What a choice goes by.

use std::collections::{BTreeMap, BTreeSet};

use prizm_protocol::methods::initialize::Location;
use serde::{Deserialize, Serialize};

use crate::{Latitude, Money, Optimize, Pattern, Preferred, Quantity, Rate, Trust, Unit};

/// What a choice goes by. Most of it is hard: what breaks it is excluded, and nothing is relaxed by itself.
/// The rest says in which order what is left is tried.
///
/// ```
/// use prizm_route::{Criteria, Optimize};
///
/// let criteria = Criteria {
///     max_cost: Some("0.01".parse()?),
///     exclude: vec!["acme-*".parse()?],
///     optimize: Optimize::Latency,
///     ..Criteria::default()
/// };
/// assert_eq!(serde_json::to_value(&criteria)?["max_cost"], "0.01");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Criteria {
    /// Hard: only these; all where it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Pattern>,
    /// Hard: none of these; it wins over `only`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Pattern>,
    /// These first, in this order; the others follow by their score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Pattern>,
    /// Whether another may be tried where the first fails; true by default.
    pub allow_fallbacks: bool,
    /// Hard: only where the work is done here, or only where it is done elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Hard: only where this call is known to cost nothing.
    pub free: bool,
    /// Hard: the most that this call may cost, by its estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Money>,
    /// By how much an estimate is multiplied before it is held against `max_cost` and `max_total_cost`, in
    /// thousandths; 1000 by default.
    pub cost_safety: u32,
    /// Hard: the most that one unit may cost.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub max_unit_price: BTreeMap<Unit, Rate>,
    /// Hard: what becomes of what has no known price. By default it is excluded where something depends on
    /// the price: `free`, `max_cost`, `max_total_cost`, `max_unit_price`, `budget`, or a choice by cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_price: Option<UnknownPrice>,
    /// Hard: what it must be able to do, such as `streaming`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
    /// Hard: every option must be one of the model's; true by default. Else a model that does not know one is
    /// called without it.
    pub require_parameters: bool,
    /// Within how many milliseconds an answer is wanted: who is expected later comes later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// Hard: who is expected after the deadline is excluded.
    pub strict_deadline: bool,
    /// How long a call should take: who takes longer comes later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer_max_latency: Option<MaxLatency>,
    /// How much should be made in a second, in the unit that the capability's time goes with (megapixels,
    /// seconds, tokens): who makes less comes later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer_min_throughput: Option<Quantity>,
    /// Hard: how many milliseconds a start may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cold_start_ms: Option<u64>,
    /// Hard: whether a service may be started for this; true by default.
    pub allow_cold_start: bool,
    /// Hard: what may become of what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_policy: Option<AllowedUse>,
    /// Hard: how far its code must be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Hard: how good its results must be, from 0 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_min: Option<u8>,
    /// What is worth something, and how much.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefer: Vec<Preferred>,
    /// What counts.
    pub optimize: Optimize,
    /// What a second is worth; by default $0.01 for text and $0.002 for other media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Money>,
    /// Hard: the budget that pays, by its name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<String>,
    /// Calls with the same key stay with one provider while it is about as good as the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_key: Option<String>,
    /// Hard: how often the job may be tried in all; 3 by default.
    pub max_attempts: u32,
    /// Hard: how often with one provider; 2 by default.
    pub max_attempts_per_provider: u32,
    /// Hard: the most that all attempts may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_total_cost: Option<Money>,
    /// How many calls of a thousand try a runner-up of which nothing new is known; 0 by default.
    pub explore: u32,
    /// What happens where everything that qualifies is to be left alone for now.
    pub on_all_gated: OnAllGated,
    /// How much is told and kept of the decision.
    pub explain: Explain,
    /// What may happen after a failure that would not by itself.
    #[serde(flatten)]
    pub latitude: Latitude,
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            exclude: Vec::new(),
            order: Vec::new(),
            allow_fallbacks: true,
            location: None,
            free: false,
            max_cost: None,
            cost_safety: 1000,
            max_unit_price: BTreeMap::new(),
            unknown_price: None,
            features: BTreeSet::new(),
            require_parameters: true,
            deadline_ms: None,
            strict_deadline: false,
            prefer_max_latency: None,
            prefer_min_throughput: None,
            max_cold_start_ms: None,
            allow_cold_start: true,
            data_policy: None,
            trust: None,
            quality_min: None,
            prefer: Vec::new(),
            optimize: Optimize::default(),
            second: None,
            budget: None,
            session_key: None,
            max_attempts: 3,
            max_attempts_per_provider: 2,
            max_total_cost: None,
            explore: 0,
            on_all_gated: OnAllGated::default(),
            explain: Explain::default(),
            latitude: Latitude::default(),
        }
    }
}

/// What becomes of what has no known price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPrice {
    /// It is excluded.
    Exclude,
    /// It is not; in the order it counts as what is usual, as it does for a budget. It is never known as free.
    Allow,
    /// It is thought to cost this for a call, and is held against every limit. It is never known as free.
    Assume(Money),
}

/// How long calls should take, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxLatency {
    /// Half of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// 95 of 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<u64>,
}

/// What may become of what is sent. Who does not say is taken to do what is not allowed, unless the work is
/// done here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllowedUse {
    /// For how many days it may be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether anything may be trained on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Where it may go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
}

/// What happens where everything that qualifies is to be left alone for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnAllGated {
    /// The first that may be called again is waited for, within the deadline.
    #[default]
    Wait,
    /// The best is called all the same.
    Panic,
    /// It fails at once.
    Fail,
}

/// How much is told and kept of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explain {
    /// Nothing is kept.
    None,
    /// Whoever has the capability.
    #[default]
    Summary,
    /// Whoever is known.
    Full,
}

impl Criteria {
    /// Returns whether `only` and `exclude` let a model be taken.
    pub fn admits(&self, provider: &str, model: &str) -> bool {
        let id = format!("{provider}/{model}");
        let is_named = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(provider, &id));
        (self.only.is_empty() || is_named(&self.only)) && !is_named(&self.exclude)
    }

    /// Returns what becomes of what has no known price.
    pub fn unknown_price(&self) -> UnknownPrice {
        let depends = self.free
            || self.max_cost.is_some()
            || self.max_total_cost.is_some()
            || !self.max_unit_price.is_empty()
            || self.budget.is_some()
            || self.optimize.begins_with_cost();
        self.unknown_price.unwrap_or(if depends { UnknownPrice::Exclude } else { UnknownPrice::Allow })
    }
}
