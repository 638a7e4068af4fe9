use serde_json::json;

use super::*;

fn manifest(more: &str) -> ServiceManifest {
    let text =
        format!("[service]\nname = \"s\"\nversion = \"1.0.0\"\nbackend = \"process\"\nendpoints.http = {{}}\n{more}");
    ServiceManifest::from_toml(&text).unwrap()
}

const WHOLE: &str = r#"
[service.config]
type = "object"
additionalProperties = false
[service.config.properties.model]
enum = ["tiny", "base"]
default = "base"
[service.config.properties.beam]
type = "integer"
minimum = 1
[service.map]
model = { env = "ASR_MODEL" }
beam = { env = "BEAM" }
maxConcurrent = { env = "MAX_CONCURRENCY", admission = "concurrency" }
cores = { limit = "cpus" }
[service.resources]
gpu = "optional"
gpuMemory = "4GB"
"#;

fn config(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn values_reach_where_the_map_says() {
    let given = json!({"beam": 3, "memory": "8GB", "maxConcurrent": 4, "enableGPU": "auto", "cores": 0.5});
    let (whole, settings) = resolve(&manifest(WHOLE), &config(given)).unwrap();
    assert_eq!(whole["model"], "base", "the default is applied");
    assert_eq!(settings.env["ASR_MODEL"], "base");
    assert_eq!(settings.env["BEAM"], "3");
    assert_eq!(settings.env["MAX_CONCURRENCY"], "4");
    assert_eq!(settings.max_concurrent, Some(4));
    assert_eq!((settings.memory, settings.cpus), (Some(8_000_000_000), Some(0.5)));
    assert_eq!((settings.gpu, settings.gpu_memory), (GpuChoice::Auto, Some(4_000_000_000)));
}

#[test]
fn what_every_service_has_needs_no_map() {
    let given = json!({"memory": "96MiB", "maxConcurrent": 2, "enableGPU": true, "gpuMemory": "24GB"});
    let (_, settings) = resolve(&manifest(""), &config(given)).unwrap();
    assert_eq!(settings.memory, Some(96 << 20));
    assert_eq!(settings.gpu_memory, Some(24_000_000_000));
    assert_eq!(settings.env["MAX_CONCURRENT"], "2");
    assert_eq!(settings.env["GPU_MEMORY"], "24000000000");
    let (_, without) = resolve(&manifest(""), &config(json!({"gpuMemory": "24GB"}))).unwrap();
    assert_eq!((without.gpu, without.gpu_memory), (GpuChoice::Off, None), "memory of a GPU that is not used");
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    for (given, expected) in [
        (json!({"memory": "8G"}), "serviceConfig.memory: `8G` is no size"),
        (json!({"memory": true}), "serviceConfig.memory: `true` is no size"),
        (json!({"gpuMemory": "24 gigs"}), "serviceConfig.gpuMemory: `24 gigs` is no size"),
        (json!({"enableGPU": "yes"}), "serviceConfig.enableGPU: \"yes\" is wrong here: write true, false or \"auto\""),
        (json!({"maxConcurrent": 0}), "serviceConfig.maxConcurrent: 0 is wrong here"),
        (json!({"maxConcurrent": "4"}), "serviceConfig.maxConcurrent: \"4\" is wrong here"),
        (json!({"model": "huge"}), "serviceConfig.model: \"huge\" is not one of"),
        (json!({"beam": 0}), "serviceConfig.beam: 0 is less than the minimum of 1"),
        (json!({"cores": -1}), "serviceConfig.cores: -1 is wrong here"),
        (json!({"colour": 1}), "serviceConfig.colour: service `s` knows no such key"),
    ] {
        let error = resolve(&manifest(WHOLE), &config(given.clone())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{given}");
        assert!(error.to_string().starts_with(expected), "{given}: {error}");
    }
    let error = resolve(&manifest(WHOLE), &config(json!({"colour": 1}))).unwrap_err();
    assert!(error.hint().unwrap().contains("`beam`, `cores`, `enableGPU`"), "{error:?}");
}

#[test]
fn a_schema_of_a_stranger_cannot_do_harm() {
    for schema in ["\"$ref\" = \"https://example.com/x\"", "pattern = \"(\"", "type = \"objet\""] {
        let error = resolve(&manifest(&format!("[service.config]\n{schema}")), &Map::new()).unwrap_err();
        assert!(error.to_string().contains("the schema in `service.config` of `s` is wrong"), "{error}");
    }
}
