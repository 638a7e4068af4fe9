//! Jobs at the same time, in turn, and in ruins.

use prizm_plugin::{Context, Declaration, Error, Provider, Request, Response};
use serde_json::json;

use crate::host::{Host, code_of, initialize, job, message_of, text_of};
use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn jobs_run_at_the_same_time_and_answer_as_they_finish() {
    let mut host = Host::new(Lab::new(3).0).await;
    for (id, what) in [(1, "sleep 300"), (2, "sleep 100"), (3, "sleep 200")] {
        host.transform(id, what).await;
    }
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(host.answer().await["id"].clone());
    }
    assert_eq!(order, [2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn jobs_over_the_declared_number_wait_and_pings_do_not() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    for id in 1..=3 {
        host.transform(id, "wait").await;
    }
    host.assert_alive().await;
    let health = host.health().await;
    assert_eq!((&health["activeJobs"], &health["queuedJobs"]), (&json!(1), &json!(2)));
    assert_eq!(health["status"], "healthy");
    assert_eq!(seen.count(&seen.begun), 1);
    host.cancel(1).await;
    assert_eq!(host.answer().await["id"], 1);
    host.assert_alive().await;
    assert_eq!(seen.count(&seen.begun), 2);
    assert_eq!(host.health().await["queuedJobs"], 1);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_large_jobs_all_get_their_own_answer() {
    let mut host = Host::new(Lab::new(64).0).await;
    let body = "b".repeat(64 * 1024);
    // The host writes everything before it reads anything, as a pipe's two ends never should.
    let mut frames = String::new();
    for id in 1..=200 {
        let frame = json!({"jsonrpc": "2.0", "id": id, "method": "transform", "params": job(&format!("{id} {body}"))});
        frames += &format!("{frame}\n");
    }
    let mut answers = std::collections::BTreeSet::new();
    for piece in frames.as_bytes().chunks(1024 * 1024) {
        host.raw(piece).await;
    }
    for _ in 0..200 {
        let answer = host.answer().await;
        let id = answer["id"].as_u64().unwrap();
        assert!(text_of(&answer).starts_with(&format!("{id} ")));
        assert!(answers.insert(id), "{id} was answered twice");
    }
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_answer_and_the_provider_lives_on() {
    let mut host = Host::new(Lab::new(2).0).await;
    for (what, expected) in [
        ("panic 7", "the provider panicked: the lab blew up at 7"),
        ("panic-later", "the provider panicked: later"),
        ("block-panic", "the provider panicked: on a thread"),
    ] {
        let answer = host.call(1, "transform", job(what)).await;
        assert_eq!(code_of(&answer), -32603);
        assert_eq!(message_of(&answer), expected);
        assert_eq!(host.health().await["lastError"], expected);
    }
    assert_eq!(host.health().await["activeJobs"], 0);
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_work_is_dropped_is_still_one_answer() {
    let mut host = Host::new(Lab::new(1).0).await;
    host.transform(1, "ignore-and-panic-on-drop").await;
    host.assert_alive().await;
    host.cancel(1).await;
    assert_eq!(code_of(&host.answer().await), -32603);
    assert_eq!(text_of(&host.call(2, "transform", job("next")).await), "next");
    host.assert_alive().await;
}

struct NoDeclaration;

impl Provider for NoDeclaration {
    fn declare(&self) -> Declaration {
        panic!("no idea")
    }

    async fn transform(&self, _: Request, _: &Context) -> Result<Response, Error> {
        Err(Error::internal("never called"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_declare_is_an_answer() {
    let mut host = Host::silent(NoDeclaration);
    let answer = host.call(0, "initialize", initialize(1 << 20)).await;
    assert_eq!(message_of(&answer), "the provider panicked: no idea");
    host.assert_alive().await;
}

#[tokio::test]
async fn work_that_blocks_leaves_the_provider_able_to_answer() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "block").await;
    host.until(|| seen.count(&seen.blocked) == 1).await;
    seen.open_gate();
    assert_eq!(text_of(&host.answer().await), "unblocked");
}
