use serde_json::json;

use super::*;

const SHA512: &str = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
const SHA1: &str = "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A good entry with some fields of another.
fn entry(other: Value) -> Value {
    let mut entry = json!({"version": "1.0.0", "integrity": SHA512});
    for (key, value) in other.as_object().unwrap() {
        match value {
            Value::Null => drop(entry.as_object_mut().unwrap().remove(key)),
            value => drop(entry.as_object_mut().unwrap().insert(key.clone(), value.clone())),
        }
    }
    entry
}

fn check(packages: Value, workspaces: &[&str]) -> Result<Value, Error> {
    let text = json!({"lockfileVersion": 2, "packages": packages, "dependencies": {"x": 1}}).to_string();
    let configuration = Configuration::read(&json!({"registry": "https://r.example/"}), None);
    let workspaces: Vec<_> = workspaces.iter().map(ToString::to_string).collect();
    let lock = Unchecked::parse(LOCK, &text).unwrap().check(&configuration, &workspaces, BTreeSet::new())?;
    lock.typescript()?;
    Ok(serde_json::from_str(&lock.text()).unwrap())
}

const LOCK: &str = "package-lock.json";

#[test]
fn what_npm_writes_passes_and_what_it_repeats_is_left_out() {
    let lock = check(
        json!({
            "": {"name": "echo", "dependencies": {"a": "^1.0.0", "alias": "npm:@real/b@1"}, "workspaces": ["w/*"]},
            "node_modules/a": entry(json!({"integrity": format!("{SHA1} {SHA512}"), "dev": true})),
            "node_modules/a/node_modules/@s/c": entry(json!({"peerDependencies": {"a": ">=1 || ^2"}})),
            "node_modules/alias": entry(json!({"name": "@real/b"})),
            "node_modules/bundle": entry(json!({"bundleDependencies": ["d"]})),
            "node_modules/bundle/node_modules/d": entry(json!({"inBundle": true, "integrity": null})),
            "node_modules/bundle/node_modules/d/node_modules/e": entry(json!({"inBundle": true, "integrity": null})),
            "node_modules/@acme/w": {"resolved": "w/one", "link": true},
            "w/one": {"name": "@acme/w", "version": "1.0.0"},
            "w/one/node_modules/a": entry(json!({})),
        }),
        &["w/one"],
    )
    .unwrap();
    assert_eq!(lock["lockfileVersion"], 3);
    assert!(lock.get("dependencies").is_none());
    assert_eq!(lock["packages"].as_object().unwrap().len(), 10);
    assert_eq!(lock["packages"]["node_modules/a"]["integrity"], SHA512);
    assert_eq!(lock["packages"]["node_modules/a"]["dev"], true);
    assert_eq!(lock["packages"]["node_modules/alias"]["name"], "@real/b");
}

#[test]
fn addresses_stay_where_a_registry_has_the_package_and_go_elsewhere() {
    for (fields, stays) in [
        (json!({"resolved": "https://r.example/a/-/a-1.0.0.tgz"}), true),
        (json!({"resolved": "https://evil.example/a/-/a-1.0.0.tgz"}), false),
        (json!({"resolved": "http://r.example/a/-/a-1.0.0.tgz"}), false),
        (json!({"resolved": "https://r.example/evil/-/evil-1.0.0.tgz"}), false),
        (json!({"resolved": "https://r.example/a/-/a-2.0.0.tgz"}), false),
    ] {
        let lock = check(json!({"node_modules/a": entry(fields.clone())}), &[]).unwrap();
        let left = &lock["packages"]["node_modules/a"];
        assert_eq!(left.get("resolved").is_some(), stays, "{fields}");
        assert_eq!(left["integrity"], SHA512);
    }
    let bundled = json!({"inBundle": true, "integrity": null, "resolved": "https://r.example/d/-/d-1.0.0.tgz"});
    let packages = json!({
        "node_modules/b": entry(json!({"bundleDependencies": ["d"]})),
        "node_modules/b/node_modules/d": entry(bundled),
    });
    let lock = check(packages, &[]).unwrap();
    assert!(lock["packages"]["node_modules/b/node_modules/d"].get("resolved").is_none());
}

