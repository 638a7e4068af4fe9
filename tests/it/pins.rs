//! What is pinned, approved and refused: the project's lock, its modes, drift, policy and the audit log.

use std::fs;

use prizm_tests::{Running, keys};
use serde_json::{Value, json};

use crate::shelf::{Shelf, manifest};

pub const URL: &str = "github:acme/echo@v1";

pub fn shelf() -> Shelf {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    echo.tag("v1", &commit);
    shelf
}

fn audit(shelf: &Shelf) -> Vec<Value> {
    let text = fs::read_to_string(shelf.home.path().join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_project_pins_its_providers() {
    let shelf = shelf();
    let home = &shelf.home;
    let added = home.run(&["add", URL, "--json"]).await.json();
    assert_eq!(added[0]["id"], "hostile", "{added}");
    let lock = fs::read_to_string(home.file("prizm.lock")).unwrap();
    for part in [
        "request = \"github:acme/echo@v1\"",
        "ref = \"refs/tags/v1\"",
        "tree = \"",
        "sourceHash = \"b3:",
        "recipe = \"command/1\"",
        "isolation = \"unshare",
        "hash = \"b3:",
        "capabilities = [",
        "[provider.contract.permissions]",
    ] {
        assert!(lock.contains(part), "{part} is not in {lock}");
    }
    let listed = home.run(&["list", "--json"]).await.json();
    assert_eq!((&listed[0]["id"], &listed[0]["inProject"]), (&json!("hostile"), &json!(true)), "{listed}");
    // It is known by its id, to every command, below the project too.
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n");
    assert_eq!(home.run(&["run", "text-to-text", "hi"]).await.ok(), "hi\n");
    let providers = home.run(&["providers", "--json"]).await.json();
    let known = providers.as_array().unwrap().iter().find(|provider| provider["id"] == "hostile").unwrap();
    assert_eq!((&known["source"], &known["status"]), (&json!(URL), &json!("available")), "{known}");
    fs::create_dir_all(home.file("deep/er")).unwrap();
    let mut below = home.prizm(&["run", "hostile", "hi"]);
    below.current_dir(home.file("deep/er"));
    assert_eq!(Running::start(below).ended().await.ok(), "hi\n");
    // Another ref of the same source takes its place; another source of the same id does not.
    let echo = shelf.git.repository("acme/echo");
    echo.tag("v2", &echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "2")]));
    home.run(&["add", "github:acme/echo@v2"]).await.ok();
    let listed = home.run(&["list", "--json"]).await.json();
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["request"]),
        (1, &json!("github:acme/echo@v2")),
        "{listed}"
    );
    shelf.git.repository("acme/twin").commit("main", &[("prizm.toml", &manifest("good")), ("note", "twin")]);
    let twin = home.run(&["add", "github:acme/twin"]).await;
    assert!(twin.failed(2).contains("pinned already, from `github:acme/echo@v2`"), "{twin}");
    assert_eq!(home.run(&["list", "--json"]).await.json(), listed);
    assert!(home.run(&["remove", "hostile"]).await.ok().contains("removed hostile"));
    assert_eq!(home.run(&["run", "hostile", "hi"]).await.status.code(), Some(3));
    assert!(home.run(&["remove", "hostile"]).await.failed(3).contains("no provider `hostile` is pinned"));
    assert!(home.run(&["add", "hostile"]).await.failed(2).contains("only what has a URL can be added"));
    shelf.nothing_is_half_done();
}

#[tokio::test]
async fn several_are_added_at_once_and_each_failure_is_told() {
    let shelf = shelf();
    shelf
        .git
        .repository("acme/other")
        .commit("main", &[("prizm.toml", &manifest("good").replace("\"hostile\"", "\"other\""))]);
    let ended = shelf.home.run(&["add", URL, "github:acme/nothing", "github:acme/none"]).await;
    let said = ended.status.code() == Some(3)
        && ended.stderr.contains("github:acme/nothing: ")
        && ended.stderr.contains("github:acme/none: ");
    assert!(said, "{ended}");
    assert!(ended.stdout.contains("added hostile"), "what could be added is: {ended}");
}

