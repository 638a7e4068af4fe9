//! From a ref to a commit: rows 1–8 and 26–28 of the table in `tests/README.md`.

use std::fs;

use prizm_tests::ObjectFormat;

use crate::shelf::{Shelf, manifest, manifest_with};

/// Row 1.
#[tokio::test]
async fn every_kind_of_ref_loads_and_one_commit_is_built_once() {
    let shelf = Shelf::new();
    let (echo, first) = shelf.echo();
    echo.tag("v1.0.0", &first);
    let tag = echo.annotated_tag("v1.0.1", &first);
    echo.annotated_tag("v1.0.2", &tag);
    let second = echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "two")]);
    let third = echo.commit("next/x", &[("prizm.toml", &manifest("good")), ("note", "three")]);
    for (reference, commit) in [
        ("@v1.0.0", &first),
        ("@v1.0.1", &first),
        ("@refs/tags/v1.0.2", &first),
        ("", &second),
        ("@main", &second),
        ("@refs/heads/next/x", &third),
        (&format!("@{}", first.to_uppercase()), &first),
    ] {
        let url = format!("github:acme/echo{reference}");
        let inspected = shelf.home.run(&["inspect", &url, "--json"]).await.json();
        assert_eq!(inspected["revision"], **commit, "{url}");
        assert_eq!(inspected["sandbox"]["build"], "no-network");
        shelf.loads(&url).await;
    }
    assert_eq!(shelf.stored(), 3, "three commits, whatever they are called");
    let lock = shelf.lock();
    assert!(lock.contains(&format!("tagObject = \"{tag}\"")) && lock.contains("tree = \""), "{lock}");
    let bodies: Vec<_> = shelf.git.received().iter().map(|r| String::from_utf8_lossy(&r.body).into_owned()).collect();
    assert!(bodies.iter().any(|body| body.contains("deepen 1")), "{bodies:?}");
    // What is pinned needs no network.
    shelf.git.reset_requests();
    shelf.loads("github:acme/echo@v1.0.0").await;
    shelf.loads("https://github.com/Acme/Echo.git@main").await;
    assert!(shelf.git.requests().is_empty(), "{:?}", shelf.git.requests());
}

/// Row 1, where the repository is a directory.
#[tokio::test]
async fn a_ref_of_a_local_repository_is_read_and_not_cloned() {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    echo.annotated_tag("v1", &commit);
    echo.commit("main", &[("prizm.toml", "this is no manifest")]);
    let url = format!("file://{}?ref=v1", echo.path().display());
    shelf.loads(&url).await;
    assert_eq!(shelf.home.run(&["inspect", &url, "--json"]).await.json()["revision"], *commit);
    let missing = format!("file://{}?ref=v2", echo.path().display());
    shelf.refuses(&missing, 3, "resolve", "has no branch, tag or commit `v2`").await;
    let none = shelf.home.provider("plain", &[("prizm.toml", "")]);
    shelf.refuses(&format!("{none}?ref=v1"), 3, "resolve", "is no git repository").await;
}

/// Row 2.
#[tokio::test]
async fn a_missing_ref_lists_near_names() {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    for name in ["v1.0.0", "v1.0.1", "v2.0.0"] {
        echo.tag(name, &commit);
    }
    let error = shelf.refuses("github:acme/echo@v1.0", 3, "resolve", "has no branch and no tag `v1.0`").await;
    assert!(error["hint"].as_str().unwrap().contains("did you mean `v1.0.0`, `v1.0.1`"), "{error}");
    shelf.refuses("github:acme/echo@refs/tags/nothing", 3, "resolve", "`refs/tags/nothing`").await;
    shelf.refuses("github:acme/echo@v1.0.0?dir=nowhere", 3, "resolve", "has no directory `nowhere`").await;
    assert_eq!(shelf.stored(), 0);
}

/// Row 3.
#[tokio::test]
async fn a_short_commit_is_refused_before_anything_is_asked() {
    let shelf = Shelf::new();
    let (_, commit) = shelf.echo();
    shelf.refuses(&format!("github:acme/echo@{}", &commit[..12]), 2, "identifier", "cut short").await;
    assert!(shelf.git.requests().is_empty());
}

