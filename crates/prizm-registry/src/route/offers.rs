//! What the models of a provider offer, made once of what it declared.

use std::collections::BTreeMap;
use std::sync::Arc;

use prizm_host::{ModelInfo, OptionsSchema, ProviderInfo, UnitPrice};
use prizm_protocol::{Capability, Decimal};
use prizm_route::{DataPolicy, Dimensions, Fault, FaultKind, Millis, Offer, PriceSource, Pricing, Trust};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Routing;
use super::memory::{ModelMemory, ProviderMemory};
use crate::Lack;
use crate::needs::Wanted;

/// What the models of a provider offer.
pub(crate) struct Offers {
    /// What it was made of.
    pub(crate) info: Arc<ProviderInfo>,
    origins: Origins,
    by_capability: BTreeMap<Capability, Vec<Listed>>,
    pub(crate) provider: Arc<ProviderMemory>,
    /// What is missing of its settings.
    faults: Vec<Fault>,
    /// What else it lacks.
    lacks: Arc<[Lack]>,
    /// Whether it needs services.
    pub(crate) needs_services: bool,
    /// A digest of what it is given, too short to find that by.
    pub(crate) settings: u32,
}

/// Where a provider comes from, as far as it matters for a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    pub(crate) trust: Trust,
    pub(crate) bundled: bool,
}

/// A model, for one capability.
pub(crate) struct Listed {
    pub(crate) offer: Arc<Offer>,
    /// Its place in [`ProviderInfo::models`].
    pub(crate) index: usize,
    pub(crate) memory: Arc<ModelMemory>,
}

/// Prices that a provider told when it was asked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    at: Millis,
    models: BTreeMap<String, Vec<ToldPrice>>,
}

#[derive(Serialize, Deserialize)]
struct ToldPrice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capability: Option<String>,
    unit: String,
    amount: Decimal,
    currency: String,
}

/// The kind of row that keeps prices.
pub(crate) const PRICES: &str = "prices";
/// For how long prices that were told count before those that were declared.
const FRESH: Millis = 7 * 86_400_000;

impl Told {
    pub(crate) fn of(info: &ProviderInfo, at: Millis) -> Self {
        let told = |price: &UnitPrice| ToldPrice {
            capability: price.capability.as_ref().map(ToString::to_string),
            unit: price.unit.clone(),
            amount: price.amount.clone(),
            currency: price.currency.clone(),
        };
        let priced = info.models.iter().filter(|model| !model.pricing.is_empty());
        let models = priced.map(|model| (model.id.to_string(), model.pricing.iter().map(told).collect()));
        Self { at, models: models.collect() }
    }
}

impl Offers {
    pub(crate) fn new(
        info: Arc<ProviderInfo>,
        origins: Origins,
        lacks: Arc<[Lack]>,
        (wanted, settings): (&Wanted, u32),
        routing: &Routing,
        now: Millis,
    ) -> Self {
        let memory = &routing.memory;
        let told: Option<Told> = memory.kept(PRICES, info.id.as_str());
        let told = told.filter(|told| now.saturating_sub(told.at) < FRESH);
        let mut by_capability: BTreeMap<Capability, Vec<Listed>> = BTreeMap::new();
        for (place, model) in (0..).zip(&info.models) {
            for capability in &model.capabilities {
                let pricing = pricing(&info, model, capability, told.as_ref(), routing);
                by_capability.entry(capability.clone()).or_default().push(Listed {
                    offer: Arc::new(offer(&info, (place, model), capability, pricing, origins, routing)),
                    index: place as usize,
                    memory: memory.model(info.id.as_str(), model.id.as_str(), capability.as_str()),
                });
            }
        }
        let provider = memory.provider(info.id.as_str());
        let needs_services = !wanted.needs.is_empty();
        memory.given(info.id.as_str(), settings);
        // The address of a service is given to it when it runs.
        let is_missing = |fault: &Fault| !(needs_services && fault.detail.contains("baseUrl"));
        let faults = info.config_schema.iter().flat_map(|schema| missing(schema, &wanted.settings)).filter(is_missing);
        let faults = faults.collect();
        Self { info, origins, by_capability, provider, faults, lacks, needs_services, settings }
    }

    /// Returns whether it was made of this.
    pub(crate) fn is_of(&self, info: &Arc<ProviderInfo>, origins: Origins, lacks: &Arc<[Lack]>) -> bool {
        Arc::ptr_eq(&self.info, info) && self.origins == origins && Arc::ptr_eq(&self.lacks, lacks)
    }

    /// Returns why it can do nothing of a capability, whatever the job.
    pub(crate) fn faults(&self, capability: &Capability) -> Vec<Fault> {
        let lacks = self.lacks.iter().filter(|lack| lack.concerns(capability)).map(lack);
        self.faults.iter().cloned().chain(lacks).collect()
    }

