//! What the tests stand on: a home, a service, and a client.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use prizm_protocol::ServiceManifest;
use prizm_service::{Condition, Host, Instance, Keeper, Source, Spec, State};
use serde_json::{Map, Value, json};

/// Longest that anything is waited for.
pub const LONG: Duration = Duration::from_secs(30);

/// What the service is, but for what a test adds.
pub const MANIFEST: &str = r#"
[service]
name = "server"
version = "1.0.0"
backend = "process"
endpoints.http = { path = "/v1" }
readiness.http = { endpoint = "http", path = "/health", json = { "/status" = "ok" } }
readiness.interval = "20ms"
[service.map]
exit = { env = "EXIT" }
say = { env = "SAY" }
load = { env = "LOAD" }
eat = { env = "EAT" }
other = { env = "OTHER" }
"#;

/// A home of its own.
pub struct Lab {
    pub home: tempfile::TempDir,
    pub keeper: Keeper,
}

impl Lab {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), keeper: Keeper::here() }
    }

    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    pub fn instance(&self, config: Value) -> Instance {
        self.instance_of(MANIFEST, config)
    }

    pub fn instance_of(&self, manifest: &str, config: Value) -> Instance {
        self.instance_at(&root(), manifest, config)
    }

    /// An instance whose files are in a directory.
    pub fn instance_at(&self, root: &Path, manifest: &str, config: Value) -> Instance {
        let source = Source {
            identifier: "file:///srv/server".to_owned(),
            revision: None,
            digest: "b3:0".to_owned(),
            root: root.to_owned(),
            manifest: ServiceManifest::from_toml(manifest).unwrap(),
            argv: ["python3", "-B", "server.py"].map(str::to_owned).to_vec(),
        };
        let config: Map<String, Value> = config.as_object().unwrap().clone();
        let spec = Spec::new(source, self.home(), config, BTreeSet::new(), Host::default()).unwrap();
        Instance::new(spec, self.keeper.clone())
    }

    /// An instance of the service as it is.
    pub fn plain(&self) -> Instance {
        self.instance(json!({}))
    }
}

/// Where the files of the service are.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

/// Hears nothing.
pub fn quiet(_: &str, _: &str) {}

/// Waits for a state.
pub async fn until(instance: &Instance, what: &str, good: impl Fn(&State) -> bool) -> State {
    let deadline = Instant::now() + LONG;
    loop {
        let state = instance.state().unwrap();
        if good(&state) {
            return state;
        }
        assert!(Instant::now() < deadline, "{what}: {state:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn until_stopped(instance: &Instance) {
    until(instance, "it stops", |state| state.condition == Condition::Stopped).await;
}

/// Asks the service something.
pub async fn get(url: &str, path: &str) -> Result<Value, String> {
    let url = url.replace("/v1", path);
    let ask = move || {
        let mut answer = ureq::get(&url).call().map_err(|error| error.to_string())?;
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        serde_json::from_str::<Value>(&text).map(|value| value["status"].clone()).map_err(|error| error.to_string())
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}
