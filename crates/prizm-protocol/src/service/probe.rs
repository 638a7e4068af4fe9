//! How it is found out whether a service can be used.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Endpoint;
use crate::{ManifestError, Span};

/// What a GET must be answered with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// Which endpoint is asked.
    pub endpoint: String,
    /// Which path, on the endpoint's host; the endpoint's own path has no part in it.
    pub path: String,
    /// The statuses that are good; 200 to 299 by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// Values that the answer, read as JSON, must have, by their JSON Pointers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, Value>,
}

/// What must take a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// Which endpoint.
    pub endpoint: String,
}

/// `[service.readiness]`: one of `http` and `tcp`, or neither.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Readiness {
    /// A GET over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpProbe>,
    /// A connection. With neither, each endpoint must take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpProbe>,
    /// How long is waited between two attempts; 500 ms by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Span>,
    /// How long an attempt may take; 2 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How long it may take until the service is ready, images that are built or pulled aside; 2 minutes
    /// by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<Span>,
}

/// `[service.liveness]`: one of `http` and `tcp`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Liveness {
    /// A GET over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpProbe>,
    /// A connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpProbe>,
    /// How long is waited between two attempts; 10 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Span>,
    /// How long an attempt may take; 2 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How many attempts in a row must fail; 3 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub failures: Option<u32>,
}

/// A question from this machine to endpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Probe<'a> {
    /// A GET over HTTP.
    Http(&'a HttpProbe),
    /// A connection to one endpoint.
    Tcp(&'a str),
    /// A connection to each endpoint.
    All,
}

impl<'a> Probe<'a> {
    fn of(http: Option<&'a HttpProbe>, tcp: Option<&'a TcpProbe>) -> Self {
        match (http, tcp) {
            (Some(http), _) => Self::Http(http),
            (None, Some(tcp)) => Self::Tcp(&tcp.endpoint),
            (None, None) => Self::All,
        }
    }
}

impl Readiness {
    /// Returns what is asked.
    pub fn probe(&self) -> Probe<'_> {
        Probe::of(self.http.as_ref(), self.tcp.as_ref())
    }

    /// Returns how long is waited between two attempts.
    pub fn interval(&self) -> Duration {
        self.interval.map_or(Duration::from_millis(500), Span::get)
    }

    /// Returns how long an attempt may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.map_or(Duration::from_secs(2), Span::get)
    }

    /// Returns how long it may take until the service is ready.
    pub fn start_timeout(&self) -> Duration {
        self.start_timeout.map_or(Duration::from_secs(120), Span::get)
    }
}

impl Liveness {
    /// Returns what is asked.
    pub fn probe(&self) -> Probe<'_> {
        Probe::of(self.http.as_ref(), self.tcp.as_ref())
    }

    /// Returns how long is waited between two attempts.
    pub fn interval(&self) -> Duration {
        self.interval.map_or(Duration::from_secs(10), Span::get)
    }

    /// Returns how long an attempt may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.map_or(Duration::from_secs(2), Span::get)
    }

    /// Returns how many attempts in a row must fail.
    pub fn failures(&self) -> u32 {
        self.failures.unwrap_or(3).max(1)
    }
}

/// Checks what is asked, which stands at `service.KEY`.
pub(super) fn check(
    key: &str,
    (http, tcp): (Option<&HttpProbe>, Option<&TcpProbe>),
    endpoints: &BTreeMap<String, Endpoint>,
) -> Result<(), ManifestError> {
    let wrong = |key: String, reason: String| Err(ManifestError::Wrong { key: format!("service.{key}"), reason });
    let named = http.map(|http| ("http", &http.endpoint)).into_iter().chain(tcp.map(|tcp| ("tcp", &tcp.endpoint)));
    for (kind, endpoint) in named {
        if !endpoints.contains_key(endpoint) {
            let names: Vec<_> = endpoints.keys().map(|name| format!("`{name}`")).collect();
            let reason = format!("`{}` is no endpoint; there is {}", endpoint.escape_debug(), names.join(", "));
            return wrong(format!("{key}.{kind}.endpoint"), reason);
        }
    }
    let Some(http) = http else { return Ok(()) };
    if tcp.is_some() {
        return wrong(key.to_owned(), "`http` and `tcp` exclude each other".to_owned());
    }
    // Two slashes would begin a host.
    let leads_away = http.path.starts_with("//") || http.path.contains('\\');
    if !http.path.starts_with('/') || leads_away || http.path.contains(char::is_control) {
        return wrong(format!("{key}.http.path"), format!("`{}` is no path", http.path.escape_debug()));
    }
    if let Some(status) = http.status.iter().find(|status| !(100..600).contains(*status)) {
        return wrong(format!("{key}.http.status"), format!("{status} is no status"));
    }
    match http.json.keys().find(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
        Some(pointer) => {
            let reason = "a JSON Pointer begins with `/`".to_owned();
            wrong(format!("{key}.http.json.{}", pointer.escape_debug()), reason)
        }
        None => Ok(()),
    }
}
