//! What of a manifest its backend cannot do, and what a process is told by its environment.

use std::collections::BTreeMap;

use super::{Admission, Backend, Destination, Limit, ServiceSection};
use crate::ManifestError;

/// The variables that a process is told by Prizm, beside those of its endpoints and volumes.
const TOLD: [&str; 4] = ["HOST", "PORT", "PYTHONDONTWRITEBYTECODE", "TMPDIR"];
/// What the variables of endpoints and volumes begin with.
const PORT: &str = "PORT_";
const VOLUME: &str = "VOLUME_";

/// Returns the variable in which a process is told the port of an endpoint.
pub fn port_variable(endpoint: &str) -> String {
    variable(PORT, endpoint)
}

/// Returns the variable in which a process is told the directory of a volume.
pub fn volume_variable(volume: &str) -> String {
    variable(VOLUME, volume)
}

fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.to_ascii_uppercase().replace('-', "_"))
}

pub(super) fn check(service: &ServiceSection) -> Result<(), ManifestError> {
    let backend = service.backend;
    if backend != Backend::Compose && service.resources.cpus.is_some() {
        let reason = format!("the backend `{}` limits no processors: leave it out", backend.as_str());
        return wrong("resources.cpus".to_owned(), reason);
    }
    if backend == Backend::Process {
        distinct("endpoints", service.endpoints.keys(), port_variable)?;
        distinct("volumes", service.volumes.keys(), volume_variable)?;
    }
    for (key, destination) in &service.map {
        let fault = match backend {
            Backend::Compose => None,
            Backend::Process => of_process(destination),
            Backend::External => of_external(destination),
        };
        if let Some(reason) = fault {
            return wrong(format!("map.{}", key.escape_debug()), reason);
        }
    }
    Ok(())
}

/// Says why a value cannot go where it should in a process.
fn of_process(destination: &Destination) -> Option<String> {
    if destination.limit == Some(Limit::Cpus) {
        return Some("the backend `process` limits no processors: leave out `limit = \"cpus\"`".to_owned());
    }
    let name = destination.env.as_deref()?;
    let is_ours = TOLD.contains(&name) || [PORT, VOLUME].iter().any(|prefix| name.starts_with(prefix));
    is_ours.then(|| format!("the variable `{name}` is one that Prizm tells a process: name another"))
}

/// Says why a value cannot go where it should in what runs elsewhere.
fn of_external(destination: &Destination) -> Option<String> {
    let only_calls = Destination { admission: Some(Admission::Concurrency), ..Destination::default() };
    (*destination != only_calls)
        .then(|| "the backend is `external`, where only `admission = \"concurrency\"` does anything".to_owned())
}

/// Refuses two names that would be told in one variable.
fn distinct<'a>(
    table: &str,
    names: impl Iterator<Item = &'a String>,
    variable: fn(&str) -> String,
) -> Result<(), ManifestError> {
    let mut known = BTreeMap::new();
    for name in names {
        let variable = variable(name);
        if let Some(other) = known.get(&variable) {
            let reason = format!("`{other}` and `{name}` are both told in the variable `{variable}`: rename one");
            return wrong(format!("{table}.{name}"), reason);
        }
        known.insert(variable, name);
    }
    Ok(())
}

fn wrong<T>(key: String, reason: String) -> Result<T, ManifestError> {
    Err(ManifestError::Wrong { key: format!("service.{key}"), reason })
}

#[cfg(test)]
mod tests {
    use crate::ServiceManifest;

    fn fault(backend: &str, more: &str) -> String {
        let endpoint = if backend == "compose" { "{ port = 80 }" } else { "{}" };
        let text = format!(
            "[service]\nname = \"s\"\nversion = \"1.0.0\"\nbackend = \"{backend}\"\nendpoints.http = {endpoint}\n{more}"
        );
        ServiceManifest::from_toml(&text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_a_backend_cannot_do_is_refused() {
        for (backend, more, expected) in [
            ("process", "map.cores = { limit = \"cpus\" }", "`service.map.cores`: the backend `process` limits no"),
            ("process", "resources.cpus = 2", "`service.resources.cpus`: the backend `process` limits no processors"),
            ("external", "resources.cpus = 2", "`service.resources.cpus`: the backend `external`"),
            ("external", "map.a = { env = \"A\" }", "`service.map.a`: the backend is `external`"),
            ("external", "map.a = { env = \"A\", admission = \"concurrency\" }", "`service.map.a`"),
            ("external", "map.a = { admission = \"concurrency\" }", ""),
            ("process", "map.a = { limit = \"memory\" }", ""),
            ("compose", "map.cores = { limit = \"cpus\" }\nresources.cpus = 2", ""),
        ] {
            let fault = fault(backend, more);
            assert!(fault.contains(expected) && fault.is_empty() == expected.is_empty(), "{more}: {fault}");
        }
    }

    #[test]
    fn what_a_process_is_told_has_one_meaning() {
        for (more, expected) in [
            ("endpoints.a-b = {}\nendpoints.a_b = {}", "`a-b` and `a_b` are both told in the variable `PORT_A_B`"),
            ("endpoints.HTTP = {}", "`service.endpoints.http`: `HTTP` and `http` are both told in"),
            ("volumes.a-b = { persist = true }\nvolumes.A_b = { persist = false }", "the variable `VOLUME_A_B`"),
            ("map.a = { env = \"PORT\" }", "`service.map.a`: the variable `PORT` is one that Prizm tells a process"),
            ("map.a = { env = \"HOST\" }", "the variable `HOST`"),
            ("map.a = { env = \"TMPDIR\" }", "the variable `TMPDIR`"),
            ("map.a = { env = \"PORT_HTTP\" }", "the variable `PORT_HTTP`"),
            ("map.a = { env = \"VOLUME_CACHE\" }", "the variable `VOLUME_CACHE`"),
            ("map.a = { env = \"PORTS\" }", ""),
        ] {
            let fault = fault("process", more);
            assert!(fault.contains(expected) && fault.is_empty() == expected.is_empty(), "{more}: {fault}");
        }
        // A container is told nothing by itself.
        let compose = "map.a = { env = \"PORT\" }\nvolumes.a-b = { persist = true }\nvolumes.a_b = { persist = true }";
        assert_eq!(fault("compose", compose), "");
    }
}
