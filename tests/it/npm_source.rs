//! Packages of npm's registry, through the real npm: rows 29, 30, 32, 38, 39 and 41–43 of the table in
//! `tests/README.md`; what their dependencies can try is in `prizm-install`.

use std::fs;
use std::path::Path;

use prizm_tests::{Archive, Ended, Fault, NpmRegistry, Running};
use serde_json::json;

use crate::shelf::{SECRET, Shelf};

/// A shelf, and a registry that stands in place of npm's.
fn shelf() -> (Shelf, NpmRegistry) {
    let (shelf, registry) = (Shelf::new(), NpmRegistry::start());
    shelf.reconfigure("[sources]", &format!("[sources]\nnpm = \"{}\"", registry.url()));
    shelf.reconfigure("allow = [", "allow = [\"npm:*\", \"npm:@acme/*\", ");
    (shelf, registry)
}

/// Returns the `package.json` of a hostile provider that behaves, or as much as that.
fn package(name: &str, version: &str) -> String {
    let manifest = json!({
        "provider": {"id": "hostile", "version": "1.0.0", "type": "local", "protocol": "1.0",
                     "capabilities": ["text-to-text", "text-to-image"]},
        "run": {"command": [crate::HOSTILE, "good", "--lifetime", "300"]},
    });
    json!({"name": name, "version": version, "prizm": manifest}).to_string()
}

fn publish(registry: &NpmRegistry, name: &str, version: &str) {
    registry.publish(name, version, &[("package.json", &package(name, version)), ("index.js", "")]);
}

/// Runs a command with the user's own configuration of npm.
async fn with_npmrc(shelf: &Shelf, npmrc: &str, arguments: &[&str]) -> Ended {
    let path = shelf.home.file("user-npmrc");
    fs::write(&path, npmrc).unwrap();
    let mut command = shelf.home.prizm(arguments);
    command.env("npm_config_userconfig", &path);
    Running::start(command).ended().await
}

#[tokio::test]
async fn versions_ranges_tags_and_scopes_load() {
    let (shelf, registry) = shelf();
    for version in ["1.0.0", "1.2.0", "2.0.0"] {
        publish(&registry, "echo", version);
    }
    publish(&registry, "echo", "3.0.0-beta.1");
    registry.tag("echo", "latest", "2.0.0");
    registry.tag("echo", "beta", "3.0.0-beta.1");
    publish(&registry, "@acme/echo", "0.1.0");
    for (url, version) in [
        ("npm:echo", "2.0.0"),
        ("npm:echo@1.0.0", "1.0.0"),
        ("npm:echo@^1", "1.2.0"),
        ("npm:echo@beta", "3.0.0-beta.1"),
        ("@acme/echo", "0.1.0"),
    ] {
        let inspected = shelf.home.run(&["inspect", url, "--json"]).await.json();
        assert_eq!(inspected["revision"], version, "{url}");
        shelf.loads(url).await;
    }
    let lock = shelf.lock();
    assert!(lock.contains(&format!("integrity = \"{}\"", registry.integrity("echo", "1.2.0"))), "{lock}");
    registry.reset_requests();
    shelf.loads("npm:echo@^1").await;
    assert!(registry.requests().is_empty(), "{:?}", registry.requests());
    let error = shelf.refuses("npm:echo@^9", 3, "resolve", "`npm:echo@^9`").await;
    assert!(error["hint"].as_str().unwrap().contains("npm view echo versions"), "{error}");
    shelf.refuses("npm:no-such-thing", 3, "resolve", "`npm:no-such-thing` is not in the registry").await;
}

