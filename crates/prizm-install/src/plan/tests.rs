use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

const PROVIDER: &str = "[provider]\nid = \"echo\"\nversion = \"1.0.0\"\ntype = \"local\"\n\
                        protocol = \"1.0\"\ncapabilities = [\"text-to-text\"]\n";
const PACKAGE: &str = "[package]\nname = \"acme\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// A directory `d` with files; a name that ends with `*` is executable.
fn directory(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().canonicalize().unwrap().join("d");
    fs::create_dir(&root).unwrap();
    for (name, text) in files {
        let path = root.join(name.trim_end_matches('*'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if name.ends_with('*') {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    (parent, root)
}

fn entry(files: &[(&str, &str)]) -> Result<Entry, Error> {
    let (_parent, root) = directory(files);
    resolve(&root).map(|plan| plan.entry)
}

fn refusal(kind: ErrorKind, files: &[(&str, &str)]) -> Error {
    let error = entry(files).unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    error
}

fn binary(binary: &str) -> Entry {
    Entry::Cargo(CargoBinary { package: "acme".into(), binary: binary.into() })
}

#[test]
fn the_rules_apply_in_order() {
    let run = format!("{PROVIDER}[run]\ncommand = [\"python3\", \"x.py\"]\n");
    let build = format!("{PROVIDER}[build]\ncommand = [\"make\"]\n");
    let executable = |path: &str| Entry::File(EntryFile::Executable(path.into()));
    let node = |path: &str| Entry::File(EntryFile::Node(path.into()));
    let in_json = r#"{"prizm": {"provider": {"id": "echo", "version": "1.0.0", "type": "local", "protocol": "1.0",
        "capabilities": ["text-to-text"]}, "run": {"command": ["node", "x.js"]}}}"#;
    let cases: &[(&[(&str, &str)], Entry)] = &[
        (
            &[("prizm.toml", &run), ("Cargo.toml", PACKAGE), ("src/main.rs", ""), ("echo*", "")],
            Entry::Command(vec!["python3".into(), "x.py".into()]),
        ),
        (&[("prizm.toml", PROVIDER), ("Cargo.toml", PACKAGE), ("src/main.rs", ""), ("echo*", "")], binary("acme")),
        (&[("prizm.toml", &build), ("Cargo.toml", PACKAGE), ("src/main.rs", "")], binary("acme")),
        (&[("prizm.toml", &build), ("echo*", "")], Entry::AfterBuild),
        (&[("prizm.toml", PROVIDER), ("Cargo.toml", PACKAGE), ("src/lib.rs", ""), ("echo*", "")], executable("echo")),
        (&[("package.json", in_json), ("index.js", "")], Entry::Command(vec!["node".into(), "x.js".into()])),
        (&[("prizm.toml", PROVIDER), ("package.json", in_json), ("index.js", ""), ("echo*", "")], node("index.js")),
        (&[("Cargo.toml", PACKAGE), ("src/main.rs", ""), ("package.json", "{}"), ("index.js", "")], binary("acme")),
        (&[("prizm.toml", &build), ("package.json", "{}"), ("index.js", "")], Entry::AfterBuild),
        (&[("package.json", "{\"main\": \"a.js\"}"), ("a.js", ""), ("provider*", "")], node("a.js")),
        (&[("package.json", "{}"), ("a.js", ""), ("provider*", "")], executable("provider")),
        (&[("index.js", ""), ("provider*", "")], executable("provider")),
        (&[("prizm.toml", PROVIDER), ("echo*", ""), ("bin/echo*", ""), ("d*", "")], executable("echo")),
        (&[("prizm.toml", PROVIDER), ("echo", ""), ("bin/echo*", ""), ("d*", "")], executable("bin/echo")),
        (&[("prizm.toml", PROVIDER), ("echo/x", ""), ("d*", ""), ("provider*", "")], executable("d")),
        (&[("bin/d*", ""), ("provider*", "")], executable("bin/d")),
        (&[("echo*", ""), ("provider*", ""), ("plugin*", "")], executable("provider")),
        (&[("bin/plugin*", "")], executable("bin/plugin")),
    ];
    for (files, expected) in cases {
        assert_eq!(entry(files).unwrap(), *expected, "{files:?}");
    }
}

#[test]
fn the_binary_of_a_package() {
    let two =
        format!("{PACKAGE}[[bin]]\nname = \"echo\"\npath = \"a.rs\"\n[[bin]]\nname = \"tool\"\npath = \"b.rs\"\n");
    let workspace = format!("{PACKAGE}[workspace]\nmembers = [\"x\"]\n");
    let cases: &[(&[(&str, &str)], Entry)] = &[
        (&[("Cargo.toml", PACKAGE), ("src/bin/other.rs", "")], binary("other")),
        (&[("Cargo.toml", PACKAGE), ("src/main.rs", ""), ("src/bin/tool/main.rs", "")], binary("acme")),
        (&[("Cargo.toml", &two), ("prizm.toml", PROVIDER)], binary("echo")),
        (&[("Cargo.toml", &workspace), ("src/main.rs", "")], binary("acme")),
    ];
    for (files, expected) in cases {
        assert_eq!(entry(files).unwrap(), *expected, "{files:?}");
    }
    let error = refusal(ErrorKind::EntryPoint, &[("Cargo.toml", &two)]);
    assert!(error.to_string().ends_with("has the binaries `echo`, `tool`, and none is named `acme`"), "{error}");
}

#[test]
fn a_member_of_a_workspace_is_found_and_its_root_is_refused() {
    let member = "[package]\nname = \"acme\"\nversion.workspace = true\nedition = \"2024\"\n";
    let root = "[workspace]\nmembers = [\"crates/acme\"]\n[workspace.package]\nversion = \"1.0.0\"\n";
    let (_parent, root) =
        directory(&[("Cargo.toml", root), ("crates/acme/Cargo.toml", member), ("crates/acme/src/main.rs", "")]);
    assert_eq!(resolve(root.join("crates/acme")).unwrap().entry, binary("acme"));
    let error = resolve(&root).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EntryPoint);
    assert!(error.to_string().ends_with("Cargo.toml` is a workspace without a package of its own"), "{error}");
    assert_eq!(error.hint(), Some("name the directory of one of its members: `crates/acme`"));
}

