//! Cancellation and deadlines.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::host::{Host, code_of, job, text_of};
use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn work_that_listens_is_cancelled_at_once() {
    let mut host = Host::new(Lab::new(1).0).await;
    let begun = Instant::now();
    host.transform(1, "wait").await;
    host.assert_alive().await;
    host.cancel(1).await;
    host.cancel(1).await;
    assert_eq!(code_of(&host.answer().await), -32800);
    assert!(begun.elapsed() < Duration::from_millis(100));
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_result_that_wins_the_race_stands() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.transform(1, "finish-anyway").await;
    host.assert_alive().await;
    host.cancel(1).await;
    assert_eq!(text_of(&host.answer().await), "finish-anyway");
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_cancellation_is_the_cancellation() {
    let mut host = Host::new(Lab::new(1).0).await;
    for what in ["fail-after-cancel", "io-error-after-cancel"] {
        host.transform(1, what).await;
        host.assert_alive().await;
        host.cancel(1).await;
        assert_eq!(code_of(&host.answer().await), -32800, "{what}");
    }
    assert_eq!(host.health().await.get("lastError"), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_the_cancellation_is_told() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.transform(1, "panic-after-cancel").await;
    host.assert_alive().await;
    host.cancel(1).await;
    assert_eq!(code_of(&host.answer().await), -32603);
}

#[tokio::test(start_paused = true)]
async fn work_that_ignores_it_is_dropped_after_three_seconds() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "ignore").await;
    host.assert_alive().await;
    let cancelled = Instant::now();
    host.cancel(1).await;
    assert_eq!(code_of(&host.answer().await), -32800);
    let took = cancelled.elapsed();
    assert!((2_900..3_500).contains(&took.as_millis()), "{took:?}");
    assert_eq!(seen.count(&seen.dropped), 1);
    // Its turn has passed to the next.
    assert_eq!(text_of(&host.call(2, "transform", job("next")).await), "next");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_its_turn_is_cancelled_at_once() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "ignore").await;
    host.transform(2, "never begun").await;
    host.assert_alive().await;
    let cancelled = Instant::now();
    host.cancel(2).await;
    let answer = host.answer().await;
    assert_eq!((&answer["id"], code_of(&answer)), (&json!(2), -32800));
    assert!(cancelled.elapsed() < Duration::from_millis(100));
    assert_eq!(seen.count(&seen.begun), 1);
    assert_eq!(host.health().await["queuedJobs"], 0);
}

#[tokio::test(start_paused = true)]
async fn cancelling_what_is_unknown_or_nonsense_changes_nothing() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.cancel(77).await;
    for params in [json!({}), json!({"id": "1"}), json!([1]), json!(null)] {
        host.notify("$/cancelRequest", params).await;
    }
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_cancelled_jobs_leave_nothing_behind() {
    let (lab, seen) = Lab::new(4);
    let mut host = Host::new(lab).await;
    for id in 1..=10_000 {
        host.transform(id, "wait").await;
        host.cancel(id).await;
        let answer = host.answer().await;
        assert_eq!((answer["id"].as_u64(), code_of(&answer)), (Some(id), -32800));
    }
    let health = host.health().await;
    assert_eq!((&health["activeJobs"], &health["queuedJobs"]), (&json!(0), &json!(0)));
    assert_eq!(seen.count(&seen.begun), seen.count(&seen.dropped));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_drops_the_work() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    let begun = Instant::now();
    let mut running = job("ignore");
    running["deadlineMs"] = json!(500);
    host.request(1, "transform", running).await;
    let mut waiting = job("never begun");
    waiting["deadlineMs"] = json!(200);
    host.request(2, "transform", waiting).await;
    for id in [2, 1] {
        let answer = host.answer().await;
        assert_eq!((&answer["id"], code_of(&answer)), (&json!(id), 1101));
        assert_eq!(answer["error"]["data"]["kind"], "DeadlineExceeded");
    }
    assert!((500..600).contains(&begun.elapsed().as_millis()));
    assert_eq!((seen.count(&seen.begun), seen.count(&seen.dropped)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_author_sees_the_deadline_and_the_name_of_the_job() {
    let mut host = Host::new(Lab::new(1).0).await;
    let mut params = job("deadline");
    params["deadlineMs"] = json!(1500);
    assert_eq!(text_of(&host.call(1, "transform", params).await), "job-1 Some(1.5s)");
    let params = job("deadline");
    assert_eq!(text_of(&host.call(2, "transform", params).await), "job-1 None");
    // Longer than any clock counts.
    let mut params = job("echo");
    params["deadlineMs"] = json!(u64::MAX);
    assert_eq!(text_of(&host.call(3, "transform", params).await), "echo");
}

#[tokio::test]
async fn work_on_a_thread_learns_of_the_cancellation_and_says_nothing_after_the_answer() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "block").await;
    host.until(|| seen.count(&seen.blocked) == 1).await;
    host.cancel(1).await;
    // Nothing can stop the thread: the answer comes when the SDK's patience ends.
    assert_eq!(code_of(&host.answer().await), -32800);
    seen.open_gate();
    host.until(|| seen.count(&seen.chunks) == 1).await;
    host.assert_alive().await;
    assert_eq!(host.seen, [] as [serde_json::Value; 0]);
}
