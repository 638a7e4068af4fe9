//! Whether a model takes a job: its inputs, its options, its limits.

use prizm_host::{ModelInfo, OptionFault};
use prizm_protocol::{Capability, InputSlot, MediaKind};
use prizm_route::{Dimensions, Fault, FaultKind, Input};
use serde_json::{Map, Value};

use crate::Media;

/// A job that has no model yet.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) inputs: Vec<Media>,
    pub(crate) options: Map<String, Value>,
    /// Options that whoever has them is given, with the first of the values that it takes.
    pub(crate) wishes: Vec<(String, Vec<Value>)>,
}

impl Job {
    /// Returns what is known of its inputs, without their content.
    pub(crate) fn facts(&self) -> Vec<Input> {
        self.inputs.iter().map(Media::facts).collect()
    }
}

/// Returns all of a job that a model does not take. No value of the job is in it: faults are kept.
pub(crate) fn faults(model: &ModelInfo, capability: &Capability, job: &Job, facts: &[Input]) -> Vec<Fault> {
    let mut found = inputs(model, capability, &job.inputs);
    if let Some(schema) = model.options.get(capability) {
        found.extend(schema.check_secrets(&job.options).into_iter().map(option));
    }
    let formats = model.input_formats.iter().flatten();
    if formats.clone().next().is_some() {
        let reads = |mime: &str| formats.clone().any(|format| is_of(mime, format));
        let unread =
            facts.iter().filter_map(|fact| fact.mime.as_deref()).find(|mime| *mime != "text/plain" && !reads(mime));
        found.extend(unread.map(|mime| {
            let detail = format!("it reads {}", formats.clone().map(String::as_str).collect::<Vec<_>>().join(", "));
            Fault { kind: FaultKind::Format, field: mime.to_owned(), detail }
        }));
    }
    if let Some(limits) = &model.limits {
        found.extend(limits_exceeded(limits, facts, Dimensions::read(&job.options)));
    }
    found
}

/// Returns the options that a model is given: those of the job, and what it takes of the wishes.
pub(crate) fn options_for(model: &ModelInfo, capability: &Capability, job: &Job, all: bool) -> Map<String, Value> {
    let mut options = if all { job.options.clone() } else { known_options(model, capability, &job.options) };
    let Some(schema) = model.options.get(capability) else { return options };
    for (name, values) in &job.wishes {
        let has = schema.names().any(|known| known == name) && !options.contains_key(name);
        let taken = values.iter().filter(|_| has).find(|value| {
            let only = Map::from_iter([(name.clone(), (*value).clone())]);
            schema.check_secrets(&only).iter().all(|fault| fault.name != *name)
        });
        if let Some(value) = taken {
            options.insert(name.clone(), value.clone());
        }
    }
    options
}

/// Keeps the options that a model has.
fn known_options(model: &ModelInfo, capability: &Capability, options: &Map<String, Value>) -> Map<String, Value> {
    let Some(schema) = model.options.get(capability) else { return options.clone() };
    let unknown: Vec<_> =
        schema.check_secrets(options).into_iter().filter(|fault| fault.is_unknown).map(|fault| fault.name).collect();
    options
        .iter()
        .filter(|(name, _)| !unknown.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn option(fault: OptionFault) -> Fault {
    let kind = if fault.is_unknown { FaultKind::UnknownParameter } else { FaultKind::Parameter };
    Fault { kind, field: fault.name, detail: fault.message }
}

fn inputs(model: &ModelInfo, capability: &Capability, inputs: &[Media]) -> Vec<Fault> {
    let slots = model.inputs_for(capability);
    let fits =
        |input: &&Media| !slots.iter().any(|slot| slot.role.as_deref() == input.role() && slot.kind == input.kind());
    let misfit =
        inputs.iter().find(fits).map(|input| input.role().map_or_else(|| input.kind().to_string(), str::to_owned));
    let is_given = |slot: &&InputSlot| !inputs.iter().any(|input| input.role() == slot.role.as_deref());
    let missing = slots.iter().filter(|slot| slot.required != Some(false)).find(is_given);
    let missing = missing.map(|slot| slot.role.clone().unwrap_or_else(|| slot.kind.to_string()));
    let wanted: Vec<_> = slots
        .iter()
        .map(|slot| slot.role.as_ref().map_or_else(|| slot.kind.to_string(), |role| format!("{} as {role}", slot.kind)))
        .collect();
    let detail = format!("it takes {}", wanted.join(", "));
    let fault = |field: String| Fault { kind: FaultKind::Input, field, detail: detail.clone() };
    misfit.into_iter().chain(missing).map(fault).collect()
}

/// Returns whether a type is one of those that a format means: `image/png`, or `image/*`.
fn is_of(mime: &str, format: &str) -> bool {
    match format.strip_suffix("/*") {
        Some(kind) => mime.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(kind)),
        None => mime.eq_ignore_ascii_case(format) || format == "*",
    }
}

/// The bounds of a model that are understood; what else it says there is for people.
fn limits_exceeded(limits: &Map<String, Value>, facts: &[Input], asked: Dimensions) -> Vec<Fault> {
    let media = || facts.iter().filter(|fact| fact.kind != MediaKind::Text);
    let most = |of: fn(&Input) -> Option<u64>| media().filter_map(of).max();
    let chars = facts.iter().filter_map(|fact| fact.chars).max();
    let pixels = |width: Option<u64>, height: Option<u64>| Some(width?.saturating_mul(height?));
    let known = [
        ("maxInputBytes", facts.iter().filter_map(|fact| fact.bytes).max()),
        ("maxInputChars", chars),
        ("maxInputSeconds", most(|fact| Some(fact.millis?.div_ceil(1000)))),
        ("maxInputWidth", most(|fact| fact.width)),
        ("maxInputHeight", most(|fact| fact.height)),
        ("maxWidth", asked.width),
        ("maxHeight", asked.height),
        ("maxPixels", pixels(asked.width, asked.height)),
        ("maxSeconds", asked.millis.map(|millis| millis.div_ceil(1000))),
        ("maxOutputs", asked.count),
    ];
    let over = |(name, has): (&str, Option<u64>)| {
        let limit = limits.get(name)?.as_u64()?;
        let has = has.filter(|has| *has > limit)?;
        Some(Fault { kind: FaultKind::Limit, field: name.to_owned(), detail: format!("{has} is over {limit}") })
    };
    known.into_iter().filter_map(over).collect()
}
