//! What is done about each kind of failure: tried again, by another, or not at all.

use prizm_registry::{Class, Criteria, ErrorKind, Latitude};
use serde_json::{Value, json};

use super::stage::{Stage, by, error, fails, in_order, local, tries};

/// What comes of a job whose first provider does this always, and whose second works.
struct Row {
    step: Value,
    is_local: bool,
    class: Class,
    /// How often the first is asked.
    first: usize,
    /// Whether the second is.
    falls_back: bool,
}

const fn row(step: Value, class: Class, first: usize, falls_back: bool) -> Row {
    Row { step, is_local: false, class, first, falls_back }
}

async fn check(row: Row, criteria: Criteria) {
    let Row { step, is_local, class, first, falls_back } = row;
    let actors: [(&str, &[Value]); 2] = [("a", std::slice::from_ref(&step)), ("b", &[json!({})])];
    let locals = |id: &str, declaration: &mut Value| {
        if is_local && id == "a" {
            local(declaration);
        }
    };
    let stage = Stage::with("", &actors, locals).await;
    let done = stage.ask(Criteria { order: in_order(&["a", "b"]).order, ..criteria }).await;
    assert_eq!(stage.calls(["a", "b"]), [first, usize::from(falls_back)], "{step}: {done:?}");
    if falls_back {
        let routed = done.unwrap();
        let mut expected = vec![("a/m", Some(class)); first];
        expected.push(("b/m", None));
        assert_eq!((routed.provider.as_str(), tries(&routed)), ("b", expected), "{step}");
    } else {
        let error = error(done);
        let found = if class == Class::Indeterminate { Class::Indeterminate } else { error.class() };
        assert_eq!(found, class, "{step}: {error:?}");
    }
    stage.close().await;
}

#[tokio::test]
async fn what_would_be_wrong_anywhere_is_not_tried_elsewhere() {
    check(row(fails(-32602), Class::InvalidInput, 1, false), Criteria::default()).await;
    check(row(fails(1203), Class::InvalidInput, 1, false), Criteria::default()).await;
    check(row(fails(1202), Class::ContentPolicy, 1, false), Criteria::default()).await;
    let latitude = Latitude { fallback_on: vec![Class::ContentPolicy], ..Latitude::default() };
    check(
        row(fails(1202), Class::ContentPolicy, 1, true),
        Criteria { latitude: latitude.clone(), ..Criteria::default() },
    )
    .await;
}

#[tokio::test]
async fn a_provider_that_fails_is_tried_once_more_and_then_another() {
    check(row(fails(1201), Class::Upstream, 2, true), Criteria::default()).await;
    check(row(fails(-32603), Class::Upstream, 2, true), Criteria::default()).await;
    check(row(fails(1103), Class::Capacity, 2, true), Criteria::default()).await;
    check(row(json!({"kind": "image"}), Class::OutputInvalid, 2, true), Criteria::default()).await;
    let hopeless = json!({"error": 1201, "data": {"retryable": false}});
    check(row(hopeless, Class::Upstream, 1, true), Criteria::default()).await;
}

#[tokio::test]
async fn what_is_late_or_used_up_is_tried_elsewhere_at_once() {
    check(row(fails(1101), Class::Timeout, 1, true), Criteria::default()).await;
    check(row(fails(1104), Class::Quota, 1, true), Criteria::default()).await;
    let unpaid = json!({"error": 1201, "data": {"upstreamStatus": 402}});
    check(row(unpaid, Class::Quota, 1, true), Criteria::default()).await;
}

#[tokio::test]
async fn a_crash_here_is_tried_again_and_one_elsewhere_is_not() {
    let crash = || row(json!({"exit": true}), Class::Crashed, 2, true);
    check(Row { is_local: true, ..crash() }, Criteria::default()).await;
    // Whether a remote system had begun, nobody knows.
    check(Row { class: Class::Indeterminate, first: 1, falls_back: false, ..crash() }, Criteria::default()).await;
    let latitude = Latitude { allow_duplicate_charge: true, ..Latitude::default() };
    let criteria = Criteria { latitude, ..Criteria::default() };
    check(Row { class: Class::Indeterminate, first: 1, ..crash() }, criteria).await;
}

#[tokio::test]
async fn one_that_recovers_does_it_after_all() {
    let stage = Stage::of(&[("a", &[fails(1201), json!({"text": "at last"})]), ("b", &[json!({})])]).await;
    let done = stage.ask(in_order(&["a", "b"])).await.unwrap();
    assert_eq!(tries(&done), [("a/m", Some(Class::Upstream)), ("a/m", None)]);
    assert_eq!(done.outcome.outputs[0].as_text(), Some("at last"));
    assert_eq!(stage.calls(["a", "b"]), [2, 0]);
    stage.close().await;
}

#[tokio::test]
async fn a_key_that_was_refused_is_not_tried_again_until_the_settings_change() {
    let mut stage = Stage::of(&[("a", &[json!({"key": "good"})]), ("b", &[json!({})])]).await;
    let order = || in_order(&["a", "b"]);
    let first = stage.ask(order()).await.unwrap();
    assert_eq!(tries(&first), [("a/m", Some(Class::Auth)), ("b/m", None)]);
    for _ in 0..3 {
        assert_eq!(by(&stage.ask(order()).await), "b");
    }
    assert_eq!(stage.calls(["a", "b"]), [1, 4], "it is left alone");
    let only = Criteria { only: vec!["a".parse().unwrap()], ..Criteria::default() };
    let refused = error(stage.ask(only.clone()).await);
    assert_eq!(refused.kind(), ErrorKind::NoneQualifies, "{refused:?}");
    assert!(refused.to_string().contains("its key or its account was refused"), "{refused}");

    let provider = stage.registry.get_provider("a").await.unwrap();
    let key = json!({"apiKey": "good"}).as_object().cloned().unwrap();
    provider.configure(key).await.unwrap();
    assert_eq!(by(&stage.ask(order()).await), "a", "it is tried at once");
    assert_eq!(stage.calls(["a", "b"]), [2, 4]);
    drop(provider);

    // Another program, with the old settings: it was refused with those.
    stage.props.play("a", &[json!({"key": "better"})]);
    stage.again("[providers.a]\napiKey = \"good\"", &["a", "b"]).await;
    assert_eq!(by(&stage.ask(order()).await), "b");
    stage.again("[providers.a]\napiKey = \"good\"", &["a", "b"]).await;
    assert_eq!(by(&stage.ask(order()).await), "b");
    assert_eq!(stage.calls(["a", "b"]), [3, 6], "the next program knows it");
    stage.again("[providers.a]\napiKey = \"better\"", &["a", "b"]).await;
    assert_eq!(by(&stage.ask(order()).await), "a", "the settings are others now");
    assert_eq!(stage.calls(["a", "b"]), [4, 6]);

    // That they were changed once is no reason to forget what came after.
    stage.props.play("a", &[json!({"error": 1102, "data": {"retryAfterMs": 60_000}})]);
    assert_eq!(by(&stage.ask(order()).await), "b");
    for _ in 0..2 {
        stage.again("[providers.a]\napiKey = \"better\"", &["a", "b"]).await;
        assert_eq!(by(&stage.ask(order()).await), "b");
    }
    assert_eq!(stage.calls(["a", "b"]), [5, 9], "it asked to be left alone");
    stage.close().await;
}
