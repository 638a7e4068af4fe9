use std::collections::BTreeSet;
use std::path::PathBuf;

use prizm_protocol::ServiceManifest;

use super::*;
use crate::{Host, Source};

fn spec(endpoints: &str, config: Value, grants: &[&str]) -> Spec {
    let manifest = format!(
        "[service]\nname = \"s\"\nversion = \"1.0.0\"\nbackend = \"compose\"\n{endpoints}\n[service.map]\nmodel = {{ env = \"MODEL\" }}\ncpus = {{ limit = \"cpus\" }}\n"
    );
    let source = Source {
        identifier: "s".to_owned(),
        revision: None,
        digest: "b3:0123".to_owned(),
        root: PathBuf::from("/nowhere"),
        manifest: ServiceManifest::from_toml(&manifest).unwrap(),
        argv: Vec::new(),
    };
    let grants: BTreeSet<_> = grants.iter().map(ToString::to_string).collect();
    Spec::new(source, PathBuf::from("/home/$x"), config.as_object().unwrap().clone(), grants, Host::default()).unwrap()
}

const API: &str = r#"endpoints.http = { port = 80, service = "api" }"#;

fn made(file: &Value, config: Value) -> Value {
    rewrite(file, &spec(API, config, &[]), false).unwrap().file
}

/// A file whose one service is `api`, rewritten; returns the service.
fn api(service: Value, config: Value) -> Value {
    made(&json!({"services": {"api": service}}), config)["services"]["api"].clone()
}

#[test]
fn nothing_is_fixed_and_nothing_hides_a_crash() {
    let service = json!({
        "image": "i", "container_name": "fixed", "restart": "always", "ports": ["8080:80", "9:9"], "profiles": ["p"],
        "labels": {"traefik.enable": "true"}, "logging": {"driver": "none"}, "mac_address": "x", "scale": 3,
        "env_file": ["x"], "pull_policy": "always", "deploy": {"replicas": 3}, "network_mode": "bridge",
        "networks": {"default": {"aliases": ["a"], "ipv4_address": "10.0.0.2"}, "other": null}, "x-a": 1, "command": null,
    });
    let expected = json!({
        "image": "i", "restart": "no", "ports": ["127.0.0.1::80"], "environment": {},
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "2"}},
        "labels": labels(&spec(API, json!({}), &[])),
        "networks": {"default": {"aliases": ["a"]}, "other": null},
    });
    assert_eq!(api(service, json!({})), expected);
}

