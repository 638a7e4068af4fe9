use proptest::prelude::*;

use super::*;

fn limits() -> Limits {
    Limits { bytes: 1000, files: 10, ..Limits::default() }
}

fn write(files: &[(&str, &str)]) -> Result<String, Error> {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = TreeWriter::new(directory.path(), limits());
    for (path, content) in files {
        match content.strip_prefix("-> ") {
            Some(target) => tree.link(path, target)?,
            None => tree.file(path, content.starts_with("#!"), &mut content.as_bytes())?,
        }
    }
    tree.finish()
}

#[test]
fn what_could_do_harm_is_refused() {
    let deep = "d/".repeat(40) + "x";
    let long = "x".repeat(256);
    let endless = "a/".repeat(1 << 20);
    for (files, reason) in [
        (&[("../x", "")][..], "`..`"),
        (&[("a/../../x", "")], "`..`"),
        (&[("/etc/x", "")], "absolute"),
        (&[("a//b", "")], "empty part"),
        (&[("a\\b", "")], "backslash"),
        (&[("a\nb", "")], "U+000A"),
        (&[("a\u{202e}b", "")], "U+202E"),
        (&[(".git/config", "")], "git's own"),
        (&[("a/.GIT/config", "")], "git's own"),
        (&[("git~1/config", "")], "git's own"),
        (&[(".git. /config", "")], "git's own"),
        (&[(".g\u{200c}it/config", "")], "git's own"),
        (&[(&deep, "")], "40 directories deep"),
        (&[(&long, "")], "longer than 255"),
        (&[(&endless, "")], "longer than 4096 bytes"),
        (&[("a", ""), ("a", "")], "there twice"),
        (&[("a", ""), ("a/b", "")], "above it is a file"),
        (&[("a/b", ""), ("a", "")], "a directory, too"),
        (&[("A", ""), ("a", "")], "case or composition"),
        (&[("A/x", ""), ("a/y", "")], "case or composition"),
        (&[("\u{e9}", ""), ("e\u{301}", "")], "case or composition"),
        (&[("l", "-> /etc/passwd")], "absolute path"),
        (&[("l", "-> ../x")], "leads out"),
        (&[("d/l", "-> ../../x")], "leads out"),
        (&[("d/l", "-> m/../../x"), ("d/m", "-> .."), ("x", "")], "leads out"),
        (&[("l", "-> l")], "circle"),
        (&[("l", "-> m"), ("m", "-> l")], "circle"),
        (&[("l", "-> nothing")], "not there"),
        (&[(".gitmodules", "-> x"), ("x", "")], "`.gitmodules` is a link"),
        (&[("l", "-> x"), ("l/y", ""), ("x/z", "")], "above it is a file"),
    ] {
        let error = write(files).expect_err(&format!("{files:?}"));
        assert!(error.to_string().contains(reason), "{files:?}: {error}");
        assert_eq!(error.kind(), ErrorKind::Fetch);
    }
}

#[test]
fn the_limits_hold() {
    let error = write(&[("a", &"x".repeat(600)), ("b", &"x".repeat(600))]).unwrap_err();
    assert!(error.to_string().contains("larger than 1000 bytes"), "{error}");
    let names: Vec<String> = (0..11).map(|n| format!("f{n}")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert!(write(&files).unwrap_err().to_string().contains("more than 10 files"));
}

#[test]
fn the_hash_tells_everything_apart_but_the_order() {
    let base = write(&[("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(base, write(&[("b", "2"), ("a", "1")]).unwrap());
    let different = [
        &[("a", "1"), ("b", "3")][..],
        &[("a", "1"), ("c", "2")],
        &[("a", "1")],
        &[("a", "1"), ("b", "2"), ("c", "")],
        &[("a", "1"), ("b", "-> a")],
    ];
    let hashes: std::collections::BTreeSet<_> = different.iter().map(|files| write(files).unwrap()).collect();
    assert_eq!(hashes.len(), different.len());
    assert!(!hashes.contains(&base));
}

#[test]
fn modes_and_links_are_as_they_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = TreeWriter::new(directory.path(), limits());
    tree.file("bin/run", true, &mut &b"#!/bin/sh"[..]).unwrap();
    tree.file("note", false, &mut &b"hi"[..]).unwrap();
    tree.link("run", "bin/run").unwrap();
    tree.finish().unwrap();
    let mode = |name: &str| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("bin/run"), mode("note")), (0o755, 0o644));
    assert_eq!(fs::read_link(directory.path().join("run")).unwrap(), Path::new("bin/run"));
}

#[test]
fn a_root_that_has_gone_is_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut tree = TreeWriter::new(&root, limits());
    tree.file("d/a", false, &mut &b"1"[..]).unwrap();
    tree.link("d/deep/l", "../a").unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(tree.file("d/deep/b", false, &mut &b"2"[..]).unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(tree.finish().unwrap_err().kind(), ErrorKind::Store);
    assert!(!root.exists());
}

proptest! {
    #[test]
    fn nothing_is_ever_written_outside(paths in prop::collection::vec("[a-c./\\\\~]{1,8}", 1..6), target in "[a-c./]{1,8}") {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        fs::create_dir(&root).unwrap();
        let mut tree = TreeWriter::new(&root, limits());
        for path in &paths {
            let _ = tree.file(path, false, &mut &b"x"[..]);
        }
        let _ = tree.link("link", &target);
        let finished = tree.finish();
        let outside: Vec<_> = fs::read_dir(outer.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        prop_assert_eq!(outside, vec![std::ffi::OsString::from("root")]);
        if let (Ok(_), Ok(end)) = (finished, root.join("link").canonicalize()) {
            prop_assert!(end.starts_with(root.canonicalize().unwrap()));
        }
    }
}