#[test]
fn what_could_do_harm_is_refused() {
    let bundle = |fields: Value| json!({"node_modules/b": entry(fields), "node_modules/b/node_modules/d": entry(json!({"inBundle": true, "integrity": null}))});
    let a = |fields: Value| json!({"node_modules/a": entry(fields)});
    let at = |path: &str| json!({path: entry(json!({}))});
    let cases = [
        // Hashes.
        (a(json!({"integrity": null})), "it has no `integrity`"),
        (a(json!({"integrity": ""})), "it has no sha512, only ``"),
        (a(json!({"integrity": 1})), "it has no `integrity`"),
        (a(json!({"integrity": SHA1})), "it has no sha512, only `sha1-"),
        (a(json!({"integrity": "sha512-"})), "it has no sha512"),
        (a(json!({"integrity": "sha512-AAAA"})), "it has no sha512"),
        (a(json!({"integrity": null, "inBundle": true})), "it has no `integrity`"),
        (bundle(json!({})), "it has no `integrity`"),
        (bundle(json!({"bundleDependencies": false})), "it has no `integrity`"),
        (
            json!({"": {"bundleDependencies": ["a"]}, "node_modules/a": entry(json!({"inBundle": true, "integrity": null}))}),
            "it has no `integrity`",
        ),
        // Places.
        (a(json!({"resolved": "git+ssh://git@h/a.git#c0ffee"})), "it comes from `git+ssh://***@h/a.git#c0ffee`"),
        (a(json!({"resolved": "file:../a.tgz"})), "it comes from `file:../a.tgz`"),
        (a(json!({"resolved": "../a.tgz"})), "it comes from `../a.tgz`"),
        (a(json!({"resolved": true})), "it comes from `nowhere`"),
        (json!({"node_modules/a": {"resolved": "../a", "link": true}}), "it is a link to `../a`"),
        (json!({"node_modules/a": {"resolved": "/etc", "link": true}}), "it is a link to `/etc`"),
        (json!({"node_modules/a": {"resolved": "w", "link": 1}}), "it is a link to `w`"),
        (json!({"node_modules/a": {"link": true}}), "it is a link to ``"),
        // Paths.
        (at("node_modules/../a"), "`../a` is no name of a package"),
        (at("node_modules/.."), "`..` is no name"),
        (at("node_modules/.bin"), "`.bin` is no name"),
        (at("node_modules/a/../../b"), "`a/../../b` is no name"),
        (at("node_modules/@a/../b"), "`@a/../b` is no name"),
        (at("node_modules/a\\b"), "is no name of a package"),
        (at("node_modules/a/node_modules/"), "`` is no name"),
        (at("node_modules/a//node_modules/b"), "`a/` is no name"),
        (at("../a"), "it is not in `node_modules`"),
        (at("/etc/a"), "it is not in `node_modules`"),
        (at("src"), "it is not in `node_modules`"),
        (at("src/node_modules/a"), "it is not in `node_modules`"),
        // Versions and names.
        (a(json!({"version": "git+https://h/a.git"})), "`git+https://h/a.git` is no version"),
        (a(json!({"version": "../a"})), "`../a` is no version"),
        (a(json!({"version": null})), "it has no `version`"),
        (a(json!({"name": "evil"})), "it is really `evil`, which nobody asked for"),
        (json!({"node_modules/a": 1}), "it is no object"),
        // What they need themselves.
        (a(json!({"dependencies": {"b": "git+https://h/b.git"}})), "it depends on `b` from a git repository"),
        (a(json!({"optionalDependencies": {"b": "https://h/b.tgz"}})), "it depends on `b` from an address of the web"),
        (a(json!({"peerDependencies": {"b": "file:../b"}})), "it depends on `b` from a directory or a file"),
        (json!({"": {"dependencies": {"b": "x/y"}}}), "it depends on `b` from a git repository"),
    ];
    for (packages, expected) in cases {
        let error = check(packages.clone(), &[]).expect_err(&packages.to_string());
        assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
        assert!(error.to_string().contains(expected), "{error}\nlacks {expected}");
        assert!(error.to_string().contains("in `package-lock.json` is refused: "), "{error}");
        assert!(error.hint().unwrap().contains("rm -r node_modules package-lock.json"));
    }
}

#[test]
fn the_compiler_is_no_alias() {
    let alias = |key: &str, path: &str, real: &str| {
        let mut root = json!({"devDependencies": {}, "dependencies": {}});
        root["dependencies"][key] = format!("npm:{real}@1").into();
        json!({"": root, "node_modules/typescript": entry(json!({})), path: entry(json!({"name": real}))})
    };
    for (packages, path) in [
        (alias("typescript", "node_modules/typescript", "other"), "node_modules/typescript"),
        (
            alias("@typescript/typescript-linux-x64", "node_modules/@typescript/typescript-linux-x64", "@a/b"),
            "node_modules/@typescript/typescript-linux-x64",
        ),
    ] {
        let error = check(packages, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy);
        assert!(error.to_string().starts_with(&format!("`{path}` in `package-lock.json` is refused")), "{error}");
        assert!(error.to_string().contains("would run while the provider is built"), "{error}");
    }
    assert!(check(alias("other", "node_modules/other", "@a/b"), &[]).is_ok());
    let same = json!({"node_modules/typescript": entry(json!({"name": "typescript"}))});
    assert!(check(same, &[]).is_ok());
}

#[test]
fn only_versions_that_are_known_are_read() {
    for (text, expected) in [
        ("", "EOF while parsing"),
        ("[]", "it is no object"),
        ("<<<<<<< HEAD\n{}", "expected value at line 1"),
        ("{}", "it has no lockfileVersion"),
        (r#"{"lockfileVersion": "3"}"#, "it has no lockfileVersion"),
        (r#"{"lockfileVersion": 1, "dependencies": {}}"#, "its lockfileVersion is 1, and 2 or 3 is needed"),
        (r#"{"lockfileVersion": 4, "packages": {}}"#, "its lockfileVersion is 4"),
        (r#"{"lockfileVersion": 3}"#, "its `packages` is no object"),
        (r#"{"lockfileVersion": 3, "packages": []}"#, "its `packages` is no object"),
    ] {
        let reason = Unchecked::parse(LOCK, text).unwrap_err();
        assert!(reason.starts_with(expected), "{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(name_in(directory.path()), None);
    std::fs::write(directory.path().join("package-lock.json"), "{").unwrap();
    std::fs::write(directory.path().join("npm-shrinkwrap.json"), "{").unwrap();
    assert_eq!(name_in(directory.path()), Some("npm-shrinkwrap.json"));
    let error = Unchecked::read(directory.path(), LOCK).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Manifest);
    assert_eq!(error.hint(), Some("its author must write it anew: rm -r node_modules package-lock.json; npm install"));
}
