//! Providers in Rust, built from source: row 52 of the table in `tests/README.md`, and what else cargo
//! could be made to do.

use std::fs;

use prizm_tests::{Entry, Running};

use crate::shelf::{SECRET, Shelf};

const CARGO_TOML: &str = "[package]\nname = \"rusty\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
const CARGO_LOCK: &str = "version = 4\n\n[[package]]\nname = \"rusty\"\nversion = \"0.1.0\"\n";
/// A provider without any library: it finds the request's id and says its text in capitals.
const MAIN: &str = r##"
use std::io::{BufRead, Write};

fn between<'a>(line: &'a str, start: &str, end: &str) -> &'a str {
    line.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(found, _)| found)
}

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let id: String = line.split_once("\"id\":").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect()).unwrap_or_default();
        let result = match between(&line, "\"method\":\"", "\"") {
            "initialize" => r#"{"protocolVersion":"1.0","provider":{"id":"rusty","version":"0.1.0"},"capabilities":["text-to-text"],"models":[{"id":"upper","capabilities":["text-to-text"]}]}"#.to_owned(),
            "configure" => r#"{"ready":true}"#.to_owned(),
            "transform" => format!(r#"{{"outputs":[{{"kind":"text","mime":"text/plain","text":"{}"}}]}}"#, between(&line, "\"text\":\"", "\"").to_uppercase()),
            "exit" => return,
            _ => "{}".to_owned(),
        };
        if !id.is_empty() {
            println!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            std::io::stdout().flush().unwrap();
        }
    }
}
"##;

/// Row 52.
#[tokio::test]
async fn a_repository_has_no_say_over_cargo_and_its_build_has_no_network() {
    let shelf = Shelf::new();
    let witness = shelf.home.file("witness");
    let evil = format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexec \"$@\"\n", witness.display());
    let port = shelf.git.url().rsplit(':').next().unwrap().to_owned();
    // Its own files may not have it either.
    let (half, other_half) = SECRET.split_at(4);
    let build = format!(
        "fn main() {{\n    let reached = std::net::TcpStream::connect((\"127.0.0.1\", {port}));\n    \
         assert!(reached.is_err(), \"the build reached the network\");\n    \
         let home = std::env::var(\"CARGO_HOME\").unwrap();\n    \
         let told = std::env::vars().map(|(name, value)| name + &value).collect::<String>();\n    \
         let read = std::fs::read_to_string(home + \"/config.toml\").unwrap();\n    \
         let secret = \"{half}\".to_owned() + \"{other_half}\";\n    \
         assert!(!(told + &read).contains(&secret), \"the build sees a secret\");\n}}\n"
    );
    let tools = shelf
        .home
        .provider("tools", &[("wrapper", &evil), ("toolchain/bin/cargo", &evil), ("toolchain/bin/rustc", &evil)]);
    let tools = tools.strip_prefix("file://").unwrap();
    for name in ["wrapper", "toolchain/bin/cargo", "toolchain/bin/rustc"] {
        fs::set_permissions(format!("{tools}/{name}"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let config = format!(
        "[build]\nrustc-wrapper = \"{tools}/wrapper\"\n[target.x86_64-unknown-linux-gnu]\nrunner = \"{tools}/wrapper\"\nlinker = \"{tools}/wrapper\"\n\
         [alias]\nbuild = \"run\"\n[source.crates-io]\nreplace-with = \"evil\"\n[source.evil]\nregistry = \"sparse+http://127.0.0.1:1/\"\n"
    );
    let entries = [
        ("Cargo.toml", Entry::file(CARGO_TOML)),
        ("Cargo.lock", Entry::file(CARGO_LOCK)),
        ("src/main.rs", Entry::file(MAIN)),
        ("build.rs", Entry::file(build)),
        (".cargo/config.toml", Entry::file(config)),
        ("rust-toolchain.toml", Entry::file(format!("[toolchain]\npath = \"{tools}/toolchain\"\n"))),
        ("rustc", Entry::executable(evil.as_str())),
        ("cargo", Entry::executable(evil.as_str())),
    ];
    shelf.git.repository("acme/rusty").commit_entries("main", &entries);
    let cargo_home = tempfile::tempdir().unwrap();
    let own = format!(
        "[http]\nproxy = \"http://me:{SECRET}@127.0.0.1:1\"\n[registries.own]\nindex = \"sparse+http://127.0.0.1:1/\"\ntoken = \"{SECRET}\"\n"
    );
    fs::write(cargo_home.path().join("config.toml"), own).unwrap();
    let mut command = shelf.home.prizm(&["run", "github:acme/rusty", "hello"]);
    command.env("CARGO_HOME", cargo_home.path()).env("https_proxy", format!("http://me:{SECRET}@127.0.0.1:1"));
    let ended = Running::start(command).ended().await;
    assert_eq!(ended.ok(), "HELLO\n", "{ended}");
    shelf.nothing_is_half_done();
    for stage in ["resolve ", "fetch ", "dependencies ", "build ", "validate "] {
        assert!(ended.stderr.lines().any(|line| line.starts_with(stage)), "{stage}: {ended}");
    }
    assert!(!witness.exists(), "{}", fs::read_to_string(&witness).unwrap());
    let lock = shelf.lock();
    assert!(lock.contains("recipe = \"cargo/1\"") && lock.contains("dependencyLock = \"Cargo.lock sha256:"), "{lock}");
    assert!(lock.contains("rustc = \"1.") && lock.contains("entry = [\"./.prizm/bin/rusty\"]"), "{lock}");
    // The second load takes no network, and no build.
    shelf.git.reset_requests();
    let again = shelf.home.run(&["run", "github:acme/rusty", "again"]).await;
    assert_eq!((again.ok(), again.stderr.as_str(), shelf.git.requests().len()), ("AGAIN\n", "", 0), "{again}");
    let log = fs::read_dir(shelf.home.path().join("logs")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(log).unwrap().contains("Compiling rusty"));
}

#[tokio::test]
async fn what_does_not_compile_is_quoted_and_leaves_nothing() {
    let shelf = Shelf::new();
    let rusty = shelf.git.repository("acme/rusty");
    rusty.commit(
        "main",
        &[("Cargo.toml", CARGO_TOML), ("Cargo.lock", CARGO_LOCK), ("src/main.rs", "fn main() { let x: u8 = \"\"; }")],
    );
    let error = shelf.refuses("github:acme/rusty", 5, "build", "failed with exit status 101").await;
    let quoted: Vec<_> = error["stderr"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(quoted.iter().any(|line| line.contains("error[E0308]")), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("the whole log: "), "{error}");
    rusty.commit("main", &[("Cargo.toml", CARGO_TOML), ("Cargo.lock", "version = 4\n"), ("src/main.rs", MAIN)]);
    let error = shelf.refuses("github:acme/rusty@main", 5, "build", "exit status 101").await;
    assert!(error["stderr"].to_string().contains("--locked"), "{error}");
    assert_eq!(shelf.stored(), 0);
}
