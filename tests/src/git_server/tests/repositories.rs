use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn what_is_committed_is_cloned() {
    let bench = Bench::new();
    let first = bench.repository.commit("main", &[("gone", "1")]);
    let entries = [
        ("src/a.txt", Entry::file("a")),
        ("src.txt", Entry::file("sorted before the directory")),
        ("bin/run", Entry::executable("#!/bin/sh\n")),
        ("link", Entry::symlink("src/a.txt")),
    ];
    let second = bench.repository.commit_entries("main", &entries);
    bench.done("clone --quiet URL clone");
    assert_eq!(bench.done("-C clone log --format=%H"), format!("{second}\n{first}"));
    assert_eq!(fs::read_to_string(bench.path().join("clone/link")).unwrap(), "a");
    let mode = fs::metadata(bench.path().join("clone/bin/run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    assert!(!bench.path().join("clone/gone").exists());
    bench.repository.git(["fsck", "--strict"], b"");

    let requests = bench.server.requests();
    assert_eq!(
        requests,
        [
            "GET /acme/echo.git/info/refs?service=git-upload-pack",
            "POST /acme/echo.git/git-upload-pack",
            "POST /acme/echo.git/git-upload-pack"
        ]
    );
    let received = bench.server.received();
    assert!(received[2].body.windows(45).any(|window| window == format!("want {second}").as_bytes()));
    assert_eq!(received[0].authorization(), None);
    bench.server.reset_requests();
    assert_eq!(bench.server.requests(), [""; 0]);

    for version in [0, 1, 2] {
        let url = bench.repository.url().trim_end_matches(".git");
        bench.done(&format!("-c protocol.version={version} clone --quiet --depth 1 {url} short-{version}"));
        assert_eq!(bench.done(&format!("-C short-{version} log --format=%H")), second);
    }
}

#[test]
fn refs_are_as_they_were_set() {
    let bench = Bench::new();
    let repository = &bench.repository;
    assert_eq!(bench.done("ls-remote URL"), "", "an empty repository");
    let first = repository.commit("main", &[("a", "1")]);
    let other = repository.commit("other", &[("a", "2")]);
    repository.tag("light", &first);
    let inner = repository.annotated_tag("inner", &first);
    let outer = repository.annotated_tag("outer", &inner);
    repository.set_ref(&format!("refs/heads/{first}"), &other);
    repository.set_ref("refs/heads/gone", &first);
    repository.delete_ref("refs/heads/gone");
    repository.set_head("other");
    let refs = [
        format!("{other}\tHEAD"),
        format!("{other}\trefs/heads/{first}"),
        format!("{first}\trefs/heads/main"),
        format!("{other}\trefs/heads/other"),
        format!("{inner}\trefs/tags/inner"),
        format!("{first}\trefs/tags/inner^{{}}"),
        format!("{first}\trefs/tags/light"),
        format!("{outer}\trefs/tags/outer"),
        format!("{first}\trefs/tags/outer^{{}}"),
    ];
    let mut found: Vec<_> = bench.done("ls-remote URL").lines().map(str::to_owned).collect();
    found.sort_by(|one, other| one.split('\t').nth(1).cmp(&other.split('\t').nth(1)));
    assert_eq!(found, refs);
    assert_eq!(repository.resolve("HEAD"), Some(other.clone()));

    repository.many_refs("refs/heads/many", 20_000, &first);
    assert_eq!(bench.done("ls-remote URL refs/heads/many/*").lines().count(), 20_000);
    repository.delete_ref("refs/heads/many/0000007");
    assert_eq!(repository.resolve("refs/heads/many/0000007"), None);
    assert_eq!(repository.resolve("refs/heads/many/0000008"), Some(first));
}

#[test]
fn a_commit_without_a_ref_is_there_for_who_may_ask_for_it() {
    let bench = Bench::new();
    bench.repository.commit("main", &[("a", "1")]);
    let dangling = bench.repository.dangling_commit(&[("a", "1")]);
    assert!(!bench.done("ls-remote URL").contains(&dangling));
    bench.done("init --quiet clone");
    let fetch = format!("-C clone -c protocol.version=0 fetch --quiet --depth 1 URL {dangling}");
    assert!(bench.refused(&fetch).contains("Server does not allow request"));
    bench.repository.config("uploadpack.allowAnySHA1InWant", "true");
    bench.done(&fetch);
    assert_eq!(bench.done("-C clone rev-parse FETCH_HEAD"), dangling);
}

#[test]
fn evil_trees_are_written_as_they_are() {
    let bench = Bench::new();
    let names: [&[u8]; 11] = [
        b"..",
        b".git",
        b".GIT",
        b"git~1",
        b"a/../../x",
        b"A",
        b"a",
        "\u{e9}".as_bytes(),
        "e\u{301}".as_bytes(),
        b"\xff\xfe",
        b"a",
    ];
    let mut entries: Vec<_> = names.iter().map(|name| (*name, Entry::file("evil"))).collect();
    entries.push((b".gitmodules", Entry::symlink("/etc/passwd")));
    entries.push((b"sub", Entry::submodule(&"1".repeat(40))));
    entries.push((b"deep", Entry::tree([(b"..", Entry::tree([(b"..", Entry::file("deeper"))]))])));
    bench.repository.commit_raw("main", &entries);
    let listed = bench.repository.git(["ls-tree", "-z", "main"], b"");
    let lines = listed.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    let tab = |line: &[u8]| line.iter().position(|byte| *byte == b'\t').expect("a name follows a tab");
    let (modes, listed): (Vec<_>, Vec<_>) = lines.map(|line| (&line[..6], &line[tab(line) + 1..])).unzip();
    assert_eq!(listed, entries.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    assert_eq!(modes[11..], [b"120000", b"160000", b"040000"]);
    assert!(bench.refused("clone --quiet URL clone").contains("invalid path"));

    let deep = "d/".repeat(300) + "file";
    bench.repository.commit("deep", &[(&deep, "down here")]);
    assert_eq!(bench.repository.git(["show", &format!("deep:{deep}")], b""), b"down here");
}

#[test]
fn objects_can_have_long_ids() {
    let bench = Bench::new();
    let long = bench.server.repository_in("acme/long", ObjectFormat::Sha256);
    let commit = long.commit("main", &[("dir/a", "1")]);
    assert_eq!(commit.len(), 64);
    bench.done(&format!("clone --quiet {} clone", long.url()));
    assert_eq!(bench.done("-C clone rev-parse HEAD"), commit);
}

#[test]
fn the_same_content_has_the_same_ids() {
    let commits = [(); 2].map(|()| Bench::new().repository.commit("main", &[("a", "1")]));
    assert_eq!(commits[0], commits[1]);
    let pointer = lfs_pointer(b"large");
    assert!(pointer.starts_with("version https://git-lfs") && pointer.ends_with("\nsize 5\n"), "{pointer}");
}
