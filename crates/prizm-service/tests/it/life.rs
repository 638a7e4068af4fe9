//! One service from its start to its end.

use std::collections::BTreeSet;
use std::sync::Mutex;

use prizm_install::Store;
use prizm_service::{Condition, ErrorKind, Phase, collect_garbage};
use serde_json::json;

use crate::lab::{self, Lab, MANIFEST, quiet, until, until_stopped};

#[tokio::test]
async fn it_starts_waits_until_it_is_ready_and_stops() {
    let lab = Lab::new();
    let instance = lab.instance(json!({"load": "0.3", "other": "a b"}));
    assert_eq!(instance.state().unwrap().condition, Condition::Stopped);
    let heard = Mutex::new(Vec::new());
    let listener = |stage: &str, detail: &str| heard.lock().unwrap().push(format!("{stage}: {detail}"));
    let state = instance.start(&listener).await.unwrap();
    assert_eq!((state.condition, state.generation), (Condition::Ready, 1));
    assert!(state.start_ms.unwrap() >= 300, "{state:?}");
    let heard = heard.into_inner().unwrap();
    assert!(heard.iter().any(|line| line.starts_with("ready: ") && line.contains("503")), "{heard:?}");

    let url = &state.endpoints["http"];
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/v1"), "{url}");
    let env = lab::get(url, "/env").await.unwrap();
    let env = env.as_str().unwrap();
    assert!(env.contains("OTHER=a b,") && env.contains("PORT_HTTP="), "{env}");
    assert!(!env.contains("CARGO_PKG_NAME"), "the environment is a list: {env}");
    assert!(env.contains("CUDA_VISIBLE_DEVICES=-1,"), "no GPU is enabled: {env}");

    let pid = lab::get(url, "/pid").await.unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.as_str().unwrap()));
    let limits = std::fs::read_to_string(process.join("limits")).unwrap();
    let cores = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().collect::<Vec<_>>()[..2], ["0", "0"], "its memory is not for the disk");
    assert!(instance.stop(false).await.unwrap());
    assert!(!process.exists());
    assert_eq!(instance.state().unwrap().condition, Condition::Stopped);
    assert!(!instance.directory().join("tmp").exists());
    assert!(!instance.stop(false).await.unwrap(), "it does not run");
    let mut lines = Vec::new();
    instance.logs(10, false, &mut |source, line| lines.push(format!("{source}: {line}"))).await.unwrap();
    assert_eq!(lines, ["process: listening"]);
}

#[tokio::test]
async fn one_that_cannot_start_says_why() {
    let lab = Lab::new();
    for (config, manifest, kind, phase, expected) in [
        (json!({"exit": "7", "say": "no model"}), MANIFEST, ErrorKind::Exit, Phase::Ready, "ended with exit code 7"),
        (json!({"eat": "400000000", "memory": "200MB"}), MANIFEST, ErrorKind::Oom, Phase::Ready, "exit code 1"),
        (
            json!({"load": "60"}),
            &format!("{MANIFEST}\n[service.readiness]\n")
                .replace("readiness.interval", "readiness.startTimeout = \"1s\"\nreadiness.interval")
                .replace("\n[service.readiness]\n", ""),
            ErrorKind::ReadinessTimeout,
            Phase::Ready,
            "was not ready within 1 s: GET http://127.0.0.1:",
        ),
    ] {
        let instance = lab.instance_of(manifest, config.clone());
        let error = instance.enter(true, &quiet).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (kind, phase), "{config}: {error:?}");
        assert!(error.to_string().contains(expected), "{config}: {error}");
        assert!(error.hint().is_some());
        if kind == ErrorKind::Exit {
            assert_eq!(error.exit_code(), Some(7));
            assert_eq!(error.logs()[0].lines, ["no model"]);
            assert_eq!(error.command(), Some("python3 -B server.py"));
        }
        let state = until(&instance, "its owner has left", |state| state.condition == Condition::Failed).await;
        assert_eq!(state.failure.unwrap().kind(), kind);
        // A failed start is not held against the next one.
        assert!(state.retry_at_ms.is_none());
    }
}

#[tokio::test]
async fn one_that_ends_by_itself_is_started_again_elsewhere() {
    let lab = Lab::new();
    let instance = lab.plain();
    let first = instance.enter(true, &quiet).await.unwrap();
    let before = first.endpoints["http"].clone();
    let _cut_off = lab::get(&before, "/crash").await;
    let waiting = until(&instance, "its end is noticed", |state| state.condition == Condition::Waiting).await;
    let failure = waiting.failure.unwrap();
    assert_eq!((failure.kind(), failure.exit_code()), (ErrorKind::Exit, Some(3)));
    assert!(failure.logs()[0].lines.contains(&"crashing as told".to_owned()));
    let second = instance.enter(true, &quiet).await.unwrap();
    assert_eq!(second.generation, 2);
    assert_eq!(lab::get(&second.endpoints["http"], "/health").await.unwrap(), "ok");
    assert_eq!(instance.state().unwrap().restarts, 1);
    lab.keeper.shutdown().await;
}