#[test]
fn everything_bears_labels_and_names_are_the_projects() {
    let file = json!({
        "version": "3.8", "name": "x",
        "services": {"api": {"image": "i"}},
        "networks": {"n": {"name": "fixed", "internal": true, "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}}},
        "volumes": {"v": {"name": "fixed", "driver": "local"}, "w": null},
        "secrets": {"s": {"file": "/f", "name": "fixed"}},
    });
    let spec = spec(API, json!({}), &[]);
    let labels = labels(&spec);
    assert_eq!(labels["dev.prizm.instance"], json!(spec.instance));
    assert_eq!(labels["dev.prizm.home"], json!("/home/$x"));
    let made = rewrite(&file, &spec, false).unwrap().file;
    let networks = json!({"n": {"internal": true, "labels": labels}, "default": {"labels": labels}});
    assert_eq!(made["networks"], networks);
    assert_eq!(made["volumes"], json!({"v": {"labels": labels}, "w": {"labels": labels}}));
    assert_eq!(made["secrets"], json!({"s": {"file": "/f"}}));
    assert!(made.get("version").is_none() && made.get("name").is_none());
}

#[test]
fn a_dollar_is_only_that() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("compose.json");
    let file = json!({"services": {"api": {"image": "i", "command": ["$HOME", "$$"]}}});
    let plan = rewrite(&file, &spec(API, json!({"model": "a$b"}), &[]), false).unwrap();
    plan.write(&path).unwrap();
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let api = &written["services"]["api"];
    assert_eq!(api["command"], json!(["$$HOME", "$$$$"]));
    assert_eq!(api["environment"], json!({"MODEL": "a$$b"}));
    assert_eq!(api["labels"]["dev.prizm.home"], json!("/home/$$x"));
    assert_eq!(api["labels"]["dev.prizm.file"], json!(plan.hash()));
    assert_eq!(written["networks"]["default"]["labels"]["dev.prizm.file"], Value::Null);
}

#[test]
fn settings_stand_above_what_the_author_says() {
    let list = json!({"image": "i", "environment": ["MODEL=small", "A=b=c", "EMPTY="]});
    let expected = json!({"MODEL": "large", "A": "b=c", "EMPTY": ""});
    assert_eq!(api(list, json!({"model": "large"}))["environment"], expected);
    let table = json!({"image": "i", "environment": {"MODEL": "small", "A": 1, "NONE": null}});
    assert_eq!(api(table, json!({}))["environment"], json!({"MODEL": "small", "A": 1}));
}

#[test]
fn limits_are_said_once() {
    let limited = json!({
        "image": "i", "mem_reservation": "2g", "cpu_quota": 1,
        "deploy": {"resources": {"limits": {"memory": "96M", "cpus": "0.5", "pids": 9}}},
    });
    let own = api(limited.clone(), json!({}));
    assert_eq!((&own["mem_limit"], &own["cpus"], &own["pids_limit"]), (&json!("96M"), &json!("0.5"), &json!(9)));
    assert_eq!(own.get("deploy"), None);
    let users = api(limited, json!({"memory": "64MiB", "cpus": 2}));
    assert_eq!((&users["mem_limit"], &users["memswap_limit"]), (&json!(64 << 20), &json!(64 << 20)));
    assert_eq!(users["cpus"], json!(2.0));
    assert_eq!((users.get("mem_reservation"), users.get("cpu_quota")), (None, None));
}

#[test]
fn a_gpu_is_given_to_whoever_reserves_it_else_to_whoever_is_talked_to() {
    let reserve = json!({"deploy": {"resources": {"reservations": {"devices": [{"driver": "nvidia", "count": 1}]}}}});
    let spec = spec(API, json!({}), &[]);
    let devices = |file: Value, service: &str, gpu| {
        let made = rewrite(&file, &spec, gpu).unwrap().file;
        made["services"][service].pointer("/deploy/resources/reservations/devices").cloned()
    };
    let reserved = json!({"services": {"api": {"image": "i"}, "worker": reserve}});
    assert_eq!(devices(reserved.clone(), "worker", false), None);
    assert_eq!(devices(reserved.clone(), "worker", true), Some(json!([{"driver": "nvidia", "count": 1}])));
    assert_eq!(devices(reserved, "api", true), None);
    let plain = json!({"services": {"api": {"image": "i"}, "worker": {"image": "i"}}});
    assert_eq!(devices(plain.clone(), "api", true), Some(json!([gpu_of_all()])));
    assert_eq!(devices(plain, "worker", true), None);
}

fn gpu_of_all() -> Value {
    json!({"driver": "nvidia", "count": "all", "capabilities": ["gpu"]})
}

#[test]
fn ports_are_on_the_loopback_unless_they_are_granted() {
    let file =
        json!({"services": {"api": {"image": "i", "ports": ["0.0.0.0:80:80", "81:81"]}, "db": {"ports": ["5:5"]}}});
    let two = r#"endpoints.http = { port = 80, service = "api" }
        endpoints.again = { port = 80, service = "api", path = "/v2" }
        endpoints.admin = { port = 90, service = "api" }"#;
    let ports = |grants: &[&str]| {
        let made = rewrite(&file, &spec(two, json!({}), grants), false).unwrap().file;
        assert_eq!(made["services"]["db"].get("ports"), None);
        made["services"]["api"]["ports"].clone()
    };
    assert_eq!(ports(&[]), json!(["127.0.0.1::90", "127.0.0.1::80"]));
    assert_eq!(ports(&["public-ports"]), json!(["127.0.0.1::90", "127.0.0.1::80", "0.0.0.0:80:80"]));
    let host = json!({"services": {"api": {"image": "i", "network_mode": "host"}}});
    let plan = rewrite(&host, &spec(API, json!({}), &["host-network"]), false).unwrap();
    assert_eq!(plan.file["services"]["api"].get("ports"), None);
    assert!(plan.direct.contains("api"));
}

#[test]
fn an_image_that_is_built_has_a_name_of_its_own() {
    let build = |args: Value| {
        let service = json!({"image": "postgres:16", "build": {
            "context": "/c", "args": args, "tags": ["postgres:17"], "cache_from": ["x"], "labels": {"a": "b"}, "dockerfile": null,
        }});
        let file = json!({"services": {"api": service}});
        rewrite(&file, &spec(API, json!({}), &[]), false).unwrap()
    };
    let (one, other) = (build(json!({"A": "1"})), build(json!({"A": "2"})));
    assert!(one.built["api"].starts_with("prizm/s-api:"));
    assert_ne!(one.built, other.built);
    assert_eq!(one, build(json!({"A": "1"})));
    let labels = json!({"dev.prizm.service": "s", "dev.prizm.digest": "b3:0123"});
    assert_eq!(one.file["services"]["api"]["build"], json!({"context": "/c", "args": {"A": "1"}, "labels": labels}));
    let pulled = rewrite(&json!({"services": {"api": {"image": "i"}}}), &spec(API, json!({}), &[]), false).unwrap();
    assert_eq!((pulled.pulled["api"].as_str(), pulled.built.len()), ("i", 0));
}

#[test]
fn what_must_run() {
    let file = json!({"services": {
        "api": {"image": "i"}, "init": {"image": "i"}, "worker": {"image": "i", "restart": "unless-stopped"},
        "once": {"image": "i", "restart": "on-failure"},
    }});
    let plan = rewrite(&file, &spec(API, json!({}), &[]), false).unwrap();
    assert_eq!(plan.must_run.iter().collect::<Vec<_>>(), ["api", "worker"]);
}

#[test]
fn an_endpoint_names_a_service_that_is_there() {
    let file = json!({"services": {"a": {"image": "i"}, "b": {"image": "i"}}});
    let error = |endpoints: &str| rewrite(&file, &spec(endpoints, json!({}), &[]), false).unwrap_err();
    let expected = "`service.endpoints.http.service` of the manifest: the file has no service `c`; it has `a`, `b`";
    assert_eq!(error(r#"endpoints.http = { port = 1, service = "c" }"#), expected);
    assert!(error("endpoints.http = { port = 1 }").ends_with("name the one that listens: `a`, `b`"));
}
