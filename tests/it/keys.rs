//! Keys of providers: from the platform's keyring, a real one, to the process of whom they are for, and nowhere else.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::FromRawFd as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use prizm_tests::{Desktop, Ended, Home, Running, eventually, holds};
use serde_json::Value;

use crate::pins::shelf;
use crate::shelf::manifest_with;

const KEY: &str = "sk-0123456789-abcdef";
/// What the provider makes of it, to show that it has it.
const BACKWARDS: &str = "fedcba-9876543210-ks\n";
const KEYS: &str = "[permissions]\nenv = [\"HOSTILE_KEY\"]\n\
                    [keys.apiKey]\nenv = [\"HOSTILE_KEY\"]\nurl = \"https://hostile.example/keys\"\n";

/// Returns the manifest of a provider that needs a key.
fn needy() -> String {
    manifest_with("careless-with-its-key", "\"text-to-text\", \"text-to-image\"", KEYS)
}

/// Returns a home that knows a provider which needs a key.
fn home() -> Home {
    let home = Home::new();
    let url = home.provider("hostile", &[("prizm.toml", &needy())]);
    home.configure(&format!("[providers.hostile]\nsource = \"{url}\""));
    home
}

/// Returns such a home, and its keyring.
async fn home_with_keyring() -> (Home, Desktop) {
    let (mut home, desktop) = (home(), Desktop::start().await);
    home.use_keyring(&desktop);
    (home, desktop)
}

/// Checks that nobody was told the key.
fn silent(home: &Home, ended: &Ended) {
    assert!(!ended.to_string().contains(KEY), "{ended}");
    assert!(!holds(&home.path(), KEY), "the key is in PRIZM_HOME");
}

async fn origin(home: &Home) -> Value {
    let mut keys = home.run(&["key", "list", "--json"]).await.json();
    let found = keys.as_array_mut().unwrap().iter_mut().find(|key| key["provider"] == "hostile").unwrap();
    assert_eq!((&found["setting"], &found["url"]), (&"apiKey".into(), &"https://hostile.example/keys".into()));
    found["origin"].take()
}

#[tokio::test]
async fn a_key_of_the_keyring_reaches_its_provider_and_nobody_else() {
    let (home, desktop) = home_with_keyring().await;
    assert_eq!(origin(&home).await, "absent");
    assert!(home.run(&["run", "hostile", "hi"]).await.failed(2).contains("apiKey"));
    home.run(&["run", "text-to-text", "hi", "--exclude", "llm"]).await.failed(8);

    let ended = home.feed(&["key", "set", "hostile"], format!("{KEY}\n").as_bytes()).await;
    assert_eq!(ended.ok(), "`apiKey` of `hostile` is in the keyring\n");
    silent(&home, &ended);
    assert_eq!(origin(&home).await, "keyring");
    let by_id = home.run(&["run", "hostile", "hi", "-vv"]).await;
    assert_eq!(by_id.ok(), BACKWARDS);
    assert!(by_id.stderr.contains("my key is ***"), "{by_id}");
    silent(&home, &by_id);
    // A choice knows of the key, too.
    let by_capability = home.run(&["run", "text-to-text", "hi", "--exclude", "llm", "--explain"]).await;
    assert_eq!(by_capability.ok(), BACKWARDS);
    silent(&home, &by_capability);
    for arguments in [
        &["best", "text-to-text", "--json", "--explain"][..],
        &["inspect", "hostile", "--json"],
        &["run", "hostile", "hi", "--json", "--set", "greeting=7"],
        &["stats", "--json"],
    ] {
        silent(&home, &home.run(arguments).await);
    }
    assert!(!desktop.leaks(KEY), "the keyring encrypts what it keeps");

    assert!(home.run(&["key", "remove", "hostile"]).await.ok().contains("not in the keyring any more"));
    assert_eq!(origin(&home).await, "absent");
    let error = home.run(&["key", "remove", "hostile", "--json"]).await.error(3);
    assert_eq!(error["message"], "the keyring has no key `apiKey` of `hostile`");
    home.run(&["run", "hostile", "hi"]).await.failed(2);
}