/// Row 29.
#[tokio::test]
async fn a_package_without_a_sha512_or_with_a_wrong_one_is_refused() {
    let (shelf, registry) = shelf();
    for name in ["wrong", "missing", "sha1-only"] {
        publish(&registry, name, "1.0.0");
    }
    registry.edit_version("wrong", "1.0.0", |version| {
        version["dist"]["integrity"] = json!(format!("sha512-{}==", "A".repeat(86)))
    });
    registry
        .edit_version("missing", "1.0.0", |version| drop(version["dist"].as_object_mut().unwrap().remove("integrity")));
    registry.edit_version("sha1-only", "1.0.0", |version| {
        version["dist"]["integrity"] = json!("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
    });
    shelf.refuses("npm:wrong", 4, "verify", "`npm:wrong").await;
    shelf.refuses("npm:missing", 4, "verify", "has no sha512").await;
    shelf.refuses("npm:sha1-only", 4, "verify", "has no sha512").await;
    publish(&registry, "swapped", "1.0.0");
    registry.replace_tarball(
        "swapped",
        "1.0.0",
        Archive::new().file("package/package.json", package("swapped", "1.0.0")).gzip(),
    );
    shelf.refuses("npm:swapped", 4, "verify", "swapped").await;
    assert_eq!(shelf.stored(), 0);
}

/// Row 30: the tarball is on another host. What is promised is taken from there, and no credentials go.
#[tokio::test]
async fn another_host_gets_no_credentials_and_must_keep_the_promise() {
    let (shelf, registry) = shelf();
    let other = NpmRegistry::start();
    publish(&registry, "echo", "1.0.0");
    other.publish("echo", "1.0.0", &[("package.json", "{\"name\":\"echo\",\"version\":\"1.0.0\",\"evil\":true}")]);
    registry.fault("echo", Fault::Bearer(SECRET.to_owned()));
    let elsewhere = format!("{}/echo/-/echo-1.0.0.tgz", other.url());
    registry.edit_version("echo", "1.0.0", |version| version["dist"]["tarball"] = json!(elsewhere));
    let host = registry.url().replace("http://", "");
    let ended =
        with_npmrc(&shelf, &format!("//{host}/:_authToken={SECRET}\n"), &["run", "npm:echo", "hi", "--json"]).await;
    assert!(matches!(ended.status.code(), Some(4 | 5)), "{ended}");
    assert!(other.received().iter().all(|request| request.authorization().is_none()), "{:?}", other.requests());
    assert!(!ended.to_string().contains(SECRET));
    shelf.nothing_is_half_done();
}

/// Row 32.
#[tokio::test]
async fn what_is_inside_must_be_what_was_asked_for() {
    let (shelf, registry) = shelf();
    for (name, inside) in
        [("other-name", package("echo", "1.0.0")), ("other-version", package("other-version", "9.9.9"))]
    {
        registry.publish_tarball(name, "1.0.0", Archive::new().file("package/package.json", &inside).gzip());
        shelf.refuses(&format!("npm:{name}"), 4, "verify", &format!("`{name}@1.0.0` holds `")).await;
    }
}

/// Row 38.
#[tokio::test]
async fn a_scope_of_the_users_is_asked_where_they_say() {
    let (shelf, public) = shelf();
    let private = NpmRegistry::start();
    let config = fs::read_to_string(shelf.home.path().join("config.toml")).unwrap();
    fs::write(shelf.home.path().join("config.toml"), config.replace(&format!("npm = \"{}\"\n", public.url()), ""))
        .unwrap();
    publish(&private, "@acme/echo", "1.0.0");
    publish(&public, "@acme/echo", "99.0.0");
    let npmrc = format!("registry={}/\n@acme:registry={}/\n", public.url(), private.url());
    let ended = with_npmrc(&shelf, &npmrc, &["inspect", "@acme/echo", "--json"]).await;
    assert_eq!(ended.json()["revision"], "1.0.0", "{ended}");
    assert!(public.requests().is_empty(), "{:?}", public.requests());
}

/// Row 39.
#[tokio::test]
async fn what_was_published_anew_withdrawn_or_tagged_anew_is_noticed() {
    let (shelf, registry) = shelf();
    publish(&registry, "echo", "1.0.0");
    registry.tag("echo", "beta", "1.0.0");
    shelf.loads("npm:echo@1.0.0").await;
    shelf.loads("npm:echo@beta").await;
    publish(&registry, "echo", "1.1.0");
    registry.tag("echo", "beta", "1.1.0");
    assert_eq!(
        shelf.home.run(&["inspect", "npm:echo@beta", "--json"]).await.json()["revision"],
        "1.0.0",
        "it is pinned"
    );
    let updated = shelf.home.run(&["update", "npm:echo@beta", "--json"]).await.json();
    assert_eq!((&updated[0]["from"], &updated[0]["to"]), (&json!("1.0.0"), &json!("1.1.0")), "{updated}");
    // The same version with other files.
    let files = [("package.json", package("echo", "1.0.0")), ("payload.js", "evil".to_owned())];
    registry.publish("echo", "1.0.0", &files.each_ref().map(|(name, text)| (*name, text.as_str())));
    shelf.loads("npm:echo@1.0.0").await;
    shelf.lose_store();
    shelf.refuses("npm:echo@1.0.0", 4, "verify", "sha512-").await;
    fs::remove_file(shelf.home.path().join("prizm.lock")).unwrap();
    shelf.refuses("npm:echo@1.0.0", 4, "verify", "is not what this machine saw first").await;
    registry.unpublish("echo", "1.0.0");
    shelf.refuses("npm:echo@1.0.0", 3, "resolve", "`npm:echo@1.0.0`").await;
}

/// Row 41, end to end; the whole list of attacks is beside the code that unpacks.
#[tokio::test]
async fn an_archive_that_could_do_harm_is_refused() {
    let (shelf, registry) = shelf();
    let good = || Archive::new().file("package/package.json", package("evil", "1.0.0"));
    for (number, (archive, says)) in [
        (good().file("package/../../x", "x"), "`..`"),
        (good().file("/etc/x", "x"), "absolute"),
        (good().symlink("package/l", "/etc/passwd"), "a link"),
        (good().hardlink("package/l", "/etc/passwd"), "a link"),
        (good().fifo("package/f"), "no regular file"),
        (good().file("package/package.json", "{}"), "there twice"),
        (good().file("package/a\u{202e}b", "x"), "U+202E"),
    ]
    .into_iter()
    .enumerate()
    {
        let version = format!("1.0.{number}");
        registry.publish_tarball("evil", &version, archive.gzip());
        shelf.refuses(&format!("npm:evil@{version}"), 5, "fetch", says).await;
    }
    assert_eq!(shelf.stored(), 0);
}

/// Row 42.
#[tokio::test]
async fn a_registry_that_is_away_matters_only_where_it_is_needed() {
    let (shelf, registry) = shelf();
    publish(&registry, "echo", "1.0.0");
    registry.fault("echo", Fault::Status(404));
    shelf.refuses("npm:echo", 3, "resolve", "`npm:echo` is not in the registry").await;
    registry.clear_faults();
    shelf.loads("npm:echo").await;
    drop(registry);
    shelf.loads("npm:echo").await;
    assert_eq!(shelf.home.run(&["run", "npm:echo", "hi", "--frozen"]).await.ok(), "hi\n");
    shelf.refuses("npm:other", 5, "fetch", "`npm:other`").await;
    let error = shelf.home.run(&["run", "npm:other", "hi", "--offline", "--json"]).await.error(5);
    assert!(error["message"].as_str().unwrap().contains("the network is off"), "{error}");
}

/// Row 43.
#[tokio::test]
async fn names_that_look_alike_are_refused_or_told_apart() {
    let (shelf, registry) = shelf();
    publish(&registry, "echo", "1.0.0");
    for url in ["npm:Echo", "npm:\u{435}cho", "npm:ec\u{200b}ho", "@Acme/echo"] {
        shelf.refuses(url, 2, "identifier", "is not an identifier").await;
    }
    assert!(registry.requests().is_empty());
}

/// A package that exists, from the registry that this machine's npm is configured for.
#[tokio::test]
async fn a_real_package_that_is_no_provider_says_what_it_lacks() {
    let shelf = Shelf::new();
    let ended = shelf.home.run(&["run", "npm:is-number@7.0.0", "hi", "--yes", "--json"]).await;
    let error = ended.error(6);
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("`prizm.toml`") && hint.contains("`package.json`"), "{ended}");
    assert_eq!((shelf.stored(), shelf.lock().as_str()), (0, ""));
    shelf.nothing_is_half_done();
    let left: Vec<_> = fs::read_dir(Path::new(&shelf.home.path()).join("work")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
