//! Services from git repositories on loopback, beside providers: what each is taken for, and what is pinned.

use std::fs;
use std::net::TcpListener;

use prizm_tests::Home;
use serde_json::json;

use crate::shelf::{Shelf, manifest};

const URL: &str = "github:acme/llm@v1";

/// A service that runs already, at a port of this test's.
fn external(port: u16, capabilities: &str) -> String {
    format!(
        "[service]\nname = \"hostile\"\nversion = \"1.2.0\"\nbackend = \"external\"\ncapabilities = [{capabilities}]\n\
         endpoints.http = {{}}\nexternal.urls = {{ http = \"http://127.0.0.1:{port}\" }}\n"
    )
}

/// A shelf with a service in `acme/llm`, and what listens for it.
fn shelf() -> (Shelf, TcpListener) {
    let (shelf, listener) = (Shelf::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let repository = shelf.git.repository("acme/llm");
    let manifest = external(listener.local_addr().unwrap().port(), "\"text-to-text\"");
    // In its directory is a provider.
    let files = [("prizm.toml", manifest.as_str()), ("client/prizm.toml", &crate::shelf::manifest("good"))];
    repository.tag("v1", &repository.commit("main", &files));
    (shelf, listener)
}

/// Starts a service once, which installs it.
async fn start(home: &Home, url: &str) {
    home.run(&["service", "start", url]).await.ok();
    home.run(&["service", "stop", "--all"]).await.ok();
}

#[tokio::test]
async fn each_command_says_which_is_the_right_one() {
    let (shelf, _listener) = shelf();
    shelf.echo();
    for command in [&["run", URL, "hi", "--json"][..], &["add", URL, "--json"], &["inspect", URL, "--json"]] {
        let error = shelf.home.run(command).await.error(2);
        assert_eq!(error["message"], "`github:acme/llm@v1` is a service, not a provider", "{error}");
        let hint = error["hint"].as_str().unwrap();
        let says = "start it with `prizm service start github:acme/llm@v1`, or name it as the service of a provider";
        assert_eq!(hint, says);
    }
    let error = shelf.home.run(&["service", "start", "github:acme/echo", "--json"]).await.error(2);
    assert_eq!(error["message"], "`github:acme/echo` is a provider, not a service", "{error}");
    assert_eq!(error["hint"], "run it with `prizm run github:acme/echo`");
    assert_eq!(shelf.lock(), "", "nothing is pinned");
    shelf.nothing_is_half_done();
}

#[tokio::test]
async fn a_service_and_a_provider_of_one_commit_do_not_meet() {
    let (shelf, _listener) = shelf();
    start(&shelf.home, URL).await;
    shelf.loads(&format!("{URL}?dir=client")).await;
    assert_eq!(shelf.stored(), 2);
    let lock = shelf.lock();
    assert!(lock.contains("[[service]]\nid = \"hostile\"\nkind = \"service\"\n"), "{lock}");
    assert!(lock.contains("[[provider]]\nid = \"hostile\"\nkind = \"provider\"\n"), "{lock}");
    let stored = shelf.home.run(&["cache", "verify", "--json"]).await.json();
    let mut kinds: Vec<_> = stored.as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    kinds.sort_by_key(ToString::to_string);
    assert_eq!(kinds, ["provider", "service"]);
    // What is pinned needs no network.
    shelf.git.reset_requests();
    start(&shelf.home, URL).await;
    assert!(shelf.git.requests().is_empty(), "{:?}", shelf.git.requests());
}

#[tokio::test]
async fn a_lock_with_a_service_is_listed_updated_and_cleared() {
    let (shelf, listener) = shelf();
    let home = &shelf.home;
    start(home, "github:acme/llm@main").await;
    // As in a project that has both.
    fs::rename(home.path().join("prizm.lock"), home.file("prizm.lock")).unwrap();
    let (echo, commit) = shelf.echo();
    echo.tag("v1", &commit);
    home.run(&["add", "github:acme/echo@v1"]).await.ok();
    let listed = home.run(&["list", "--json"]).await.json();
    let kinds: Vec<_> = listed.as_array().unwrap().iter().map(|locked| (&locked["id"], &locked["kind"])).collect();
    assert_eq!(kinds, [(&json!("hostile"), &json!("provider")), (&json!("hostile"), &json!("service"))]);
    let table = home.run(&["list"]).await;
    assert!(table.ok().contains("service"), "{table}");
    // By its id it is the provider, and the service is none.
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n");
    home.run(&["remove", "github:acme/echo@v1"]).await.ok();
    let providers = home.run(&["providers", "--json"]).await.json();
    assert!(providers.as_array().unwrap().iter().all(|provider| provider["id"] != "hostile"), "{providers}");

    let port = listener.local_addr().unwrap().port();
    let more = external(port, "\"text-to-text\", \"text-to-image\"");
    shelf.git.repository("acme/llm").commit("main", &[("prizm.toml", &more)]);
    let drift = home.run(&["update", "--json"]).await.error(4);
    assert!(drift["message"].as_str().unwrap().ends_with("+ capability text-to-image"), "{drift}");
    let updated = home.run(&["update", "--yes", "--json"]).await.json();
    assert_eq!((&updated[0]["id"], &updated[0]["changed"]), (&json!("hostile"), &json!(true)), "{updated}");
    // It has become a provider.
    shelf.git.repository("acme/llm").commit("main", &[("prizm.toml", &manifest("good"))]);
    let other = home.run(&["update", "--json"]).await.error(2);
    assert_eq!(other["message"], "`github:acme/llm@main` is a provider, not a service", "{other}");
    assert!(home.run(&["remove", "hostile"]).await.ok().contains("removed hostile (github:acme/llm@main)"));
    assert_eq!(home.run(&["list", "--json"]).await.json(), json!([]));
}
