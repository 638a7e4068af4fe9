//! The ends of a session.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::host::{Host, code_of, text_of};
use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn shutdown_cancels_what_runs_refuses_what_comes_and_answers_last() {
    let (lab, seen) = Lab::new(2);
    let mut host = Host::new(lab).await;
    for (id, what) in [(1, "wait"), (2, "ignore"), (3, "queued")] {
        host.transform(id, what).await;
    }
    host.assert_alive().await;
    let begun = Instant::now();
    host.request(10, "shutdown", Value::Null).await;
    host.transform(4, "too late").await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        let answer = host.answer().await;
        let code = answer.get("error").map(|_| code_of(&answer));
        answers.push((answer["id"].as_u64().unwrap(), code));
    }
    assert_eq!(answers.pop(), Some((10, None)));
    answers.sort_unstable();
    let cancelled = Some(-32800);
    assert_eq!(answers, [(1, cancelled), (2, cancelled), (3, cancelled), (4, Some(-32802))]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(seen.shut_down.load(Ordering::SeqCst));
    host.notify("exit", json!({})).await;
    let (ended, rest) = host.ended().await;
    assert!(ended.is_ok());
    assert_eq!(rest.trim(), "");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_what_cannot_be_stopped() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "block").await;
    host.until(|| seen.count(&seen.blocked) == 1).await;
    let begun = Instant::now();
    host.request(2, "shutdown", json!({})).await;
    assert_eq!(code_of(&host.answer().await), -32800);
    assert_eq!(host.answer().await["id"], 2);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    seen.open_gate();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_input_drops_what_runs() {
    let (lab, seen) = Lab::new(4);
    let mut host = Host::new(lab).await;
    host.transform(1, "ignore").await;
    host.transform(2, "sleep 60000").await;
    host.assert_alive().await;
    let begun = Instant::now();
    host.hang_up().await;
    let (ended, rest) = host.ended().await;
    assert!(ended.is_ok());
    assert_eq!(rest.trim(), "", "nothing is said to a host that is gone");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    tokio::task::yield_now().await;
    assert_eq!(seen.count(&seen.dropped), 2);
}

#[tokio::test(start_paused = true)]
async fn exit_ends_the_session_after_what_is_ready_was_written() {
    let mut host = Host::new(Lab::new(1).0).await;
    let frames = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n";
    host.raw(frames.as_bytes()).await;
    let (ended, rest) = host.ended().await;
    assert!(ended.is_ok());
    assert_eq!(rest.trim(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_last_line_without_an_end_is_read() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.raw(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}").await;
    host.hang_up().await;
    let (_, rest) = host.ended().await;
    assert_eq!(rest.trim(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_is_answered_too() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.transform(1, "sleep 10").await;
    for id in [2, 3] {
        host.request(id, "shutdown", json!({})).await;
    }
    assert_eq!(text_of_or_code(&host.answer().await), "-32800");
    let mut ids = [host.answer().await["id"].clone(), host.answer().await["id"].clone()];
    ids.sort_by_key(Value::as_u64);
    assert_eq!(ids, [2, 3]);
}

fn text_of_or_code(answer: &Value) -> String {
    match answer.get("error") {
        Some(_) => code_of(answer).to_string(),
        None => text_of(answer).to_owned(),
    }
}
