//! Checking what a plugin declares.

use prizm_host::ErrorKind::{Invalid, Protocol};
use prizm_host::Stage::{Handshake, Validate};
use prizm_tests::{ask, quiet, within};

use crate::check::{Failure, all, check, failure, manifest, recovers, started};

const FAILURES: &[Failure] = &[
    failure("wrong-version", Invalid, Validate, "it chose protocol version `9.0`"),
    failure("no-capabilities", Invalid, Validate, "it declares no capability"),
    failure("unknown-capability", Invalid, Validate, "`text-to-smell` is not a capability"),
    failure("capability-drift", Invalid, Validate, "it declares `image-to-image`, which its manifest does not")
        .spec(manifest),
    failure("capability-without-model", Invalid, Validate, "no model has the capability `text-to-audio`"),
    failure("model-outside-capabilities", Invalid, Validate, "model `echo` has the capability `video-to-video`"),
    failure("id-differs", Invalid, Validate, "it calls itself `hostile-twin`, its manifest `hostile`").spec(manifest),
    failure("duplicate-models", Invalid, Validate, "two models have the id `echo`"),
    failure("bad-model-id", Invalid, Validate, r"`echo\nnot` is not a model id"),
    failure("bad-limits", Invalid, Validate, "maxInFlight is 0"),
    failure("bad-schema", Invalid, Validate, "the options of `text-to-text` are no valid JSON Schema"),
    failure("malformed-model", Protocol, Handshake, "the plugin's answer to `initialize` is malformed"),
    failure("bad-id", Invalid, Validate, "`Hostile Twin` is not a provider id"),
    failure("bad-version", Invalid, Validate, "`one` is not a semantic version"),
    failure("capability-twice", Invalid, Validate, "it declares `text-to-text` twice"),
    failure("options-of-no-capability", Invalid, Validate, "`text-to-3d`"),
    failure("bad-price", Invalid, Validate, "`a little coins per image` is no price"),
    failure("limit-too-large", Invalid, Validate, "maxInFlight is 1025"),
    failure("bad-config-schema", Invalid, Validate, "configSchema"),
    failure("many-violations", Invalid, Validate, "`one` is not a semantic version"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declaration_that_is_not_valid_is_refused() {
    all(FAILURES, check).await;
}

#[tokio::test]
async fn every_violation_is_reported_at_once() {
    let lab = crate::lab();
    let plugin = lab.plugin("many-violations");
    let error = within(20, "many-violations", plugin.start()).await.unwrap_err();
    let message = error.to_string();
    for violation in [
        "protocol version `9.0`",
        "`Hostile Twin` is not a provider id",
        "`one` is not a semantic version",
        "`text-to-smell` is not a capability",
        "maxInFlight is 0",
        "model `echo` has the capability `video-to-video`",
        "two models have the id `echo`",
        "`` is not a model id",
        "no model has the capability `text-to-audio`",
    ] {
        assert!(message.contains(violation), "`{violation}` is missing: {message}");
    }
    assert!(error.hint().unwrap().contains("manifest"), "{error:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn nothing_is_asked_of_a_plugin_that_is_not_valid() {
    let lab = crate::lab();
    let plugin = lab.plugin("invalid-and-listening");
    let error = within(20, "invalid-and-listening", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Invalid, Validate), "{error:?}");
    lab.close(&plugin).await;
    assert_eq!(lab.confessions("invalid-and-listening"), 1, "it has declared itself, and heard nothing since");
}

#[tokio::test]
async fn a_list_of_models_is_refreshed_only_when_it_is_valid() {
    let (lab, plugin) = started("models-drift", |_| {}).await;
    let error = within(20, "models-drift", plugin.refresh_models()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Invalid, Validate), "{error:?}");
    assert!(error.to_string().contains("model `new` has the capability `video-to-video`"), "{error:?}");
    assert!(error.hint().is_some());
    let kept = plugin.start().await.unwrap();
    assert!(kept.model("echo").is_some() && kept.model("new").is_none(), "the declared list is kept");
    assert_eq!(lab.confessions("models-drift"), 1);
    recovers(&plugin, "models-drift").await;
    lab.close(&plugin).await;

    let (lab, plugin) = started("good", |_| {}).await;
    let fresh = plugin.refresh_models().await.unwrap();
    assert_eq!(fresh.models.len(), 2);
    lab.close(&plugin).await;
}