#[tokio::test]
async fn a_lock_travels_and_is_obeyed() {
    let shelf = shelf();
    shelf.home.run(&["add", URL]).await.ok();
    let lock = fs::read_to_string(shelf.home.file("prizm.lock")).unwrap();
    // On another machine, with the same lock.
    let there = Shelf::new();
    let (echo, commit) = there.echo();
    echo.tag("v1", &commit);
    fs::write(there.home.file("prizm.lock"), &lock).unwrap();
    assert_eq!(there.home.run(&["run", "hostile", "hi", "--locked"]).await.ok(), "hi\n");
    assert_eq!(fs::read_to_string(there.home.file("prizm.lock")).unwrap(), lock, "--locked changes nothing");
    assert_eq!(there.home.run(&["run", "hostile", "hi", "--frozen"]).await.ok(), "hi\n");
    there.lose_store();
    let offline = there.home.run(&["run", "hostile", "hi", "--frozen", "--json"]).await.error(5);
    assert!(offline["message"].as_str().unwrap().contains("the network is off"), "{offline}");
    let unpinned = there.home.run(&["run", "github:acme/echo@main", "hi", "--locked", "--json"]).await.error(4);
    assert!(unpinned["message"].as_str().unwrap().contains("is in no lock"), "{unpinned}");
    assert!(unpinned["hint"].as_str().unwrap().contains("prizm add 'github:acme/echo@main'"), "{unpinned}");
}

/// Row 66.
#[tokio::test]
async fn a_lock_that_was_edited_by_hand_poisons_nothing() {
    let shelf = shelf();
    shelf.home.run(&["add", URL]).await.ok();
    let path = shelf.home.file("prizm.lock");
    let good = fs::read_to_string(&path).unwrap();
    let hash =
        good.lines().find_map(|line| line.strip_prefix("sourceHash = \"")).unwrap().trim_end_matches('"').to_owned();
    let other = format!("b3:{}", "5".repeat(64));
    fs::write(&path, good.replace(&hash, &other)).unwrap();
    for _ in 0..2 {
        let error = shelf.home.run(&["run", "hostile", "hi", "--json"]).await.error(4);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&hash) && message.contains(&other), "{error}");
        shelf.lose_store();
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n");
}

/// Row 66: of a tag that this machine has not seen, the repository is asked and not the lock.
#[tokio::test]
async fn a_lock_does_not_say_where_a_tag_is() {
    let shelf = Shelf::new();
    let (echo, old) = shelf.echo();
    echo.tag("v0", &old);
    let new = echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "fixed")]);
    echo.tag("v1", &new);
    let urls = ["github:acme/echo@v0".to_owned(), URL.to_owned(), format!("github:acme/echo@{new}")];
    shelf.loads(&urls[0]).await;
    let lock = shelf.lock();
    fs::remove_file(shelf.home.path().join("prizm.lock")).unwrap();
    for (url, reference) in [(&urls[1], "ref = \"refs/tags/v1\""), (&urls[2], "")] {
        let edited = lock.replace(&urls[0], url).replace("ref = \"refs/tags/v0\"", reference);
        fs::write(shelf.home.file("prizm.lock"), edited).unwrap();
        let ended = shelf.home.run(&["run", url, "hi", "--locked", "--json"]).await;
        assert!(ended.error(4)["message"].as_str().unwrap().contains(&old), "{ended}");
    }
}

#[tokio::test]
async fn a_tag_that_became_a_branch_is_refused() {
    let shelf = shelf();
    shelf.home.run(&["add", URL]).await.ok();
    let echo = shelf.git.repository("acme/echo");
    let evil = echo.commit("v1", &[("prizm.toml", &manifest("good")), ("payload", "evil")]);
    echo.delete_ref("refs/tags/v1");
    let error = shelf.home.run(&["update", "--json"]).await.error(4);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("was a tag") && message.contains(&evil), "{error}");
    fs::remove_file(shelf.home.file("prizm.lock")).unwrap();
    shelf.refuses(URL, 4, "verify", "was a tag when this machine saw it first").await;
}

#[tokio::test]
async fn locked_means_the_dependencies_and_the_tree_too() {
    let shelf = shelf();
    shelf.home.run(&["add", URL]).await.ok();
    let path = shelf.home.file("prizm.lock");
    let good = fs::read_to_string(&path).unwrap();
    let tree = good.lines().find(|line| line.starts_with("tree = ")).unwrap();
    for (bad, says) in [
        (good.replace(tree, &format!("tree = \"{}\"", "0".repeat(40))), "the git tree of `hostile`"),
        (
            good.replace("recipe = ", "dependencyLock = \"package-lock.json sha256:00\"\nrecipe = "),
            "the dependencies of `hostile`",
        ),
    ] {
        fs::write(&path, bad).unwrap();
        for _ in 0..2 {
            let ended = shelf.home.run(&["run", "hostile", "hi", "--locked", "--json"]).await;
            assert!(ended.error(4)["message"].as_str().unwrap().contains(says), "{ended}");
            shelf.lose_store();
        }
    }
}

