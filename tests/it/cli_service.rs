//! `prizm service`, and providers whose services outlive the command that started them.

use std::time::Duration;

use prizm_tests::{Ended, Home, Running, eventually, keys};
use serde_json::{Value, json};

use crate::services::{MANIFEST, get, service};

const KEYS: [&str; 16] = [
    "backend",
    "condition",
    "config",
    "containers",
    "endpoints",
    "failure",
    "instance",
    "pinned",
    "restarts",
    "revision",
    "service",
    "sinceMs",
    "source",
    "stage",
    "startMs",
    "version",
];

async fn prizm(home: &Home, words: &[&str]) -> Ended {
    Running::start(home.prizm(words)).ended().await
}

async fn status(home: &Home) -> Vec<Value> {
    prizm(home, &["service", "status", "--json"]).await.json().as_array().unwrap().clone()
}

async fn until(home: &Home, what: &str, good: impl Fn(&Value) -> bool) -> Value {
    let until = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let all = status(home).await;
        if let Some(found) = all.iter().find(|each| good(each)) {
            return found.clone();
        }
        assert!(std::time::Instant::now() < until, "{what}: {all:?}");
    }
}

#[tokio::test]
async fn a_service_outlives_the_command_and_is_stopped_by_another() {
    let home = Home::new();
    let url = service(&home, MANIFEST);
    let started = prizm(&home, &["service", "start", &url, "--set", "say=hello", "--json"]).await.json();
    assert_eq!(keys(&started), KEYS);
    assert_eq!(
        (&started["condition"], &started["pinned"], &started["source"]),
        (&json!("ready"), &json!(true), &json!(url))
    );
    assert_eq!(started["config"], json!({"say": "hello"}));
    let address = started["endpoints"]["http"].as_str().unwrap().replace("/v1", "/health");
    assert_eq!(get(&address).await.unwrap(), json!({"status": "ok"}));
    // Again it is the same one.
    let again = prizm(&home, &["service", "start", &url, "--set", "say=hello", "--json"]).await.json();
    assert_eq!(again["endpoints"], started["endpoints"]);
    let instance = started["instance"].as_str().unwrap();
    let table = prizm(&home, &["service", "status"]).await;
    assert!(table.ok().contains(instance) && table.stdout.contains("until stopped"), "{table}");
    for name in ["server", instance, &*url] {
        let logs = prizm(&home, &["service", "logs", name, "-n", "5"]).await;
        assert_eq!(logs.ok(), "process | hello\nprocess | listening\n");
    }
    let lines = prizm(&home, &["service", "logs", "server", "--json"]).await.json();
    assert_eq!(lines[0], json!({"instance": instance, "source": "process", "line": "hello"}));
    let stopped = prizm(&home, &["service", "stop", "server", "--json"]).await.json();
    assert_eq!(stopped, json!([{"instance": instance, "ran": true}]));
    assert_eq!(status(&home).await[0]["condition"], "stopped");
    home.processes().gone_within(10).await;
    assert_eq!(prizm(&home, &["service", "stop", "server"]).await.ok(), format!("{instance} did not run\n"));
    assert!(prizm(&home, &["service", "gc"]).await.ok().contains(instance));
    assert_eq!(status(&home).await.len(), 0);
    assert_eq!(prizm(&home, &["service", "gc"]).await.ok(), "nothing is left behind\n");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_exit_code() {
    let home = Home::new();
    let url = service(&home, MANIFEST);
    let start = async |more: &[&str]| {
        let words: Vec<_> = ["service", "start", "--json"].iter().chain(more).copied().collect();
        prizm(&home, &words).await
    };
    let error = start(&["nothing"]).await.error(3);
    assert_eq!(error["message"], "there is no service `nothing`");
    let error = start(&[&url, "--set", "memory=lots"]).await.error(2);
    assert_eq!(error["kind"], "config");
    let error = start(&[&url, "--set", "colour=red"]).await.error(2);
    assert!(error["hint"].as_str().unwrap().contains("`exit`"), "{error}");
    let error = start(&[&url, "--set", "exit=7", "--set", "say=no weights"]).await.error(6);
    assert_eq!((error["kind"].as_str(), error["service"]["exitCode"].as_i64()), (Some("exit"), Some(7)));
    assert_eq!(error["stderr"], json!(["no weights"]));
    let error = prizm(&home, &["service", "logs", "nothing", "--json"]).await.error(3);
    assert!(error["hint"].as_str().unwrap().contains("prizm service status"), "{error}");
    let gone = home.provider(
        "gone",
        &[("prizm.toml", "[service]\nname = \"x\"\nversion = \"1.0.0\"\nbackend = \"process\"\nidlestop = 1\n")],
    );
    let error = start(&[&gone]).await.error(5);
    assert!(error["message"].as_str().unwrap().contains("idlestop"), "{error}");
    home.processes().gone_within(15).await;
}

#[tokio::test]
async fn a_killed_keeper_takes_its_process_along_and_the_next_start_begins_anew() {
    let home = Home::new();
    let url = service(&home, MANIFEST);
    prizm(&home, &["service", "start", &url]).await.ok();
    let keeper = home.processes().running("keep")[0];
    // SAFETY: `kill` takes numbers; one that has ended in between is no error.
    unsafe { libc::kill(i32::try_from(keeper).unwrap(), libc::SIGKILL) };
    home.processes().gone_within(10).await;
    assert_eq!(status(&home).await[0]["condition"], "stopped");
    prizm(&home, &["service", "start", &url]).await.ok();
    assert_eq!(status(&home).await[0]["condition"], "ready");
    prizm(&home, &["service", "stop", "--all"]).await.ok();
    home.processes().gone_within(10).await;
}

#[tokio::test]
async fn a_run_starts_it_the_next_shares_it_and_idleness_stops_it() {
    let home = Home::new();
    let url = service(&home, &MANIFEST.replace("backend =", "idleStop = \"3s\"\nbackend ="));
    home.configure_hostile("records-configure");
    home.configure(&format!(
        "serviceUrl = \"{url}\"\n[profile.production.providers.hostile]\nserviceConfig = {{ say = \"production\" }}"
    ));
    let run = async |profile: &str| {
        let mut command = home.prizm(&["run", "hostile", "which?", "--capability", "text-to-text", "--json"]);
        command.env("PRIZM_PROFILE", profile);
        let document = Running::start(command).ended().await.json();
        let given: Value = serde_json::from_str(document["outputs"][0]["text"].as_str().unwrap()).unwrap();
        given["config"]["baseUrl"].as_str().unwrap().to_owned()
    };
    let first = run("").await;
    assert_eq!(first, run("").await);
    let production = run("production").await;
    assert_ne!(first, production, "the profile's configuration is another instance");
    let logs = prizm(&home, &["service", "logs", "server"]).await;
    assert!(logs.ok().contains("production"), "{logs}");
    for _ in 0..2 {
        eventually("nobody uses them", || home.processes().running("keep").is_empty().then_some(())).await;
    }
    assert!(status(&home).await.iter().all(|each| each["condition"] == "stopped"));
    let mut command = home.prizm(&["providers", "--json"]);
    command.env("PRIZM_PROFILE", "producton");
    let error = Running::start(command).ended().await.error(2);
    assert_eq!(error["message"], "there is no profile `producton`");
}

#[tokio::test]
async fn memory_of_the_gpu_is_counted_over_all_that_run() {
    let home = Home::new();
    home.configure("[host]\ngpuMemory = \"24GB\"");
    let url = service(&home, MANIFEST);
    let start = async |say: &str| {
        let say = format!("say={say}");
        let words =
            ["service", "start", &url, "--json", "--set", "enableGPU=auto", "--set", "gpuMemory=16GB", "--set", &say];
        prizm(&home, &words).await
    };
    start("first").await.json();
    let error = start("second").await.error(6);
    assert_eq!(error["kind"], "gpu-memory");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("asks for 14.9 GiB of the GPU's memory; of 22.3 GiB there are 7.4 GiB left"), "{message}");
    start("first").await.json();
    prizm(&home, &["service", "stop", "--all"]).await.ok();
    start("second").await.json();
    prizm(&home, &["service", "stop", "--all"]).await.ok();
    home.processes().gone_within(10).await;
}

