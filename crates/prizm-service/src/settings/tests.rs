use serde_json::json;

use super::*;

fn manifest(more: &str) -> ServiceManifest {
    of("compose", "{ port = 80 }", more)
}

fn of(backend: &str, endpoint: &str, more: &str) -> ServiceManifest {
    let text = format!(
        "[service]\nname = \"s\"\nversion = \"1.0.0\"\nbackend = \"{backend}\"\nendpoints.http = {endpoint}\n{more}"
    );
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
}

#[test]
fn memory_of_a_gpu_that_is_not_enabled_is_refused() {
    let refused = |manifest: &ServiceManifest, given: Value| {
        let error = resolve(manifest, &config(given)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        (error.to_string(), error.hint().unwrap().to_owned())
    };
    for given in [json!({"gpuMemory": "24GB"}), json!({"gpuMemory": "24GB", "enableGPU": false})] {
        let (message, hint) = refused(&manifest(""), given);
        let expected = "serviceConfig.gpuMemory: it asks for memory of a GPU, and `enableGPU` gives service `s` none";
        assert_eq!(message, expected);
        assert_eq!(hint, "set `enableGPU` to true or \"auto\", or leave out `gpuMemory`");
    }
    let own = "[service.map]\nvram = { admission = \"gpuMemory\" }\ncuda = { gpu = true }\n";
    let (message, hint) = refused(&manifest(own), json!({"vram": "1GB", "cuda": false}));
    assert!(message.starts_with("serviceConfig.vram: ") && hint.starts_with("set `cuda` to true"), "{message}: {hint}");
    // What the author says of it is for those who enable one.
    let default = "[service.config.properties.vram]\ndefault = \"1GB\"\n";
    let (_, settings) = resolve(&manifest(&format!("{own}{default}")), &Map::new()).unwrap();
    assert_eq!((settings.gpu, settings.gpu_memory), (GpuChoice::Off, None));
    let (_, settings) = resolve(&manifest(&format!("{own}{default}")), &config(json!({"cuda": true}))).unwrap();
    assert_eq!((settings.gpu, settings.gpu_memory), (GpuChoice::On, Some(1_000_000_000)));
}

#[test]
fn a_service_that_needs_a_gpu_cannot_be_kept_from_it() {
    let manifest = manifest("[service.resources]\ngpu = \"required\"\n");
    let error = resolve(&manifest, &config(json!({"enableGPU": false}))).unwrap_err();
    let expected = "serviceConfig.enableGPU: it is false, and `resources.gpu` of service `s` is \"required\": \
                    it does not work without";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Config, expected));
    assert!(error.hint().unwrap().contains("leave out `enableGPU`"), "{error:?}");
    for given in [json!({}), json!({"enableGPU": true}), json!({"enableGPU": "auto"})] {
        let (_, settings) = resolve(&manifest, &config(given.clone())).unwrap();
        assert_eq!(settings.gpu, GpuChoice::On, "{given}");
    }
}

#[test]
fn what_runs_elsewhere_is_told_where_and_nothing_else() {
    let manifest = of("external", "{}", "");
    let given = json!({"urls": {"http": "http://10.0.0.5:8080"}, "maxConcurrent": 2});
    let (whole, settings) = resolve(&manifest, &config(given.clone())).unwrap();
    assert_eq!((Value::Object(whole), settings.max_concurrent), (given, Some(2)));
    for (given, expected, hint) in [
        (json!({"urls": "http://x"}), "serviceConfig.urls: \"http://x\" is wrong here: write a table", "correct it"),
        (json!({"urls": {"http": 80}}), "serviceConfig.urls.http: 80 is wrong here: write a URL", "correct it"),
        (json!({"urls": {"grpc": "http://x"}}), "serviceConfig.urls.grpc: service `s` has no such", "it has `http`"),
        // Nothing that runs elsewhere can be limited.
        (json!({"memory": "8GB"}), "serviceConfig.memory: service `s` knows no", "it knows `maxConcurrent`, `urls`"),
        (json!({"enableGPU": true}), "serviceConfig.enableGPU: service `s` knows no", "it knows `maxConcurrent`"),
    ] {
        let error = resolve(&manifest, &config(given.clone())).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{given}: {error}");
        assert!(error.hint().unwrap().starts_with(hint), "{error:?}");
    }
    let error = resolve(&self::manifest(""), &config(json!({"urls": {}}))).unwrap_err();
    assert!(error.to_string().contains("knows no such key"), "{error}");
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
