//! What a repository may hold: rows 18–23 of the table in `tests/README.md`.

use std::fs;

use prizm_tests::{Entry, lfs_pointer};

use crate::shelf::{Shelf, manifest, tree_of_the_only};

/// Rows 19, 20 and 21.
#[tokio::test]
async fn names_and_links_that_could_do_harm_are_refused() {
    let shelf = Shelf::new();
    let file = || Entry::file("x");
    let manifest = manifest("good");
    type Named<'a> = Vec<(&'a [u8], Entry)>;
    let evil: Vec<(&str, Named<'_>, &str)> = vec![
        ("dotdot", vec![(b"..", Entry::tree([("x", file())]))], "`..`"),
        ("git", vec![(b".git", Entry::tree([("config", file())]))], "git's own"),
        ("upper-git", vec![(b".GIT", Entry::tree([("config", file())]))], "git's own"),
        ("git1", vec![(b"git~1", Entry::tree([("config", file())]))], "git's own"),
        ("path", vec![(b"a/../../x", file())], "`..`"),
        ("absolute", vec![(b"/etc/x", file())], "absolute"),
        ("latin", vec![(b"caf\xe9", file())], "UTF-8"),
        ("newline", vec![(b"a\nb", file())], "U+000A"),
        ("bidi", vec![("a\u{202e}b".as_bytes(), file())], "U+202E"),
        ("twice", vec![(b"a", file()), (b"a", file())], "twice"),
        ("both", vec![(b"a", file()), (b"a", Entry::tree([("x", file())]))], "file"),
        ("case", vec![(b"A", file()), (b"a", file())], "case or composition"),
        ("nfc", vec![("e\u{301}".as_bytes(), file()), ("\u{e9}".as_bytes(), file())], "case or composition"),
        ("modules", vec![(b".gitmodules", Entry::symlink("x")), (b"x", file())], "`.gitmodules` is a link"),
        ("link-absolute", vec![(b"l", Entry::symlink("/etc/passwd"))], "absolute path"),
        ("link-out", vec![(b"l", Entry::symlink("../../../x"))], "leads out"),
        ("link-loop", vec![(b"l", Entry::symlink("l"))], "circle"),
    ];
    for (name, mut entries, says) in evil {
        entries.push((b"prizm.toml", Entry::file(manifest.as_str())));
        shelf.git.repository(&format!("acme/{name}")).commit_raw("main", &entries);
        shelf.refuses(&format!("github:acme/{name}"), 5, "fetch", says).await;
    }
    assert_eq!(shelf.stored(), 0);
    let fine = shelf.git.repository("acme/fine");
    let entries =
        [("prizm.toml", Entry::file(manifest.as_str())), ("d/f", file()), ("d/l", Entry::symlink("../prizm.toml"))];
    fine.commit_entries("main", &entries);
    shelf.loads("github:acme/fine").await;
    assert_eq!(fs::read_link(tree_of_the_only(&shelf).join("d/l")).unwrap().to_str(), Some("../prizm.toml"));
}

/// Row 18: a tree that is too deep, files that are too many bytes, and a blob that unpacks to much.
#[tokio::test]
async fn a_repository_that_is_too_large_is_refused() {
    let shelf = Shelf::new();
    shelf.reconfigure("[policy]", "[policy]\nmaxSize = \"1 MB\"");
    let mut deep = Entry::tree([("x", Entry::file("x"))]);
    for _ in 0..60 {
        deep = Entry::tree([("d", deep)]);
    }
    shelf.git.repository("acme/deep").commit_raw("main", &[(b"d", deep)]);
    shelf.refuses("github:acme/deep", 5, "fetch", "deep").await;
    // It packs to a few bytes.
    let large = "0".repeat(2_000_000);
    shelf.git.repository("acme/large").commit("main", &[("prizm.toml", &manifest("good")), ("large", &large)]);
    let error = shelf.refuses("github:acme/large", 5, "fetch", "larger than is allowed").await;
    assert!(error["hint"].as_str().unwrap().contains("maxSize"), "{error}");
    let small = "0".repeat(200_000);
    let names: Vec<_> = (0..6).map(|number| format!("part{number}")).collect();
    let mut files: Vec<_> = names.iter().map(|name| (name.as_str(), small.as_str())).collect();
    let good = manifest("good");
    files.push(("prizm.toml", &good));
    shelf.git.repository("acme/parts").commit("main", &files);
    shelf.refuses("github:acme/parts", 5, "fetch", "larger than is allowed").await;
}

/// Row 18: a list of refs without end, or nearly so.
#[tokio::test]
async fn a_repository_with_too_many_refs_is_refused() {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    echo.many_refs("refs/tags/build", 250_000, &commit);
    shelf.refuses("github:acme/echo@main", 5, "fetch", "bytes of refs").await;
}

/// Row 22: attributes have no say over the bytes, and what lies in LFS is named.
#[tokio::test]
async fn files_are_the_bytes_of_the_repository() {
    let shelf = Shelf::new();
    let echo = shelf.git.repository("acme/echo");
    let attributes = "* text eol=crlf ident filter=evil\n*.bin export-ignore\n";
    let text = "one\ntwo $Id$\n";
    let files = [
        ("prizm.toml", manifest("good")),
        (".gitattributes", attributes.into()),
        ("note", text.into()),
        ("x.bin", "x".into()),
    ];
    let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_str())).collect();
    echo.commit("main", &files);
    shelf.loads("github:acme/echo").await;
    let tree = tree_of_the_only(&shelf);
    assert_eq!(fs::read_to_string(tree.join("note")).unwrap(), text);
    assert!(tree.join("x.bin").exists());
    let pointer = lfs_pointer(b"weights");
    shelf.git.repository("acme/lfs").commit("main", &[("prizm.toml", &manifest("good")), ("weights.bin", &pointer)]);
    shelf.refuses("github:acme/lfs", 5, "fetch", "`weights.bin`, which is refused: it is kept in git-lfs").await;
}

/// Row 23.
#[tokio::test]
async fn a_submodule_is_refused_by_name() {
    let shelf = Shelf::new();
    let echo = shelf.git.repository("acme/echo");
    let entries = [
        ("prizm.toml", Entry::file(manifest("good"))),
        (".gitmodules", Entry::file("[submodule \"lib\"]\n\tpath = lib\n\turl = ext::sh -c x\n")),
        ("lib", Entry::submodule(&"2".repeat(40))),
    ];
    echo.commit_entries("main", &entries);
    shelf.refuses("github:acme/echo", 5, "fetch", "`lib`, which is refused: it is a submodule").await;
}

/// Row 18: directories that hold one another, of which a few objects make a million million.
#[tokio::test]
async fn directories_count_too() {
    let shelf = Shelf::new();
    let echo = shelf.git.repository("acme/echo");
    let mut id = echo.write("tree", b"");
    for _ in 0..12 {
        let same = |number| (format!("d{number}"), Entry::Object { mode: "40000".to_owned(), id: id.clone() });
        id = echo.object(&Entry::tree((0..10).map(same)));
    }
    let manifest = Entry::file(manifest("good"));
    echo.commit_raw("main", &[(b"d", Entry::Object { mode: "40000".to_owned(), id }), (b"prizm.toml", manifest)]);
    shelf.refuses("github:acme/echo", 5, "fetch", "more than 50000 files and directories").await;
}