#[test]
fn nothing_found_lists_what_was_looked_for() {
    let error = refusal(ErrorKind::EntryPoint, &[("prizm.toml", PROVIDER), ("echo", ""), ("bin/d/x", "")]);
    let message = error.to_string();
    let listed = "/d` has no entry point; looked for a `[run] command` in `prizm.toml` (it has none), \
        a package in `Cargo.toml` (no such file), one in `package.json` (no such file), and an executable file: \
        `echo` (it is not executable: chmod +x), `bin/echo`, `d`, `bin/d` (it is no regular file), \
        `provider`, `bin/provider`, `plugin`, `bin/plugin`";
    assert!(message.ends_with(listed), "{message}");
    let message = refusal(ErrorKind::EntryPoint, &[("Cargo.toml", PACKAGE), ("src/lib.rs", "")]).to_string();
    assert!(
        message.contains("`prizm.toml` (no such file), a binary in `Cargo.toml` (its package has none)"),
        "{message}"
    );
    let package = "{\"bin\": \"./cli.js\", \"main\": \"src/a.ts\"}";
    let message = refusal(ErrorKind::EntryPoint, &[("package.json", package)]).to_string();
    let listed =
        "a file for Node: `cli.js` (`bin`), `src/a.ts` (`main`), `dist/index.js`, `dist/src/index.js`, `index.js`, ";
    assert!(message.contains(listed), "{message}");
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let (_parent, root) = directory(&[]);
    std::os::unix::fs::symlink("/bin/sh", root.join("provider")).unwrap();
    let error = resolve(&root).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EntryPoint);
    assert!(error.to_string().contains("provider` leads out of the directory"), "{error}");
}

#[test]
fn a_wrong_manifest_is_named_with_its_line() {
    let unknown = format!("{PROVIDER}[runs]\n");
    let huge = format!("{PROVIDER}#{}", "x".repeat(1024 * 1024));
    let cases: &[(&str, &str, &str)] = &[
        ("prizm.toml", "[provider]\nid = \"Echo!\"\n", "prizm.toml`: line 2: `Echo!` is not a provider id"),
        ("prizm.toml", "[provider\n", "prizm.toml`: line 1: "),
        ("prizm.toml", &unknown, "prizm.toml`: line 7: unknown field `runs`"),
        ("prizm.toml", &huge, "prizm.toml`: it is larger than 1048576 bytes"),
        ("prizm.toml/x", "", "prizm.toml`: it is not a regular file"),
        ("package.json", "{\n\"name\": }", "package.json`: expected value at line 2"),
        ("package.json", "[]", "package.json`: it is no object"),
        ("package.json", "{\"prizm\": {\"runs\": 1}}", "package.json`: under `prizm`: runs: unknown field `runs`"),
        ("package.json", "{\"prizm\": {\"provider\": {\"id\": 3}}}", "under `prizm`: provider.id: invalid type"),
        ("Cargo.toml", "[package]\nname = 1\n", "Cargo.toml`: line 2: invalid type: integer"),
        ("Cargo.toml", "", "Cargo.toml`: it has neither a `[package]` nor a `[workspace]`"),
        ("Cargo.toml", "[package]\nname = \"a\"\nversion.workspace = true\n", "Cargo.toml`: can't load root workspace"),
    ];
    for (name, text, expected) in cases {
        let error = refusal(ErrorKind::Manifest, &[(name, text)]);
        assert!(error.to_string().contains(expected), "{error}\nlacks {expected}");
    }
    let (_parent, root) = directory(&[]);
    fs::write(root.join("prizm.toml"), b"# good\n\xff").unwrap();
    assert!(resolve(&root).unwrap_err().to_string().ends_with("line 2: it is not UTF-8"));
}

#[test]
fn a_pipe_for_a_manifest_blocks_nobody() {
    let (_parent, root) = directory(&[]);
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("prizm.toml"), mode).unwrap();
    assert!(resolve(&root).unwrap_err().to_string().ends_with("it is not a regular file"));
}

#[test]
fn a_command_must_exist() {
    let (_parent, root) = directory(&[("here*", ""), ("plain", "")]);
    for (program, reason, hint) in [
        ("./absent", "which does not exist", "check the path"),
        ("./plain", "which is not executable", "chmod +x"),
        ("here", "which is not on PATH", "write `./here` to start the file there"),
        ("no-such-2718", "which is not on PATH", "install `no-such-2718`"),
    ] {
        let error = executable::check_program(&root, program).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EntryPoint);
        assert!(error.to_string().ends_with(reason), "{error}");
        assert!(error.hint().unwrap().starts_with(hint), "{error:?}");
    }
    for good in ["./here", "sh", "/bin/sh"] {
        assert!(executable::check_program(&root, good).is_ok(), "{good}");
    }
}
