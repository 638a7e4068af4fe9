//! A service that runs already, elsewhere.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::backend::Endpoints;
use crate::error::{Error, ErrorKind, Phase};
use crate::{Result, Spec, probe};

/// Returns its URLs: those of `urls` in its configuration, else those of its manifest.
pub(crate) fn endpoints(spec: &Spec) -> Result<Endpoints> {
    let service = &spec.manifest.service;
    let wrong = |name: &str, reason: String| {
        let message = format!("endpoint `{name}` of service `{}`: {reason}", service.name);
        Error::new(ErrorKind::Config, Phase::Prepare, message)
            .hinted(format!("say where it runs: `urls = {{ {name} = \"http://127.0.0.1:PORT\" }}` in serviceConfig"))
    };
    let configured = |name: &str| spec.config.get("urls").and_then(|urls| urls.get(name)).and_then(Value::as_str);
    let declared =
        |name: &str| service.external.as_ref().and_then(|external| external.urls.get(name)).map(String::as_str);
    let url = |name: &String| {
        let text =
            configured(name).or_else(|| declared(name)).ok_or_else(|| wrong(name, "it has no URL".to_owned()))?;
        let url = Url::parse(text).map_err(|error| wrong(name, format!("`{text}` is no URL: {error}")))?;
        match url.scheme() {
            "http" | "https" | "tcp" if url.has_host() => Ok((name.clone(), url.to_string())),
            _ => Err(wrong(name, format!("`{text}` is no URL of http, https or tcp"))),
        }
    };
    service.endpoints.keys().map(url).collect()
}

/// Checks that it can be used now.
pub(crate) async fn check(spec: &Spec) -> Result<Endpoints> {
    let endpoints = endpoints(spec)?;
    let readiness = &spec.manifest.service.readiness;
    let asked = probe::ask(readiness.probe(), &endpoints, readiness.timeout().max(Duration::from_secs(1))).await;
    asked.map(|()| endpoints).map_err(|answer| {
        let message = format!("service `{}` runs elsewhere, and is not ready: {answer}", spec.manifest.service.name);
        Error::new(ErrorKind::NotRunning, Phase::Ready, message)
            .hinted("start it where it runs, or say where that is: `urls` in serviceConfig")
    })
}
