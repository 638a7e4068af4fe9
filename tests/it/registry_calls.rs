//! A transform, from its options to its end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prizm_registry::{Capability, Chunk, ErrorKind, HealthStatus, Media, Progress};
use prizm_tests::{eventually, within};
use serde_json::{Value, json};

use crate::registry::{TEXT, close, provider, registry, say};

#[tokio::test]
async fn options_and_inputs_are_checked_before_anything_starts() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let provider = provider(&registry).await;
    provider.stop().await;
    lab.processes().gone_within(5).await;
    let echo = provider.model("echo").unwrap();
    let file = lab.file("picture.png");
    std::fs::write(&file, b"\x89PNG\r\n\x1a\n....").unwrap();
    let picture = Media::from_path(&file).await.unwrap();
    for (transform, says, hint) in [
        (
            echo.transform("x").option("delayms", 1),
            "option `delayms`: there is no such option",
            "did you mean `delayMs`?",
        ),
        (
            echo.transform("x").option("delayMs", "soon"),
            "option `delayMs`: \"soon\" is not of type \"integer\"",
            "inspect",
        ),
        (echo.transform("x").option("chunks", -1), "option `chunks`: -1 is less than the minimum of 0", "inspect"),
        (echo.transform(&picture), "model `echo` takes no image", "it has `text-to-text`"),
        (echo.transform(&picture).capability(TEXT), "the input `picture.png` is image", "takes text"),
        (echo.transform("x").input(Media::text("y").with_role("style")), "is text as `style`", "takes text"),
        (echo.transform(Media::text("x").with_role("style")).capability(TEXT), "is text as `style`", "takes text"),
    ] {
        let error = within(20, says, transform.into_future()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error:?}");
        assert!(error.to_string().contains(says) && error.hint().unwrap().contains(hint), "{says}: {error:?}");
    }
    let error = echo.transform("x").capability(Capability::TEXT_TO_IMAGE).check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    let error = provider.model("ehco").unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::NotFound, Some("did you mean `echo`?")), "{error:?}");
    let error = provider.model_for(&Capability::VIDEO_TO_TEXT).unwrap_err();
    assert_eq!(error.hint(), Some("it has `text-to-text`, `text-to-image`"), "{error:?}");
    assert_eq!((provider.stats().starts, provider.stats().pid), (1, None), "nothing was started");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_job_is_sent_as_it_was_said() {
    let lab = crate::lab();
    let registry = registry(&lab, "answers-job");
    let echo = provider(&registry).await.model_for(&TEXT).unwrap();
    let transform =
        echo.transform("hello").option("delayMs", 0).idempotency_key("once").timeout(Duration::from_secs(30));
    assert_eq!(transform.check().unwrap(), TEXT);
    let outcome = within(30, "the job", transform.outcome()).await.unwrap();
    let job: Value = serde_json::from_str(outcome.outputs[0].as_text().unwrap()).unwrap();
    assert_eq!((&job["model"], &job["inputs"][0]["text"]), (&json!("echo"), &json!("hello")));
    assert_eq!((&job["options"], &job["idempotencyKey"]), (&json!({"delayMs": 0}), &json!("once")));
    assert!((1..=30_000).contains(&job["deadlineMs"].as_u64().unwrap()), "{job}");
    assert_eq!((outcome.capability, outcome.outputs.len(), outcome.outputs[0].mime()), (TEXT, 1, "text/plain"));
    assert!(outcome.elapsed > Duration::ZERO);
    close(&lab, &registry).await;
}

