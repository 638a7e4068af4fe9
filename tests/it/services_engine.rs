//! Services in containers: a real dockerd, Debian's Compose, images built from scratch.

use prizm_tests::{Ended, Engine, Home, IMAGE, Running, eventually};
use serde_json::{Value, json};

use crate::services::get;

/// Three containers: one that runs once, one without a health check, and the one that listens. Everything
/// that two instances would fight over is in it.
const COMPOSE: &str = r#"
services:
  api:
    image: prizm-test
    container_name: fixed-name
    restart: always
    ports: ["8080:8080"]
    environment: {GREETING: "costs $$5"}
    volumes: ["./site:/site", "cache:/cache"]
    stop_signal: SIGKILL
    depends_on:
      init: {condition: service_completed_successfully}
  db:
    image: prizm-test
    command: ["/bin/sh", "/serve", "9090"]
    ports: ["9090:9090"]
    stop_signal: SIGKILL
  init:
    image: prizm-test
    command: ["/bin/sh", "-c", "echo init done"]
volumes:
  cache: {}
networks:
  default: {name: fixed-network}
"#;

const MANIFEST: &str = r#"
[service]
name = "web"
version = "1.0.0"
backend = "compose"
[service.endpoints.http]
port = 8080
service = "api"
[service.readiness]
http = { endpoint = "http", path = "/cgi-bin/health" }
interval = "50ms"
startTimeout = "60s"
[service.map]
slow = { env = "SLOW" }
[service.volumes.cache]
persist = true
"#;

/// A service with one container that only listens.
const PLAIN: &str = "services:\n  api:\n    image: prizm-test\n    stop_signal: SIGKILL\n";

struct Lab {
    home: Home,
    // Dropped last: it sees what is left.
    engine: Engine,
}

impl Lab {
    fn new() -> Option<Self> {
        let (engine, home) = (Engine::start()?, Home::new());
        home.configure(&format!("[host]\ndocker = \"{}\"", engine.host()));
        Some(Self { home, engine })
    }

    fn service(&self, name: &str, manifest: &str, compose: &str) -> String {
        let files = [("prizm.toml", manifest), ("docker-compose.yml", compose), ("site/index.html", "hello")];
        self.home.provider(name, &files)
    }

    fn web(&self) -> String {
        self.service("web", MANIFEST, COMPOSE)
    }

    async fn prizm(&self, words: &[&str]) -> Ended {
        Running::start(self.home.prizm(words)).ended().await
    }

    async fn start(&self, words: &[&str]) -> Value {
        let words: Vec<_> = ["service", "start", "--json"].iter().chain(words).copied().collect();
        self.prizm(&words).await.json()
    }

    async fn status(&self) -> Vec<Value> {
        self.prizm(&["service", "status", "--json"]).await.json().as_array().unwrap().clone()
    }

    /// Stops everything, and purges it.
    async fn clear(&self) {
        self.prizm(&["service", "stop", "--all", "--purge"]).await.ok();
    }
}

fn http(document: &Value) -> String {
    document["endpoints"]["http"].as_str().unwrap().to_owned()
}

fn name(document: &Value) -> String {
    document["instance"].as_str().unwrap().to_owned()
}

