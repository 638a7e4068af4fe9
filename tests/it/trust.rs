//! Who may be loaded, and with what: policy, approvals, projects of strangers, and what the user set.

use std::fs;

use crate::pins::{URL, shelf};
use crate::shelf::{Shelf, manifest, manifest_with};

#[tokio::test]
async fn the_lock_of_a_stranger_approves_nothing() {
    let shelf = shelf();
    shelf.loads(URL).await;
    let echo = shelf.git.repository("acme/echo");
    let more = manifest_with("good", "\"text-to-text\", \"text-to-image\"", "[permissions]\nenv = [\"AWS_SECRET\"]\n");
    echo.tag("v2", &echo.commit("main", &[("prizm.toml", &more)]));
    // The lock comes from somebody who approved it.
    let stranger = Shelf::new();
    stranger.reconfigure(&stranger.git.url(), &shelf.git.url());
    stranger.home.run(&["add", "github:acme/echo@v2"]).await.ok();
    fs::copy(stranger.home.file("prizm.lock"), shelf.home.file("prizm.lock")).unwrap();
    let ended = shelf.home.run(&["run", "hostile", "hi"]).await;
    assert!(ended.failed(4).contains("+ env AWS_SECRET"), "{ended}");
}

/// What is approved is a source, and nothing that it would mean as a glob.
#[tokio::test]
async fn an_approval_is_of_one_source() {
    let shelf = shelf();
    shelf.reconfigure("allow = [\"github:acme/*\", \"git+http://127.0.0.1:*/**\"]", "");
    for url in ["git+https://*/*", "git+https://h.invalid/a[", "github:*/*"] {
        shelf.refuses(url, 2, "identifier", "is not an identifier").await;
        shelf.home.run(&["run", url, "hi", "--yes"]).await.failed(2);
    }
    assert!(!fs::read_to_string(shelf.home.path().join("config.toml")).unwrap().contains("allow"));
}

#[tokio::test]
async fn what_asks_for_more_is_shown_and_refused_until_it_is_approved() {
    let shelf = shelf();
    let echo = shelf.git.repository("acme/echo");
    shelf.home.run(&["add", "github:acme/echo@main"]).await.ok();
    let more = manifest_with(
        "good",
        "\"text-to-text\", \"text-to-image\"",
        "[permissions]\nenv = [\"AWS_SECRET\"]\nnetwork = [\"evil.example\"]\n",
    );
    let bold = echo.commit("main", &[("prizm.toml", &more)]);
    let ended = shelf.home.run(&["update"]).await;
    for line in ["+ env AWS_SECRET", "+ network evil.example", "--yes"] {
        assert!(ended.failed(4).contains(line), "{ended}");
    }
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n", "the one before stays");
    let fresh = shelf.home.run(&["run", &format!("github:acme/echo@{bold}"), "hi"]).await;
    assert!(fresh.failed(4).contains("+ env AWS_SECRET"), "nor by another name: {fresh}");
    let ended = shelf.home.run(&["update", "--yes"]).await;
    assert!(ended.ok().contains(" → ") && ended.stderr.contains("approved by --yes"), "{ended}");
    let inspected = shelf.home.run(&["inspect", "hostile", "--json"]).await.json();
    assert_eq!(inspected["permissions"]["env"][0], "AWS_SECRET");
    // Less than before needs no approval.
    echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "less")]);
    shelf.home.run(&["update"]).await.ok();
}

#[tokio::test]
async fn the_policy_decides_what_may_be_loaded() {
    let shelf = shelf();
    shelf.reconfigure("allow = [\"github:acme/*\", \"git+http://127.0.0.1:*/**\"]", "deny = [\"github:acme/evil\"]");
    let error = shelf.refuses(URL, 4, "policy", "`github:acme/echo` is a new source").await;
    assert!(error["hint"].as_str().unwrap().contains("allow = [\"github:acme/echo\"]"), "{error}");
    let yes = shelf.home.run(&["run", URL, "hi", "--yes"]).await;
    assert!(yes.ok() == "hi\n" && yes.stderr.contains("approved by --yes"), "{yes}");
    shelf.loads(URL).await;
    let config = fs::read_to_string(shelf.home.path().join("config.toml")).unwrap();
    assert!(config.contains("allow = [\"github:acme/echo\"]"), "{config}");
    let ended = shelf.home.run(&["run", "github:acme/evil", "hi", "--yes", "--json"]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("is denied"), "{ended}");
    shelf.reconfigure("[policy]", "[policy]\nrequirePin = \"tag\"");
    shelf.refuses("github:acme/echo", 4, "policy", "is not pinned: the policy requires a tag").await;
    shelf.refuses("github:acme/echo@main", 4, "policy", "is not pinned").await;
    shelf.loads(URL).await;
    shelf.reconfigure("\"tag\"", "\"commit\"");
    shelf.refuses(URL, 4, "policy", "the policy requires a full commit").await;
}