/// Row 4.
#[tokio::test]
async fn a_name_that_is_a_tag_and_a_branch_must_be_said_in_full() {
    let shelf = Shelf::new();
    let (echo, first) = shelf.echo();
    echo.tag("release", &first);
    let second = echo.commit("release", &[("prizm.toml", &manifest("good")), ("note", "two")]);
    let error = shelf.refuses("github:acme/echo@release", 3, "resolve", "both a tag").await;
    assert!(error["message"].as_str().unwrap().contains(&second[..12]), "{error}");
    shelf.loads("github:acme/echo@refs/tags/release").await;
    shelf.loads("github:acme/echo@refs/heads/release").await;
}

/// Row 5.
#[tokio::test]
async fn a_branch_that_is_named_like_a_commit_is_refused() {
    let shelf = Shelf::new();
    let (echo, good) = shelf.echo();
    let evil = echo.dangling_commit(&[("prizm.toml", &manifest("capability-drift"))]);
    echo.set_ref(&format!("refs/heads/{good}"), &evil);
    shelf.refuses(&format!("github:acme/echo@{good}"), 4, "policy", "a name that only commits have").await;
    shelf.refuses("github:acme/echo@main", 4, "policy", "a name that only commits have").await;
}

/// Row 6.
#[tokio::test]
async fn a_commit_that_no_ref_leads_to_is_refused() {
    let shelf = Shelf::new();
    let (echo, first) = shelf.echo();
    echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "two")]);
    let stray = echo.dangling_commit(&[("prizm.toml", &manifest("good"))]);
    echo.config("uploadpack.allowAnySHA1InWant", "true");
    shelf.refuses(&format!("github:acme/echo@{stray}"), 3, "resolve", "no branch and no tag of").await;
    shelf.refuses(&format!("github:acme/echo@{}", "1".repeat(40)), 3, "resolve", "no branch and no tag of").await;
    shelf.loads(&format!("github:acme/echo@{first}")).await;
}

/// Row 7.
#[tokio::test]
async fn a_tag_that_was_moved_is_refused_with_both_commits() {
    let shelf = Shelf::new();
    let (echo, good) = shelf.echo();
    echo.tag("v1", &good);
    shelf.loads("github:acme/echo@v1").await;
    let evil = echo.commit("main", &[("prizm.toml", &manifest("good")), ("payload", "evil")]);
    echo.tag("v1", &evil);
    shelf.loads("github:acme/echo@v1").await;
    let ended = shelf.home.run(&["update", "hostile", "--json"]).await;
    let error = ended.error(4);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&good) && message.contains(&evil), "{ended}");
    // Nor is it taken where the store was lost, and not where the lock was, too: this machine remembers.
    shelf.lose_store();
    let error = shelf.refuses("github:acme/echo@v1", 4, "verify", &good).await;
    assert!(error["message"].as_str().unwrap().contains(&evil), "{error}");
    fs::remove_file(shelf.home.path().join("prizm.lock")).unwrap();
    let error = shelf.refuses("github:acme/echo@v1", 4, "verify", &good).await;
    assert!(error["message"].as_str().unwrap().contains(&evil), "{error}");
    echo.tag("v1", &good);
    shelf.loads("github:acme/echo@v1").await;
}

/// Row 8.
#[tokio::test]
async fn a_branch_stays_where_it_was_pinned_until_it_is_updated() {
    let shelf = Shelf::new();
    let (echo, first) = shelf.echo();
    let url = "github:acme/echo@main";
    shelf.loads(url).await;
    let other = echo.dangling_commit(&[("prizm.toml", &manifest("good")), ("note", "forced")]);
    echo.set_ref("refs/heads/main", &other);
    assert_eq!(shelf.home.run(&["inspect", url, "--json"]).await.json()["revision"], *first);
    let updated = shelf.home.run(&["update", "--json"]).await.json();
    assert_eq!((&updated[0]["from"], &updated[0]["to"]), (&first.into(), &other.clone().into()), "{updated}");
    assert_eq!(shelf.home.run(&["inspect", url, "--json"]).await.json()["revision"], *other);
    let again = shelf.home.run(&["update", "--json"]).await.json();
    assert_eq!(again[0]["changed"], false, "{again}");
    // A lock whose commit is gone from the repository leads nowhere.
    let gone = echo.dangling_commit(&[("prizm.toml", &manifest("good")), ("note", "again")]);
    echo.set_ref("refs/heads/main", &gone);
    shelf.lose_store();
    shelf.refuses(url, 3, "resolve", "no branch and no tag of").await;
}

