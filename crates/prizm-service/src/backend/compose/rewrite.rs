//! The file that is really run: the author's, with nothing in it that would get in the way of another
//! instance, reach beyond the loopback, or hide a crash.

mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{label, table};
use crate::Spec;

/// What the generated file is, beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The file, in which `$` is only that.
    file: Value,
    /// The services that must run: those of endpoints, and those that the author has restarted whenever
    /// they end.
    pub(super) must_run: BTreeSet<String>,
    /// The images of the services that are built here, and of those that are pulled.
    pub(super) built: BTreeMap<String, String>,
    pub(super) pulled: BTreeMap<String, String>,
    /// The services that listen on this machine's own network, because the user lets them.
    pub(super) direct: BTreeSet<String>,
}

impl Plan {
    /// Returns the hash by which containers tell of which file they are.
    pub(super) fn hash(&self) -> String {
        blake3::hash(self.file.to_string().as_bytes()).to_hex()[..32].to_owned()
    }

    /// Returns the service of the file that an endpoint is of.
    pub(super) fn service_of(&self, named: Option<&str>) -> Result<String, String> {
        service_of(named, &self.file)
    }

    /// Writes it where nobody sees a half of it.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut file = self.file.clone();
        let hash = self.hash();
        for (_, service) in file["services"].as_object_mut().into_iter().flatten() {
            service["labels"][label::FILE] = json!(hash);
        }
        escape(&mut file);
        write(path, &file)
    }
}

/// Rewrites a file, as Compose has normalised it and nothing of it was refused. `gpu` tells whether
/// containers are given one.
///
/// # Errors
/// An endpoint is of a service that the file does not have, in words.
pub(super) fn rewrite(file: &Value, spec: &Spec, gpu: bool) -> Result<Plan, String> {
    let endpoints = endpoints(spec, file)?;
    let mut plan = Plan { must_run: endpoints.keys().cloned().collect(), ..Plan::default() };
    // Where no service reserves it, it is for those that providers talk to.
    let nobody_reserves = !table(file.get("services")).any(|(_, service)| service::reserves_gpu(service));
    let mut services = Map::new();
    for (name, service) in table(file.get("services")) {
        let ports = endpoints.get(name).map_or(&[][..], |ports| ports);
        let gpu = gpu && (service::reserves_gpu(service) || (nobody_reserves && !ports.is_empty()));
        let made = service::rewrite(name, service, ports, spec, gpu);
        let restarts = service.get("restart").and_then(Value::as_str).unwrap_or_default();
        if matches!(restarts, "always" | "unless-stopped") {
            plan.must_run.insert(name.clone());
        }
        if service::is_direct(service) {
            plan.direct.insert(name.clone());
        }
        let image = made.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        let images = if made.get("build").is_some() { &mut plan.built } else { &mut plan.pulled };
        images.insert(name.clone(), image);
        services.insert(name.clone(), made);
    }
    plan.file = json!({ "services": services });
    plan.file["networks"] =
        Value::Object(labelled(file.get("networks"), &["internal", "attachable", "enable_ipv6"], spec));
    plan.file["networks"]["default"]["labels"] = labels(spec);
    plan.file["volumes"] = Value::Object(labelled(file.get("volumes"), &[], spec));
    for key in ["secrets", "configs"] {
        let files: Map<_, _> =
            table(file.get(key)).map(|(name, file)| (name.clone(), only(file, &["file", "content"]).into())).collect();
        if !files.is_empty() {
            plan.file[key] = Value::Object(files);
        }
    }
    Ok(plan)
}

/// Returns the ports of each service that endpoints lead to.
fn endpoints(spec: &Spec, file: &Value) -> Result<BTreeMap<String, Vec<u16>>, String> {
    let mut ports: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (endpoint, about) in &spec.manifest.service.endpoints {
        let service = service_of(about.service.as_deref(), file)
            .map_err(|reason| format!("`service.endpoints.{endpoint}.service` of the manifest: {reason}"))?;
        let ports = ports.entry(service).or_default();
        ports.extend(about.port.filter(|port| !ports.contains(port)));
    }
    Ok(ports)
}

fn service_of(named: Option<&str>, file: &Value) -> Result<String, String> {
    let names: Vec<&String> = table(file.get("services")).map(|(name, _)| name).collect();
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (named, &names[..]) {
        (Some(named), _) if names.iter().any(|name| *name == named) => Ok(named.to_owned()),
        (Some(named), _) => Err(format!("the file has no service `{}`; it has {}", named.escape_debug(), all())),
        (None, []) => Err("the file has no service".to_owned()),
        (None, [only]) => Ok((*only).clone()),
        (None, _) => Err(format!("name the one that listens: {}", all())),
    }
}

/// Returns the networks or volumes of a file, with these of their keys, and our labels. Without names they
/// are the project's own.
fn labelled(declared: Option<&Value>, kept: &[&str], spec: &Spec) -> Map<String, Value> {
    let one = |(name, value): (&String, &Value)| {
        let mut kept = only(value, kept);
        kept.insert("labels".to_owned(), labels(spec));
        (name.clone(), Value::Object(kept))
    };
    table(declared).map(one).collect()
}

/// Returns these keys of a table.
fn only(value: &Value, keys: &[&str]) -> Map<String, Value> {
    let kept = table(Some(value)).filter(|(key, value)| keys.contains(&key.as_str()) && !value.is_null());
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The labels of everything that is made, but for the file's.
fn labels(spec: &Spec) -> Value {
    json!({
        label::INSTANCE: spec.instance,
        label::SERVICE: spec.manifest.service.name,
        label::DIGEST: spec.digest,
        label::HOME: spec.home,
    })
}

/// Keeps Compose from taking a `$` for the beginning of a variable.
fn escape(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('$', "$$"),
        Value::Array(all) => all.iter_mut().for_each(escape),
        Value::Object(all) => all.values_mut().for_each(escape),
        _ => {}
    }
}

/// Writes a file as a whole, for its owner only.
pub(super) fn write(path: &Path, file: &Value) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut temporary, file)?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
