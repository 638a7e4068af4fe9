//! `prizm dev`: what the author changes is built and served, and what is wrong is said.

use std::fs;
use std::path::PathBuf;

use prizm_tests::{Home, Talk};
use serde_json::{Value, json};

/// A provider in Python that answers with `SAYS` and what it was told.
const PROVIDER: &str = r#"
import json, sys, time
SAYS, DECLARES = "one", "text-to-text"
OPTIONS = {"type": "object", "properties": {"delayMs": {"type": "integer"}}, "additionalProperties": False}
for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    method, params = message["method"], message.get("params")
    if method == "exit":
        break
    result = {}
    if method == "initialize":
        result = {"protocolVersion": "1.0", "provider": {"id": "author", "version": "1.0.0"}, "capabilities": [DECLARES], "cancel": "restart",
                  "models": [{"id": "says", "capabilities": ["text-to-text"], "options": {"text-to-text": OPTIONS}}]}
    elif method == "configure":
        result = {"ready": True}
    elif method == "transform":
        time.sleep(params["options"].get("delayMs", 0) / 1000)
        print("said", file=sys.stderr, flush=True)
        text = SAYS + " " + params["inputs"][0]["text"]
        result = {"outputs": [{"kind": "text", "mime": "text/plain", "text": text}]}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

const MANIFEST: &str = "[provider]\nid = \"author\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                        capabilities = [\"text-to-text\"]\n[run]\ncommand = [\"python3\", \"provider.py\"]\n";

/// The provider's directory.
pub fn provider(home: &Home) -> PathBuf {
    provider_with(home, MANIFEST)
}

/// The same with another manifest.
pub fn provider_with(home: &Home, manifest: &str) -> PathBuf {
    let url = home.provider("author", &[("prizm.toml", manifest), ("provider.py", PROVIDER)]);
    PathBuf::from(url.strip_prefix("file://").unwrap())
}

/// The manifest with a `[build] command`, a script of the shell.
pub fn with_build(script: &str) -> String {
    format!("{MANIFEST}[build]\ncommand = [\"sh\", \"-c\", {script:?}]\n")
}

/// Starts to develop, with events as JSON.
pub fn develop(home: &Home, directory: &std::path::Path, more: &[&str]) -> Talk {
    let directory = directory.to_string_lossy();
    Talk::start(home.prizm(&[&["dev", &directory, "--json"], more].concat()))
}

/// Replaces a word of the provider, as an editor saves a file.
pub fn edit(directory: &std::path::Path, from: &str, to: &str) {
    let path = directory.join("provider.py");
    let text = PROVIDER.replacen(from, to, 1);
    assert_ne!(text, PROVIDER);
    fs::write(directory.join(".provider.py.swp"), &text).unwrap();
    fs::rename(directory.join(".provider.py.swp"), path).unwrap();
}

/// Says a text and returns the answer.
pub async fn answer(talk: &mut Talk, text: &str) -> String {
    talk.say(text).await;
    let done = talk.event("done").await;
    done["outputs"][0]["text"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned()
}

#[tokio::test]
async fn what_is_changed_is_served_and_what_is_broken_is_not() {
    let home = Home::new();
    let directory = provider(&home);
    let mut talk = develop(&home, &directory, &[]);
    let ready = talk.event("ready").await;
    assert_eq!((&ready["id"], &ready["models"][0]["id"]), (&json!("author"), &json!("says")), "{ready}");
    assert!(ready["startMs"].is_f64() && ready["buildMs"].is_f64() && ready["initializeMs"].is_f64(), "{ready}");
    assert_eq!(answer(&mut talk, "hello").await, "one hello");

    edit(&directory, "\"one\"", "\"two\"");
    assert_eq!(talk.event("changed").await["files"], json!(["provider.py"]));
    let ready = talk.event("ready").await;
    assert_eq!(answer(&mut talk, "hello").await, "two hello");

    // It does not start: the one before serves.
    edit(&directory, "import json", "import no_such_module");
    let failed = talk.event("failed").await;
    assert_eq!((&failed["serving"], &failed["error"]["stage"]), (&json!(true), &json!("handshake")), "{failed}");
    assert!(failed["error"]["hint"].as_str().unwrap().contains("no_such_module"), "{failed}");
    assert_eq!(answer(&mut talk, "hello").await, "two hello");

    // It starts, and is not valid: every word of it is said.
    edit(&directory, "\"text-to-text\"\nOPTIONS", "\"text-to-tex\"\nOPTIONS");
    let failed = talk.event("failed").await;
    let message = failed["error"]["message"].as_str().unwrap();
    for words in
        ["`text-to-tex` is not a capability", "model `says` has the capability `text-to-text`, which the provider"]
    {
        assert!(message.contains(words), "{failed}");
    }
    assert_eq!(answer(&mut talk, "hello").await, "two hello");

    edit(&directory, "\"one\"", "\"three\"");
    let again = talk.event("ready").await;
    assert_ne!(again["pid"], ready["pid"]);
    assert_eq!(answer(&mut talk, "hello").await, "three hello");
    let (status, lines) = talk.close().await;
    assert_eq!(status.code(), Some(0));
    let events: Vec<_> = lines.iter().map(|line| prizm_tests::event(line)).collect();
    let pids = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((pids("started"), pids("ended")), (5, 5), "{events:#?}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty());
}

#[tokio::test]
async fn a_job_is_finished_by_the_one_that_began_it() {
    let home = Home::new();
    let directory = provider(&home);
    let mut talk = develop(&home, &directory, &[]);
    let first = talk.event("ready").await;
    talk.say("run says slowly delayMs=3000").await;
    talk.event_where("sent", |sent| sent["method"] == "transform").await;
    edit(&directory, "\"one\"", "\"two\"");
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "quickly").await, "two quickly");
    assert_eq!(talk.event("done").await["outputs"][0]["text"], "one slowly");
    talk.event_where("ended", |ended| ended["pid"] == first["pid"]).await;
    assert_eq!(talk.close().await.0.code(), Some(0));
}

