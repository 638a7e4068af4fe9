//! The file that is really run: the author's, with nothing in it that would get in the way of another
//! instance, reach beyond the loopback, or hide a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::mounts::Mount;
use super::ports::Published;
use super::raw::is_inside;
use super::{label, table};
use crate::Spec;
use crate::spec::grant;

/// Keys of a service that do not reach the engine: they are for other commands, or would bind it to what
/// another instance needs, too.
const DROPPED: &[&str] = &[
    "annotations",
    "attach",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "env_file",
    "external_links",
    "gpus",
    "label_file",
    "logging",
    "mac_address",
    "ports",
    "profiles",
    "pull_policy",
    "restart",
    "scale",
];

/// What the generated file is, beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The file.
    pub(super) file: Value,
    /// The services that must run: those of endpoints, and those that the author has restarted whenever
    /// they end.
    pub(super) must_run: BTreeSet<String>,
    /// The services whose images are built here.
    pub(super) built: Vec<String>,
}

/// Rewrites a file, as Compose has normalised it and nothing of it was refused. `gpu` tells whether
/// containers are given one.
///
/// # Errors
/// An endpoint is of a service that the file does not have, in words.
pub(super) fn rewrite(file: &Value, spec: &Spec, gpu: bool) -> Result<Plan, String> {
    let names: Vec<&String> = table(file.get("services")).map(|(name, _)| name).collect();
    let endpoints = endpoints(spec, &names)?;
    let mut plan = Plan { must_run: endpoints.keys().cloned().collect(), ..Plan::default() };
    let mut services = Map::new();
    for (name, service) in table(file.get("services")) {
        let restarts = service.get("restart").and_then(Value::as_str).unwrap_or_default();
        if matches!(restarts, "always" | "unless-stopped") {
            plan.must_run.insert(name.clone());
        }
        if service.get("build").is_some_and(|build| !build.is_null()) {
            plan.built.push(name.clone());
        }
        let ports = endpoints.get(name).map_or(&[][..], |ports| ports);
        services.insert(name.clone(), one(name, service, ports, spec, gpu));
    }
    let own = |key: &str, keep: &[&str]| {
        let kept = |(name, value): (&String, &Value)| {
            let kept = value.as_object().into_iter().flatten().filter(|(key, _)| keep.contains(&key.as_str()));
            let mut kept: Map<_, _> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
            if matches!(key, "networks" | "volumes") {
                kept.insert("labels".to_owned(), labels(spec));
            }
            (name.clone(), Value::Object(kept))
        };
        table(file.get(key)).map(kept).collect::<Map<_, _>>()
    };
    let mut networks = own("networks", &["internal", "attachable", "enable_ipv6"]);
    networks.entry("default").or_insert_with(|| json!({ "labels": labels(spec) }));
    let mut made = json!({
        "services": services,
        "networks": networks,
        "volumes": own("volumes", &[]),
    });
    for (key, keep) in [("secrets", &["file", "content"][..]), ("configs", &["file", "content"])] {
        let files = own(key, keep);
        if !files.is_empty() {
            made[key] = Value::Object(files);
        }
    }
    plan.file = made;
    Ok(plan)
}

/// Returns the ports of each service that endpoints lead to.
fn endpoints(spec: &Spec, names: &[&String]) -> Result<BTreeMap<String, Vec<u16>>, String> {
    let mut ports: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (endpoint, about) in &spec.manifest.service.endpoints {
        let service = service_of(about.service.as_deref(), names)
            .map_err(|reason| format!("`service.endpoints.{endpoint}.service` of the manifest: {reason}"))?;
        ports.entry(service).or_default().extend(about.port);
    }
    Ok(ports)
}

/// Returns the service of the file that an endpoint is of.
pub(super) fn service_of(named: Option<&str>, names: &[&String]) -> Result<String, String> {
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (named, names) {
        (Some(named), _) if names.iter().any(|name| *name == named) => Ok(named.to_owned()),
        (Some(named), _) => Err(format!("the file has no service `{}`; it has {}", named.escape_debug(), all())),
        (None, [only]) => Ok((*only).clone()),
        (None, _) => Err(format!("name the one that listens: {}", all())),
    }
}

