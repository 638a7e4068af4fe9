//! What a provider's misbehaviour looks like from the command line: the stage, its last words, a
//! remedy, and an exit code that tells whose fault it is.

use std::time::{Duration, Instant};

use prizm_tests::Home;

fn home(line: &str) -> Home {
    let home = Home::new();
    home.configure_hostile(line);
    home
}

/// What `run hostile hi` in this mode ends with.
struct Case {
    mode: &'static str,
    target: &'static str,
    code: i32,
    kind: &'static str,
    stage: Option<&'static str>,
    says: &'static str,
    last_words: &'static str,
}

const fn case(mode: &'static str, stage: &'static str, says: &'static str) -> Case {
    Case { mode, target: "hostile", code: 6, kind: "plugin", stage: Some(stage), says, last_words: "" }
}

const fn picture(mode: &'static str, says: &'static str) -> Case {
    Case { target: "hostile/file", ..case(mode, "output", says) }
}

async fn check(case: Case) {
    let Case { mode, target, code, kind, stage, says, last_words } = case;
    let home = home(mode);
    let ended = home.run(&["run", target, "hi", "--json"]).await;
    let error = ended.error(code);
    assert_eq!((error["kind"].as_str(), error["stage"].as_str()), (Some(kind), stage), "{mode}: {ended}");
    assert!(error["message"].as_str().unwrap().contains(says), "{mode} should say `{says}`: {ended}");
    assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{mode} has no remedy: {ended}");
    let lines = error["stderr"].as_array().unwrap();
    assert!(last_words.is_empty() || lines.iter().any(|line| line == last_words), "{mode}: {ended}");
    assert_eq!(ended.stderr, "", "what becomes an error is said once, in {mode}");
    home.processes().gone_within(2).await;
    assert_eq!((home.work(), home.files()), (vec![], vec![]), "{mode} leaves something behind");
}

#[tokio::test]
async fn a_plugin_that_dies_is_reported() {
    const WORDS: Case = Case {
        last_words: "error: weights.bin: no such file",
        ..case("exit-3-with-stderr", "handshake", "exit code 3")
    };
    check(WORDS).await;
    check(Case { last_words: "error: CUDA out of memory", ..case("exit-7-mid-call", "call", "exit code 7") }).await;
    check(case("segv", "call", "SIGSEGV")).await;
    check(Case { last_words: "error: the key was refused", ..case("exits-in-configure", "configure", "exit code 4") })
        .await;
    // For people: the stage, the last words and the remedy.
    let ended = self::home("exit-7-mid-call").run(&["run", "hostile", "hi"]).await;
    let expected = "error (call): the plugin ended during `transform`: exit code 7\n  its last words:\n    loading the weights\n    \
                    error: CUDA out of memory\n    hint: use a smaller model\n  hint: its last lines say why\n";
    assert_eq!(ended.failed(6), expected);
}

#[tokio::test]
async fn a_plugin_that_breaks_the_protocol_is_reported() {
    check(case("flood-stdout-noise", "handshake", "are no frames, the last one: `la la")).await;
    check(case("null-result", "handshake", "its result is null")).await;
    check(case("malformed-result", "call", "malformed")).await;
    check(case("unknown-media-kind", "call", "unknown variant `smell`")).await;
    check(case("close-stdout", "call", "during `transform`")).await;
}

#[tokio::test]
async fn a_plugin_that_lies_is_reported() {
    check(case("capability-drift", "validate", "it declares `image-to-image`, which its manifest does not")).await;
    check(case("wrong-version", "validate", "9.0")).await;
    check(picture("output-mime-lies", "its content is text/plain")).await;
    check(picture("output-symlink-directory", "cannot be taken")).await;
    check(picture("output-missing", "there is no such file")).await;
    check(picture("no-outputs", "without any output")).await;
    // What lies beyond the machine is the user's to allow.
    check(Case {
        code: 4,
        kind: "policy",
        stage: None,
        ..picture("output-url-loopback", "http://127.0.0.1:9/image.png")
    })
    .await;
}

#[tokio::test]
async fn an_error_of_the_providers_own_is_handed_on() {
    check(Case { code: 7, kind: "RateLimited", ..case("answers-error", "call", "too many calls") }).await;
    check(Case { code: 7, kind: "ConfigInvalid", ..case("configure-error", "configure", "`apiKey` is missing") }).await;
    let ended = self::home("answers-error --ms 1500").run(&["run", "hostile", "hi"]).await;
    assert_eq!(ended.failed(7), "error (call): too many calls\n  hint: try again in 1.5s\n");
}