#[tokio::test]
async fn one_that_does_not_answer_any_more_is_started_again() {
    let lab = Lab::new();
    let manifest = MANIFEST.replace(
        "[service.map]",
        "liveness = { http = { endpoint = \"http\", path = \"/health\" }, interval = \"50ms\", failures = 3 }\n[service.map]",
    );
    let instance = lab.instance_of(&manifest, json!({}));
    let first = instance.enter(true, &quiet).await.unwrap();
    lab::get(&first.endpoints["http"], "/deaf").await.unwrap_err();
    let degraded = until(&instance, "it is degraded", |state| state.condition == Condition::Degraded).await;
    assert_eq!(degraded.failure.unwrap().kind(), ErrorKind::Liveness);
    let second = until(&instance, "it is back", |state| state.generation == 2).await;
    assert_eq!((second.condition, second.restarts), (Condition::Ready, 1));
    drop(first);
    lab.keeper.shutdown().await;
    until_stopped(&instance).await;
}

#[tokio::test]
async fn volumes_that_persist_outlive_a_stop_and_no_purge() {
    let lab = Lab::new();
    let manifest = MANIFEST
        .replace("[service.map]", "volumes = { keep = { persist = true }, pass = { persist = false } }\n[service.map]");
    let instance = lab.instance_of(&manifest, json!({}));
    let state = instance.start(&quiet).await.unwrap();
    let env = lab::get(&state.endpoints["http"], "/env").await.unwrap();
    let volume = |name: &str| {
        let text = env.as_str().unwrap().split(',').find_map(|pair| pair.strip_prefix(&format!("VOLUME_{name}=")));
        std::path::PathBuf::from(text.unwrap())
    };
    for name in ["KEEP", "PASS"] {
        std::fs::write(volume(name).join("file"), "x").unwrap();
    }
    instance.stop(false).await.unwrap();
    assert!(volume("KEEP").join("file").exists());
    assert!(!volume("PASS").exists());
    // Garbage is not collected of it, and that is what is told.
    for dry_run in [true, false] {
        assert_eq!(collect_garbage(&lab.home(), None, dry_run).await.unwrap(), []);
    }
    instance.stop(true).await.unwrap();
    assert!(!volume("KEEP").exists());
    let would = collect_garbage(&lab.home(), None, true).await.unwrap();
    assert_eq!(would.len(), 1);
    assert!(instance.directory().exists());
    assert_eq!(collect_garbage(&lab.home(), None, false).await.unwrap(), would);
    assert!(!instance.directory().exists());
}

#[tokio::test]
async fn volumes_that_pass_keep_nothing_of_it() {
    let lab = Lab::new();
    let manifest = MANIFEST.replace("[service.map]", "volumes.pass = { persist = false }\n[service.map]");
    let instance = lab.instance_of(&manifest, json!({}));
    instance.start(&quiet).await.unwrap();
    assert!(instance.directory().join("volumes/pass").exists());
    for dry_run in [true, false] {
        assert_eq!(collect_garbage(&lab.home(), None, dry_run).await.unwrap(), [], "it runs");
    }
    instance.stop(false).await.unwrap();
    let would = collect_garbage(&lab.home(), None, true).await.unwrap();
    assert_eq!(would.len(), 1);
    assert_eq!(collect_garbage(&lab.home(), None, false).await.unwrap(), would);
    assert!(!instance.directory().exists());
}

#[tokio::test]
async fn what_runs_elsewhere_is_where_its_configuration_says() {
    let lab = Lab::new();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", elsewhere.local_addr().unwrap());
    let manifest = "[service]\nname = \"far\"\nversion = \"1.0.0\"\nbackend = \"external\"\nendpoints.http = {}\n";
    let nowhere = lab.instance_of(manifest, json!({})).enter(true, &quiet).await.unwrap_err();
    assert!(nowhere.hint().unwrap().contains("`urls = { http = "), "{nowhere:?}");
    let used = lab.instance_of(manifest, json!({"urls": {"http": url}})).enter(true, &quiet).await.unwrap();
    assert_eq!(used.endpoints["http"], url);
}

#[tokio::test]
async fn its_files_are_not_pruned_as_long_as_it_runs() {
    let lab = Lab::new();
    let store = Store::open(lab.home()).unwrap();
    let root = lab.home().canonicalize().unwrap().join("store/artifacts").join("0f".repeat(16)).join("tree");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::copy(lab::root().join("server.py"), root.join("server.py")).unwrap();
    let instance = lab.instance_at(&root, MANIFEST, json!({}));
    instance.start(&quiet).await.unwrap();
    for dry_run in [true, false] {
        let pruned = store.prune(&BTreeSet::new(), dry_run).unwrap();
        assert_eq!((pruned.removed.len(), pruned.in_use.len()), (0, 1), "no lock names it");
    }
    assert!(root.join("server.py").exists());
    instance.stop(false).await.unwrap();
    assert_eq!(store.prune(&BTreeSet::new(), false).unwrap().removed.len(), 1);
    assert!(!root.exists());
}
