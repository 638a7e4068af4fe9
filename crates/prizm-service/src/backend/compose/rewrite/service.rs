//! One service of the file that is really run.

use serde_json::{Map, Value, json};

use super::{labels, only};
use crate::Spec;
use crate::backend::compose::label;
use crate::backend::compose::mounts::Mount;
use crate::backend::compose::ports::Published;
use crate::backend::compose::raw::gpu;
use crate::spec::grant;

/// Keys of a service that do not reach the engine: they are for other commands, are replaced, or would bind
/// it to what another instance needs, too. Labels are for programs that would make a service known to others.
const DROPPED: &[&str] = &[
    "annotations",
    "attach",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "deploy",
    "develop",
    "env_file",
    "labels",
    "logging",
    "mac_address",
    "ports",
    "profiles",
    "pull_policy",
    "restart",
    "scale",
];

/// Keys of a build that are kept.
const BUILD: &[&str] =
    &["args", "context", "dockerfile", "dockerfile_inline", "extra_hosts", "network", "shm_size", "target"];

/// Whether a service reserves a GPU.
pub(super) fn reserves_gpu(service: &Value) -> bool {
    service.pointer(DEVICES).and_then(Value::as_array).is_some_and(|devices| !devices.is_empty())
}

const DEVICES: &str = "/deploy/resources/reservations/devices";

/// Whether a service listens on this machine's own network.
pub(super) fn is_direct(service: &Value) -> bool {
    network_mode(service) == "host"
}

fn network_mode(service: &Value) -> &str {
    service.get("network_mode").and_then(Value::as_str).unwrap_or_default()
}

/// Rewrites one, of which `ports` are those that endpoints lead to.
pub(super) fn rewrite(name: &str, service: &Value, ports: &[u16], spec: &Spec, gpu: bool) -> Value {
    let kept = service.as_object().into_iter().flatten();
    let kept =
        kept.filter(|(key, value)| !DROPPED.contains(&key.as_str()) && !key.starts_with("x-") && !value.is_null());
    let mut made: Map<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    made.insert("restart".to_owned(), json!("no"));
    made.insert("logging".to_owned(), json!({"driver": "json-file", "options": {"max-size": "10m", "max-file": "2"}}));
    made.insert("labels".to_owned(), labels(spec));
    made.insert("environment".to_owned(), environment(service.get("environment"), spec));
    networks(&mut made, service);
    if !is_direct(service) {
        let published = published(service.get("ports"), ports, spec);
        made.extend((!published.is_empty()).then(|| ("ports".to_owned(), Value::Array(published))));
    }
    if let Some(mounts) = service.get("volumes").and_then(Value::as_array) {
        let mounts = mounts.iter().filter_map(Mount::read).map(|mount| mount.write(&spec.root));
        made.insert("volumes".to_owned(), mounts.collect());
    }
    limits(&mut made, service, spec);
    if gpu {
        made.insert("deploy".to_owned(), reservation(service));
    }
    build(&mut made, name, spec);
    Value::Object(made)
}

/// Fixed addresses are those of another instance, too; and the engine's own network is for everybody.
fn networks(made: &mut Map<String, Value>, service: &Value) {
    if matches!(network_mode(service), "bridge" | "default") {
        made.remove("network_mode");
    }
    if let Some(Value::Object(networks)) = made.get_mut("networks") {
        for network in networks.values_mut().filter(|network| network.is_object()) {
            *network = Value::Object(only(network, &["aliases", "priority"]));
        }
    }
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

/// Puts the user's settings over what the author has declared, a table or a list of `NAME=VALUE`.
fn environment(declared: Option<&Value>, spec: &Spec) -> Value {
    let mut all = Map::new();
    match declared {
        Some(Value::Array(list)) => {
            let pairs = list.iter().filter_map(Value::as_str).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            all.extend(pairs.map(|(name, value)| (name.to_owned(), json!(value))));
        }
        Some(Value::Object(table)) => all.extend(table.clone()),
        _ => {}
    }
    all.extend(spec.settings.env.iter().map(|(name, value)| (name.clone(), json!(value))));
    // Compose would look for the value of one without into its own environment.
    all.retain(|_, value| !value.is_null());
    Value::Object(all)
}

/// Says once what is limited, where every version of Compose knows it: in the service itself.
fn limits(made: &mut Map<String, Value>, service: &Value, spec: &Spec) {
    for (limit, key) in [("memory", "mem_limit"), ("cpus", "cpus"), ("pids", "pids_limit")] {
        let declared = service.pointer(&format!("/deploy/resources/limits/{limit}")).filter(|limit| !limit.is_null());
        if let Some(declared) = declared {
            made.insert(key.to_owned(), declared.clone());
        }
    }
    if let Some(bytes) = spec.settings.memory {
        made.remove("mem_reservation");
        made.insert("mem_limit".to_owned(), json!(bytes));
        // Else as much again of swap.
        made.insert("memswap_limit".to_owned(), json!(bytes));
    }
    if let Some(cpus) = spec.settings.cpus {
        made.retain(|key, _| !matches!(key.as_str(), "cpu_period" | "cpu_quota"));
        made.insert("cpus".to_owned(), json!(cpus));
    }
}

/// The GPUs that the author reserves, else all.
fn reservation(service: &Value) -> Value {
    let declared = service.pointer(DEVICES).filter(|_| reserves_gpu(service)).cloned();
    json!({"resources": {"reservations": {"devices": declared.unwrap_or_else(|| json!([gpu()]))}}})
}

/// Gives what is built here a name of its own: two versions, or two ways to build one, never share an image.
fn build(made: &mut Map<String, Value>, name: &str, spec: &Spec) {
    let Some(declared) = made.remove("build") else { return };
    let mut build = match declared.as_str() {
        Some(context) => Map::from_iter([("context".to_owned(), json!(context))]),
        None => only(&declared, BUILD),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(spec.digest.as_bytes()).update(Value::Object(build.clone()).to_string().as_bytes());
    let tag = &hasher.finalize().to_hex()[..12];
    made.insert(
        "image".to_owned(),
        json!(format!("prizm/{}-{}:{tag}", spec.manifest.service.name, name.to_lowercase())),
    );
    // An image is shared by instances: containers have the other labels by themselves.
    build.insert("labels".to_owned(), json!({label::SERVICE: spec.manifest.service.name, label::DIGEST: spec.digest}));
    made.insert("build".to_owned(), Value::Object(build));
}
