//! Providers in directories of this machine, named by `file:///` URLs: how each kind is found,
//! built and started, and what is said of one that is not right.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use prizm_registry::{Capability, Error, ErrorKind, Provider, Registry};
use prizm_tests::{Home, timing, within};

use crate::registry::say;

/// A provider in Python, as somebody without an SDK would write it: `many` makes as many pictures as
/// it is told, `read` answers with a text in a file.
const PYTHON: &str = r#"
import base64, json, os, sys

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR42mM4YSOnEbCAAUIBAB+8BHUCDG2NAAAAAElFTkSuQmCC")
OPTIONS = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}, "additionalProperties": False}
DECLARATION = {
    "protocolVersion": "1.0", "provider": {"id": "snake", "version": "1.0.0"},
    "capabilities": ["text-to-image", "image-to-text"],
    "models": [{"id": "many", "capabilities": ["text-to-image"], "options": {"text-to-image": OPTIONS}},
               {"id": "read", "capabilities": ["image-to-text"]}],
}

def write(job, name, content):
    with open(os.path.join(job["jobDir"], "out", name), "wb") as file:
        file.write(content)
    return "out/" + name

def transform(job):
    if job["model"] == "read":
        return {"outputs": [{"kind": "text", "mime": "text/plain", "path": write(job, "read.txt", "déjà lu".encode())}]}
    names = ["%d.png" % number for number in range(job["options"].get("count", 2))]
    outputs = [{"kind": "image", "mime": "image/png", "path": write(job, name, PNG)} for name in names]
    return {"outputs": outputs, "usage": {"cost": "0.02", "currency": "USD"}, "meta": {"warnings": ["all alike"]}}

for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    if message.get("method") == "exit":
        break
    if "id" in message:
        answers = {"initialize": lambda params: DECLARATION, "configure": lambda params: {"ready": True}, "transform": transform}
        result = answers.get(message["method"], lambda params: {})(message["params"])
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

/// The same in Rust, with nothing but the standard library: it says what it is told.
const RUST: &str = r##"
use std::io::{BufRead, Write};

fn after<'a>(line: &'a str, key: &str) -> &'a str {
    line.split_once(key).map_or("", |(_, rest)| rest)
}

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let id: String = after(&line, "\"id\":").chars().take_while(char::is_ascii_digit).collect();
        let result = if line.contains("\"initialize\"") {
            r#"{"protocolVersion":"1.0","provider":{"id":"crab","version":"1.0.0"},"capabilities":["text-to-text"],
                "models":[{"id":"echo","capabilities":["text-to-text"]}]}"#.replace('\n', " ")
        } else if line.contains("\"configure\"") {
            r#"{"ready":true}"#.to_owned()
        } else if line.contains("\"transform\"") {
            let text = after(&line, "\"text\":\"").split('"').next().unwrap_or("").to_owned();
            format!(r#"{{"outputs":[{{"kind":"text","mime":"text/plain","text":"{text}"}}]}}"#)
        } else if line.contains("\"exit\"") {
            return;
        } else {
            "{}".to_owned()
        };
        if !id.is_empty() {
            println!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            let _ = std::io::stdout().flush();
        }
    }
}
"##;

const CARGO: &str = "[package]\nname = \"crab\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";

fn manifest(id: &str, capabilities: &str, rest: &str) -> String {
    format!(
        "[provider]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = [{capabilities}]\n{rest}\n"
    )
}

/// Makes the provider in Python and returns its URL.
pub fn python(home: &Home) -> String {
    let run = "[run]\ncommand = [\"python3\", \"provider.py\"]";
    let manifest = manifest("snake", "\"text-to-image\", \"image-to-text\"", run);
    home.provider("snake", &[("prizm.toml", &manifest), ("provider.py", PYTHON)])
}

fn registry(home: &Home) -> Registry {
    Registry::builder().home(home.path()).timing(timing()).build().unwrap()
}

async fn load(registry: &Registry, url: &str) -> Result<Provider, Error> {
    within(120, url, registry.get_provider(url)).await
}

