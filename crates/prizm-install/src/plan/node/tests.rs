use std::fs;

use tempfile::TempDir;

use super::*;

/// A directory with a `package.json` and empty files.
fn package(json: &str, files: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("package.json"), json).unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    root
}

#[test]
fn the_entry_point_is_the_first_that_is_there() {
    let all = &["bin.js", "exports.js", "main.js", "dist/index.js", "dist/src/index.js", "index.js"];
    let cases: &[(&str, &[&str], &str)] = &[
        // `bin`, then `exports`, then `main`, then what is usual.
        (r#"{"bin": "./bin.js", "exports": "./exports.js", "main": "main.js"}"#, all, "bin.js"),
        (r#"{"bin": {"any": "bin.js"}, "main": "main.js"}"#, all, "bin.js"),
        (r#"{"name": "@a/x", "bin": {"y": "a.js", "x": "bin.js"}}"#, all, "bin.js"),
        (r#"{"name": "z", "bin": {"y": "bin.js", "x": "bin.js"}, "main": "main.js"}"#, all, "main.js"),
        (r#"{"bin": "gone.js", "exports": "./exports.js", "main": "main.js"}"#, all, "exports.js"),
        (r#"{"exports": {".": "./exports.js", "./x": "./bin.js"}}"#, all, "exports.js"),
        (r#"{"exports": {"./x": "./bin.js"}}"#, all, "dist/index.js"),
        (r#"{"exports": {".": {"types": "./x.d.ts", "default": "./exports.js"}}}"#, all, "exports.js"),
        (r#"{"exports": {"browser": "./bin.js", "import": {"default": "./exports.js"}}}"#, all, "exports.js"),
        (r#"{"exports": {"default": "./bin.js", "require": "./main.js", "node": "./exports.js"}}"#, all, "exports.js"),
        (r#"{"exports": {"default": "./bin.js", "require": "./exports.js"}}"#, all, "exports.js"),
        (r#"{"exports": [null, "./exports.js"]}"#, all, "exports.js"),
        (r#"{"exports": null, "bin": null, "main": null}"#, all, "dist/index.js"),
        ("{}", &["dist/src/index.js", "index.js"], "dist/src/index.js"),
        ("\u{feff}{}", &["index.js"], "index.js"),
        // `main` may be a directory, or lack its extension; others may not.
        (r#"{"main": "lib"}"#, &["lib/index.js", "index.js"], "lib/index.js"),
        (r#"{"main": "./lib/"}"#, &["lib/index.js"], "lib/index.js"),
        (r#"{"main": "lib"}"#, &["lib.js", "lib/index.js"], "lib.js"),
        (r#"{"main": "."}"#, &["index.js"], "index.js"),
        (r#"{"main": ""}"#, &["index.js"], "index.js"),
        (r#"{"main": "a/../b.js"}"#, &["b.js", "index.js"], "b.js"),
        (r#"{"bin": "lib"}"#, &["lib.js", "index.js"], "index.js"),
        // TypeScript is what it was compiled to.
        (r#"{"main": "src/a.ts"}"#, &["src/a.ts", "dist/a.js", "dist/src/a.js"], "dist/a.js"),
        (r#"{"main": "src/a.mts"}"#, &["dist/src/a.mjs"], "dist/src/a.mjs"),
        (r#"{"bin": "cli.cts"}"#, &["cli.cts", "dist/cli.cjs"], "dist/cli.cjs"),
    ];
    for (json, files, expected) in cases {
        let root = package(json, files);
        assert_eq!(node_entry(root.path()).unwrap().unwrap(), Path::new(expected), "{json}");
    }
}

#[test]
fn what_leads_out_is_refused() {
    for (json, key) in [
        (r#"{"main": "../x.js"}"#, "main"),
        (r#"{"main": "a/../../x.js"}"#, "main"),
        (r#"{"bin": "/bin/sh"}"#, "bin"),
        (r#"{"exports": {".": "./../x.js"}}"#, "exports"),
    ] {
        let error = node_entry(package(json, &["index.js"]).path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EntryPoint);
        assert!(error.to_string().starts_with(&format!("`{key}` in ")), "{error}");
        assert!(error.to_string().contains("leads out of the directory"), "{error}");
        assert!(error.hint().is_some());
    }
    for name in ["main.js", "index.js", "dist"] {
        let outside = package("{}", &["index.js"]);
        let root = package(r#"{"main": "main.js"}"#, &[]);
        let target = if name == "dist" { outside.path().to_owned() } else { outside.path().join("index.js") };
        std::os::unix::fs::symlink(target, root.path().join(name)).unwrap();
        let error = node_entry(root.path()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.to_string().contains("leads out of the directory, to "), "{error}");
    }
}

#[test]
fn links_within_are_followed_and_the_root_may_be_one() {
    let root = package(r#"{"main": "link.js"}"#, &["real.js"]);
    std::os::unix::fs::symlink("real.js", root.path().join("link.js")).unwrap();
    let outer = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.path(), outer.path().join("root")).unwrap();
    assert_eq!(node_entry(&outer.path().join("root")).unwrap().unwrap(), Path::new("link.js"));
}

#[test]
fn nothing_found_is_listed_and_no_package_lists_nothing() {
    let root = package(r#"{"main": "lib"}"#, &["lib/other.js"]);
    let looked_for = node_entry(root.path()).unwrap().unwrap_err();
    assert_eq!(looked_for, ["`lib` (`main`)", "`dist/index.js`", "`dist/src/index.js`", "`index.js`"]);
    fs::remove_file(root.path().join("package.json")).unwrap();
    assert!(node_entry(root.path()).unwrap().unwrap_err().is_empty());
}

#[test]
fn fields_of_a_wrong_type_are_named() {
    for (json, expected) in [
        (r#"{"main": 1}"#, "`main` is no text"),
        (r#"{"bin": 1}"#, "`bin` is no object"),
        (r#"{"bin": {"x": 1}}"#, "a path in `bin` is no text"),
    ] {
        let error = node_entry(package(json, &[]).path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Manifest);
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn typescript_is_compiled_to_where_its_package_says() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("{}", &[], "dist"),
        (r#"{"main": "build/index.js"}"#, &[], "build"),
        (r#"{"main": "build/index.js"}"#, &["build/index.js"], "dist"),
        (r#"{"main": "src/index.ts"}"#, &[], "dist"),
        (r#"{"main": "index.js"}"#, &[], "dist"),
        (r#"{"main": "./node_modules/x/index.js"}"#, &[], "dist"),
        (r#"{"main": ".git/hooks/x.js"}"#, &[], "dist"),
        (r#"{"main": "--listFiles/x.js"}"#, &[], "dist"),
        (r#"{"bin": "dist/cli.js", "main": "lib/a.js"}"#, &[], "dist"),
        (r#"{"bin": "cli.js", "main": "lib/a.js"}"#, &["cli.js"], "lib"),
    ];
    for (json, files, expected) in cases {
        assert_eq!(out_dir(package(json, files).path()).unwrap(), *expected, "{json}");
    }
}
