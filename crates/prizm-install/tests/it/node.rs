//! Providers in JavaScript: what they depend on, and what is tried by it.

use std::fs;
use std::path::Path;

use prizm_install::{ErrorKind, Identifier};
use serde_json::{Value, json};

use crate::common::{PROVIDER, output};
use crate::home::Home;
use crate::registry::Registry;

/// A package that writes a file `pwned` wherever any of its scripts, or node-gyp, is run.
fn hostile(name: &str, pwned: &Path, more: Value) -> (Value, Vec<(&'static str, String)>) {
    let script = format!("touch '{}'", pwned.display());
    let names = ["preinstall", "install", "postinstall", "prepare", "prepublish", "prebuild", "build", "dependencies"];
    let scripts: Value = names.iter().map(|name| ((*name).to_owned(), Value::from(&*script))).collect();
    let mut package = json!({"name": name, "version": "1.0.0", "scripts": scripts});
    package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let gyp = format!(
        "{{'targets': [{{'target_name': 'x', 'type': 'none', 'actions': [{{'action_name': 'x', 'inputs': [], \
         'outputs': ['y'], 'action': ['sh', '-c', '{}']}}]}}]}}",
        script.replace('\'', "")
    );
    (package, vec![("index.js", "module.exports = 'harmless'".to_owned()), ("binding.gyp", gyp)])
}

fn as_str<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    files.iter().map(|(name, text)| (*name, text.as_str())).collect()
}

fn lock(packages: Value) -> String {
    json!({"name": "echo", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages})
        .to_string()
}

/// A plain package `dep`, and others.
fn registry() -> Registry {
    let index: &[(&str, &str)] = &[("index.js", "module.exports = 'dep'")];
    Registry::serve(&[
        (json!({"name": "dep", "version": "1.0.0"}), index),
        (json!({"name": "tool", "version": "1.0.0"}), index),
        (json!({"name": "@acme/scoped", "version": "1.0.0", "dependencies": {"dep": "^1.0.0"}}), index),
        (
            json!({"name": "git-user", "version": "1.0.0", "dependencies": {"x": "git+https://127.0.0.1:1/x.git"}}),
            index,
        ),
    ])
}

const MAIN: &str = "process.stdout.write(require('dep'))";
const PACKAGE: &str = r#"{"name": "echo", "version": "1.0.0", "dependencies": {"dep": "1.0.0"}}"#;

fn home(registry: &Registry, files: &[(&str, &str)]) -> Home {
    let mut home = Home::new(&[("index.js", MAIN), ("package.json", PACKAGE)]);
    files.iter().for_each(|(name, text)| home.write(name, text));
    home.registry = Some(registry.url.clone());
    home
}

fn lock_of(registry: &Registry, change: Value) -> String {
    let mut entry = registry.locked("dep");
    for (key, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(entry.as_object_mut().unwrap().remove(key)),
            value => entry[key] = value.clone(),
        }
    }
    lock(json!({"": {"dependencies": {"dep": "1.0.0"}}, "node_modules/dep": entry}))
}

