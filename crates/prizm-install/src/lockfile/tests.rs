use std::fs;

use crate::{DirectoryRevision, GitRevision, Isolation, NpmRevision, Recipe};

use super::*;

const HASH: &str = "b3:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn locked(id: &str, request: &str, revision: Revision) -> Locked {
    let identifier: crate::Identifier = request.parse().unwrap();
    Locked {
        id: id.to_owned(),
        kind: Kind::Provider,
        request: identifier.to_string(),
        source: identifier.source(),
        revision,
        tree: None,
        source_hash: HASH.to_owned(),
        published: Some(1_700_000_000),
        build: LockedBuild {
            recipe: Recipe { name: "command/1".to_owned(), ..Recipe::default() },
            isolation: Isolation::Unshare,
        },
        artifact: [(
            "x86_64-unknown-linux-gnu".to_owned(),
            LockedArtifact { hash: HASH.to_owned(), entry: vec!["./run".to_owned()] },
        )]
        .into(),
        contract: Contract {
            version: "1.0.0".to_owned(),
            protocol: Some("1.0".to_owned()),
            capabilities: ["text-to-text".to_owned()].into(),
            models: Some(1),
            permissions: prizm_protocol::Permissions::default(),
        },
    }
}

fn git(id: &str, request: &str) -> Locked {
    let commit = "1234567890123456789012345678901234567890".to_owned();
    locked(
        id,
        request,
        Revision::Git(GitRevision { reference: Some("refs/tags/v1".to_owned()), tag_object: None, commit }),
    )
}

fn npm(id: &str, request: &str) -> Locked {
    let integrity = format!("sha512-{}==", "A".repeat(86));
    locked(id, request, Revision::Npm(NpmRevision { version: "1.2.3".to_owned(), integrity }))
}

fn written(entries: Vec<Locked>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(NAME);
    Lockfile::edit(&path, |lock| entries.into_iter().for_each(|locked| lock.put(locked))).unwrap();
    (directory, path)
}

#[test]
fn what_is_written_is_read_again_and_sorted() {
    let file = locked("c", "file:///srv/c", Revision::Directory(DirectoryRevision { mutable: true }));
    let (_directory, path) = written(vec![npm("b", "npm:b@^1"), git("a", "github:acme/a@v1"), file.clone()]);
    let lock = Lockfile::load(&path).unwrap();
    let requests: Vec<_> = lock.entries().iter().map(|locked| locked.request.as_str()).collect();
    assert_eq!(requests, ["file:///srv/c", "github:acme/a@v1", "npm:b@^1"]);
    assert_eq!(lock.by_request("npm:b@^1"), Some(&npm("b", "npm:b@^1")));
    assert_eq!(lock.by_request("file:///srv/c"), Some(&file));
    let text = fs::read_to_string(&path).unwrap();
    Lockfile::edit(&path, |lock| lock.put(npm("b", "npm:b@^1"))).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "the same content is the same text");
    Lockfile::edit(&path, |lock| lock.remove("npm:b@^1")).unwrap();
    assert_eq!(Lockfile::load(&path).unwrap().entries().len(), 2);
}

#[test]
fn what_was_built_elsewhere_stays_known() {
    let (_directory, path) = written(vec![git("a", "github:acme/a@v1")]);
    let mut here = git("a", "github:acme/a@v1");
    here.artifact =
        [("aarch64-apple-darwin".to_owned(), LockedArtifact { hash: HASH.to_owned(), entry: Vec::new() })].into();
    Lockfile::edit(&path, |lock| lock.put(here.clone())).unwrap();
    assert_eq!(Lockfile::load(&path).unwrap().entries()[0].artifact.len(), 2);
    here.source_hash = HASH.replace("b3:0", "b3:f");
    Lockfile::edit(&path, |lock| lock.put(here.clone())).unwrap();
    assert_eq!(Lockfile::load(&path).unwrap().entries()[0].artifact.len(), 1, "other sources build other things");
}

/// Row 67: a lock of a newer version, with the marks of a merge, with CRLF; and what is edited wrong.
#[test]
fn a_lock_that_cannot_be_trusted_is_refused_by_name_and_stays() {
    let (_directory, path) = written(vec![git("a", "github:acme/a@v1")]);
    let good = fs::read_to_string(&path).unwrap();
    for (bad, says) in [
        (good.replace("version = 1\n", "version = 2\n"), "its format is 2"),
        (good.replacen("[[provider]]", "<<<<<<< ours\n[[provider]]", 1), "marks of a merge"),
        (good.replace("1234567890123456789012345678901234567890", "1234567"), "`1234567` is no full commit"),
        (good.replace(HASH, "b3:12"), "`sourceHash` is not"),
        (good.replace("refs/tags/v1", "refs/tags/../v1"), "`ref` is no full name"),
        (good.replace("github:acme/a@v1", "github:ACME/a@v1"), "the canonical request is `github:acme/a@v1`"),
        (good.replace("source = \"github:acme/a\"", "source = \"github:evil/a\""), "its source is `github:acme/a`"),
        (good.replace("ref = \"refs/tags/v1\"\n", ""), "is not what `github:acme/a@v1` asks for"),
        (good.replace("refs/tags/v1", "refs/tags/v0"), "is not what `github:acme/a@v1` asks for"),
        (good.replace("models = 1", "models = \"1\""), "invalid type"),
        (
            format!(
                "{good}\n{}",
                good.split_once("[[provider]]").map(|(_, rest)| format!("[[provider]]{rest}")).unwrap()
            ),
            "there twice",
        ),
        (good.replace("id = \"a\"", "id = "), "line"),
    ] {
        fs::write(&path, &bad).unwrap();
        let error = Lockfile::load(&path).expect_err(says);
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(Lockfile::edit(&path, |lock| lock.put(npm("b", "npm:b"))).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), bad, "a lock that is not understood is not overwritten");
    }
    fs::write(&path, good.replace('\n', "\r\n")).unwrap();
    assert_eq!(Lockfile::load(&path).unwrap().entries(), [git("a", "github:acme/a@v1")]);
}

