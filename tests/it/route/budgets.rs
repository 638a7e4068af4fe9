//! What may be spent, in all and by each; how often a job is tried.

use futures_util::future::join_all;
use prizm_registry::{Class, Criteria, ErrorKind, Money, Registry};
use serde_json::{Value, json};

use super::stage::{Stage, by, costs, error, fails, in_order, tries};

fn cents(amount: &str) -> Money {
    amount.parse().unwrap()
}

fn left(registry: &Registry) -> Money {
    registry.budgets().unwrap()[0].left
}

fn paid(criteria: Criteria) -> Criteria {
    Criteria { budget: Some("b".to_owned()), ..criteria }
}

async fn stage(limit: &str, actors: &[(&str, &[Value])]) -> Stage {
    let config = format!("[routing.budgets.b]\nlimit = \"{limit}\"");
    Stage::with(&config, actors, |_, declaration| costs("0.01")(declaration)).await
}

/// Number 10 of the acceptance tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_do_not_overspend() {
    let stage = stage("0.20", &[("a", &[json!({"ms": 200, "cost": "0.01"})])]).await;
    let done = join_all((0..100).map(|_| stage.ask(paid(Criteria::default())))).await;
    let worked = done.iter().filter(|done| done.is_ok()).count();
    assert_eq!(stage.calls(["a"]), [worked], "who has no money does not call");
    assert!((1..=20).contains(&worked), "{worked} calls at a cent for 20 cents");
    for failed in done.into_iter().filter(Result::is_err) {
        let failed = error(failed);
        assert_eq!(failed.kind(), ErrorKind::NoneQualifies, "{failed:?}");
        assert!(failed.to_string().contains("budget"), "{failed}");
    }
    let spent = cents("0.01").nanos() * u64::try_from(worked).unwrap();
    assert_eq!(left(&stage.registry).nanos(), cents("0.20").nanos() - spent, "nothing is held any more");
    stage.close().await;
}

#[tokio::test]
async fn what_is_spent_is_what_was_charged_and_is_known_to_the_next() {
    let mut stage = stage("0.05", &[("a", &[json!({"cost": "0.004"})]), ("b", &[json!({})])]).await;
    let order = || paid(in_order(&["a", "b"]));
    stage.ask(order()).await.unwrap();
    assert_eq!(left(&stage.registry), cents("0.046"));
    stage.again("[routing.budgets.b]\nlimit = \"0.05\"", &["a", "b"]).await;
    assert_eq!(left(&stage.registry), cents("0.046"));
    stage.props.play("a", &[fails(1104)]);
    assert_eq!(by(&stage.ask(order()).await), "b");
    assert_eq!(left(&stage.registry), cents("0.036"), "who failed was not paid, and who does not say costs its price");
    stage.props.play("b", &[json!({"error": 1201, "data": {"accepted": true, "charged": "yes"}})]);
    error(stage.ask(order()).await);
    assert_eq!(left(&stage.registry), cents("0.026"), "what was charged was spent, whatever came of it");
    stage.close().await;
}

#[tokio::test]
async fn all_tries_together_cost_no_more_than_that() {
    let charged = json!({"error": 1201, "data": {"charged": "yes"}});
    let stage = stage("1", &[("a", &[charged]), ("b", &[json!({})])]).await;
    let order = |most| Criteria { max_total_cost: Some(cents(most)), ..in_order(&["a", "b"]) };
    let failed = error(stage.ask(order("0.025")).await);
    assert_eq!((failed.class(), stage.calls(["a", "b"])), (Class::Upstream, [2, 0]), "{failed:?}");
    assert_eq!(by(&stage.ask(order("0.03")).await), "b");
    stage.close().await;
}

#[tokio::test]
async fn a_job_is_tried_as_often_as_it_may_be() {
    let broken: &[Value] = &[fails(1201)];
    let ids = ["a", "b", "c"];
    for (criteria, calls) in [
        (Criteria::default(), [2, 1, 0]),
        (Criteria { max_attempts: 1, ..Criteria::default() }, [1, 0, 0]),
        (Criteria { max_attempts: 5, ..Criteria::default() }, [2, 2, 1]),
        (Criteria { max_attempts: 9, max_attempts_per_provider: 1, ..Criteria::default() }, [1, 1, 1]),
        (Criteria { max_attempts: 9, max_attempts_per_provider: 9, ..Criteria::default() }, [2, 2, 2]),
        (Criteria { max_attempts: 9, allow_fallbacks: false, ..Criteria::default() }, [2, 0, 0]),
    ] {
        let stage = Stage::of(&[("a", broken), ("b", broken), ("c", broken)]).await;
        let failed = error(stage.ask(Criteria { order: in_order(&ids).order, ..criteria }).await);
        assert_eq!(stage.calls(ids), calls, "{failed:?}");
        let tries: usize = calls.iter().sum();
        let says = format!("{tries} tries failed");
        assert_eq!(failed.to_string().contains(&says), tries > 1, "{failed}");
        stage.close().await;
    }
}

#[tokio::test]
async fn nothing_begins_after_a_deadline() {
    let slow = json!({"ms": 700, "error": 1201});
    let stage = Stage::of(&[("a", &[slow]), ("b", &[json!({})])]).await;
    let deadline = Criteria { deadline_ms: Some(600), strict_deadline: false, ..in_order(&["a", "b"]) };
    let failed = error(stage.ask(deadline).await);
    assert_eq!((failed.class(), stage.calls(["a", "b"])), (Class::Upstream, [1, 0]), "{failed:?}");
    let done = stage.ask(in_order(&["a", "b"])).await.unwrap();
    assert_eq!(tries(&done).last(), Some(&("b/m", None)));
    stage.close().await;
}