#[tokio::test]
async fn a_provider_without_dependencies_needs_no_npm() {
    let home = Home::new(&[("package.json", r#"{"main": "lib"}"#), ("lib/index.js", "process.stdout.write('plain')")]);
    let installed = home.install().await.unwrap();
    assert_eq!(installed.argv, ["node", "./lib/index.js"]);
    assert_eq!(output(&installed), "plain");
    assert_eq!(home.recorder.stages(), ["resolve", "fetch", "validate"]);
    let recipe = home.recipe();
    assert_eq!((&*recipe.name, recipe.dependency_lock), ("node/1", None));
    assert_eq!(recipe.tools.keys().collect::<Vec<_>>(), ["node"]);
}

#[tokio::test]
async fn no_script_runs_and_no_configuration_of_the_source_counts() {
    let outside = tempfile::tempdir().unwrap();
    let pwned = outside.path().join("pwned");
    let (bad, bad_files) = hostile("bad", &pwned, json!({}));
    let registry = Registry::serve(&[
        (bad, &as_str(&bad_files)),
        (json!({"name": "gyp", "version": "1.0.0"}), &as_str(&bad_files)),
        (json!({"name": "tool", "version": "1.0.0"}), &[("index.js", "")]),
    ]);
    let needs = json!({"dependencies": {"bad": "1", "gyp": "1"}, "devDependencies": {"tool": "1"}});
    let (own, own_files) = hostile("echo", &pwned, needs);
    let pwn = format!("#!/bin/sh\ntouch '{}'\n", pwned.display());
    let at = outside.path().display();
    let npmrc = format!(
        "git={at}/pwn\nscript-shell={at}/pwn\nnode-gyp={at}/pwn\nnode-options=--require {at}/pwn.js\nshell={at}/pwn\n\
         registry=http://127.0.0.1:1/\n@acme:registry=http://127.0.0.1:1/\ncache={at}/cache\nprefix={at}/prefix\n\
         ignore-scripts=false\nallow-git=all\nallow-remote=all\noffline=true\nuserconfig={at}/rc\nglobal=true\n"
    );
    fs::write(outside.path().join("pwn"), &pwn).unwrap();
    fs::write(outside.path().join("pwn.js"), format!("require('fs').writeFileSync('{}', '')", pwned.display()))
        .unwrap();
    let home = home(&registry, &as_str(&own_files));
    home.write("package.json", &own.to_string());
    home.write("index.js", "process.stdout.write(require('bad') + require('gyp'))");
    home.write(".npmrc", &npmrc);
    home.write("yarn.lock", "# yarn lockfile v1\n\nbad@1:\n  resolved \"http://127.0.0.1:1/bad.tgz\"\n");
    let installed = home.install().await.unwrap();
    assert_eq!(output(&installed), "harmlessharmless");
    assert!(!pwned.exists());
    let mut beside: Vec<_> = fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    beside.sort();
    assert_eq!(beside, ["pwn", "pwn.js"], "nothing was written elsewhere");
    assert!(!installed.root.join(".npmrc").exists());
    assert!(!installed.root.join("node_modules/tool").exists(), "what is for development is gone");
    let lines = home.recorder.lines.lock().unwrap().join("\n");
    assert!(lines.contains("`yarn.lock` is ignored"), "{lines}");
    let recipe = home.recipe();
    assert!(recipe.dependency_lock_generated);
    assert!(recipe.dependency_lock.unwrap().starts_with("package-lock.json sha256:"));
    assert_eq!(recipe.tools.keys().collect::<Vec<_>>(), ["node", "npm"]);
    assert_eq!(home.recorder.stages(), ["resolve", "fetch", "dependencies", "dependencies", "build", "validate"]);
    let kept = fs::read_to_string(installed.root.join("node_modules/.package-lock.json")).unwrap();
    assert!(!kept.contains(home.path().to_str().unwrap()), "{kept}");
}

#[tokio::test]
async fn a_lock_that_proves_nothing_is_refused() {
    let registry = registry();
    let bad = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
    for (lock, kind, expected) in [
        (lock_of(&registry, json!({"integrity": null})), ErrorKind::Policy, "it has no `integrity`"),
        (
            lock_of(&registry, json!({"integrity": "sha1-aaaa"})),
            ErrorKind::Policy,
            "it has no sha512, only `sha1-aaaa`",
        ),
        (lock_of(&registry, json!({"resolved": "git+ssh://h/dep.git"})), ErrorKind::Policy, "which is no registry"),
        (lock_of(&registry, json!({"name": "tool"})), ErrorKind::Policy, "it is really `tool`"),
        (lock_of(&registry, json!({"integrity": bad})), ErrorKind::Mismatch, bad),
        (
            lock_of(&registry, json!({"version": "2.0.0"})),
            ErrorKind::Build,
            "`package.json` and `package-lock.json` disagree",
        ),
        (lock(json!({"": {"dependencies": {"dep": "1.0.0"}}})), ErrorKind::Build, "Missing: dep@1.0.0 from lock file"),
        (r#"{"lockfileVersion": 1, "dependencies": {}}"#.to_owned(), ErrorKind::Manifest, "its lockfileVersion is 1"),
        ("<<<<<<< ours\n".to_owned(), ErrorKind::Manifest, "package-lock.json`: expected value"),
    ] {
        let home = home(&registry, &[("package-lock.json", &lock)]);
        let error = home.install().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains(expected), "{error}\nlacks {expected}");
        assert!(error.hint().is_some());
        home.assert_nothing_left();
    }
    assert!(!registry.was_asked_for("tool"));
}

#[tokio::test]
async fn an_address_elsewhere_is_not_asked_and_the_hash_decides() {
    let (registry, elsewhere) = (registry(), registry());
    for resolved in [
        format!("{}/dep/-/dep-1.0.0.tgz", registry.url),
        format!("{}/dep/-/dep-1.0.0.tgz", elsewhere.url),
        format!("{}/tool/-/tool-1.0.0.tgz", registry.url),
    ] {
        let home = home(&registry, &[("package-lock.json", &lock_of(&registry, json!({"resolved": resolved})))]);
        let installed = home.install().await.unwrap();
        assert_eq!(output(&installed), "dep");
        assert!(!home.recipe().dependency_lock_generated);
    }
    assert!(elsewhere.asked.lock().unwrap().is_empty());
    assert!(!registry.was_asked_for("tool"));
    // Another package, locked with its own hash under the name of this one, is not what the registry has.
    let mut entry = registry.locked("tool");
    entry["resolved"] = format!("{}/tool/-/tool-1.0.0.tgz", registry.url).into();
    let packages = json!({"": {"dependencies": {"dep": "1.0.0"}}, "node_modules/dep": entry});
    let home = home(&registry, &[("package-lock.json", &lock(packages))]);
    let error = home.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
    home.assert_nothing_left();
}

#[tokio::test]
async fn dependencies_come_from_the_registry_only() {
    let registry = registry();
    for (needs, kind, expected) in [
        (
            json!({"dependencies": {"x": "git+https://h/x.git"}}),
            ErrorKind::Policy,
            "`x` from a git repository: `git+https",
        ),
        (json!({"devDependencies": {"x": "http://h/x.tgz"}}), ErrorKind::Policy, "`x` from an address of the web"),
        (json!({"optionalDependencies": {"x": "file:../x"}}), ErrorKind::Policy, "`x` from a directory or a file"),
        (json!({"dependencies": {"x": "a/b"}}), ErrorKind::Policy, "`x` from a git repository: `a/b`"),
        (json!({"overrides": {"dep": "github:a/b"}}), ErrorKind::Policy, "`dep` from a git repository"),
        (json!({"workspaces": ["../*"]}), ErrorKind::Policy, "leads out of it: `../*`"),
        (json!({"dependencies": {"git-user": "1"}}), ErrorKind::Policy, "elsewhere than a registry"),
        (json!({"dependencies": {"no-such": "1"}}), ErrorKind::Source, "`no-such@1`, is not in the registry"),
        (json!({"dependencies": {"dep": "9"}}), ErrorKind::Source, "No matching version found for dep@9"),
    ] {
        let home = home(&registry, &[("package.json", &needs.to_string())]);
        let error = home.install().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains(expected), "{error}\nlacks {expected}");
        assert!(error.hint().is_some());
        home.assert_nothing_left();
    }
}

#[tokio::test]
async fn scopes_and_workspaces_are_fetched_and_linked() {
    let registry = registry();
    let package = json!({
        "workspaces": ["packages/*"], "dependencies": {"@acme/scoped": "1", "part": "*"}, "main": "packages/part/run.js",
    });
    let part =
        json!({"name": "part", "version": "1.0.0", "dependencies": {"dep": "1"}, "devDependencies": {"tool": "1"}});
    let home =
        home(&registry, &[("package.json", &package.to_string()), ("packages/part/package.json", &part.to_string())]);
    home.write("packages/part/run.js", "process.stdout.write(require('dep') + require('@acme/scoped'))");
    home.write("node_modules/dep/index.js", "never");
    let installed = home.install().await.unwrap();
    assert_eq!(output(&installed), "depdep");
    assert_eq!(fs::read_link(installed.root.join("node_modules/part")).unwrap(), Path::new("../packages/part"));
    assert!(!installed.root.join("node_modules/tool").exists());
}

#[tokio::test]
async fn without_the_network_the_cache_is_all_there_is() {
    let registry = registry();
    let mut home = home(&registry, &[]);
    home.offline = true;
    let error = home.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Offline, "{error:?}");
    assert!(registry.asked.lock().unwrap().is_empty());
    home.assert_nothing_left();
    home.offline = false;
    home.install().await.unwrap();
    home.write("index.js", "process.stdout.write('again ' + require('dep'))");
    home.offline = true;
    let asked = registry.asked.lock().unwrap().len();
    assert_eq!(output(&home.install().await.unwrap()), "again dep");
    assert_eq!(registry.asked.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn a_build_command_has_the_tools_of_development_and_no_network() {
    let registry = registry();
    let build = "require('tool'); const fs = require('fs'); fs.mkdirSync('dist');\n\
        const net = fs.readFileSync('/proc/net/dev', 'utf8').match(/^ *\\w+:/gm).map((name) => name.trim()).join();\n\
        const seen = Object.keys(process.env).filter((name) => /npm_config/i.test(name)).join();\n\
        fs.writeFileSync('dist/index.js', `process.stdout.write('${net}${seen}')`);\n";
    let manifest = format!("{PROVIDER}[build]\ncommand = [\"node\", \"build.js\"]\n");
    let package = r#"{"dependencies": {"dep": "1"}, "devDependencies": {"tool": "1"}}"#;
    let files = [("build.js", build), ("prizm.toml", &*manifest), ("package.json", package), ("tsconfig.json", "{}")];
    let home = home(&registry, &files);
    let installed = home.install().await.unwrap();
    assert_eq!(installed.argv, ["node", "./dist/index.js"]);
    assert_eq!(output(&installed), "lo:");
    assert!(installed.root.join("node_modules/dep").is_dir());
    assert!(!installed.root.join("node_modules/tool").exists());
}

#[tokio::test]
async fn a_published_package_needs_nothing_for_development() {
    let mut package = json!({
        "name": "@acme/echo", "version": "1.0.0", "dependencies": {"dep": "1"},
        "devDependencies": {"no-such": "workspace:*", "typescript": "5"}, "scripts": {"prepare": "exit 1"},
    });
    let files: &[(&str, &str)] = &[("index.js", MAIN), ("tsconfig.json", "{}")];
    package["prizm"] = json!({"provider": {
        "id": "echo", "version": "1.0.0", "type": "local", "protocol": "1.0", "capabilities": ["text-to-text"],
    }});
    let registry = Registry::serve(&[
        (package, files),
        (json!({"name": "dep", "version": "1.0.0"}), &[("index.js", "module.exports = 'published'")]),
    ]);
    let mut home = Home::new(&[]);
    home.registry = Some(registry.url.clone());
    let identifier: Identifier = "npm:@acme/echo@1.0.0".parse().unwrap();
    let installed = home.install_from(identifier).await.unwrap();
    assert_eq!(output(&installed), "published");
    assert_eq!(installed.manifest.unwrap().provider.id, "echo");
    assert!(home.recipe().dependency_lock_generated);
    assert!(!registry.was_asked_for("no-such") && !registry.was_asked_for("typescript"));
}

#[tokio::test]
async fn a_published_lock_is_kept_to() {
    let dep = || (json!({"name": "dep", "version": "1.0.0"}), &[("index.js", "module.exports = 'locked'")][..]);
    let locked = Registry::serve(&[dep()]).locked("dep");
    let root = json!({"dependencies": {"dep": "1"}, "devDependencies": {"tool": "1"}});
    let tool = json!({"version": "1.0.0", "integrity": locked["integrity"], "dev": true});
    let shrinkwrap = lock(json!({"": root, "node_modules/dep": locked, "node_modules/tool": tool}));
    let package =
        json!({"name": "echo", "version": "1.0.0", "dependencies": {"dep": "1"}, "devDependencies": {"tool": "1"}});
    let registry = Registry::serve(&[dep(), (package, &[("index.js", MAIN), ("npm-shrinkwrap.json", &shrinkwrap)])]);
    let mut home = Home::new(&[]);
    home.registry = Some(registry.url.clone());
    let installed = home.install_from("npm:echo@1.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(output(&installed), "locked");
    let recipe = home.recipe();
    assert!(!recipe.dependency_lock_generated);
    assert!(recipe.dependency_lock.unwrap().starts_with("npm-shrinkwrap.json sha256:"));
    assert!(!registry.was_asked_for("tool"));
}

#[tokio::test]
async fn a_real_package_brings_what_it_needs() {
    let home = Home::new(&[]);
    let installed = home.install_from("npm:is-odd@3.0.1".parse().unwrap()).await.unwrap();
    assert_eq!(installed.argv, ["node", "./index.js"]);
    let mut there: Vec<_> =
        fs::read_dir(installed.root.join("node_modules")).unwrap().map(|e| e.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, [".package-lock.json", "is-number"]);
}
