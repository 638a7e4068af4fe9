use prizm_protocol::ServiceManifest;

use super::*;
use crate::backend::compose::raw;
use crate::{Host, Source};

const MANIFEST: &str = "[service]\nname = \"web\"\nversion = \"1.0.0\"\nbackend = \"compose\"\n\
                        endpoints.http = { port = 8080, service = \"api\" }\nmap.greeting = { env = \"GREETING\" }";

fn spec(root: &Path, config: Value, grants: &[&str]) -> Spec {
    let source = Source {
        identifier: "x".to_owned(),
        revision: None,
        digest: "b3:0123456789abcdef".to_owned(),
        root: root.to_owned(),
        manifest: ServiceManifest::from_toml(MANIFEST).unwrap(),
        argv: Vec::new(),
    };
    let grants = grants.iter().map(ToString::to_string).collect();
    Spec::new(source, "/srv/home".into(), config.as_object().unwrap().clone(), grants, Host::default()).unwrap()
}

fn rewritten(text: &str, config: Value, grants: &[&str], gpu: bool) -> Plan {
    let root = tempfile::tempdir().unwrap();
    rewrite(&raw::parse(text).unwrap(), &spec(root.path(), config, grants), gpu).unwrap()
}

#[test]
fn nothing_is_left_that_two_instances_would_fight_over() {
    let text = "name: x\nservices:\n  api:\n    image: y\n    container_name: fixed\n    restart: always\n    \
                ports: ['8080:8080', '0.0.0.0:9:9']\n    environment: [A=b, C]\n    labels: {own: '1'}\n    \
                logging: {driver: syslog}\n    pull_policy: always\n  db: {image: z, ports: ['5432:5432'], restart: unless-stopped}\n  \
                init: {image: w, annotations: {a: b}, networks: {default: {ipv4_address: 10.0.0.9, aliases: [x]}}}\nnetworks: {default: {name: fixed, ipam: {config: [{subnet: 10.0.0.0/8}]}, internal: true}}\n\
                volumes: {cache: {name: fixed}}";
    let plan = rewritten(text, json!({"greeting": "a $b", "memory": "96MiB"}), &[], false);
    let api = &plan.file["services"]["api"];
    assert_eq!(api["ports"], json!(["127.0.0.1::8080"]));
    assert_eq!(
        (&api["restart"], &api["mem_limit"], &api["memswap_limit"]),
        (&json!("no"), &json!(96 << 20), &json!(96 << 20))
    );
    assert_eq!(api["environment"], json!({"A": "b", "C": "", "GREETING": "a $$b"}));
    assert_eq!(api["labels"]["own"], "1");
    assert_eq!(api["labels"]["dev.prizm.service"], "web");
    assert_eq!(api["logging"]["driver"], "json-file");
    for gone in ["container_name", "pull_policy", "deploy"] {
        assert!(api.get(gone).is_none(), "{gone}");
    }
    assert!(plan.file["services"]["db"].get("ports").is_none());
    assert_eq!(plan.file["services"]["init"]["networks"], json!({"default": {"aliases": ["x"]}}));
    assert!(plan.file["services"]["init"].get("annotations").is_none());
    assert_eq!(plan.must_run, ["api".to_owned(), "db".to_owned()].into());
    assert_eq!(plan.file.get("name"), None);
    let default = plan.file["networks"]["default"].as_object().unwrap();
    assert_eq!(default.keys().collect::<Vec<_>>(), ["internal", "labels"]);
    assert_eq!(plan.file["volumes"]["cache"].as_object().unwrap().keys().collect::<Vec<_>>(), ["labels"]);
    let public = rewritten(text, json!({}), &["public-ports"], false);
    assert_eq!(public.file["services"]["api"]["ports"], json!(["127.0.0.1::8080", "0.0.0.0:9:9"]));
}

#[test]
fn a_gpu_is_given_and_taken_away() {
    let reserved = "services:\n  api:\n    image: y\n    gpus: all\n    deploy: {replicas: 3, resources: {limits: {cpus: '2', pids: 9}, \
                    reservations: {devices: [{driver: nvidia, device_ids: ['0'], capabilities: [gpu]}]}}}";
    let off = rewritten(reserved, json!({}), &[], false);
    assert_eq!(off.file["services"]["api"]["deploy"], json!({"resources": {"limits": {"cpus": "2", "pids": 9}}}));
    let on = rewritten(reserved, json!({}), &[], true);
    let devices = &on.file["services"]["api"]["deploy"]["resources"]["reservations"]["devices"];
    assert_eq!(devices[0]["device_ids"], json!(["0"]), "the author's choice");
    let plain = rewritten("services: {api: {image: y}}", json!({}), &[], true);
    let devices = &plain.file["services"]["api"]["deploy"]["resources"]["reservations"]["devices"];
    assert_eq!(devices, &json!([{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]));
}

#[test]
fn images_that_are_built_are_named_by_what_they_are_made_of() {
    let plan = rewritten(
        "services: {api: {build: {context: ., tags: ['nginx:latest']}, image: their/name}}",
        json!({}),
        &[],
        false,
    );
    assert_eq!(plan.file["services"]["api"]["build"], json!({"context": "."}), "no other image is overwritten");
    assert_eq!(plan.file["services"]["api"]["image"], "prizm/web-api:456789abcdef");
    assert_eq!(plan.built, ["api"]);
}

#[test]
fn an_endpoint_is_of_a_service_that_is_there() {
    let root = tempfile::tempdir().unwrap();
    let wrong = rewrite(&raw::parse("services: {web: {image: y}}").unwrap(), &spec(root.path(), json!({}), &[]), false);
    assert_eq!(
        wrong.unwrap_err(),
        "`service.endpoints.http.service` of the manifest: the file has no service `api`; it has `web`"
    );
    let (one, two) = ("a".to_owned(), "b".to_owned());
    assert_eq!(service_of(None, &[&one]).unwrap(), "a");
    assert_eq!(service_of(None, &[&one, &two]).unwrap_err(), "name the one that listens: `a`, `b`");
}

#[test]
fn the_files_of_the_service_are_mounted_read_only() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("site")).unwrap();
    let text = format!(
        "services: {{api: {{image: y, volumes: ['{}:/site:rw', 'cache:/c', '/srv/x:/x']}}}}",
        root.path().join("site").display()
    );
    let plan = rewrite(&raw::parse(&text).unwrap(), &spec(root.path(), json!({}), &["mount:/srv"]), false).unwrap();
    let modes: Vec<_> = plan.file["services"]["api"]["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["read_only"] == true)
        .collect();
    assert_eq!(modes, [true, false, false]);
}
