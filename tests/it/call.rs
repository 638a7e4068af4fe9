//! A call that goes as it should, or fails by what the caller did.

use std::fs;
use std::time::Duration;

use prizm_host::ErrorKind::{Deadline, FrameTooLarge, Input as BadInput, Provider};
use prizm_host::{Call, Input, OutputSource, Stage};
use prizm_protocol::methods::health::HealthStatus;
use prizm_protocol::{Capability, MediaKind};
use prizm_tests::{ask, picture, quiet, said, within};
use serde_json::{Value, json};

use crate::check::{recovers, started};

#[tokio::test]
async fn text_and_pictures_come_back() {
    let (lab, plugin) = started("good", |_| {}).await;
    let outcome = plugin.transform(ask("déjà vu \u{1f98a}"), quiet).await.unwrap();
    assert_eq!(said(&outcome), "déjà vu \u{1f98a}");
    let outcome = plugin.transform(picture("a fox"), quiet).await.unwrap();
    let OutputSource::File(file) = &outcome.outputs[0].source else { panic!("{outcome:?}") };
    assert!(fs::read(file.path()).unwrap().starts_with(b"\x89PNG"));
    assert_eq!((outcome.outputs[0].kind, outcome.outputs[0].mime.as_str()), (MediaKind::Image, "image/png"));
    let target = lab.file("fox.png");
    file.save(&target).unwrap();
    drop(outcome);
    assert!(target.exists(), "what was saved outlives the job");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_job_is_sent_whole() {
    let (lab, plugin) = started("answers-job", |_| {}).await;
    let source = lab.file("source.txt");
    fs::write(&source, "from a file").unwrap();
    let mut call = ask("inline").input(Input::file(MediaKind::Text, "text/markdown", &source));
    call.options.insert("delayMs".to_owned(), json!(0));
    call.timeout = Some(Duration::from_secs(20));
    call.idempotency_key = Some("once".to_owned());
    let outcome = plugin.transform(call, quiet).await.unwrap();
    let job: Value = serde_json::from_str(said(&outcome)).unwrap();
    assert_eq!((&job["model"], &job["capability"]), (&json!("echo"), &json!("text-to-text")));
    assert_eq!(job["inputs"][0]["text"], "inline");
    assert_eq!(job["inputs"][1], json!({"kind": "text", "mime": "text/markdown", "path": "in/1.txt"}));
    assert_eq!((&job["options"], &job["idempotencyKey"]), (&json!({"delayMs": 0}), &json!("once")));
    let deadline = job["deadlineMs"].as_u64().unwrap();
    assert!((1..=20_000).contains(&deadline), "{deadline}");
    assert!(job["jobDir"].as_str().unwrap().starts_with(lab.file("work").to_str().unwrap()));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn an_error_of_the_providers_is_handed_on() {
    let (lab, plugin) = started("good", |_| {}).await;
    let error = plugin.transform(Call::new("nobody", Capability::TEXT_TO_TEXT).text("x"), quiet).await.unwrap_err();
    assert_eq!((error.kind(), error.rpc().unwrap().code), (Provider, 1006), "{error:?}");
    assert!(error.hint().unwrap().contains("models"), "{error:?}");
    let error = plugin.transform(Call::new("echo", Capability::TEXT_TO_IMAGE).text("x"), quiet).await.unwrap_err();
    assert_eq!((error.kind(), error.rpc().unwrap().code), (Provider, 1003), "{error:?}");
    recovers(&plugin, "refusals").await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_retry_hint_is_passed_on() {
    let (lab, plugin) = started("answers-error --ms 1500", |_| {}).await;
    let error = plugin.transform(ask("hello"), quiet).await.unwrap_err();
    assert_eq!(error.rpc().unwrap().details().retry_after_ms, Some(1500));
    assert_eq!(error.hint(), Some("try again in 1.5s"));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn inputs_that_cannot_be_used_are_named() {
    let (lab, plugin) = started("good", |_| {}).await;
    let fifo = lab.file("pipe");
    let path = std::ffi::CString::new(fifo.to_str().unwrap()).unwrap();
    // SAFETY: the pointer is to a string with a NUL at its end, which lives through the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    for (path, says) in [
        (lab.file("missing.png"), "No such file"),
        (lab.file("work"), "it is a directory"),
        (fifo, "it is no regular file"),
    ] {
        let call = ask("x").input(Input::file(MediaKind::Image, "image/png", &path));
        let what = path.display().to_string();
        let error = within(10, &what, plugin.transform(call, quiet)).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (BadInput, Stage::Input), "{error:?}");
        assert!(error.to_string().contains(&what) && error.to_string().contains(says), "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
    }
    recovers(&plugin, "bad inputs").await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn an_input_is_a_copy_that_the_plugin_cannot_write_through() {
    let (lab, plugin) = started("modifies-input", |_| {}).await;
    let source = lab.file("mine.txt");
    fs::write(&source, "mine").unwrap();
    let call = picture("x").input(Input::file(MediaKind::Text, "text/plain", &source));
    let outcome = plugin.transform(call, quiet).await.unwrap();
    assert_eq!((outcome.outputs.len(), lab.confessions("modifies-input")), (1, 1));
    assert_eq!(fs::read_to_string(&source).unwrap(), "mine");
    drop(outcome);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_call_over_the_frame_limit_is_refused_before_it_is_sent() {
    let (lab, plugin) = started("good", |_| {}).await;
    let error = plugin.transform(ask(&"x".repeat(8 << 20)), quiet).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (FrameTooLarge, Stage::Call), "{error:?}");
    assert!(error.to_string().contains("over the limit of 8388608"), "{error:?}");
    assert!(error.hint().unwrap().contains("as files"), "{error:?}");
    let large = "x".repeat((8 << 20) - 4096);
    let outcome = within(60, "8 MiB", plugin.transform(ask(&large), quiet)).await.unwrap();
    assert!(said(&outcome) == large, "what is within the limit passes, both ways");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn silence_is_timed_apart_from_the_whole() {
    let (lab, plugin) = started("never-answer", |_| {}).await;
    let call = Call { idle_timeout: Some(Duration::from_millis(300)), ..ask("hello") };
    let error = within(20, "the idle timeout", plugin.transform(call, quiet)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Deadline, Stage::Call), "{error:?}");
    assert!(error.to_string().contains("said nothing about `transform` for 300ms"), "{error:?}");
    let call = Call { timeout: Some(Duration::from_millis(300)), ..ask("hello") };
    let error = within(20, "the timeout", plugin.transform(call, quiet)).await.unwrap_err();
    assert!(error.to_string().contains("did not answer `transform` in time"), "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    assert_eq!(lab.confessions("never-answer"), 2);
    recovers(&plugin, "never-answer").await;
    assert_eq!(plugin.stats().starts, 1, "it answered the cancellations");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn health_ping_and_models_are_asked_and_their_silence_ends() {
    let (lab, plugin) = started("good", |_| {}).await;
    assert_eq!(plugin.health().await.unwrap().status, HealthStatus::Healthy);
    plugin.ping().await.unwrap();
    lab.close(&plugin).await;

    let (lab, plugin) = started("health-unhealthy", |_| {}).await;
    let health = plugin.health().await.unwrap();
    assert_eq!(
        (health.status, health.last_error.as_deref()),
        (HealthStatus::Unhealthy, Some("the GPU fell off the bus"))
    );
    lab.close(&plugin).await;

    for mode in ["ping-never", "health-never", "models-never"] {
        let (lab, plugin) = started(mode, |spec| spec.timing.query = Duration::from_millis(300)).await;
        let answer = async {
            match mode {
                "ping-never" => plugin.ping().await,
                "health-never" => plugin.health().await.map(drop),
                _ => plugin.refresh_models().await.map(drop),
            }
        };
        let error = within(20, mode, answer).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (Deadline, Stage::Call), "{mode}: {error:?}");
        assert!(error.hint().is_some(), "{mode}: {error:?}");
        assert_eq!(lab.confessions(mode), 1, "{mode}");
        recovers(&plugin, mode).await;
        lab.close(&plugin).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_plugins_are_unaffected() {
    let (good_lab, good) = started("good", |_| {}).await;
    let (bad_lab, bad) = started("busy-loop", |spec| spec.timing.cancel_grace = Duration::from_millis(100)).await;
    let call = Call { timeout: Some(Duration::from_millis(300)), ..ask("hello") };
    let error = within(20, "busy-loop", bad.transform(call, quiet)).await.unwrap_err();
    assert_eq!(error.kind(), Deadline, "{error:?}");
    for _ in 0..20 {
        recovers(&good, "its neighbour spins").await;
    }
    assert_eq!((good.stats().starts, good.stats().failures), (1, 0));
    good_lab.close(&good).await;
    bad_lab.close(&bad).await;
}
