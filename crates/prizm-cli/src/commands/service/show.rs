//! How services are shown.

use std::time::{Duration, SystemTime};

use prizm_registry::{Condition, KnownService, Part, ServiceStatus};
use serde_json::{Value, json};

use crate::{output, table};

/// Describes an instance for other programs.
pub(super) fn document(status: &ServiceStatus, parts: &[Part]) -> Value {
    let ServiceStatus { instance, state } = status;
    let spec = instance.spec();
    json!({
        "instance": spec.instance,
        "service": spec.manifest.service.name,
        "version": spec.manifest.service.version.to_string(),
        "backend": spec.manifest.service.backend.as_str(),
        "source": spec.identifier,
        "revision": spec.revision,
        "condition": state.condition.as_str(),
        "stage": state.stage,
        "endpoints": state.endpoints,
        "pinned": instance.is_pinned(),
        "sinceMs": state.since_ms,
        "startMs": state.start_ms,
        "restarts": state.restarts,
        "failure": state.failure,
        "config": spec.without_secrets(&spec.config),
        "containers": parts,
    })
}

/// Says that a service is ready, and where.
pub(super) fn ready(status: &ServiceStatus) {
    let ServiceStatus { instance, state } = status;
    let spec = instance.spec();
    let took = state.start_ms.map(|ms| format!(" after {}.{} s", ms / 1000, ms % 1000 / 100)).unwrap_or_default();
    let how = if state.adopted { " (it ran already)".to_owned() } else { took };
    output::line(&format!("{} {} is ready{how}", spec.manifest.service.name, spec.manifest.service.version));
    state.endpoints.iter().for_each(|(name, url)| output::line(&format!("  {name}  {url}")));
    output::line(&format!("  stop it: prizm service stop {}", spec.instance));
}

/// Prints a table for people, and what could be started.
pub(super) fn table(shown: &[(ServiceStatus, Vec<Part>)], known: &[KnownService]) {
    if shown.is_empty() {
        output::line("no service was started yet");
        let ids: Vec<_> = known.iter().map(|known| known.id.as_str()).collect();
        if !ids.is_empty() {
            output::line(&format!("known: {}", ids.join(", ")));
        }
        return;
    }
    let rows = shown.iter().map(|(status, _)| {
        let ServiceStatus { instance, state } = status;
        let service = &instance.spec().manifest.service;
        let urls: Vec<_> = state.endpoints.values().map(String::as_str).collect();
        let until = match (instance.is_pinned(), state.condition.is_usable()) {
            (true, _) => "until stopped",
            (false, true) => "while used",
            (false, false) => "",
        };
        vec![
            instance.spec().instance.clone(),
            service.version.to_string(),
            service.backend.as_str().to_owned(),
            condition(status),
            age(state.since_ms),
            until.to_owned(),
            urls.join(" "),
        ]
    });
    let header = ["instance", "version", "backend", "condition", "since", "runs", "endpoints"];
    output::result(&table::table(&header, rows));
    for (status, parts) in shown.iter().filter(|(_, parts)| !parts.is_empty()) {
        let containers: Vec<_> = parts.iter().map(|part| format!("{} {}", part.service, part.state)).collect();
        output::line(&format!("{}: {}", status.instance.spec().instance, containers.join(", ")));
    }
    let failed = shown.iter().filter_map(|(status, _)| Some((status, status.state.failure.as_ref()?)));
    for (status, failure) in failed {
        output::line(&format!("{}: {} ({})", status.instance.spec().instance, failure, failure.kind().as_str()));
    }
}

fn condition(status: &ServiceStatus) -> String {
    let state = &status.state;
    match (state.condition, &state.stage, state.restarts) {
        (Condition::Starting, Some(stage), _) => format!("starting: {stage}"),
        (condition, _, 0) => condition.as_str().to_owned(),
        (condition, _, restarts) => format!("{}, {restarts} restarts", condition.as_str()),
    }
}

/// How long ago it was, in the largest unit.
fn age(since_ms: u64) -> String {
    if since_ms == 0 {
        return String::new();
    }
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since_ms);
    let seconds = SystemTime::now().duration_since(since).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
