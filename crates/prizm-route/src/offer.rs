//! What a model of a provider declares, as far as a choice goes by it.

use std::collections::BTreeSet;

use prizm_protocol::methods::initialize::Location;
use prizm_protocol::{Capability, Decimal};
use serde::{Deserialize, Serialize};

use crate::money::total;
use crate::snapshot::Millis;
use crate::{Dimensions, Money, Quantity, Rate, Shape, Unit};

/// What a model declares for one capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Its place among the models of its provider, in the order in which they are declared.
    pub place: u32,
    /// Whether it came with the program: while nobody says what counts, one's own come first.
    pub bundled: bool,
    /// Where the work is done.
    pub location: Location,
    /// How far its code can be trusted.
    pub trust: Trust,
    /// What a call costs.
    pub pricing: Pricing,
    /// What it can do beyond the plain call, such as `streaming`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
    /// How good its results are, from 0 to 5, by the word of its author or the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// What becomes of what is sent.
    #[serde(default)]
    pub data_policy: DataPolicy,
    /// How long a typical call takes by its author's word, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typical: Option<u64>,
    /// What is made where a call does not say.
    #[serde(default)]
    pub defaults: Dimensions,
}

impl Offer {
    /// Returns `provider/model`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

/// How far a provider's code can be trusted; the later, the further.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nobody has pinned what it is.
    #[default]
    Unverified,
    /// It is what a lock says by its digest.
    Pinned,
    /// It came with the program, or the user started it with a command of their own.
    Own,
}

/// What becomes of what is sent to a provider. `None` is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataPolicy {
    /// For how many days it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether anything is trained on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<BTreeSet<String>>,
}

/// What calls cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pricing {
    /// So much for each unit; nothing for a call where there is none.
    Known {
        /// The prices.
        rates: Vec<UnitRate>,
        /// Who says so.
        source: PriceSource,
        /// Since when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
    },
    /// Nobody knows, and why.
    Unknown(String),
}

/// The price of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRate {
    /// What is counted.
    pub unit: Unit,
    /// What one costs.
    pub rate: Rate,
}

/// Who says what a call costs; the first that does counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The user.
    User,
    /// The provider, when it was asked last.
    Live,
    /// The declaration, frozen when it was installed.
    Manifest,
}

impl PriceSource {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Live => "live",
            Self::Manifest => "manifest",
        }
    }
}

impl Pricing {
    /// Costs nothing.
    pub const fn free(source: PriceSource) -> Self {
        Self::Known { rates: Vec::new(), source, at: None }
    }

    /// Reads prices as they are declared: name of the unit, amount of one, currency. `rates` says how many
    /// dollars one unit of another currency is. What cannot be read makes the whole unknown, and says why.
    pub fn read<'a>(
        prices: impl IntoIterator<Item = (&'a str, &'a Decimal, &'a str)>,
        capability: &Capability,
        source: PriceSource,
        dollars: impl Fn(&str) -> Option<Rate>,
    ) -> Self {
        let mut rates = Vec::new();
        for (unit, amount, currency) in prices {
            let units = Unit::named(unit, capability);
            if units.is_empty() {
                return Self::Unknown(format!("the unit `{unit}` is not known"));
            }
            let Ok(rate) = amount.as_str().parse::<Rate>() else {
                return Self::Unknown(format!("the price `{amount}` of a {unit} is too large"));
            };
            let rate = match currency {
                "USD" => Some(rate),
                other => dollars(other).and_then(|dollars| rate.times(dollars)),
            };
            let Some(rate) = rate else {
                return Self::Unknown(format!("no rate of exchange for {currency} is configured"));
            };
            rates.extend(units.iter().map(|unit| UnitRate { unit: *unit, rate }));
        }
        if rates.is_empty() {
            return Self::Unknown("no price is declared".to_owned());
        }
        Self::Known { rates, source, at: None }
    }

    /// Returns what a job comes to by these prices, where its work takes so many milliseconds.
    ///
    /// # Errors
    /// Says why nobody knows.
    pub fn price(&self, shape: &Shape, work_ms: u64) -> Result<Money, String> {
        let rates = match self {
            Self::Known { rates, .. } => rates,
            Self::Unknown(why) => return Err(why.clone()),
        };
        let quantity = |unit: Unit| match unit {
            Unit::GpuSecond => Some(Quantity::from_millis(work_ms)),
            unit => shape.units.get(&unit).copied(),
        };
        // However many there are of what costs nothing, they cost nothing.
        let rates = rates.iter().filter(|rate| rate.rate > Rate::FREE);
        let counted = rates.map(|UnitRate { unit, rate }| match quantity(*unit) {
            Some(quantity) => Ok((*rate, quantity)),
            None => Err(format!("how many of the unit `{}` it will be is not known", unit.as_str())),
        });
        Ok(total(counted.collect::<Result<Vec<_>, _>>()?))
    }

    /// Returns whether it is known that a call costs nothing.
    pub fn is_free(&self) -> bool {
        matches!(self, Self::Known { rates, .. } if rates.iter().all(|rate| rate.rate == Rate::FREE))
    }
}
