//! Work that a remote system has taken, and what the caller has heard a part of: neither is begun anew.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prizm_registry::{Class, Criteria, Latitude};
use prizm_tests::eventually;
use serde_json::{Value, json};

use super::stage::{Stage, by, error, fails, in_order, tries};

const IDS: [&str; 3] = ["a", "b", "c"];

async fn stage(first: Value) -> Stage {
    Stage::of(&[("a", &[first]), ("b", &[json!({})]), ("c", &[json!({})])]).await
}

/// Number 7 of the acceptance tests.
#[tokio::test]
async fn who_dies_after_the_job_was_taken_is_the_last_who_was_asked() {
    let stage = stage(json!({"accepted": "unknown", "exit": true})).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let job = stage.job(in_order(&IDS)).on_accepted(move |one| hears.lock().unwrap().push(one.remote_id));
    let error = error(job.outcome().await);
    assert_eq!(stage.calls(IDS), [1, 0, 0], "{error:?}");
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert!(error.hint().unwrap().contains("a remote system had accepted the job"), "{error:?}");
    let kept = stage.registry.recorded("last").await.unwrap().unwrap();
    assert_eq!(kept.attempts.len(), 1);
    assert!(kept.attempts[0].contains("\"accepted\":true"), "{:?}", kept.attempts);
    stage.close().await;
}

#[tokio::test]
async fn what_was_taken_and_not_charged_may_be_done_elsewhere() {
    let error_data = |charged: &str| json!({"error": 1201, "data": {"accepted": true, "charged": charged}});
    for (first, latitude, calls) in [
        (error_data("no"), false, [1, 1, 0]),
        (error_data("yes"), false, [1, 0, 0]),
        (error_data("unknown"), false, [1, 0, 0]),
        (error_data("yes"), true, [1, 1, 0]),
        (json!({"accepted": "no", "exit": true}), false, [1, 1, 0]),
        (json!({"accepted": "unknown", "exit": true}), true, [1, 1, 0]),
        (json!({"accepted": "unknown", "error": 1201}), false, [1, 0, 0]),
        (json!({"accepted": "yes", "error": 1201, "data": {"charged": "no"}}), false, [1, 1, 0]),
        (json!({"accepted": "unknown", "error": 1102, "data": {"retryAfterMs": 10}}), false, [1, 0, 0]),
    ] {
        let stage = stage(first.clone()).await;
        let latitude = Latitude { allow_duplicate_charge: latitude, ..Latitude::default() };
        let done = stage.ask(Criteria { latitude, ..in_order(&IDS) }).await;
        assert_eq!(stage.calls(IDS), calls, "{first}: {done:?}");
        assert_eq!(done.is_ok(), calls[1] == 1, "{first}: {done:?}");
        stage.close().await;
    }
}

#[tokio::test]
async fn nobody_else_begins_once_a_part_was_heard() {
    let half = json!({"chunk": "once upon", "error": 1201});
    let stage = stage(half.clone()).await;
    let heard = Arc::new(Mutex::new(0));
    let hears = Arc::clone(&heard);
    let job = stage.job(in_order(&IDS)).on_chunk(move |_| *hears.lock().unwrap() += 1);
    let failed = error(job.outcome().await);
    assert_eq!((failed.class(), *heard.lock().unwrap()), (Class::Upstream, 1));
    assert!(failed.hint().unwrap().contains("a part of the result was handed out"), "{failed:?}");
    assert_eq!(stage.calls(IDS), [1, 0, 0]);
    let done = stage.ask(in_order(&IDS)).await.unwrap();
    let fault = Some(Class::Upstream);
    assert_eq!(tries(&done), [("a/m", fault), ("a/m", fault), ("b/m", None)], "nobody heard a part");

    stage.props.play("a", &[fails(1201)]);
    stage.props.play("b", &[json!({"chunk": "whole"})]);
    let job = stage.job(in_order(&IDS)).on_chunk(|_| {});
    assert_eq!(by(&job.outcome().await), "b", "nothing was heard of the first");
    stage.close().await;
}

#[tokio::test]
async fn what_is_dropped_is_cancelled_and_nothing_else_is_submitted() {
    let stage = stage(json!({"hang": true})).await;
    let mut job = Box::pin(stage.job(in_order(&IDS)).outcome());
    let asked = eventually("it is asked", || (stage.props.calls("a") == 1).then_some(()));
    tokio::select! {
        done = &mut job => panic!("{done:?}"),
        () = asked => {}
    }
    drop(job);
    eventually("it is told to give up", || (stage.props.cancelled("a") == 1).then_some(())).await;
    stage.props.play("a", &[json!({})]);
    assert_eq!(by(&stage.ask(in_order(&IDS)).await), "a", "nothing speaks against it");
    assert_eq!(stage.calls(IDS), [2, 0, 0]);
    stage.close().await;
}

#[tokio::test]
async fn a_timeout_ends_it_and_nobody_else_is_asked_after_it() {
    let stage = stage(json!({"hang": true})).await;
    let job = stage.job(in_order(&IDS)).timeout(Duration::from_millis(1500));
    let failed = error(job.outcome().await);
    assert_eq!(failed.class(), Class::Timeout, "{failed:?}");
    assert_eq!(stage.calls(IDS), [1, 0, 0]);
    stage.close().await;
}
