//! Starting the process.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prizm_host::{ErrorKind, Plugin, PluginCommand, Stage};
use prizm_tests::{ask, quiet, said, within};
use serde_json::Value;

use crate::check::recovers;
use crate::probe::Probe;

/// Writes a program, or what claims to be one.
fn program(path: &Path, content: &[u8], mode: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_cannot_be_started_is_named_with_a_remedy() {
    let lab = crate::lab();
    let file = |name: &str| lab.file(name).to_str().unwrap().to_owned();
    program(&lab.file("plain"), b"#!/bin/sh\nexit 0\n", 0o644);
    program(&lab.file("uninterpreted"), b"#!/no/such/interpreter\n", 0o755);
    program(&lab.file("foreign"), b"\x7fELF\x02\x01\x01 for another machine", 0o755);
    program(&lab.file("empty"), b"", 0o755);
    for (command, says, hint) in [
        (file("missing"), "no executable", "exists and is executable"),
        (file("plain"), "no executable", "chmod +x"),
        (file("work"), "no executable", "exists and is executable"),
        ("no-such-program-anywhere".to_owned(), "no executable `no-such-program-anywhere`", "put it on PATH"),
        (file("uninterpreted"), "No such file", "interpreter named in its `#!` line"),
        (file("foreign"), "Exec format error", "no program for this machine"),
        (file("empty"), "Exec format error", "a script needs a `#!` line"),
    ] {
        let plugin = Plugin::new(lab.spec(PluginCommand::new(&command)));
        let error = within(10, &command, plugin.start()).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Spawn, Stage::Spawn), "{command}: {error:?}");
        assert!(error.to_string().contains(says) && error.to_string().contains(&command), "{command}: {error:?}");
        assert!(error.hint().unwrap().contains(hint), "{command}: {error:?}");
        assert_eq!(plugin.stats().failures, 1);
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn a_root_that_is_gone_is_no_reason_to_run_elsewhere() {
    let lab = crate::lab();
    let plugin = Plugin::new(lab.spec(lab.hostile("good").root(lab.file("gone"))));
    let error = plugin.start().await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Spawn, Stage::Spawn), "{error:?}");
    assert!(error.to_string().contains("its root") && error.hint().is_some(), "{error:?}");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_script_that_cannot_find_its_program_ends_with_127() {
    let lab = crate::lab();
    let plugin = Plugin::new(lab.spec(PluginCommand::new("/bin/sh").args(["-c", "no-such-engine --serve"])));
    let error = within(20, "sh", plugin.start()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Exited, Stage::Handshake), "{error:?}");
    assert!(error.to_string().contains("exit code 127"), "{error:?}");
    assert!(error.stderr().iter().any(|line| line.contains("no-such-engine")), "{error:?}");
    assert_eq!(error.hint(), Some("its command was not found: check how it is started"));
    lab.close(&plugin).await;
}

#[tokio::test]
async fn a_plugin_is_told_what_it_is_granted_and_nothing_else() {
    let lab = crate::lab();
    // The host's own environment is full of what is nobody's business.
    let mut host = Probe::start_with(&lab, "ask", &lab.hostile("reports-itself"), |host| {
        host.env("PRIZM_TEST_TOKEN", "hunter2").env("LD_LIBRARY_PATH", "/nowhere").env("LC_ALL", "C.UTF-8");
    });
    host.line().await;
    let report = host.report().await;
    let report: Value = serde_json::from_str(report["said"].as_str().unwrap()).unwrap();
    let environment = report["environment"].as_object().unwrap();
    let own = ["PRIZM_PLUGIN", "PRIZM_PROTOCOL_VERSIONS", "PRIZM_WORK_DIR"];
    let listed = [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "TERM",
        "USER",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ];
    for name in environment.keys() {
        let allowed = own.contains(&name.as_str()) || listed.contains(&name.as_str()) || name.starts_with("LC_");
        assert!(allowed, "`{name}` reached the plugin");
    }
    assert_eq!(environment["PRIZM_PLUGIN"], "1");
    assert_eq!(environment["PRIZM_PROTOCOL_VERSIONS"], "1.0");
    assert_eq!(environment["PRIZM_WORK_DIR"], lab.file("work").to_str().unwrap());
    assert_eq!(environment["LC_ALL"], "C.UTF-8");
    assert_eq!(report["pid"], report["group"], "it leads a group of its own");
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_plugin_runs_in_its_root_with_its_grants() {
    let lab = crate::lab();
    let root = lab.file("root");
    fs::create_dir(&root).unwrap();
    let command = lab.hostile("reports-itself").root(&root).grant_env("FAL_KEY", "s3cret");
    let plugin = Plugin::new(lab.spec(command));
    let outcome = within(20, "reports-itself", plugin.transform(ask("who?"), quiet)).await.unwrap();
    let report: Value = serde_json::from_str(said(&outcome)).unwrap();
    assert_eq!(report["directory"], root.canonicalize().unwrap().to_str().unwrap());
    assert_eq!(report["environment"]["FAL_KEY"], "s3cret");
    assert_eq!(report["pid"], plugin.stats().pid.unwrap());
    recovers(&plugin, "reports-itself").await;
    lab.close(&plugin).await;
}
