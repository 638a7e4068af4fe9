use super::*;

const GOOD: &str = r#"
[service]
name = "whisper-asr"
version = "1.2.0"
backend = "compose"
capabilities = ["audio-to-text"]
idleStop = "15min"

[service.compose]
file = "docker-compose.yml"

[service.endpoints.http]
port = 9000
service = "api"

[service.readiness]
http = { endpoint = "http", path = "/health", status = [200], json = { "/status" = "ok" } }
interval = "500ms"
startTimeout = "10min"

[service.liveness]
tcp = { endpoint = "http" }
failures = 3

[service.config]
type = "object"
[service.config.properties.model]
type = "string"
default = "base"

[service.map]
enableGPU = { gpu = true }
gpuMemory = { admission = "gpuMemory" }
memory = { limit = "memory" }
maxConcurrent = { env = "MAX_CONCURRENCY", admission = "concurrency" }
model = { env = "ASR_MODEL" }

[service.resources]
memory = "2GB"
cpus = 2
gpu = "optional"
gpuMemory = "4GB"
disk = "3GB"

[service.volumes.cache]
persist = true
"#;

#[test]
fn everything_that_can_be_said_survives() {
    let manifest = ServiceManifest::from_toml(GOOD).unwrap();
    let service = &manifest.service;
    assert_eq!((service.name.as_str(), service.backend), ("whisper-asr", Backend::Compose));
    assert_eq!(service.readiness.start_timeout(), std::time::Duration::from_secs(600));
    assert_eq!(service.resources.memory.map(|memory| memory.0), Some(2_000_000_000));
    let printed = toml::to_string(&manifest).unwrap();
    assert_eq!(ServiceManifest::from_toml(&printed).unwrap(), manifest);
    assert_eq!(ServiceManifest::from_json(serde_json::to_value(&manifest).unwrap()).unwrap(), manifest);
}

#[test]
fn what_is_wrong_is_named_with_its_path() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let error = ServiceManifest::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nlacks {expected}");
    };
    check("backend = \"compose\"", "backend = \"podman\"", "unknown variant `podman`");
    check("name = \"whisper-asr\"", "name = \"Whisper\"", "`Whisper` is not a service id");
    check("idleStop = \"15min\"", "idleStop = 15", "`15` is no span of time");
    check("idleStop", "idle_stop", "unknown field `idle_stop`");
    check("startTimeout", "startTimeOut", "unknown field `startTimeOut`");
    check("port = 9000", "port = 0", "`service.endpoints.http.port`: name the port");
    check("port = 9000", "port = 90000", "90000");
    check("[service.endpoints.http]", "[service.endpoints.\"a b\"]", "`service.endpoints.a b`");
    check("endpoint = \"http\", path", "endpoint = \"grpc\", path", "`service.readiness.http.endpoint`: `grpc` is no");
    check("path = \"/health\"", "path = \"health\"", "`service.readiness.http.path`: `health` is no path");
    check("path = \"/health\"", "path = \"//evil.example/\"", "`//evil.example/` is no path");
    check("status = [200]", "status = [20]", "20 is no status");
    check("\"/status\" = \"ok\"", "status = \"ok\"", "`service.readiness.http.json.status`");
    check("tcp = { endpoint = \"http\" }", "", "`service.liveness`: it asks nothing");
    check("memory = \"2GB\"", "memory = \"2G\"", "`2G` is no size");
    check("gpu = \"optional\"", "gpu = \"maybe\"", "unknown variant `maybe`");
    check("{ limit = \"memory\" }", "{ limit = \"disk\" }", "unknown variant `disk`");
    check("{ limit = \"memory\" }", "{}", "`service.map.memory`: it leads nowhere");
    check("\"ASR_MODEL\"", "\"LD_PRELOAD\"", "`service.map.model`: the variable `LD_PRELOAD`");
    check("\"ASR_MODEL\"", "\"A B\"", "`A B` is no name of a variable");
    check("persist = true", "persist = \"yes\"", "invalid type: string");
    check("backend = \"compose\"", "backend = \"process\"", "`service.compose`: the backend is `process`");
}