/// Row 67, as people meet it.
#[tokio::test]
async fn a_lock_that_cannot_be_read_is_named_and_kept() {
    let shelf = shelf();
    let path = shelf.home.file("prizm.lock");
    for (text, says) in [("version = 99\n", "its format is 99"), ("<<<<<<< ours\nversion = 1\n", "marks of a merge")] {
        fs::write(&path, text).unwrap();
        let ended = shelf.home.run(&["list"]).await;
        assert!(ended.failed(4).contains(says), "{ended}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn every_load_is_in_the_audit_log() {
    let shelf = shelf();
    shelf.loads(URL).await;
    shelf.loads(URL).await;
    shelf.refuses("github:acme/nothing", 3, "resolve", "does not exist").await;
    shelf.refuses("github:other/thing", 4, "policy", "new source").await;
    let actions: Vec<_> = audit(&shelf).iter().map(|line| line["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["installed", "loaded", "failed", "failed"]);
    let first = &audit(&shelf)[0];
    assert_eq!(keys(first), ["action", "isolation", "request", "revision", "root", "source", "time"], "{first}");
}

#[tokio::test]
async fn the_store_is_listed_verified_and_pruned() {
    let shelf = shelf();
    let echo = shelf.git.repository("acme/echo");
    echo.tag("v2", &echo.commit("main", &[("prizm.toml", &manifest("good")), ("note", "2")]));
    shelf.home.run(&["add", URL]).await.ok();
    shelf.loads("github:acme/echo@v2").await;
    let listed = shelf.home.run(&["cache", "list", "--json"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(keys(&listed[0]), ["bytes", "damage", "files", "id", "key", "kind", "source", "sourceHash"]);
    shelf.home.run(&["remove", "github:acme/echo@v2"]).await.ok();
    let dry = shelf.home.run(&["cache", "prune", "--dry-run", "--json"]).await.json();
    assert_eq!((dry["removed"].as_array().unwrap().len(), shelf.stored()), (1, 2), "{dry}");
    let pruned = shelf.home.run(&["cache", "prune", "--json"]).await.json();
    assert_eq!((pruned["removed"][0]["source"].as_str(), shelf.stored()), (Some("github:acme/echo@v2"), 1), "{pruned}");
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n", "what the project pins stays");
    // A bit that flips is found, and what it belonged to is made again.
    let manifest = crate::shelf::tree_of_the_only(&shelf).join("prizm.toml");
    let (text, meta) = (fs::read_to_string(&manifest).unwrap(), fs::metadata(&manifest).unwrap());
    fs::set_permissions(&manifest, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    fs::write(&manifest, text.replace("1.0.0", "1.0.1")).unwrap();
    fs::File::options().write(true).open(&manifest).unwrap().set_modified(meta.modified().unwrap()).unwrap();
    fs::set_permissions(&manifest, meta.permissions()).unwrap();
    let verified = shelf.home.run(&["cache", "verify", "--json"]).await.json();
    assert!(verified[0]["damage"].as_str().unwrap().contains("`prizm.toml` is not as it was"), "{verified}");
    assert_eq!(shelf.stored(), 0);
    assert_eq!(shelf.home.run(&["run", "hostile", "hi"]).await.ok(), "hi\n");
    let verified = shelf.home.run(&["cache", "verify", "--json"]).await.json();
    assert_eq!((verified.as_array().unwrap().len(), &verified[0]["damage"]), (1, &Value::Null), "{verified}");
}

#[tokio::test]
async fn a_linked_directory_runs_where_it_is() {
    let shelf = shelf();
    let url = shelf.home.provider("mine", &[("prizm.toml", &manifest("good"))]);
    assert_eq!(shelf.home.run(&["run", &url, "hi", "--link"]).await.ok(), "hi\n");
    assert_eq!((shelf.stored(), shelf.lock().as_str()), (0, ""));
    assert_eq!(shelf.home.run(&["inspect", &url, "--link", "--json"]).await.json()["revision"], Value::Null);
    let ended = shelf.home.run(&["run", URL, "hi", "--link", "--json"]).await;
    assert!(ended.error(2)["message"].as_str().unwrap().contains("cannot be linked"), "{ended}");
}

/// What another project's lock refers to stays, though that project only ever loaded it.
#[tokio::test]
async fn what_a_lock_from_elsewhere_refers_to_is_not_pruned() {
    let shelf = shelf();
    shelf.home.run(&["add", URL]).await.ok();
    fs::create_dir(shelf.home.file("other")).unwrap();
    fs::rename(shelf.home.file("prizm.lock"), shelf.home.file("other/prizm.lock")).unwrap();
    let mut command = shelf.home.prizm(&["run", "hostile", "hi", "--frozen"]);
    command.current_dir(shelf.home.file("other"));
    assert_eq!(Running::start(command).ended().await.ok(), "hi\n");
    let pruned = shelf.home.run(&["cache", "prune", "--json"]).await.json();
    assert_eq!((pruned["removed"].as_array().unwrap().len(), shelf.stored()), (0, 1), "{pruned}");
    fs::remove_file(shelf.home.file("other/prizm.lock")).unwrap();
    shelf.home.run(&["cache", "prune"]).await.ok();
    assert_eq!(shelf.stored(), 0);
}