/// Row 26.
#[tokio::test]
async fn a_repository_of_another_user_is_refused_by_name() {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    echo.tag("v1", &commit);
    if let Err(error) = std::os::unix::fs::chown(echo.path(), Some(65534), Some(65534)) {
        // Only root can give a directory away; the rule is libgit2's own then.
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        return;
    }
    let url = format!("file://{}?ref=v1", echo.path().display());
    let error = shelf.refuses(&url, 3, "resolve", "belongs to another user").await;
    assert!(error["hint"].as_str().unwrap().contains("safe.directory"), "{error}");
}

/// Row 27.
#[tokio::test]
async fn no_identifier_becomes_an_option_or_a_command() {
    let shelf = Shelf::new();
    shelf.echo();
    let witness = shelf.home.file("witness");
    let touch = format!("touch {}", witness.display());
    for url in [
        format!("github:acme/echo@--upload-pack={touch}"),
        format!("git+ext::sh -c {touch}"),
        format!("ext::sh -c {touch}"),
        "github:-u/echo".to_owned(),
        "git+ssh://-oProxyCommand=x/y".to_owned(),
        "git+http://127.0.0.1:1/-x/y".to_owned(),
    ] {
        let error = shelf.home.run(&["run", "--json", "--", &url, "hi"]).await.error(2);
        assert_eq!(error["kind"], "identifier", "{url}: {error}");
    }
    assert!(!witness.exists());
}

/// Row 28.
#[tokio::test]
async fn unusual_repositories_load_or_say_why_not() {
    let shelf = Shelf::new();
    shelf.git.repository("acme/empty");
    shelf.refuses("github:acme/empty", 3, "resolve", "is empty").await;
    let trunk = shelf.git.repository("acme/trunk");
    trunk.commit("trunk", &[("prizm.toml", &manifest("good"))]);
    shelf.refuses("github:acme/trunk", 3, "resolve", "has no default branch").await;
    trunk.set_head("trunk");
    shelf.loads("github:acme/trunk").await;
    let sha256 = shelf.git.repository_in("acme/sha256", ObjectFormat::Sha256);
    sha256.commit("main", &[("prizm.toml", &manifest("good"))]);
    let ended = shelf.home.run(&["run", "github:acme/sha256", "hi", "--json"]).await;
    let error = ended.error(5);
    assert!(error["message"].as_str().unwrap().contains("acme/sha256"), "{ended}");
    shelf.nothing_is_half_done();
}

#[tokio::test]
async fn a_directory_of_a_repository_is_a_provider_of_its_own() {
    let shelf = Shelf::new();
    let many = shelf.git.repository("acme/many");
    let (one, two) = (
        manifest("good"),
        manifest_with("good", "\"text-to-text\", \"text-to-image\"", "[permissions]\nenv = [\"KEY\"]\n"),
    );
    many.commit("main", &[("a/prizm.toml", &one), ("b/c/prizm.toml", &two), ("README.md", "")]);
    shelf.loads("github:acme/many?dir=a").await;
    let inspected = shelf.home.run(&["inspect", "github:acme/many?dir=b/c", "--yes", "--json"]).await.json();
    assert_eq!(inspected["permissions"]["env"][0], "KEY", "{inspected}");
    let error = shelf.refuses("github:acme/many?dir=a/c", 3, "resolve", "has no directory `a/c`").await;
    assert!(error["hint"].as_str().unwrap().contains("`a`, `b`"), "{error}");
}