#[tokio::test]
async fn the_configuration_counts_more_and_so_does_what_is_granted() {
    let (home, _desktop) = home_with_keyring().await;
    let set = ["key", "set", "hostile", "apiKey", "--json"];
    assert_eq!(home.feed(&set, KEY.as_bytes()).await.json()["origin"], "keyring");
    home.configure("grantEnv = [\"HOSTILE_KEY\"]");
    let mut command = home.prizm(&["key", "list", "--json"]);
    command.env("HOSTILE_KEY", "k");
    let listed = Running::start(command).ended().await.json();
    assert_eq!((&listed[0]["origin"], &listed[0]["variable"]), (&"environment".into(), &"HOSTILE_KEY".into()));
    assert_eq!(origin(&home).await, "keyring", "where it has no value");
    home.configure("apiKey = \"from the file\"");
    assert_eq!(origin(&home).await, "settings");
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.ok(), "elif eht morf\n");
    let ended = home.feed(&["key", "set", "hostile"], KEY.as_bytes()).await;
    assert!(ended.ok().contains("in the keyring") && ended.stderr.contains("config.toml counts more"), "{ended}");
}

#[tokio::test]
async fn a_key_is_given_to_the_source_that_the_user_named() {
    let (mut shelf, desktop) = (shelf(), Desktop::start().await);
    shelf.home.use_keyring(&desktop);
    shelf.git.repository("acme/echo").commit("main", &[("prizm.toml", &needy())]);
    shelf.home.run(&["add", "github:acme/echo@main"]).await.ok();
    shelf.home.feed(&["key", "set", "hostile"], KEY.as_bytes()).await.ok();
    let ended = shelf.home.run(&["run", "hostile", "hi", "--json"]).await;
    let error = ended.error(4);
    let message = "`github:acme/echo` would be given what your configuration says of `hostile`: apiKey";
    assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    silent(&shelf.home, &ended);
    // A provider that only calls itself so has nothing to be asked about.
    shelf.git.repository("acme/other").commit("main", &[("prizm.toml", &needy())]);
    let ended = shelf.home.run(&["run", "github:acme/other@main", "hi", "--yes"]).await;
    assert!(ended.failed(2).contains("apiKey"), "{ended}");
    assert_eq!(shelf.home.run(&["run", "hostile", "hi", "--yes"]).await.ok(), BACKWARDS);
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), BACKWARDS);
    shelf.home.run(&["remove", "hostile"]).await.ok();
    shelf.home.run(&["add", "github:acme/other@main"]).await.ok();
    let ended = shelf.home.run(&["run", "hostile", "hi", "--json"]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("`github:acme/other` would be given"), "{ended}");
}

#[tokio::test]
async fn a_machine_without_a_keyring_says_so_at_once() {
    let home = home();
    let ended = home.feed(&["key", "set", "hostile", "--json"], KEY.as_bytes()).await;
    let error = ended.error(1);
    assert!(error["message"].as_str().unwrap().starts_with("this machine has no keyring: "), "{error}");
    assert_eq!(error["stage"], "keyring");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("config.toml") && hint.contains("grantEnv"), "{error}");
    silent(&home, &ended);
    let listed = home.run(&["key", "list"]).await;
    assert!(listed.ok().contains("absent") && listed.stderr.contains("no keyring"), "{listed}");
    let started = Instant::now();
    let ended = home.run(&["run", "hostile", "hi"]).await;
    assert!(!ended.failed(2).contains("keyring"), "what is not there is nothing to complain about: {ended}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    home.configure("apiKey = \"abc\"");
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.ok(), "cba\n");
}

