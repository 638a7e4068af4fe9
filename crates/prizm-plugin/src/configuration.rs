//! What a provider is told of its surroundings.

use std::collections::BTreeMap;

use prizm_protocol::ErrorKind;
use prizm_protocol::methods::configure::{ConfigureParams, Service};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Error;

/// The whole configuration, which replaces the one before. It may hold secrets, so it has no
/// `Debug` and no error quotes a value of it.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Configuration {
    /// Settings by name, such as `apiKey`, `baseUrl`, `timeout`, `retries`.
    pub config: Map<String, Value>,
    /// The services that run for the provider, by name.
    pub services: BTreeMap<String, Service>,
}

impl Configuration {
    /// Reads all settings at once.
    ///
    /// # Errors
    /// A setting is wrong: `ConfigInvalid`, naming it and what was expected.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_path_to_error::deserialize(Value::Object(self.config.clone())).map_err(|error| {
            let path = error.path().to_string();
            let what = without_value(&error.inner().to_string());
            let message = match path.as_str() {
                "." => format!("configuration: {what}"),
                name => format!("setting `{name}`: {what}"),
            };
            Error::new(ErrorKind::ConfigInvalid, message).detail("setting", path)
        })
    }

    /// Returns a URL of a service.
    ///
    /// # Errors
    /// There is no such service or endpoint: `NotConfigured`, naming it.
    pub fn endpoint(&self, service: &str, endpoint: &str) -> Result<&str, Error> {
        let urls = self.services.get(service).map(|service| &service.endpoints);
        urls.and_then(|urls| urls.get(endpoint)).map(String::as_str).ok_or_else(|| {
            let known: Vec<&str> = urls.into_iter().flatten().map(|(name, _)| &**name).collect();
            let what = match urls {
                None => format!("no service `{service}` is configured"),
                Some(_) => format!("the service `{service}` has no endpoint `{endpoint}`, only: {}", known.join(", ")),
            };
            Error::new(ErrorKind::NotConfigured, what)
        })
    }
}

impl From<ConfigureParams> for Configuration {
    fn from(params: ConfigureParams) -> Self {
        Self { config: params.config, services: params.services }
    }
}

/// Serde quotes the value that it refuses, and the value may be a key.
fn without_value(message: &str) -> String {
    let names_a_field = ["missing field", "unknown field", "duplicate field"];
    match message.rsplit_once(", expected ") {
        _ if names_a_field.iter().any(|start| message.starts_with(start)) => message.to_owned(),
        Some((_, expected)) => format!("expected {expected}"),
        None => "it has no valid value".to_owned(),
    }
}
