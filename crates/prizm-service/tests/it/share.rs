//! Who uses a service, and how long it runs for them.

use std::time::Duration;

use prizm_service::{Condition, ErrorKind, Keeper};
use serde_json::json;

use crate::lab::{self, Lab, MANIFEST, quiet, until, until_stopped};

#[tokio::test]
async fn the_same_service_and_configuration_is_one_and_another_is_another() {
    let lab = Lab::new();
    let (one, same, other) = (lab.plain(), lab.plain(), lab.instance(json!({"other": "x"})));
    let (a, b, c) = tokio::join!(one.enter(true, &quiet), same.enter(true, &quiet), other.enter(true, &quiet));
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    assert_eq!(a.endpoints, b.endpoints);
    assert_ne!(a.endpoints, c.endpoints);
    drop((a, b, c));
    lab.keeper.shutdown().await;
    until_stopped(&one).await;
    until_stopped(&other).await;
}

#[tokio::test]
async fn it_stops_when_nobody_has_used_it_for_a_while() {
    let lab = Lab::new();
    let manifest = MANIFEST.replace("backend =", "idleStop = \"500ms\"\nbackend =");
    let instance = lab.instance_of(&manifest, json!({}));
    let (first, second) = (instance.enter(true, &quiet).await.unwrap(), instance.enter(true, &quiet).await.unwrap());
    drop(first);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(instance.state().unwrap().condition, Condition::Ready, "the second user is still there");
    drop(second);
    until_stopped(&instance).await;
    // What is started by hand runs until it is stopped.
    instance.start(&quiet).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(instance.state().unwrap().condition, Condition::Ready);
    assert!(instance.stop(false).await.unwrap());
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_is_given_up() {
    let lab = Lab::new();
    let instance = lab.instance(json!({"load": "600"}));
    let entering = tokio::time::timeout(Duration::from_millis(500), instance.enter(true, &quiet)).await;
    assert!(entering.is_err());
    assert_eq!(instance.state().unwrap().condition, Condition::Starting);
    until_stopped(&instance).await;
}

#[tokio::test]
async fn without_leave_to_start_it_the_command_is_told() {
    let lab = Lab::new();
    let instance = lab.instance(json!({"other": "a b", "load": "0", "maxConcurrent": 2}));
    let error = instance.enter(false, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRunning);
    // A text that looks like a number stays a text.
    let hint = "start it: prizm service start file:///srv/server --set 'load=\"0\"' --set 'maxConcurrent=2' \
                --set 'other=a b'";
    assert_eq!(error.hint(), Some(hint));
    assert!(!instance.directory().exists(), "nothing is written");
    instance.start(&quiet).await.unwrap();
    instance.enter(false, &quiet).await.unwrap();
    instance.stop(false).await.unwrap();
    assert_eq!(instance.enter(false, &quiet).await.unwrap_err().kind(), ErrorKind::NotRunning);
}

#[tokio::test]
async fn whoever_waits_is_told_that_it_was_stopped() {
    let lab = Lab::new();
    let instance = lab.instance(json!({"load": "600"}));
    let waiter = instance.clone();
    let waiting = tokio::spawn(async move { waiter.enter(true, &quiet).await });
    until(&instance, "it starts", |state| state.condition == Condition::Starting).await;
    assert!(instance.stop(false).await.unwrap());
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Stopped);
}

#[tokio::test]
async fn only_so_many_calls_are_let_in_at_a_time() {
    let lab = Lab::new();
    let instance = lab.instance(json!({"maxConcurrent": 2}));
    let (first, _second) = (instance.admit().await, instance.admit().await);
    let third = instance.admit();
    tokio::pin!(third);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut third).await.is_err());
    drop(first);
    let _third = tokio::time::timeout(lab::LONG, third).await.unwrap();
    let used = instance.enter(true, &quiet).await.unwrap();
    let env = lab::get(&used.endpoints["http"], "/env").await.unwrap();
    assert!(env.as_str().unwrap().contains("MAX_CONCURRENT=2"), "{env}");
    drop(used);
    lab.keeper.shutdown().await;
}

#[tokio::test]
async fn an_owner_that_leaves_stops_it_unless_others_use_it() {
    let lab = Lab::new();
    let instance = lab.plain();
    let used = instance.enter(true, &quiet).await.unwrap();
    lab.keeper.shutdown().await;
    // A process ends with its owner, whoever uses it: the next one who asks owns another.
    assert_eq!(instance.state().unwrap().condition, Condition::Stopped);
    let other = prizm_service::Instance::new(instance.spec().clone(), Keeper::here());
    let again = other.enter(true, &quiet).await.unwrap();
    assert_eq!((used.generation, again.generation), (1, 2));
    drop((used, again));
    other.stop(false).await.unwrap();
}

#[tokio::test]
async fn it_ends_with_its_home() {
    let lab = Lab::new();
    let instance = lab.plain();
    let used = instance.enter(true, &quiet).await.unwrap();
    let pid = lab::get(&used.endpoints["http"], "/pid").await.unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.as_str().unwrap()));
    std::fs::remove_dir_all(instance.directory()).unwrap();
    let deadline = std::time::Instant::now() + lab::LONG;
    while process.exists() {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lab.keeper.shutdown().await;
}