async fn close(home: &Home, registry: &Registry) {
    within(30, "shutdown", registry.shutdown()).await;
    home.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_command_in_the_manifest_is_run() {
    let home = Home::new();
    let registry = registry(&home);
    let url = python(&home);
    let provider = load(&registry, &url).await.unwrap();
    assert_eq!((provider.id().as_str(), provider.source()), ("snake", url));
    let many = provider.model("many").unwrap().transform("x").option("count", 3);
    let outcome = within(30, "pictures", many.outcome()).await.unwrap();
    assert_eq!(outcome.outputs.len(), 3);
    assert_eq!(outcome.usage.unwrap().currency.as_deref(), Some("USD"));
    let read = provider.model_for(&Capability::IMAGE_TO_TEXT).unwrap();
    let text = within(30, "a text", read.transform(&outcome.outputs[0]).into_future()).await.unwrap();
    assert_eq!(text.bytes().await.unwrap(), "déjà lu".as_bytes());
    close(&home, &registry).await;
}

#[tokio::test]
async fn an_executable_is_found_by_its_name() {
    let home = Home::new();
    let registry = registry(&home);
    let script = format!("#!/bin/sh\nexec '{}' good --lifetime 300\n", crate::HOSTILE);
    for name in ["provider", "bin/hostile-in-bin", "named-like-the-id"] {
        let directory = if name.starts_with("bin/") { "hostile-in-bin" } else { name };
        let mut files = vec![(name, script.as_str())];
        let manifest = manifest("hostile", "\"text-to-text\", \"text-to-image\"", "");
        if name == "named-like-the-id" {
            files = vec![("hostile", script.as_str()), ("prizm.toml", &manifest)];
        }
        let url = home.provider(directory, &files);
        let path = url.strip_prefix("file://").unwrap().to_owned() + "/" + files[0].0;
        let error = load(&registry, &url).await.unwrap_err();
        assert!(error.to_string().contains("(it is not executable: chmod +x)"), "{error:?}");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let provider = load(&registry, &url).await.unwrap();
        assert_eq!((provider.id().as_str(), say(&provider, name).await.as_str()), ("hostile", name));
    }
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_cargo_project_is_built_and_run() {
    let home = Home::new();
    let url =
        home.provider("crab", &[("Cargo.toml", CARGO), ("src/main.rs", "fn main() { let provider: u8 = \"crab\"; }")]);
    let registry = registry(&home);
    let error = load(&registry, &url).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Build, Some("build")), "{error:?}");
    assert!(error.stderr().iter().any(|line| line.contains("mismatched types")), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("the whole log: ")), "{error:?}");
    // What was mended is built anew by the same registry.
    home.provider("crab", &[("src/main.rs", RUST)]);
    let provider = load(&registry, &url).await.unwrap();
    assert_eq!((provider.id().as_str(), say(&provider, "sideways").await.as_str()), ("crab", "sideways"));
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_directory_that_is_no_provider_is_told_what_was_looked_for() {
    let home = Home::new();
    let registry = registry(&home);
    let library = "[package]\nname = \"crab\"\nversion = \"0.1.0\"\n[workspace]\n";
    let run = |command: &str| manifest("snake", "\"text-to-text\"", &format!("[run]\ncommand = {command}"));
    for (name, files, says) in [
        (
            "empty",
            vec![("README", "nothing".to_owned())],
            "has no entry point; looked for a `[run] command` in `prizm.toml` (no such file), a package in `Cargo.toml`",
        ),
        (
            "library",
            vec![("Cargo.toml", library.to_owned()), ("src/lib.rs", String::new())],
            "a binary in `Cargo.toml` (its package has none)",
        ),
        (
            "manifest-only",
            vec![("prizm.toml", manifest("snake", "\"text-to-text\"", ""))],
            "`[run] command` in `prizm.toml` (it has none)",
        ),
        ("no-toml", vec![("prizm.toml", "[provider\nid = 1".to_owned())], "line 1"),
        ("wrong-key", vec![("prizm.toml", manifest("snake", "\"text-to-text\"", "[runn]"))], "runn"),
        ("no-id", vec![("prizm.toml", "[provider]\nname = \"x\"".to_owned())], "missing field `id`"),
        ("bad-capability", vec![("prizm.toml", manifest("snake", "\"text-to-smell\"", ""))], "text-to-smell"),
        ("no-program", vec![("prizm.toml", run("[\"./not-there\"]"))], "not-there"),
        ("no-interpreter", vec![("prizm.toml", run("[\"no-such-interpreter\", \"x.py\"]"))], "no-such-interpreter"),
    ] {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let error = load(&registry, &home.provider(name, &files)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build, "{name}: {error:?}");
        assert!(error.to_string().contains(says), "{name}: {error:?}");
        assert!(error.hint().is_some() && error.stage().is_some(), "{name}: {error:?}");
    }
    let url = home.provider("file", &[("prizm.toml", "")]) + "/prizm.toml";
    let error = load(&registry, &url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(error.to_string().contains("is not a directory"), "{error:?}");
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_provider_that_is_not_what_its_manifest_says_is_refused() {
    for (mode, says) in [
        ("capability-drift", "it declares `image-to-image`, which its manifest does not"),
        ("id-differs", "it calls itself `hostile-twin`, its manifest `hostile`"),
        ("many-violations", "it declares `text-to-audio`"),
    ] {
        let home = Home::new();
        let registry = registry(&home);
        let error = load(&registry, &home.hostile(mode)).await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Plugin, Some("validate")), "{mode}: {error:?}");
        assert!(error.to_string().contains(says) && error.hint().is_some(), "{mode}: {error:?}");
        close(&home, &registry).await;
    }
    // The id in the configuration is a promise too.
    let home = Home::new();
    home.configure(&format!("[providers.somebody]\nsource = \"{}\"", home.hostile("good")));
    let registry = registry(&home);
    let error = within(30, "the error", registry.get_provider("somebody")).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Plugin, Some("validate")), "{error:?}");
    assert!(error.to_string().contains("it calls itself `hostile`"), "{error:?}");
    close(&home, &registry).await;
}