#[tokio::test]
async fn a_directory_that_cannot_be_built_is_code_5() {
    let home = Home::new();
    let empty = home.provider("empty", &[("README", "nothing")]);
    let error = home.run(&["run", &empty, "hi", "--json"]).await.error(5);
    assert_eq!((&error["kind"], &error["stage"]), (&"build".into(), &"entry-point".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains("looked for a `[run] command`"), "{error}");
    let manifest = "[provider]\nid = \"wreck\"\nname = \"Wreck\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                    capabilities = [\"text-to-text\"]\n[build]\ncommand = [\"sh\", \"-c\", \"echo 'no weights' >&2; exit 3\"]";
    let wreck = home.provider("wreck", &[("prizm.toml", manifest)]);
    let ended = home.run(&["inspect", &wreck]).await;
    for part in [
        "error (build)",
        "exit status 3",
        "its last words:\n    no weights",
        "hint: its author must correct what it says",
    ] {
        assert!(ended.failed(5).contains(part), "{part}: {ended}");
    }
}

#[tokio::test]
async fn time_that_is_over_is_code_9() {
    for (mode, stage) in [("never-answer", Some("call")), ("never-answer-initialize", None), ("configure-never", None)]
    {
        let home = home(mode);
        let started = Instant::now();
        let error = home.run(&["run", "hostile", "hi", "--timeout", "0.5", "--json"]).await.error(9);
        assert!(started.elapsed() < Duration::from_secs(8), "{mode} takes {:?}", started.elapsed());
        assert_eq!((error["kind"].as_str(), error["stage"].as_str()), (Some("deadline"), stage), "{mode}: {error}");
        assert!(error["hint"].as_str().unwrap().contains("more time"), "{mode}: {error}");
        home.processes().gone_within(5).await;
        assert!(home.work().is_empty(), "{mode}");
    }
}

/// A provider whose every word would steer a terminal.
const RUDE: &str = r#"
import json, sys
E = "\x1b]0;owned\x07\x1b[2J\u202e"
MODEL = {"id": "m", "name": E, "description": "says" + E, "capabilities": ["text-to-text"],
         "options": {"text-to-text": {"properties": {"o" + E: {"type": "integer", "description": E}}}}}
for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    answer = {"result": {"ready": True}}
    if message["method"] == "initialize":
        provider = {"id": "rude", "name": "Rude" + E, "version": "1.0.0"}
        answer = {"result": {"protocolVersion": "1.0", "provider": provider, "capabilities": ["text-to-text"], "models": [MODEL]}}
    if message["method"] == "transform":
        print("words" + E, file=sys.stderr, flush=True)
        answer = {"error": {"code": 1201, "message": "bad" + E, "data": {"kind": "UpstreamError"}}}
    if message["method"] == "exit":
        break
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

#[tokio::test]
async fn the_words_of_a_provider_cannot_steer_the_terminal() {
    let home = Home::new();
    let manifest = "[provider]\nid = \"rude\"\nname = \"Rude\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                    capabilities = [\"text-to-text\"]\n[run]\ncommand = [\"python3\", \"rude.py\"]";
    let url = home.provider("rude", &[("prizm.toml", manifest), ("rude.py", RUDE)]);
    home.configure(&format!("[providers.rude]\nsource = \"{url}\""));
    for (line, code) in
        [(&["run", "rude", "hi"][..], 7), (&["models", "rude"], 0), (&["inspect", "rude"], 0), (&["providers"], 0)]
    {
        let ended = home.run(line).await;
        assert_eq!(ended.status.code(), Some(code), "{ended}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let steers = said.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(steers, None, "{line:?}: {said:?}");
    }
    let log = home.run(&["-vv", "run", "rude", "hi", "--option", "p=1"]).await.stderr;
    assert!(log.contains("words") && !log.contains('\x1b'), "{log:?}");
    let error = home.run(&["run", "rude", "hi", "--json"]).await.error(7);
    assert_eq!(error["message"], "bad\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}", "programs are told what was said");
}

#[tokio::test]
async fn the_others_are_not_affected() {
    let home = home("exit-3-with-stderr");
    let ended =
        home.run(&["run", "text-to-image", "hi", "-o", "x.png", "--option", "width=64", "--option", "height=64"]).await;
    assert_eq!(ended.ok(), "x.png\n");
    assert!(ended.stderr.contains("the provider is not available"), "{ended}");
    let list = home.run(&["-q", "providers", "--json"]).await.json();
    let status: Vec<_> = list.as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(status[0], "unavailable");
    assert!(status[1..].iter().all(|status| ["available", "needs-key"].contains(status)), "{status:?}");
}
