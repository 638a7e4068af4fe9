//! `prizm dev`: how jobs are cancelled and how it ends, with nothing left behind.

use std::path::PathBuf;

use prizm_tests::{Home, Talk, event, eventually};

use crate::dev::{develop, with_build};

fn hostile(home: &Home, line: &str) -> PathBuf {
    PathBuf::from(home.hostile(line).strip_prefix("file://").unwrap())
}

async fn nothing_is_left(home: &Home) {
    home.processes().gone_within(5).await;
    assert_eq!((home.work(), home.files()), (Vec::new(), Vec::new()));
}

/// Starts a job that goes on until it is cancelled.
async fn busy(home: &Home) -> Talk {
    let mut talk = develop(home, &hostile(home, "good"), &[]);
    talk.say("run file a fox delayMs=300000").await;
    talk.event_where("sent", |sent| sent["method"] == "transform").await;
    talk
}

#[tokio::test]
async fn a_job_is_cancelled_by_a_command_or_an_interrupt() {
    let home = Home::new();
    let mut talk = busy(&home).await;
    talk.say("cancel").await;
    talk.event_where("sent", |sent| sent["method"] == "$/cancelRequest").await;
    let answer = talk.event_where("received", |answer| answer["method"] == "transform").await;
    assert_eq!(answer["body"]["code"], -32800, "{answer}");
    talk.say("hello").await;
    talk.event("done").await;

    talk.say("run echo again delayMs=300000").await;
    talk.event_where("sent", |sent| sent["method"] == "transform").await;
    talk.signal(libc::SIGINT);
    talk.event_where("sent", |sent| sent["method"] == "$/cancelRequest").await;
    talk.say("still here").await;
    talk.event("done").await;
    // With nothing to cancel, it ends everything.
    talk.signal(libc::SIGINT);
    let (status, lines) = talk.ended().await;
    assert_eq!(status.code(), Some(130));
    assert_eq!(event(lines.last().unwrap())["event"], "ended", "{lines:#?}");
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn the_end_of_the_lines_waits_and_a_signal_does_not() {
    let home = Home::new();
    let directory = hostile(&home, "good").to_string_lossy().into_owned();
    let lines = b"run echo first delayMs=700\nrun echo second delayMs=300\nwait\nrun file a fox delayMs=200 -o fox.png\nquit\nnever\n";
    let ended = home.feed(&["dev", &directory, "--json"], lines).await;
    let events: Vec<_> = ended.ok().lines().map(event).collect();
    let outputs = events.iter().filter(|event| event["event"] == "done").map(|done| &done["outputs"][0]);
    let outputs: Vec<_> = outputs.map(|output| output["text"].as_str().or(output["path"].as_str()).unwrap()).collect();
    assert_eq!(outputs, ["second", "first", "fox.png"]);
    assert_eq!(home.files(), ["fox.png"]);
    std::fs::remove_file(home.file("fox.png")).unwrap();

    let talk = busy(&home).await;
    talk.signal(libc::SIGTERM);
    assert_eq!(talk.ended().await.0.code(), Some(130));
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn nothing_outlives_it_when_it_is_killed_or_in_a_build() {
    let home = Home::new();
    let talk = busy(&home).await;
    talk.kill().await;
    home.processes().gone_within(2).await;

    let home = Home::new();
    let begun = home.path().join("begun");
    let build = format!("touch '{}'; sleep 300", begun.display());
    let directory = crate::dev::provider_with(&home, &with_build(&build));
    let talk = develop(&home, &directory, &[]);
    eventually("it builds", || begun.exists().then_some(())).await;
    talk.signal(libc::SIGINT);
    assert_eq!(talk.ended().await.0.code(), Some(130));
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn one_that_does_not_listen_is_stopped_all_the_same() {
    let home = Home::new();
    let mut talk = develop(&home, &hostile(&home, "ignores-everything"), &[]);
    talk.event("ready").await;
    talk.signal(libc::SIGINT);
    talk.event_where("sent", |sent| sent["method"] == "shutdown").await;
    talk.signal(libc::SIGINT);
    assert_eq!(talk.ended().await.0.code(), Some(130));
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn what_was_replaced_is_stopped_with_the_rest() {
    let home = Home::new();
    let mut talk = busy(&home).await;
    std::fs::write(hostile(&home, "good").join("notes.md"), "a change").unwrap();
    talk.event("ready").await;
    assert_eq!(home.processes().named("hostile"), 2, "the one before goes on with its job");
    talk.signal(libc::SIGTERM);
    assert_eq!(talk.ended().await.0.code(), Some(130));
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn a_restart_forgives_what_went_before() {
    let home = Home::new();
    let mut talk = develop(&home, &hostile(&home, "exit-mid-call"), &[]);
    talk.event("ready").await;
    for _ in 0..5 {
        talk.say("hello").await;
        talk.event("error").await;
    }
    talk.say("behave").await;
    let error = talk.event("error").await["error"].take();
    assert!(error["message"].as_str().unwrap().contains("failed 5 times in 3 minutes"), "{error}");
    talk.say("restart").await;
    talk.event("ready").await;
    talk.say("behave").await;
    talk.event("done").await;
    assert_eq!(talk.close().await.0.code(), Some(6));
}