    pub(crate) fn origins(&self) -> Origins {
        self.origins
    }

    /// Returns the models that have a capability.
    pub(crate) fn with(&self, capability: &Capability) -> &[Listed] {
        self.by_capability.get(capability).map_or(&[], Vec::as_slice)
    }

    /// Returns what a model offers.
    pub(crate) fn of_model(&self, capability: &Capability, index: usize) -> Option<&Listed> {
        self.with(capability).iter().find(|listed| listed.index == index)
    }
}

/// Says which settings are wrong or missing, without quoting any.
fn missing(schema: &OptionsSchema, settings: &Map<String, Value>) -> Vec<Fault> {
    let faults = schema.check_secrets(settings).into_iter();
    faults.map(|fault| Fault { kind: FaultKind::Setting, field: fault.name, detail: fault.message }).collect()
}

/// Says what is lacking.
fn lack(lack: &Lack) -> Fault {
    let (kind, field) = match lack {
        Lack::Key { setting, .. } => (FaultKind::Setting, setting),
        Lack::Engine { name, .. } => (FaultKind::Engine, name),
    };
    Fault { kind, field: field.clone(), detail: lack.to_string() }
}

fn offer(
    info: &ProviderInfo,
    (place, model): (u32, &ModelInfo),
    capability: &Capability,
    pricing: Pricing,
    origins: Origins,
    routing: &Routing,
) -> Offer {
    Offer {
        provider: info.id.to_string(),
        model: model.id.to_string(),
        place,
        bundled: origins.bundled,
        location: info.location,
        trust: origins.trust,
        pricing,
        features: model.features.clone(),
        quality: routing.config.quality(&info.id, &model.id).or(model.quality),
        data_policy: data_policy(info),
        typical: model.typical.map(super::millis),
        defaults: defaults(model, capability),
    }
}

/// What becomes of what is sent, by the author's word.
fn data_policy(info: &ProviderInfo) -> DataPolicy {
    let said = info.data_policy.clone().unwrap_or_default();
    let regions = said.regions.map(|regions| regions.into_iter().collect());
    DataPolicy { retention_days: said.retention_days, training: said.training, regions }
}

/// What a model makes where a call does not say, by the defaults of its options.
fn defaults(model: &ModelInfo, capability: &Capability) -> Dimensions {
    let Some(schema) = model.options.get(capability) else { return Dimensions::default() };
    let default = |(name, schema): (&String, &Value)| Some((name.clone(), schema.get("default")?.clone()));
    Dimensions::read(&schema.properties().filter_map(default).collect())
}

/// What a model's calls cost: by the user, else by what the provider told last, else by its declaration.
fn pricing(
    info: &ProviderInfo,
    model: &ModelInfo,
    capability: &Capability,
    told: Option<&Told>,
    routing: &Routing,
) -> Pricing {
    if let Some(price) = routing.config.price(&info.id, &model.id, capability) {
        return price;
    }
    let dollars = |currency: &str| routing.config.dollars(currency);
    if let Some((at, prices)) = told.and_then(|told| Some((told.at, told.models.get(model.id.as_str())?))) {
        let rows = prices.iter().map(|price| (price.capability.as_deref(), price.row()));
        let prices = fitting(rows, capability);
        if !prices.is_empty() {
            return match Pricing::read(prices, capability, PriceSource::Live, dollars) {
                Pricing::Known { rates, source, .. } => Pricing::Known { rates, source, at: Some(at) },
                unknown @ Pricing::Unknown(_) => unknown,
            };
        }
    }
    if model.is_free == Some(true) {
        return Pricing::free(PriceSource::Manifest);
    }
    let rows = model.pricing.iter().map(|price| {
        let row = (price.unit.as_str(), &price.amount, price.currency.as_str());
        (price.capability.as_ref().map(Capability::as_str), row)
    });
    Pricing::read(fitting(rows, capability), capability, PriceSource::Manifest, dollars)
}

/// The unit, the price of one, and its currency.
type Row<'a> = (&'a str, &'a Decimal, &'a str);

/// Returns the prices that are for a capability, else those that are for all.
fn fitting<'a>(
    rows: impl Iterator<Item = (Option<&'a str>, Row<'a>)> + Clone,
    capability: &Capability,
) -> Vec<Row<'a>> {
    let of = |wanted: Option<&str>| rows.clone().filter(|(of, _)| *of == wanted).map(|(_, row)| row).collect();
    let exact: Vec<_> = of(Some(capability.as_str()));
    if exact.is_empty() { of(None) } else { exact }
}

impl ToldPrice {
    fn row(&self) -> Row<'_> {
        (&self.unit, &self.amount, &self.currency)
    }
}