#[test]
fn what_is_pinned_must_be_what_was_asked_for() {
    let commit = "1234567890123456789012345678901234567890".to_owned();
    let at = |name: Option<&str>| {
        Revision::Git(GitRevision { reference: name.map(str::to_owned), tag_object: None, commit: commit.clone() })
    };
    let version = |version: &str| {
        Revision::Npm(NpmRevision { version: version.to_owned(), integrity: format!("sha512-{}==", "A".repeat(86)) })
    };
    let (other, directory) = ("2".repeat(40), Revision::Directory(DirectoryRevision { mutable: true }));
    let exact = format!("github:a/b@{commit}");
    for (request, revision, fits) in [
        ("github:a/b", at(Some("refs/heads/main")), true),
        ("github:a/b", at(Some("refs/tags/v1")), false),
        ("github:a/b", at(None), false),
        ("github:a/b@v1", at(Some("refs/tags/v1")), true),
        ("github:a/b@v1", at(Some("refs/heads/v1")), true),
        ("github:a/b@v1", at(Some("refs/tags/v0")), false),
        ("github:a/b@refs/tags/v1", at(Some("refs/heads/v1")), false),
        (&exact, at(None), true),
        (&exact, at(Some("refs/tags/v1")), false),
        (&format!("github:a/b@{other}"), at(None), false),
        ("github:a/b", version("1.0.0"), false),
        ("npm:x@1.2.3", version("1.2.3"), true),
        ("npm:x@1.2.3", version("1.0.0"), false),
        ("npm:x@^1", version("1.9.0"), true),
        ("npm:x@^1", version("99.0.0"), false),
        ("npm:x@beta", version("2.0.0-beta.1"), true),
        ("npm:x", version("2.0.0"), true),
        ("file:///x", directory.clone(), true),
        ("file:///x?ref=v1", directory.clone(), false),
        ("file:///x?ref=v1", at(Some("refs/tags/v1")), true),
        ("file:///x", at(Some("refs/tags/v1")), false),
    ] {
        let (_directory, path) = written(vec![locked("a", request, revision.clone())]);
        assert_eq!(Lockfile::load(&path).is_ok(), fits, "{request}: {revision:?}");
    }
}

#[test]
fn a_project_is_found_upward() {
    let root = tempfile::tempdir().unwrap();
    let below = root.path().join("a/b");
    let home = root.path().join("a/.prizm");
    fs::create_dir_all(&below).unwrap();
    fs::create_dir(&home).unwrap();
    assert_eq!(Lockfile::find(&below, &home), None);
    fs::create_dir(root.path().join(".prizm")).unwrap();
    assert_eq!(Lockfile::find(&below, &home), Some(root.path().join(NAME)));
    fs::write(root.path().join("a").join(NAME), "version = 1\n").unwrap();
    assert_eq!(Lockfile::find(&below, &home), Some(root.path().join("a").join(NAME)));
}

#[test]
fn changes_of_many_are_not_lost() {
    let (_directory, path) = written(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let name = format!("p{number}");
                Lockfile::edit(path, |lock| lock.put(npm(&name, &format!("npm:{name}")))).unwrap();
            });
        }
    });
    assert_eq!(Lockfile::load(&path).unwrap().entries().len(), 8);
}

#[test]
fn services_stand_beside_providers_in_a_table_of_their_own() {
    let mut service = npm("echo", "npm:@acme/llm@1");
    service.kind = Kind::Service;
    service.contract = Contract { protocol: None, models: None, ..service.contract };
    service.artifact.values_mut().for_each(|artifact| artifact.entry.clear());
    let (_directory, path) = written(vec![npm("zed", "npm:zed@1"), service.clone()]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("[[service]]\nid = \"echo\"\nkind = \"service\"\n"), "{text}");
    assert!(!text[text.find("[[service]]").unwrap()..].contains("protocol"), "{text}");
    let lock = Lockfile::load(&path).unwrap();
    assert_eq!(lock.entries(), [service, npm("zed", "npm:zed@1")], "sorted by request");
    Lockfile::edit(&path, |lock| lock.put(npm("echo", "npm:@acme/llm@1"))).unwrap();
    assert!(!fs::read_to_string(&path).unwrap().contains("[[service]]"), "it is a provider now");

    for (from, to, reason) in [
        ("kind = \"service\"", "kind = \"provider\"", "it stands among the services, and its `kind` is `provider`"),
        ("kind = \"service\"", "kind = \"other\"", "unknown variant `other`"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        let error = Lockfile::load(&path).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