#[tokio::test]
async fn progress_and_partial_results_come_in_order() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let echo = provider(&registry).await.model("echo").unwrap();
    let heard: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let pieces: Arc<Mutex<Vec<String>>> = Arc::default();
    let (keep, collect) = (Arc::clone(&heard), Arc::clone(&pieces));
    let text = within(
        30,
        "the answer",
        echo.transform("a red fox")
            .option("progress", 3)
            .option("chunks", 3)
            .option("delayMs", 50)
            .on_progress(move |progress| keep.lock().unwrap().push(progress))
            .on_chunk(move |chunk| match chunk {
                Chunk::Text(text) => collect.lock().unwrap().push(text),
                other => panic!("{other:?}"),
            })
            .into_future(),
    )
    .await
    .unwrap();
    assert_eq!(text.as_text(), Some("a red fox"));
    assert_eq!(pieces.lock().unwrap().concat(), "a red fox");
    assert_eq!(pieces.lock().unwrap().len(), 3);
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    assert_eq!((heard.last().unwrap().fraction, heard.last().unwrap().stage.as_deref()), (Some(1.0), Some("echoing")));
    assert!(heard.windows(2).all(|pair| pair[0].fraction < pair[1].fraction), "{heard:?}");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_job_that_was_accepted_elsewhere_says_so() {
    let lab = crate::lab();
    let registry = registry(&lab, "accepted-then-error");
    let echo = provider(&registry).await.model("echo").unwrap();
    let accepted: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&accepted);
    let transform = echo.transform("x").on_accepted(move |accepted| keep.lock().unwrap().push(accepted.remote_id));
    let error = within(30, "the error", transform.into_future()).await.unwrap_err();
    assert_eq!((error.kind(), error.provider_error().unwrap().details().accepted), (ErrorKind::Provider, Some(true)));
    assert_eq!(accepted.lock().unwrap().len(), 1);
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_dropped_transform_is_cancelled() {
    let lab = crate::lab();
    let registry = registry(&lab, "never-answer");
    let provider = provider(&registry).await;
    let echo = provider.model("echo").unwrap();
    {
        let mut work = std::pin::pin!(echo.transform("hello").into_future());
        let begun = eventually("it works", || (lab.confessions("never-answer") == 1).then_some(()));
        tokio::select! {
            result = &mut work => panic!("it never answers: {result:?}"),
            () = begun => {}
        }
        assert_eq!(provider.stats().pending, 1);
    }
    eventually("the provider has let go", || (provider.stats().pending == 0).then_some(())).await;
    assert_eq!(say(&provider, "behave").await, "behave");
    assert_eq!((provider.stats().starts, provider.stats().failures), (1, 0), "the process lives on");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_transform_has_only_the_time_that_it_is_given() {
    let lab = crate::lab();
    let registry = registry(&lab, "never-answer");
    let provider = provider(&registry).await;
    let started = Instant::now();
    let transform = provider.model("echo").unwrap().transform("hello").timeout(Duration::from_millis(200));
    let error = within(30, "the deadline", transform.into_future()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Deadline, Some("call")), "{error:?}");
    assert!(started.elapsed() >= Duration::from_millis(200) && started.elapsed() < Duration::from_secs(10));
    assert!(error.hint().is_some(), "{error:?}");
    assert_eq!(say(&provider, "behave").await, "behave");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_time_without_an_end_is_no_limit() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let echo = provider(&registry).await.model("echo").unwrap();
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        let text = within(30, "the answer", echo.transform("hello").timeout(timeout).into_future()).await.unwrap();
        assert_eq!(text.as_text(), Some("hello"));
    }
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_provider_that_dies_is_reported_and_started_anew() {
    let lab = crate::lab();
    let registry = registry(&lab, "exit-7-mid-call --times 1");
    let provider = provider(&registry).await;
    let error = within(30, "the report", provider.model("echo").unwrap().transform("hello").into_future()).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Plugin, Some("call")), "{error:?}");
    assert!(error.to_string().contains("exit code 7"), "{error:?}");
    assert_eq!(error.stderr(), ["loading the weights", "error: CUDA out of memory", "hint: use a smaller model"]);
    assert_eq!(say(&provider, "hello").await, "hello");
    assert_eq!((provider.stats().starts, provider.stats().failures), (2, 1));
    close(&lab, &registry).await;
}

#[tokio::test]
async fn health_is_asked_of_the_process() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let known = registry.providers().remove(0);
    let health = within(30, "health", known.health()).await.unwrap();
    assert_eq!((health.status, health.active_jobs, known.stats().starts), (HealthStatus::Healthy, 0, 1));
    registry.register("hostile", lab.hostile("health-unhealthy")).unwrap();
    let health = within(30, "health", provider(&registry).await.health()).await.unwrap();
    assert_eq!(
        (health.status, health.last_error.as_deref()),
        (HealthStatus::Unhealthy, Some("the GPU fell off the bus"))
    );
    registry.register("hostile", lab.hostile("models-drift")).unwrap();
    let provider = provider(&registry).await;
    let error = within(30, "models", provider.refresh_models()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Plugin, Some("validate")), "{error:?}");
    assert_eq!(provider.models().len(), 2, "what was declared is kept");
    close(&lab, &registry).await;
}
