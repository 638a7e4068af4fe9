//! `[routing]` of the configuration: what a choice goes by, what things cost, and what may be spent.

use std::collections::BTreeMap;

use prizm_protocol::{Capability, ModelId, ProviderId};
use prizm_route::{Criteria, Money, PriceSource, Pricing, Rate, Unit, UnitRate};
use serde::Deserialize;
use serde::de::Error as _;

use crate::{Error, ErrorKind, Result, suggest};

/// `[routing]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingConfig {
    /// What a choice goes by where nobody says otherwise.
    #[serde(default)]
    pub(crate) criteria: Criteria,
    /// What a unit costs, in US dollars, by `provider/model` or by provider.
    #[serde(default)]
    prices: BTreeMap<String, BTreeMap<String, Rate>>,
    /// How good results are, from 0 to 5, by `provider/model` or by provider.
    #[serde(default)]
    quality: BTreeMap<String, u8>,
    /// How many US dollars a unit of a currency is, by its ISO 4217 code.
    #[serde(default)]
    rates: BTreeMap<String, Rate>,
    /// What may be spent, by name.
    #[serde(default)]
    budgets: BTreeMap<String, BudgetConfig>,
}

/// `[routing.budgets.NAME]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetConfig {
    /// So much.
    pub(crate) limit: Money,
    /// In so many milliseconds; for ever where nothing is said.
    #[serde(default, deserialize_with = "span")]
    pub(crate) per: Option<u64>,
}

/// Reads `90m`, `24h` or `30d`.
fn span<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let units = [('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let read = units.iter().find_map(|(unit, millis)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*millis).filter(|span| (60_000..=400 * 86_400_000).contains(span))
    });
    let wrong = || D::Error::custom(format!("`{text}` is no time: write `90m`, `24h` or `30d`, at most `400d`"));
    read.ok_or_else(wrong).map(Some)
}

impl RoutingConfig {
    /// Returns the price that the user set for a model.
    pub(crate) fn price(&self, provider: &ProviderId, model: &ModelId, capability: &Capability) -> Option<Pricing> {
        let rates = of(&self.prices, provider, model)?.iter().flat_map(|(unit, rate)| {
            Unit::named(unit, capability).iter().map(|unit| UnitRate { unit: *unit, rate: *rate })
        });
        Some(Pricing::Known { rates: rates.collect(), source: PriceSource::User, at: None })
    }

    /// Returns how good the user finds a model's results.
    pub(crate) fn quality(&self, provider: &ProviderId, model: &ModelId) -> Option<u8> {
        of(&self.quality, provider, model).copied()
    }

    /// Returns how many US dollars a unit of a currency is.
    pub(crate) fn dollars(&self, currency: &str) -> Option<Rate> {
        self.rates.get(currency).copied()
    }

    /// Returns a budget.
    pub(crate) fn budget(&self, name: &str) -> Result<BudgetConfig> {
        self.budgets.get(name).copied().ok_or_else(|| {
            let names: Vec<_> = self.budgets.keys().map(String::as_str).collect();
            let error = Error::new(ErrorKind::Usage, format!("there is no budget `{name}`"));
            match &*names {
                [] => error.hinted(format!("write `[routing.budgets.{name}]` with a `limit` into config.toml")),
                _ => error.hinted(suggest::hint(name, "budgets", &names)),
            }
        })
    }

    /// Returns the budgets, by their names.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = (&str, BudgetConfig)> {
        self.budgets.iter().map(|(name, budget)| (name.as_str(), *budget))
    }

    /// Checks what the types leave open.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |what: String, hint: &str| Err(Error::new(ErrorKind::Config, what).hinted(hint));
        for (name, prices) in &self.prices {
            let known = |unit: &str| !Unit::named(unit, &Capability::TEXT_TO_VIDEO).is_empty();
            if let Some(unit) = prices.keys().find(|unit| !known(unit)) {
                let hint = "units are `call`, `image`, `megapixel`, `second`, `input_char`, `input_token`, \
                            `output_token`, `token`, `step` and `gpu_second`";
                return wrong(format!("[routing.prices.\"{name}\"]: the unit `{unit}` is not known"), hint);
            }
        }
        if let Some((name, quality)) = self.quality.iter().find(|(_, quality)| **quality > 5) {
            return wrong(format!("[routing.quality] \"{name}\" is {quality}"), "write a number from 0 to 5");
        }
        if let Some(name) = self.criteria.budget.as_ref().filter(|name| !self.budgets.contains_key(*name)) {
            return wrong(format!("[routing.criteria] names the budget `{name}`"), "write `[routing.budgets.NAME]`");
        }
        Ok(())
    }
}

/// What is said of a model counts before what is said of its provider.
fn of<'a, T>(map: &'a BTreeMap<String, T>, provider: &ProviderId, model: &ModelId) -> Option<&'a T> {
    if map.is_empty() {
        return None;
    }
    map.get(&format!("{provider}/{model}")).or_else(|| map.get(provider.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_budgets_and_criteria_are_read() {
        let text = "[criteria]\nmax_cost = \"0.05\"\nbudget = \"day\"\n[prices.acme]\nimage = \"0.02\"\n\
                    [prices.\"acme/big\"]\nimage = \"0.2\"\n[rates]\nEUR = \"1.08\"\n\
                    [budgets.day]\nlimit = \"2.5\"\nper = \"24h\"\n[budgets.all]\nlimit = \"100\"";
        let config: RoutingConfig = toml::from_str(text).unwrap();
        config.check().unwrap();
        let (acme, capability) = ("acme".parse().unwrap(), Capability::TEXT_TO_IMAGE);
        let rate = |model: &str| match config.price(&acme, &model.parse().unwrap(), &capability).unwrap() {
            Pricing::Known { rates, .. } => rates[0].rate.to_string(),
            Pricing::Unknown(why) => why,
        };
        assert_eq!((rate("big"), rate("small")), ("0.2".to_owned(), "0.02".to_owned()));
        assert!(config.price(&"other".parse().unwrap(), &"m".parse().unwrap(), &capability).is_none());
        assert_eq!(config.budget("day").unwrap().per, Some(86_400_000));
        assert_eq!(config.budget("all").unwrap(), BudgetConfig { limit: "100".parse().unwrap(), per: None });
        assert_eq!(config.budget("dya").unwrap_err().hint(), Some("there are budgets `all`, `day`"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("[criteria]\nmax_cots = \"1\"", "unknown field `max_cots`"),
            ("[criteria]\nmax_cost = \"much\"", "`much` is no amount of money"),
            ("[budgets.a]\nlimit = \"1\"\nper = \"1w\"", "`1w` is no time"),
            ("[budgets.a]\nlimit = \"1\"\nper = \"9999999999999d\"", "is no time"),
            ("[prices.a]\nfortnight = \"1\"", "the unit `fortnight` is not known"),
            ("[quality]\na = 6", "\"a\" is 6"),
            ("[criteria]\nbudget = \"b\"", "names the budget `b`"),
        ] {
            let error = toml::from_str::<RoutingConfig>(text).map_err(|error| error.message().to_owned());
            let error = error.and_then(|config| config.check().map_err(|error| error.to_string())).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
