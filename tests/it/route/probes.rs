//! Who fails too often is left alone for a while; then one call finds out whether it works again.

use std::time::Duration;

use futures_util::future::join_all;
use prizm_registry::{Class, Criteria, LearnedModel, Registry};
use prizm_tests::eventually;
use serde_json::json;

use super::stage::{Stage, by, error, fails, in_order};

fn learned(registry: &Registry, id: &str) -> LearnedModel {
    registry.learned().into_iter().find(|one| one.provider == id).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_opens_and_one_call_at_a_time_finds_out() {
    let stage = Stage::of(&[("a", &[fails(1201)]), ("b", &[json!({})])]).await;
    let order = || in_order(&["a", "b"]);
    let only = || Criteria { only: vec!["a".parse().unwrap()], max_attempts: 1, ..Criteria::default() };
    for _ in 0..5 {
        assert_eq!(error(stage.ask(only()).await).class(), Class::Upstream);
    }
    for _ in 0..3 {
        assert_eq!(by(&stage.ask(order()).await), "b");
    }
    assert_eq!(stage.calls(["a", "b"]), [5, 3], "it is left alone");
    let is_open = || learned(&stage.registry, "a").live.gates.is_empty().then_some(());
    eventually("it may be tried", is_open).await;

    // The permit of a call that is given up is not lost.
    stage.props.play("a", &[json!({"hang": true})]);
    let mut job = Box::pin(stage.job(order()).outcome());
    let asked = eventually("it is asked", || (stage.props.calls("a") == 6).then_some(()));
    tokio::select! {
        done = &mut job => panic!("{done:?}"),
        () = asked => {}
    }
    drop(job);
    eventually("it is told to give up", || (stage.props.cancelled("a") == 1).then_some(())).await;

    stage.props.play("a", &[json!({"ms": 500})]);
    let done = join_all((0..5).map(|_| stage.ask(order()))).await;
    let probes = done.iter().filter(|done| by(done) == "a").count();
    assert_eq!((probes, stage.calls(["a", "b"])), (1, [7, 7]), "one finds out, and the others do not wait for it");
    assert_eq!(by(&stage.ask(order()).await), "a", "once more");
    let done = join_all((0..5).map(|_| stage.ask(order()))).await;
    assert!(done.iter().all(|done| by(done) == "a"), "it works again");
    stage.close().await;
}

#[tokio::test]
async fn what_was_learned_is_known_to_the_next_registry() {
    let mut stage = Stage::of(&[("a", &[json!({"ms": 300})]), ("b", &[json!({"ms": 20})])]).await;
    for id in ["a", "b"] {
        for _ in 0..4 {
            stage.ask(Criteria { only: vec![id.parse().unwrap()], ..Criteria::default() }).await.unwrap();
        }
    }
    assert_eq!(by(&stage.ask(Criteria::default()).await), "b");
    let before = learned(&stage.registry, "a").live.latency.unwrap();
    assert!(before.samples == 4 && before.expected >= 300, "{before:?}");
    stage.again("", &["a", "b"]).await;
    let after = learned(&stage.registry, "a").live.latency.unwrap();
    assert_eq!(after, before);
    assert_eq!(stage.registry.decide(&super::stage::TEXT, &Criteria::default()).unwrap().plan, ["b/m", "a/m"]);
    stage.close().await;
}

#[tokio::test]
async fn two_programs_at_once_learn_of_each_other_what_they_wrote() {
    let mut stage = Stage::of(&[("a", &[json!({})])]).await;
    let other = super::stage::registry(&stage.lab, &stage.props, "", &["a"]).await;
    for registry in [&stage.registry, &other, &stage.registry] {
        registry.transform(super::stage::TEXT, "hello").outcome().await.unwrap();
    }
    prizm_tests::within(30, "shutdown", other.shutdown()).await;
    stage.again("", &["a"]).await;
    assert_eq!(learned(&stage.registry, "a").live.latency.unwrap().samples, 3, "none is lost");
    stage.close().await;
}

#[tokio::test]
async fn a_local_process_that_keeps_dying_does_not_keep_others_from_working() {
    let locals = |id: &str, declaration: &mut serde_json::Value| {
        if id == "a" {
            super::stage::local(declaration);
        }
    };
    let actors: [(&str, &[serde_json::Value]); 2] = [("a", &[json!({"exit": true})]), ("b", &[json!({})])];
    let stage = Stage::with("", &actors, locals).await;
    for _ in 0..4 {
        let job = stage.job(in_order(&["a", "b"])).timeout(Duration::from_secs(50));
        assert_eq!(by(&job.outcome().await), "b");
    }
    stage.close().await;
}
