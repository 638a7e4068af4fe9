//! Providers that ask to be left alone, and are.

use std::time::{Duration, Instant};

use prizm_registry::{Class, Criteria, ErrorKind, OnAllGated};
use serde_json::{Value, json};

use super::stage::{Stage, by, error, in_order, tries};

/// Too many calls: come back later.
fn later(ms: u64) -> Value {
    json!({"error": 1102, "data": {"retryAfterMs": ms}})
}

/// Number 6 of the acceptance tests.
#[tokio::test]
async fn in_a_storm_each_is_asked_once_until_it_says_so() {
    let minute: &[Value] = &[later(60_000)];
    let mut stage = Stage::of(&[("a", minute), ("b", minute), ("c", minute), ("works", &[json!({})])]).await;
    let ids = ["a", "b", "c", "works"];
    let order = || Criteria { max_attempts: 9, ..in_order(&ids) };
    for call in 0..20 {
        let routed = stage.ask(order()).await.unwrap();
        assert_eq!(routed.provider.as_str(), "works");
        assert_eq!(routed.attempts.len(), if call == 0 { 4 } else { 1 }, "{:?}", routed.attempts);
    }
    assert_eq!(stage.calls(ids), [1, 1, 1, 20]);

    // Who looks through another program's eyes leaves them alone, too.
    stage.again("", &ids).await;
    for _ in 0..5 {
        assert_eq!(by(&stage.ask(order()).await), "works");
    }
    assert_eq!(stage.calls(ids), [1, 1, 1, 25]);

    let only = Criteria { exclude: vec!["works".parse().unwrap()], on_all_gated: OnAllGated::Fail, ..order() };
    let refused = error(stage.ask(only).await);
    assert_eq!(refused.kind(), ErrorKind::NoneQualifies, "{refused:?}");
    let report = refused.decision().unwrap();
    assert!(report.earliest_available_at.is_some(), "{report:?}");
    assert!(report.candidates[0].reasons[0].code.is_gate());
    assert_eq!(stage.calls(ids), [1, 1, 1, 25]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_in_a_storm_all_end() {
    let stage = Stage::of(&[("a", &[later(60_000)]), ("works", &[json!({})])]).await;
    stage.ask(in_order(&["a", "works"])).await.unwrap();
    let asked = (0..20).map(|_| stage.ask(in_order(&["a", "works"])));
    let done = futures_util::future::join_all(asked).await;
    assert!(done.iter().all(|done| by(done) == "works"));
    assert_eq!(stage.calls(["a", "works"]), [1, 21]);
    stage.close().await;
}

#[tokio::test]
async fn a_short_wait_is_waited_for_where_nobody_else_is_there() {
    let stage = Stage::of(&[("a", &[later(300), later(400), json!({})])]).await;
    // The first try waits within the attempt; the second for the gate.
    let once = || Criteria { max_attempts: 1, ..Criteria::default() };
    let began = Instant::now();
    assert_eq!(error(stage.ask(once()).await).class(), Class::RateLimited);
    assert_eq!(error(stage.ask(once()).await).class(), Class::RateLimited);
    let done = stage.ask(once()).await.unwrap();
    assert_eq!(tries(&done), [("a/m", None)]);
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!(stage.calls(["a"]), [3]);

    stage.props.play("a", &[later(300), json!({})]);
    let done = stage.ask(Criteria::default()).await.unwrap();
    assert_eq!(tries(&done), [("a/m", Some(Class::RateLimited)), ("a/m", None)]);
    assert_eq!(stage.calls(["a"]), [5]);
    stage.close().await;
}

#[tokio::test]
async fn a_wait_beyond_the_timeout_or_the_deadline_is_none() {
    let stage = Stage::of(&[("a", &[later(50_000)])]).await;
    assert_eq!(error(stage.ask(Criteria { max_attempts: 1, ..Criteria::default() }).await).class(), Class::RateLimited);
    let began = Instant::now();
    let timeout = stage.job(Criteria::default()).timeout(Duration::from_secs(2)).outcome().await;
    let refused = error(timeout);
    assert_eq!(refused.kind(), ErrorKind::NoneQualifies, "{refused:?}");
    assert!(refused.decision().unwrap().earliest_available_at.is_some(), "it says when to come back");
    let deadline = Criteria { deadline_ms: Some(2000), strict_deadline: true, ..Criteria::default() };
    assert_eq!(error(stage.ask(deadline).await).kind(), ErrorKind::NoneQualifies);
    assert!(began.elapsed() < Duration::from_secs(20), "nobody waited");
    assert_eq!(stage.calls(["a"]), [1]);
    stage.close().await;
}

#[tokio::test]
async fn in_a_panic_the_best_is_called_all_the_same() {
    let stage = Stage::of(&[("a", &[later(50_000), json!({})])]).await;
    let began = Instant::now();
    assert_eq!(error(stage.ask(Criteria { max_attempts: 1, ..Criteria::default() }).await).class(), Class::RateLimited);
    let panic = Criteria { on_all_gated: OnAllGated::Panic, ..Criteria::default() };
    assert_eq!(by(&stage.ask(panic).await), "a");
    assert_eq!(stage.calls(["a"]), [2]);
    assert!(began.elapsed() < Duration::from_secs(45), "nobody waited");
    stage.close().await;
}
