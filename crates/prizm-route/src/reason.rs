//! Why a candidate is not taken.

use std::borrow::Cow;

use serde::Serialize;

use crate::snapshot::Millis;

/// Why a candidate is excluded: the code is the contract, the rest is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which rule.
    pub code: Code,
    /// Of which thing: an option, a unit, a feature.
    pub field: Option<Cow<'static, str>>,
    /// What it has.
    pub have: Option<Cow<'static, str>>,
    /// What is wanted.
    pub want: Option<Cow<'static, str>>,
    /// What more there is to say.
    pub detail: Option<Cow<'static, str>>,
    /// When it may be tried again.
    pub retry_at: Option<Millis>,
    /// What would have to change for this rule to let it pass, where anything would.
    pub unless: Option<Cow<'static, str>>,
}

impl Reason {
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, field: None, have: None, want: None, detail: None, retry_at: None, unless: None }
    }

    pub(crate) fn field(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    pub(crate) fn have(self, have: impl Into<Cow<'static, str>>) -> Self {
        Self { have: Some(have.into()), ..self }
    }

    pub(crate) fn want(self, want: impl Into<Cow<'static, str>>) -> Self {
        Self { want: Some(want.into()), ..self }
    }

    pub(crate) fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(crate) fn unless(self, change: impl Into<Cow<'static, str>>) -> Self {
        Self { unless: Some(change.into()), ..self }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Which rule excludes a candidate, in the order in which they are looked at. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Returns the stable name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Returns all of them.
            pub const fn all() -> &'static [Self] {
                &[$(Self::$name,)*]
            }
        }
    };
}

codes! {
    /// It does something else.
    Capability = "capability.unsupported",
    /// It could not be loaded.
    Unavailable = "provider.unavailable",
    /// `only` does not name it.
    NotInOnly = "name.not_in_only",
    /// `exclude` names it.
    Excluded = "name.excluded",
    /// Its code is less trusted than asked.
    Trust = "trust.too_low",
    /// It keeps what is sent for longer than allowed, or does not say.
    Retention = "data.retention",
    /// It may train on what is sent, or does not say.
    Training = "data.training",
    /// What is sent may go elsewhere than allowed, or it does not say.
    Region = "data.region",
    /// The work is done elsewhere than asked.
    Location = "location.mismatch",
    /// It lacks a feature.
    Feature = "feature.missing",
    /// Its results are not as good as asked, or it does not say.
    Quality = "quality.too_low",
    /// It has no such option.
    UnknownParameter = "param.unsupported",
    /// An option's value, or its absence, breaks its schema.
    Parameter = "param.invalid",
    /// It does not take such an input.
    Input = "input.unsupported",
    /// It does not read, or write, that type.
    Format = "input.format",
    /// An input or an output over its limits.
    Limit = "input.limit",
    /// A setting that it needs is missing or wrong.
    NotConfigured = "config.missing",
    /// A program that it needs is not on this machine.
    Engine = "engine.missing",
    /// Nobody knows what the call costs.
    PriceUnknown = "price.unknown",
    /// The call costs something.
    NotFree = "price.not_free",
    /// The call costs more than it may.
    OverMaxCost = "price.over_max_cost",
    /// A unit costs more than it may.
    OverMaxUnitPrice = "price.over_max_unit_price",
    /// The budget has less left.
    Budget = "budget.exhausted",
    /// It failed too often lately.
    GateBreaker = "gate.breaker",
    /// Its key or its account was refused.
    GateConfig = "gate.config",
    /// It asked to be left alone for a while.
    GateRate = "gate.rate",
    /// Its process failed.
    GateProcess = "gate.process",
    /// A service that it needs failed.
    GateService = "gate.service",
    /// It would have to start a service.
    ColdStart = "service.cold_start",
    /// It takes longer to start than it may.
    SlowStart = "service.slow_start",
    /// It is expected after the deadline.
    Deadline = "deadline.too_late",
}

impl Code {
    /// Returns whether it is about the job: its inputs and options, not about who would do it.
    pub const fn is_of_job(self) -> bool {
        matches!(self, Self::UnknownParameter | Self::Parameter | Self::Input | Self::Format | Self::Limit)
    }

    /// Returns whether it is about what its user has not set up: a setting, a key, an engine.
    pub const fn is_of_setup(self) -> bool {
        matches!(self, Self::NotConfigured | Self::Engine)
    }

    /// Returns whether waiting may help: it is one of the gates.
    pub const fn is_gate(self) -> bool {
        matches!(self, Self::GateBreaker | Self::GateConfig | Self::GateRate | Self::GateProcess | Self::GateService)
    }
}