async fn env(url: &str) -> String {
    get(&format!("{url}cgi-bin/env")).await.unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_foreign_file_is_made_safe_and_becomes_ready_through_its_published_port() {
    let Some(lab) = Lab::new() else { return };
    let started = lab.start(&[&lab.web(), "--set", "memory=96MiB", "--set", "slow=1"]).await;
    let (instance, url) = (name(&started), http(&started));
    assert!(started["startMs"].as_u64().unwrap() > 0);
    assert!(url.starts_with("http://127.0.0.1:") && !url.contains(":8080"), "{url}");
    let seen = env(&url).await;
    assert!(seen.contains("GREETING=costs $5\n") && seen.contains("SLOW=1\n"), "{seen}");

    let container = |service: &str| format!("{instance}_{service}_1");
    let expected = ["api", "db", "init"].map(container);
    assert_eq!(lab.engine.containers(), expected);
    let api = &expected[0];
    let inspect = |template: &str| lab.engine.inspect(api, template);
    assert_eq!(inspect("{{.HostConfig.Memory}}"), (96 << 20).to_string());
    assert_eq!(inspect("{{.HostConfig.RestartPolicy.Name}}"), "no");
    let ports: Value = serde_json::from_str(&inspect("{{json .NetworkSettings.Ports}}")).unwrap();
    assert_eq!(ports["8080/tcp"][0]["HostIp"], "127.0.0.1");
    assert_eq!(
        lab.engine.inspect(&expected[1], "{{json .HostConfig.PortBindings}}"),
        "{}",
        "no other port is published"
    );
    assert_eq!(inspect(r#"{{index .Config.Labels "dev.prizm.instance"}}"#), instance);
    let mounts: Value = serde_json::from_str(&inspect("{{json .Mounts}}")).unwrap();
    let site = mounts.as_array().unwrap().iter().find(|mount| mount["Destination"] == "/site").unwrap();
    assert_eq!(site["RW"], false, "the files of the store are read-only");
    assert_eq!(lab.engine.networks(), [format!("{instance}_default")]);

    let status = lab.status().await.remove(0);
    let containers: Vec<_> = status["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["service"].clone(), part["state"].clone()))
        .collect();
    let state = |service: &str, state: &str| (json!(service), json!(state));
    assert_eq!(containers, [state("api", "running"), state("db", "running"), state("init", "exited")]);
    let logs = lab.prizm(&["service", "logs", "web"]).await;
    assert_eq!(logs.ok(), "init | init done\n");

    assert_eq!(lab.prizm(&["service", "stop", "web"]).await.ok(), format!("{instance} stopped\n"));
    assert_eq!((lab.engine.containers().len(), lab.engine.networks().len()), (0, 0));
    assert_eq!(lab.engine.volumes(), [format!("{instance}_cache")], "what persists is kept");
    lab.prizm(&["service", "gc"]).await.ok();
    assert_eq!(lab.engine.volumes().len(), 1);
    lab.prizm(&["service", "stop", "web", "--purge"]).await.ok();
    assert_eq!(lab.engine.volumes().len(), 0);
}

#[tokio::test]
async fn two_configurations_stand_side_by_side_and_the_same_is_shared() {
    let Some(lab) = Lab::new() else { return };
    let url = lab.web();
    let provider = |id: &str, memory: &str| {
        let source = lab.home.hostile("records-configure");
        format!(
            "[providers.{id}]\nsource = \"{source}\"\nlink = true\nserviceUrl = \"{url}\"\n\
             serviceConfig = {{ memory = \"{memory}\" }}\n"
        )
    };
    lab.home.configure(&provider("hostile", "96MiB"));
    let ask = async |more: &[&str]| {
        let words: Vec<_> = ["run", "hostile", "which?", "--capability", "text-to-text", "--json"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let document = lab.prizm(&words).await.json();
        let text = document["outputs"][0]["text"].as_str().unwrap().to_owned();
        serde_json::from_str::<Value>(&text).unwrap()["config"]["baseUrl"].clone()
    };
    let (one, same) = tokio::join!(ask(&[]), ask(&[]));
    assert_eq!(one, same);
    let other = ask(&["--set", "serviceConfig={\"memory\":\"128MiB\"}"]).await;
    assert_ne!(one, other);
    let status = lab.status().await;
    assert_eq!(status.len(), 2);
    assert!(status.iter().all(|each| each["condition"] == "ready" && each["pinned"] == false), "{status:?}");
    assert_eq!(lab.engine.containers().len(), 6);
    lab.clear().await;
}

#[tokio::test]
async fn a_crash_is_seen_and_what_follows_is_elsewhere() {
    let Some(lab) = Lab::new() else { return };
    let url = lab.service("plain", MANIFEST, PLAIN);
    let before = lab.start(&[&url]).await;
    let _answer = get(&format!("{}cgi-bin/crash", http(&before))).await;
    let waiting = condition(&lab, "waiting").await;
    assert_eq!((waiting["failure"]["kind"].as_str(), waiting["failure"]["exitCode"].as_i64()), (Some("exit"), Some(3)));
    let after = condition(&lab, "ready").await;
    assert_eq!(after["restarts"], 1);
    assert!(env(&http(&after)).await.contains("REQUEST_METHOD=GET"));
    lab.clear().await;
}

/// Waits for the condition of the only instance.
async fn condition(lab: &Lab, wanted: &str) -> Value {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let status = lab.status().await.remove(0);
        if status["condition"] == wanted {
            return status;
        }
        assert!(std::time::Instant::now() < until, "{wanted}: {status}");
    }
}

#[tokio::test]
async fn too_much_memory_is_told_by_name() {
    let Some(lab) = Lab::new() else { return };
    let url = lab.service("plain", MANIFEST, PLAIN);
    let started = lab.start(&[&url, "--set", "memory=24MiB"]).await;
    let eat = format!("{}cgi-bin/eat", http(&started));
    let _answer = get(&eat).await;
    let waiting = condition(&lab, "waiting").await;
    assert_eq!(waiting["failure"]["kind"], "oom", "{waiting}");
    assert!(waiting["failure"]["message"].as_str().unwrap().contains("its limit of 24 MiB"), "{waiting}");
    lab.clear().await;
}

#[tokio::test]
async fn what_a_killed_owner_leaves_is_taken_over_or_collected() {
    let Some(lab) = Lab::new() else { return };
    let url = lab.web();
    let before = lab.start(&[&url]).await;
    let api = format!("{}_api_1", name(&before));
    let id = lab.engine.inspect(&api, "{{.Id}}");
    kill_keepers(&lab).await;
    assert_eq!(lab.status().await[0]["condition"], "stopped");
    let after = lab.start(&[&url]).await;
    assert_eq!((http(&after), lab.engine.inspect(&api, "{{.Id}}")), (http(&before), id), "nothing was restarted");

    kill_keepers(&lab).await;
    let would = lab.prizm(&["service", "gc", "--dry-run", "--json"]).await.json();
    assert_eq!(would[0]["instance"], name(&before).as_str());
    assert_eq!(lab.engine.containers().len(), 3);
    lab.prizm(&["service", "gc"]).await.ok();
    assert_eq!((lab.engine.containers().len(), lab.engine.networks().len()), (0, 0));
    lab.clear().await;
}

#[tokio::test]
async fn what_belongs_to_a_home_that_is_gone_is_collected_from_any() {
    let Some(lab) = Lab::new() else { return };
    lab.start(&[&lab.web()]).await;
    kill_keepers(&lab).await;
    std::fs::remove_dir_all(lab.home.path()).unwrap();
    let other = Home::new();
    other.configure(&format!("[host]\ndocker = \"{}\"", lab.engine.host()));
    let collected = Running::start(other.prizm(&["service", "gc", "--json"])).ended().await.json();
    assert_eq!(collected[0]["what"], "3 containers, 1 networks, 1 volumes");
}

async fn kill_keepers(lab: &Lab) {
    let keepers = lab.home.processes().running("keep");
    assert!(!keepers.is_empty());
    for pid in keepers {
        // SAFETY: `kill` takes numbers; one that has ended in between is no error.
        unsafe { libc::kill(i32::try_from(pid).unwrap(), libc::SIGKILL) };
    }
    eventually("they have ended", || lab.home.processes().running("keep").is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_a_file_may_not_ask_for_is_refused_until_it_is_granted() {
    let Some(lab) = Lab::new() else { return };
    let outside = lab.home.path().display().to_string();
    for (line, path, grant) in [
        ("privileged: true", "services.api.privileged", "privileged"),
        ("network_mode: host", "services.api.network_mode", "host-network"),
        ("volumes: [\"/var/run/docker.sock:/sock\"]", "services.api.volumes", "docker-socket"),
        (&*format!("volumes: [\"{outside}:/x\"]"), "services.api.volumes", &*format!("mount:{outside}")),
        ("cap_add: [SYS_ADMIN]", "services.api.cap_add", "cap:SYS_ADMIN"),
        ("ports: [\"0.0.0.0:18080:8080\"]", "services.api.ports", "public-ports"),
        ("devices: [\"/dev/null:/dev/x\"]", "services.api.devices", "device:/dev/null"),
        ("pid: host", "services.api.pid", "privileged"),
        ("security_opt: [\"seccomp:unconfined\"]", "services.api.security_opt", "privileged"),
        ("env_file: /etc/passwd", "services.api.env_file", ""),
        ("build: /etc", "services.api.build.context", ""),
    ] {
        let url = lab.service("greedy", MANIFEST, &format!("{PLAIN}    {line}\n"));
        let error = lab.prizm(&["service", "start", &url, "--json"]).await.error(4);
        assert!(error["message"].as_str().unwrap().contains(path), "{line}: {error}");
        let hint = error["hint"].as_str().unwrap();
        match grant {
            "" => assert!(hint.contains("cannot be granted"), "{line}: {hint}"),
            grant => {
                assert!(hint.contains(&format!("`grant = [{grant:?}]` under `[services.\"{url}\"]`")), "{line}: {hint}")
            }
        }
    }
    assert_eq!(lab.engine.containers().len(), 0, "nothing of them was started");
    // What is below a directory that is granted is granted, too.
    let shared = lab.home.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::write(shared.join("note"), "x").unwrap();
    let more = format!("    volumes: [\"{}:/x\"]\n    ports: [\"0.0.0.0::9999\"]\n", shared.display());
    let url = lab.service("greedy", MANIFEST, &format!("{PLAIN}{more}"));
    lab.home.configure(&format!("[services.\"{url}\"]\ngrant = [\"mount:{outside}\", \"public-ports\"]"));
    let started = lab.start(&[&url]).await;
    let api = format!("{}_api_1", name(&started));
    let mounts: Value = serde_json::from_str(&lab.engine.inspect(&api, "{{json .Mounts}}")).unwrap();
    assert_eq!((mounts[0]["Source"].as_str(), mounts[0]["RW"].as_bool()), (shared.to_str(), Some(true)));
    let ports: Value = serde_json::from_str(&lab.engine.inspect(&api, "{{json .HostConfig.PortBindings}}")).unwrap();
    assert_eq!(
        (&ports["9999/tcp"][0]["HostIp"], &ports["8080/tcp"][0]["HostIp"]),
        (&json!("0.0.0.0"), &json!("127.0.0.1"))
    );
    lab.clear().await;
}

#[tokio::test]
async fn images_are_built_and_what_cannot_be_had_is_named() {
    let Some(lab) = Lab::new() else { return };
    let build = format!("FROM {IMAGE}\nRUN echo built > /www/index.html\n");
    let compose = "services:\n  api:\n    build: .\n    stop_signal: SIGKILL\n";
    let files = [("prizm.toml", MANIFEST), ("docker-compose.yml", compose), ("Dockerfile", &*build)];
    let started = lab.start(&[&lab.home.provider("built", &files)]).await;
    assert_eq!(get(&format!("{}index.html", http(&started))).await.unwrap(), "built\n");
    let image = lab.engine.inspect(&format!("{}_api_1", name(&started)), "{{.Config.Image}}");
    assert!(image.starts_with("prizm/web-api:"), "{image}");
    lab.clear().await;

    let gone = lab.service("gone", MANIFEST, "services:\n  api:\n    image: localhost:9/no-such-image\n");
    let error = lab.prizm(&["service", "start", &gone, "--json"]).await.error(5);
    assert_eq!(error["kind"], "image-unavailable", "{error}");
    assert!(error["service"]["command"].as_str().unwrap().contains("pull api"), "{error}");
    let no_yaml = lab.service("bad", MANIFEST, "services: [");
    assert_eq!(lab.prizm(&["service", "start", &no_yaml, "--json"]).await.error(5)["kind"], "compose-invalid");
    let other = lab.service("other", &MANIFEST.replace("service = \"api\"", "service = \"web\""), PLAIN);
    let error = lab.prizm(&["service", "start", &other, "--json"]).await.error(5);
    assert!(error["message"].as_str().unwrap().contains("the file has no service `web`; it has `api`"), "{error}");
    let ends = lab.service(
        "ends",
        MANIFEST,
        "services:\n  api:\n    image: prizm-test\n    command: [\"/bin/sh\", \"-c\", \"echo no; exit 4\"]\n",
    );
    let error = lab.prizm(&["service", "start", &ends, "--json"]).await.error(6);
    assert_eq!((error["kind"].as_str(), error["service"]["exitCode"].as_i64()), (Some("exit"), Some(4)), "{error}");
    assert_eq!(error["service"]["logs"][0], json!({"source": "api", "lines": ["no"]}));
    let gpu = lab.service("gpu", MANIFEST, PLAIN);
    let error = lab.prizm(&["service", "start", &gpu, "--set", "enableGPU=true", "--json"]).await.error(6);
    assert_eq!(error["kind"], "no-gpu", "{error}");
    lab.clear().await;
}

#[tokio::test]
async fn an_engine_that_may_not_be_used_is_told_from_one_that_is_not_there() {
    let Some(lab) = Lab::new() else { return };
    let url = lab.service("plain", MANIFEST, PLAIN);
    // Where another user can reach it.
    let prizm = lab.home.file("prizm");
    std::fs::copy(prizm_tests::program("prizm"), &prizm).unwrap();
    lab.engine.open_to_others();
    lab.home.open_to_others();
    std::fs::set_permissions(&prizm, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = lab.home.command("setpriv".as_ref());
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(&prizm).args(["service", "start", &url, "--json"]);
    let error = Running::start(command).ended().await.error(5);
    assert_eq!(error["kind"], "denied", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("group `docker`"), "{error}");
}

#[tokio::test]
async fn without_an_engine_that_is_said() {
    let home = Home::new();
    home.configure("[host]\ndocker = \"unix:///nowhere/docker.sock\"");
    let files = [("prizm.toml", MANIFEST), ("docker-compose.yml", PLAIN)];
    let url = home.provider("plain", &files);
    let error = Running::start(home.prizm(&["service", "start", &url, "--json"])).ended().await.error(5);
    assert_eq!(error["kind"], "engine-missing", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("docker.io"), "{error}");
    Running::start(home.prizm(&["service", "gc"])).ended().await.ok();
}