#[tokio::test]
async fn a_keyring_that_is_locked_or_silent_is_no_reason_to_wait() {
    let (mut home, desktop) = home_with_keyring().await;
    home.feed(&["key", "set", "hostile"], KEY.as_bytes()).await.ok();
    desktop.lock().await;
    let ended = home.run(&["run", "hostile", "hi"]).await;
    assert!(ended.failed(2).contains("the keyring is locked"), "{ended}");
    let mute = Desktop::mute();
    home.use_keyring(&mute);
    let ended = home.run(&["run", "hostile", "hi"]).await;
    assert!(ended.failed(2).contains("it did not answer within 2s"), "{ended}");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anybody_types_a_key() {
    let (home, _desktop) = home_with_keyring().await;
    for (arguments, code, says) in [
        (&["nobody"][..], 3, "there is no provider `nobody`"),
        (&["hostile", "apikey"], 2, "did you mean `apiKey`?"),
        (&["canvas"], 2, "the manifest of `canvas` names no key"),
    ] {
        let ended = home.feed(&[&["key", "set"], arguments].concat(), KEY.as_bytes()).await;
        assert!(ended.failed(code).contains(says), "{ended}");
    }
    home.provider("hostile", &[("prizm.toml", &(needy() + "[keys.token]\n"))]);
    let several = home.feed(&["key", "set", "hostile"], KEY.as_bytes()).await;
    assert!(several.failed(2).contains("`hostile` has several keys: apiKey, token"), "{several}");
    home.provider("hostile", &[("prizm.toml", &needy())]);
    let empty = home.feed(&["key", "set", "hostile"], b"\n").await;
    assert!(empty.failed(2).contains("is empty"), "{empty}");
    let binary = home.feed(&["key", "set", "hostile"], b"\xff\xfe").await;
    assert!(binary.failed(2).contains("no UTF-8"), "{binary}");
}

#[tokio::test]
async fn a_key_that_is_typed_is_not_shown() {
    let (home, _desktop) = home_with_keyring().await;
    let (mut ours, mut theirs) = (0, 0);
    // SAFETY: it writes two descriptors, which are this test's then.
    let opened = unsafe {
        libc::openpty(&raw mut ours, &raw mut theirs, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut())
    };
    assert_eq!(opened, 0);
    // SAFETY: nobody else has these descriptors.
    let (mut ours, theirs) = unsafe { (File::from_raw_fd(ours), File::from_raw_fd(theirs)) };
    let echoes = |terminal: &File| {
        // SAFETY: an all-zero `termios` is one, and is written before it is read.
        let mut modes: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is open, and the pointer is to a `termios`.
        assert_eq!(unsafe { libc::tcgetattr(std::os::fd::AsRawFd::as_raw_fd(terminal), &raw mut modes) }, 0);
        modes.c_lflag & libc::ECHO != 0
    };
    let start = || {
        let mut command = home.prizm(&["key", "set", "hostile"]);
        command.stdin(Stdio::from(theirs.try_clone().unwrap()));
        Running::start(command)
    };
    assert!(echoes(&theirs));
    let interrupted = start();
    eventually("it asks", || (!echoes(&theirs)).then_some(())).await;
    interrupted.signal(libc::SIGINT);
    assert_eq!(interrupted.ended().await.status.code(), Some(130));
    assert!(echoes(&theirs), "the terminal is as it was");

    let running = start();
    eventually("it asks", || (!echoes(&theirs)).then_some(())).await;
    ours.write_all(format!("{KEY}\n").as_bytes()).unwrap();
    let ended = running.ended().await;
    assert!(ended.ok().contains("is in the keyring") && ended.stderr.contains("apiKey of hostile: "), "{ended}");
    silent(&home, &ended);
    assert!(echoes(&theirs));
    drop(theirs);
    let mut shown = Vec::new();
    // The other end is closed: what is left comes, then an error.
    let _ = ours.read_to_end(&mut shown);
    assert!(!String::from_utf8_lossy(&shown).contains("sk-"), "{shown:?}");
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.ok(), BACKWARDS);
}
