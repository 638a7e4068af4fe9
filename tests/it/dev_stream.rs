//! `prizm dev`: what is shown of the wire, to people and to other tools.

use std::path::PathBuf;

use prizm_tests::{Home, Talk, event};
use serde_json::{Value, json};

use crate::dev::{develop, provider};

/// The directory of a hostile provider.
fn hostile(home: &Home, line: &str) -> PathBuf {
    PathBuf::from(home.hostile(line).strip_prefix("file://").unwrap())
}

fn count(events: &[Value], name: &str, method: &str) -> usize {
    events.iter().filter(|event| event["event"] == name && event["method"] == method).count()
}

#[tokio::test]
async fn the_stream_is_whole_and_in_order() {
    let home = Home::new();
    let mut talk = develop(&home, &hostile(&home, "good"), &[]);
    talk.say(&format!("run echo {} progress=40 chunks=200", "x".repeat(2000))).await;
    talk.event("done").await;
    let (status, lines) = talk.close().await;
    assert_eq!(status.code(), Some(0));
    let events: Vec<_> = lines.iter().map(|line| event(line)).collect();
    for (name, method, expected) in [
        ("sent", "initialize", 1),
        ("received", "initialize", 1),
        ("sent", "transform", 1),
        ("received", "$/progress", 40),
        ("received", "$/chunk", 200),
        ("received", "transform", 1),
        ("sent", "shutdown", 1),
        ("sent", "exit", 1),
    ] {
        assert_eq!(count(&events, name, method), expected, "{name} {method}");
    }
    let pids: std::collections::BTreeSet<_> = events.iter().filter_map(|event| event["pid"].as_u64()).collect();
    assert_eq!(pids.len(), 1, "{pids:?}");
    let of = |name: &str| events.iter().position(|event| event["event"] == name).unwrap_or_else(|| panic!("{name}"));
    assert!(of("started") < of("ready") && of("ready") < of("done") && of("done") < of("ended"));
    let chunks: String = events
        .iter()
        .filter(|event| event["method"] == "$/chunk")
        .map(|event| event["body"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(chunks, "x".repeat(2000));
    let answer = events.iter().find(|event| event["event"] == "received" && event["method"] == "transform").unwrap();
    assert!(answer["ms"].is_f64() && answer["kind"] == "result" && answer["bytes"].as_u64() > Some(2000), "{answer}");
    let chunk = events.iter().find(|event| event["method"] == "$/chunk").unwrap();
    assert_eq!((&chunk["call"], &chunk["id"]), (&json!("transform"), &answer["id"]));
    let times: Vec<_> = events.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn noise_stderr_and_errors_are_told_where_they_happen() {
    let home = Home::new();
    let mut talk = develop(&home, &hostile(&home, "noise-between-frames"), &[]);
    talk.say("hello").await;
    let noise = talk.event("noise").await;
    assert!(noise["reason"] == "not a JSON object" && noise["line"].is_string(), "{noise}");
    talk.event("done").await;
    talk.close().await;

    let mut talk = develop(&home, &hostile(&home, "leaks-secret"), &["--set", "apiKey=sk-first-0123456789"]);
    talk.say("hello").await;
    let stderr = talk.event("stderr").await;
    assert!(stderr["line"].as_str().unwrap().contains("***"), "{stderr}");
    let answer = talk.event_where("received", |event| event["kind"] == "error").await;
    assert_eq!((&answer["method"], &answer["body"]["message"]), (&json!("transform"), &json!("401 for ***")));
    let error = talk.event("error").await["error"].take();
    assert_eq!(error["message"], "401 for ***");
    let (status, lines) = talk.close().await;
    assert_eq!(status.code(), Some(7), "the provider answered with an error");
    assert!(!lines.iter().any(|line| line.contains("sk-first")), "{lines:#?}");

    let mut talk = develop(&home, &hostile(&home, "accepted-then-crash"), &[]);
    talk.say("hello").await;
    let ended = talk.event("ended").await;
    assert!(ended["failed"] == true && ended["how"].as_str().unwrap().contains("exit code 5"), "{ended}");
    talk.event("error").await;
    // The next command starts it again.
    talk.say("behave").await;
    talk.event("started").await;
    talk.event("done").await;
    assert_eq!(talk.close().await.0.code(), Some(6));
}

#[tokio::test]
async fn people_see_what_they_want_to_see() {
    let home = Home::new();
    let directory = hostile(&home, "noise-between-frames").to_string_lossy().into_owned();
    let say = b"run echo hello progress=2\nwait\nping\n";
    let shown = async |more: &[&str]| {
        let ended = home.feed(&[&["dev", &directory, "--no-watch"], more].concat(), say).await;
        assert_eq!(ended.stderr, "", "{ended}");
        ended.ok().to_owned()
    };
    let all = shown(&[]).await;
    for words in [
        "● pid ",
        "→ initialize #1 {\"protocolVersions\":[\"1.0\"]",
        "← initialize #1 ok ",
        " is ready (hostile, local): built in ",
        "    check it: prizm conformance file:///",
        "→ transform #3 {\"model\":\"echo\",\"capability\":\"text-to-text\"",
        "! noise, not a JSON object: ",
        "← transform #3 ok ",
        "✔ echo text-to-text in ",
        "\n    hello\n",
        "→ ping #4 {}",
        "✔ ping: it answered in ",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(!all.contains('\x1b'), "no colours without a terminal: {all}");
    let filtered = shown(&["--method", "transform", "--hide", "progress", "--hide", "noise"]).await;
    assert!(filtered.contains("← transform #3 ok ") && filtered.contains("\n    hello\n"), "{filtered}");
    for words in ["initialize #", "ping #", "$/progress", "noise,"] {
        assert!(!filtered.contains(words), "{words}: {filtered}");
    }
    let directory = hostile(&home, "good").to_string_lossy().into_owned();
    let ended = home.feed(&["dev", &directory, "--no-watch", "--method", "progress"], say).await;
    assert_eq!(ended.ok().lines().filter(|line| line.contains("← $/progress #3 {\"")).count(), 2, "{ended}");
    let verbose = shown(&["-v", "--method", "transform"]).await;
    assert!(verbose.contains("→ transform #3\n    {\n      \"model\": \"echo\",\n"), "{verbose}");
    let quiet = shown(&["-q"]).await;
    assert_eq!(quiet.lines().count(), 3, "{quiet}");

    let mut command = home.prizm(&["dev", &directory, "--no-watch"]);
    command.env("CLICOLOR_FORCE", "1");
    let mut talk = Talk::start(command);
    talk.line("is ready").await;
    for line in ["filter ping", "ping", "wait", "hide ping", "ping", "wait", "filter", "hide"] {
        talk.say(line).await;
    }
    talk.line("every method is shown").await;
    let (_, lines) = talk.close().await;
    let frames = lines.iter().filter(|line| line.contains("ping #")).count();
    assert_eq!(frames, 2, "one ping was shown: {lines:#?}");
    assert!(lines.iter().any(|line| line.contains("\x1b[36m→ ping #")), "{lines:#?}");
}

#[tokio::test]
async fn a_terminal_has_a_line_editor_and_colours() {
    let home = Home::new();
    let directory = provider(&home);
    let prizm = prizm_tests::program("prizm");
    for (variables, coloured) in [("", true), ("NO_COLOR=1 ", false)] {
        let line = format!("{variables}'{}' dev '{}'", prizm.display(), directory.display());
        let mut command = home.command("script".as_ref());
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
        let mut talk = Talk::start(command);
        talk.line("is ready").await;
        // A slip of the finger that is taken back, and a line again out of the history.
        talk.say("hellx\x7fo\r").await;
        talk.line("one hello").await;
        talk.say("\x1b[A\r").await;
        talk.line("one hello").await;
        // The tab key completes it.
        talk.say("pin\t\r").await;
        talk.line("it answered in").await;
        // Ctrl-C on a line, which ends nothing while something runs; then Ctrl-D.
        talk.say("run slowly delayMs=300000\r").await;
        talk.line("→ transform").await;
        talk.say("half a line\x03").await;
        talk.line("cancelled").await;
        talk.say("\x04").await;
        let (status, lines) = talk.ended().await;
        assert_eq!(status.code(), Some(0), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("› ")), "{lines:#?}");
        assert_eq!(lines.iter().any(|line| line.contains("\x1b[36m→ transform")), coloured, "{lines:#?}");
    }
}