fn one(name: &str, service: &Value, ports: &[u16], spec: &Spec, gpu: bool) -> Value {
    let kept = service.as_object().into_iter().flatten();
    let kept =
        kept.filter(|(key, value)| !DROPPED.contains(&key.as_str()) && !key.starts_with("x-") && !value.is_null());
    let mut made: Map<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    made.insert("restart".to_owned(), json!("no"));
    made.insert("logging".to_owned(), json!({"driver": "json-file", "options": {"max-size": "10m", "max-file": "2"}}));
    made.insert("labels".to_owned(), merged(service.get("labels"), labels(spec)));
    made.insert("environment".to_owned(), environment(service.get("environment"), spec));
    let published = published(service.get("ports"), ports, spec);
    if !published.is_empty() {
        made.insert("ports".to_owned(), Value::Array(published));
    }
    if let Some(mounts) = service.get("volumes").and_then(Value::as_array) {
        let write = |mount: Mount| {
            let is_own = mount.host_path().is_some_and(|path| is_inside(&spec.root, path));
            mount.write(is_own)
        };
        made.insert("volumes".to_owned(), mounts.iter().filter_map(Mount::read).map(write).collect());
    }
    if let Some(bytes) = spec.settings.memory {
        made.insert("mem_limit".to_owned(), json!(bytes));
        // Else as much again of swap.
        made.insert("memswap_limit".to_owned(), json!(bytes));
    }
    if let Some(cpus) = spec.settings.cpus {
        made.insert("cpus".to_owned(), json!(cpus));
    }
    if let Some(build) = made.get_mut("build") {
        // Tags of its own could be the names of other images.
        build.as_object_mut().map(|build| build.remove("tags"));
        made.insert("image".to_owned(), json!(image(name, spec)));
    }
    // Addresses of a network whose own are given by the engine.
    for (_, network) in made.get_mut("networks").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(network) = network.as_object_mut() {
            network.retain(|key, _| !["ipv4_address", "ipv6_address", "mac_address"].contains(&key.as_str()));
        }
    }
    deploy(&mut made, gpu && !ports.is_empty());
    Value::Object(made)
}

/// The name of an image that is built here: of these very files.
fn image(name: &str, spec: &Spec) -> String {
    let digest: String = spec.digest.chars().rev().filter(char::is_ascii_alphanumeric).take(12).collect();
    let digest: String = digest.chars().rev().collect::<String>().to_lowercase();
    format!("prizm/{}-{}:{digest}", spec.manifest.service.name, name.to_lowercase())
}

/// The ports of the endpoints, on ports of the loopback that are nobody's; and what the user lets be public.
fn published(declared: Option<&Value>, ports: &[u16], spec: &Spec) -> Vec<Value> {
    let mut all: Vec<_> = ports.iter().map(|port| json!(format!("127.0.0.1::{port}"))).collect();
    if spec.grants.contains(grant::PUBLIC_PORTS) {
        let declared = declared.and_then(Value::as_array).into_iter().flatten();
        all.extend(declared.filter(|port| Published::read(port).is_public).cloned());
    }
    all
}

fn labels(spec: &Spec) -> Value {
    json!({
        label::INSTANCE: spec.instance,
        label::SERVICE: spec.manifest.service.name,
        label::DIGEST: spec.digest,
        label::HOME: spec.home,
    })
}

/// Puts a table over a table, or over a list of `NAME=VALUE`.
fn merged(under: Option<&Value>, over: Value) -> Value {
    let mut all = Map::new();
    match under {
        Some(Value::Array(list)) => {
            let pairs = list.iter().filter_map(Value::as_str).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            all.extend(pairs.map(|(name, value)| (name.to_owned(), json!(value))));
        }
        Some(Value::Object(table)) => all.extend(table.clone()),
        _ => {}
    }
    // What Compose has normalised has each `$` twice; alone it would be the beginning of a variable.
    let escaped = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => (name.clone(), json!(text.replace('$', "$$"))),
        None => (name.clone(), value.clone()),
    };
    all.extend(table(Some(&over)).map(escaped));
    Value::Object(all)
}

fn environment(declared: Option<&Value>, spec: &Spec) -> Value {
    merged(declared, json!(spec.settings.env))
}

/// Keeps the limits, and gives or takes the GPU.
fn deploy(service: &mut Map<String, Value>, gpu: bool) {
    let deploy = service.remove("deploy").unwrap_or_default();
    let mut resources = Map::new();
    if let Some(limits) = deploy.pointer("/resources/limits").filter(|limits| !limits.is_null()) {
        // Memory and processors are limited once, by whoever says so last.
        let mut limits = limits.clone();
        for (limit, key) in [("memory", "mem_limit"), ("cpus", "cpus")] {
            if service.contains_key(key)
                && let Some(limits) = limits.as_object_mut()
            {
                limits.remove(limit);
            }
        }
        resources.insert("limits".to_owned(), limits);
    }
    if gpu {
        let declared = deploy.pointer("/resources/reservations/devices").filter(|devices| !devices.is_null());
        let all = json!([{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]);
        resources.insert("reservations".to_owned(), json!({ "devices": declared.unwrap_or(&all) }));
    }
    resources.retain(|_, value| value.as_object().is_none_or(|table| !table.is_empty()));
    if !resources.is_empty() {
        service.insert("deploy".to_owned(), json!({ "resources": resources }));
    }
}

/// Writes it where nobody sees a half of it.
pub(super) fn write(file: &Value, path: &Path) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut temporary, file)?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