#[tokio::test]
async fn an_interrupted_start_leaves_nothing() {
    let home = Home::new();
    let url = service(&home, MANIFEST);
    let running = Running::start(home.prizm(&["service", "start", &url, "--set", "load=600"]));
    until(&home, "it starts", |each| each["condition"] == "starting" && each["stage"] == "ready").await;
    running.signal(libc::SIGINT);
    assert_eq!(running.ended().await.status.code(), Some(130));
    home.processes().gone_within(15).await;
    let left = status(&home).await.remove(0);
    assert_eq!((left["condition"].as_str(), left["pinned"].as_bool()), (Some("stopped"), Some(false)), "{left}");
}

#[tokio::test]
async fn the_local_llm_is_fetched_started_asked_and_stopped() {
    let home = Home::new();
    let ask =
        ["run", "text-to-text", "What is the capital of France? Answer in one word.", "--option", "temperature=0"];
    let running = Running::start(home.prizm(&ask)).ended_within(300).await;
    assert!(running.ok().contains("France"), "{running}");
    assert!(running.stderr.contains("dependencies") && running.stderr.contains("ready"), "{running}");
    let again = prizm(&home, &ask).await;
    assert_eq!(again.ok(), running.ok(), "with no temperature the same text gives the same answer");
    let llm = status(&home).await.remove(0);
    assert_eq!((llm["service"].as_str(), llm["condition"].as_str()), (Some("smollm2"), Some("ready")));
    assert_eq!(prizm(&home, &["list", "--json"]).await.json(), json!([]), "what is bundled is not listed");
    prizm(&home, &["service", "stop", "smollm2"]).await.ok();
    home.processes().gone_within(10).await;
}
