//! `configure`: settings before the first job, at once while it runs, and again after a restart.

use std::time::Duration;

use prizm_host::ErrorKind::{Deadline, Exited, Input, Protocol, Provider};
use prizm_host::Stage::Configure;
use prizm_host::{Plugin, Timing};
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_tests::{ask, eventually, quiet, said, within};
use serde_json::{Value, json};

use crate::check::{Failure, all, check, check_tolerated, failure, started};

const FAILURES: &[Failure] = &[
    failure("configure-never", Deadline, Configure, "did not answer `configure` in time").spec(|spec| {
        spec.timing.configure = Duration::from_millis(1500);
    }),
    failure("configure-error", Provider, Configure, "`apiKey` is missing"),
    failure("configure-not-ready", Protocol, Configure, "is not ready"),
    failure("exits-in-configure", Exited, Configure, "ended while it was configured: exit code 4")
        .stderr(&["error: the key was refused"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_cannot_be_configured_is_a_named_error() {
    all(FAILURES, check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_loads_is_given_time() {
    all(&[("configure-with-startup", "hello")], check_tolerated).await;
    // Each report gives it the whole time anew, so that it may take longer than that in all.
    let (lab, plugin) = started("configure-with-startup --count 8 --ms 500", |spec| {
        spec.timing.configure = Duration::from_millis(2500);
    })
    .await;
    lab.close(&plugin).await;
}

#[test]
fn the_deadlines_are_those_of_the_specification() {
    let timing = Timing::default();
    let deadlines = [timing.initialize, timing.configure, timing.configure_max, timing.cancel_grace];
    assert_eq!(deadlines.map(|deadline| deadline.as_secs()), [10, 60, 15 * 60, 5]);
}

#[tokio::test]
async fn a_plugin_that_loads_is_not_given_all_the_time() {
    let lab = crate::lab();
    let plugin = lab.plugin_with("configure-startup-forever", |spec| {
        spec.timing.configure_max = Duration::from_millis(1500);
    });
    let error = within(20, "configure-startup-forever", plugin.start()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Deadline, Configure), "{error:?}");
    assert_eq!(lab.confessions("configure-startup-forever"), 1);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn one_that_never_finishes_loading_can_be_given_up() {
    let lab = crate::lab();
    let plugin = lab.plugin("configure-startup-forever");
    {
        let mut start = std::pin::pin!(plugin.start());
        let loading = eventually("it loads", || (lab.confessions("configure-startup-forever") == 1).then_some(()));
        tokio::select! {
            _ = &mut start => panic!("it is never ready"),
            () = loading => {}
        }
    }
    lab.processes().gone_within(5).await;
    lab.close(&plugin).await;
}

fn greeting(greeting: &str) -> ConfigureParams {
    let Value::Object(config) = json!({"greeting": greeting, "apiKey": "k-123456"}) else { unreachable!() };
    ConfigureParams { config, ..ConfigureParams::default() }
}

/// Asks a plugin for the configuration that it has.
async fn greeting_of(plugin: &Plugin) -> String {
    let outcome = within(20, "its configuration", plugin.transform(ask("which?"), quiet)).await.unwrap();
    let config: Value = serde_json::from_str(said(&outcome)).unwrap();
    config["config"]["greeting"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn the_latest_configuration_holds_and_survives_a_crash() {
    let lab = crate::lab();
    let plugin = lab.plugin("records-configure");
    plugin.configure(greeting("first")).await.unwrap();
    assert_eq!(plugin.stats().pid, None, "configuring starts nothing");
    assert_eq!(greeting_of(&plugin).await, "first");
    plugin.configure(greeting("second")).await.unwrap();
    assert_eq!(greeting_of(&plugin).await, "second");
    let pid = plugin.stats().pid.unwrap();
    kill(pid);
    eventually("the host has seen it die", || (plugin.stats().pid != Some(pid)).then_some(())).await;
    assert_eq!(greeting_of(&plugin).await, "second");
    assert_eq!(plugin.stats().starts, 2);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_configuration_that_comes_while_it_starts_is_not_lost() {
    let lab = crate::lab();
    let plugin = lab.plugin("configures-slowly");
    plugin.configure(greeting("old")).await.unwrap();
    let started = async {
        plugin.start().await.unwrap();
        greeting_of(&plugin).await
    };
    let replaced = async {
        eventually("it is being configured", || (lab.confessions("configures-slowly") == 1).then_some(())).await;
        plugin.configure(greeting("new")).await.unwrap();
    };
    let (greeting, ()) = within(30, "start and configure", async { tokio::join!(started, replaced) }).await;
    assert_eq!(greeting, "new");
    assert_eq!(plugin.stats().starts, 1);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_setting_of_the_wrong_type_is_named_before_it_is_sent() {
    let (lab, plugin) = started("records-configure", |_| {}).await;
    let Value::Object(config) = json!({"greeting": 7}) else { unreachable!() };
    let error = plugin.configure(ConfigureParams { config, ..ConfigureParams::default() }).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (Input, Configure), "{error:?}");
    // The value is not quoted: what is set may be a secret.
    assert!(error.to_string().contains("setting `greeting`: value is not of type \"string\""), "{error:?}");
    assert!(error.hint().unwrap().contains("apiKey, greeting"), "{error:?}");
    assert_eq!(greeting_of(&plugin).await, "none", "the running plugin never saw it");
    lab.close(&plugin).await;
}

/// Kills a process of a laboratory's.
pub fn kill(pid: u32) {
    // SAFETY: `kill` takes numbers; the host has not reaped the process, so that the number is its own.
    assert_eq!(unsafe { libc::kill(i32::try_from(pid).unwrap(), libc::SIGKILL) }, 0);
}
