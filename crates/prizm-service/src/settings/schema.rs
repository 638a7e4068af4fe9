//! What a service's own JSON Schema says of its configuration. The schema is a stranger's.

use jsonschema::{PatternOptions, Validator};
use prizm_protocol::service::{Backend, ServiceSection, WELL_KNOWN};
use serde_json::{Map, Value};

use super::fault;
use crate::Result;
use crate::error::{Error, ErrorKind, Phase};

/// The most memory that one pattern of a schema may take, in bytes.
const PATTERN_BYTES: usize = 256 * 1024;
/// Faults that are listed.
const MAX_FAULTS: usize = 20;

/// The key that says where a service runs that runs already.
pub(super) const URLS: &str = "urls";

/// What a service says of its configuration.
pub(super) struct Declared<'a> {
    service: &'a ServiceSection,
    validator: Option<Validator>,
}

impl<'a> Declared<'a> {
    pub(super) fn of(service: &'a ServiceSection) -> Result<Self> {
        let compile = |schema: &Map<String, Value>| {
            let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
            let options =
                jsonschema::options().with_draft(jsonschema::Draft::Draft202012).with_pattern_options(patterns);
            options.build(&Value::Object(schema.clone())).map_err(|error| {
                let message = format!("the schema in `service.config` of `{}` is wrong: {error}", service.name);
                Error::new(ErrorKind::Config, Phase::Prepare, message).hinted("the service's author must correct it")
            })
        };
        Ok(Self { service, validator: service.config.as_ref().map(compile).transpose()? })
    }

    /// Checks a configuration and adds the defaults.
    pub(super) fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        // What the schema does not describe, the map or Prizm itself does.
        let (mut own, others): (Map<_, _>, Map<_, _>) =
            config.clone().into_iter().partition(|(key, _)| describes(self.service, key));
        let is_known = |key: &&String| is_common(self.service, key) || self.service.map.contains_key(*key);
        if let Some(key) = others.keys().find(|key| !is_known(key)) {
            let known: Vec<_> = self.names().map(|name| format!("`{name}`")).collect();
            let shown: String = key.chars().take(80).collect();
            return Err(Error::new(
                ErrorKind::Config,
                Phase::Prepare,
                format!("serviceConfig.{}: service `{}` knows no such key", shown.escape_debug(), self.service.name),
            )
            .hinted(format!("it knows {}", known.join(", "))));
        }
        for (name, schema) in properties(self.service) {
            if let Some(default) = schema.get("default") {
                own.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
        if let Some(validator) = &self.validator {
            let own = Value::Object(own.clone());
            let faults: Vec<_> = validator
                .iter_errors(&own)
                .take(MAX_FAULTS)
                .map(|error| {
                    (error.instance_path().as_str().trim_start_matches('/').replace('/', "."), error.to_string())
                })
                .collect();
            if let Some((key, _)) = faults.first() {
                let all: Vec<_> = faults.iter().map(|(_, message)| message.as_str()).collect();
                return Err(fault(key, all.join("; ")));
            }
        }
        own.extend(others);
        // In one order, whatever the order of the defaults: the text of it names an instance.
        let mut sorted: Vec<_> = own.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(sorted.into_iter().collect())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let own = properties(self.service).map(|(name, _)| name.as_str());
        let mapped = self.service.map.keys().map(String::as_str);
        let mut names: Vec<_> = own.chain(mapped).chain(common(self.service).iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }
}

/// Whether a service has a key without naming it.
pub(super) fn is_common(service: &ServiceSection, key: &str) -> bool {
    common(service).contains(&key)
}

/// The keys that a service has without naming them: of what runs elsewhere nothing can be limited.
fn common(service: &ServiceSection) -> &'static [&'static str] {
    match service.backend {
        Backend::Compose | Backend::Process => &WELL_KNOWN,
        Backend::External => &["maxConcurrent", URLS],
    }
}

/// Whether the service's own schema describes a key.
pub(super) fn describes(service: &ServiceSection, key: &str) -> bool {
    properties(service).any(|(name, _)| name == key)
}

fn properties(service: &ServiceSection) -> impl Iterator<Item = (&String, &Value)> {
    let schema = service.config.as_ref().and_then(|schema| schema.get("properties"));
    schema.and_then(Value::as_object).into_iter().flatten()
}