#[tokio::test]
async fn commands_ask_and_change() {
    let home = Home::new();
    let directory = provider(&home);
    let mut talk = develop(&home, &directory, &["--set", "greeting=hi"]);
    let configured = talk.event_where("sent", |sent| sent["method"] == "configure").await;
    assert_eq!(configured["body"]["config"], json!({"greeting": "hi"}));
    let first = talk.event("ready").await;
    for (command, fits) in [
        ("health", json!({"command": "health"})),
        ("ping", json!({"command": "ping"})),
        ("configure level=3", json!({"command": "configure", "value": ["level"]})),
        ("help", json!({"command": "help"})),
    ] {
        talk.say(command).await;
        let event = talk.next(command, |line| Some(prizm_tests::event(line)).filter(is_answer)).await;
        // It answers what is no health.
        let is_refused = event["event"] == "error" && command == "health";
        let same = |(key, value): (&String, &Value)| event[key] == *value;
        assert!(is_refused || fits.as_object().unwrap().iter().all(same), "{command}: {event}");
    }
    for (line, code, says) in [
        ("run says x nope=1", "usage", "option `nope`: there is no such option"),
        ("/nonsense", "usage", "there is no command `nonsense`"),
        ("run -", "usage", "stdin has the commands"),
        ("models", "plugin", "the plugin's answer to `models` is malformed"),
    ] {
        talk.say(line).await;
        let error = talk.event("error").await["error"].take();
        assert!(error["kind"] == code && error["message"].as_str().unwrap().contains(says), "{line}: {error}");
    }
    talk.say("restart").await;
    let configured = talk.event_where("sent", |sent| sent["method"] == "configure").await;
    assert_eq!(configured["body"]["config"], json!({"greeting": "hi", "level": 3}), "it is kept");
    let second = talk.event("ready").await;
    assert!(second["buildMs"].is_null() && second["pid"] != first["pid"], "{second}");
    talk.say("build").await;
    assert!(talk.event("ready").await["buildMs"].is_f64());
    assert_eq!(answer(&mut talk, "hello").await, "one hello");
    assert_eq!(talk.close().await.0.code(), Some(6), "the first that failed");
}

fn is_answer(event: &Value) -> bool {
    event["event"] == "answer" || event["event"] == "error"
}

#[tokio::test]
async fn results_are_saved_and_are_no_sources() {
    let home = Home::new();
    let url = home.hostile("good");
    let directory = PathBuf::from(url.strip_prefix("file://").unwrap());
    let mut command = home.prizm(&["dev", "--json"]);
    command.current_dir(&directory);
    let mut talk = Talk::start(command);
    talk.event("ready").await;
    talk.say("run file a fox").await;
    assert_eq!(talk.event("done").await["outputs"][0]["path"], "hostile-file.png");
    talk.say("run text-to-image a fox -o fox.png").await;
    let done = talk.event("done").await;
    assert_eq!((&done["model"], &done["outputs"][0]["path"]), (&json!("file"), &json!("fox.png")), "{done}");
    assert!(directory.join("fox.png").is_file() && directory.join("hostile-file.png").is_file());
    fs::write(directory.join("notes.md"), "a source").unwrap();
    assert_eq!(talk.event("changed").await["files"], json!(["notes.md"]), "the results are none");
    talk.event("ready").await;
    let (status, lines) = talk.close().await;
    let changes = lines.iter().filter(|line| prizm_tests::event(line)["event"] == "changed").count();
    assert_eq!((status.code(), changes), (Some(0), 1));
}