#[tokio::test]
async fn a_project_of_a_stranger_decides_nothing() {
    let shelf = shelf();
    fs::create_dir(shelf.home.file(".prizm")).unwrap();
    let project = shelf.home.file(".prizm/config.toml");
    fs::write(&project, "[providers.mine]\nsource = \"github:stranger/tool\"\n[policy]\ndeny = [\"github:acme/*\"]\n")
        .unwrap();
    shelf.refuses(URL, 4, "policy", "is denied").await;
    let ended = shelf.home.run(&["run", "mine", "hi", "--json"]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("`github:stranger/tool` is a new source"), "{ended}");
    let directory = shelf.home.provider("local", &[("prizm.toml", &manifest("good"))]);
    fs::write(&project, format!("[providers.hostile]\nsource = \"{directory}\"\n")).unwrap();
    let ended = shelf.home.run(&["run", "hostile", "hi", "--json"]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("is a new source"), "{ended}");
    fs::write(&project, "[policy]\nallow = [\"github:*/*\"]\n").unwrap();
    let ended = shelf.home.run(&["providers"]).await;
    assert!(ended.failed(2).contains("may not stand in a project's configuration"), "{ended}");
}

/// What the user set for an id is not given to whoever calls itself so.
#[tokio::test]
async fn settings_are_given_to_the_source_that_the_user_named() {
    let shelf = shelf();
    let config = shelf.home.path().join("config.toml");
    shelf.home.configure("[providers.hostile]\napiKey = \"sk-user\"\ngrantEnv = [\"KEY\"]");
    shelf.home.run(&["add", URL]).await.ok();
    let ended = shelf.home.run(&["run", "hostile", "hi", "--json"]).await;
    let error = ended.error(4);
    assert!(
        error["message"].as_str().unwrap().ends_with("what your configuration says of `hostile`: apiKey, KEY"),
        "{error}"
    );
    assert!(error["hint"].as_str().unwrap().contains("givenTo = \"github:acme/echo\""), "{error}");
    assert!(!ended.to_string().contains("sk-user"), "{ended}");
    assert_eq!(shelf.home.run(&["run", "hostile", "hi", "--yes"]).await.ok(), "hi\n");
    assert!(fs::read_to_string(&config).unwrap().contains("givenTo = \"github:acme/echo\""));
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n");
    // A project names a provider of an id for which the user has settings.
    shelf.home.run(&["remove", "hostile"]).await.ok();
    fs::create_dir(shelf.home.file(".prizm")).unwrap();
    shelf.git.repository("acme/other").commit("main", &[("prizm.toml", &manifest("good"))]);
    fs::write(shelf.home.file(".prizm/config.toml"), "[providers.hostile]\nsource = \"github:acme/other\"\n").unwrap();
    let ended = shelf.home.run(&["run", "hostile", "hi", "--json"]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("`github:acme/other` would be given"), "{ended}");
}

#[tokio::test]
async fn an_id_that_is_taken_cannot_be_added_and_locked_changes_no_lock() {
    let shelf = shelf();
    let twin = manifest("good").replace("\"hostile\"", "\"canvas\"");
    shelf.git.repository("acme/canvas").commit("main", &[("prizm.toml", &twin)]);
    let ended = shelf.home.run(&["add", "github:acme/canvas", "--json"]).await;
    // The plugin itself says that it is `hostile`.
    assert_eq!(ended.status.code(), Some(6), "{ended}");
    shelf.home.configure("[providers.hostile]\nsource = \"github:acme/mine\"");
    let ended = shelf.home.run(&["add", URL]).await;
    assert!(ended.failed(2).contains("there is a provider `hostile` already: github:acme/mine"), "{ended}");
    let lock = fs::read_to_string(shelf.home.file("prizm.lock")).unwrap_or_default();
    assert!(!lock.contains("hostile"), "{lock}");
    for arguments in [["add", URL], ["remove", "hostile"], ["update", "hostile"]] {
        let ended = shelf.home.run(&[&arguments[..], &["--locked"]].concat()).await;
        assert!(ended.failed(2).contains("change no lock"), "{ended}");
    }
}
