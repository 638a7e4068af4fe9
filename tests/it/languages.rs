//! Providers in TypeScript and Python by their `github:` URLs, with real dependencies; and rows 55 and
//! 56 of the table in `tests/README.md`. Rust has a module of its own.

use std::fs;

use prizm_tests::{Fault, NpmRegistry, Running};

use crate::shelf::{Shelf, manifest};

/// A provider's loop, with the protocol spelled out: `shout` is what its dependency is good for.
pub const TYPESCRIPT: &str = r#"
declare const process: any, require: any;
const isNumber: (value: unknown) => boolean = require("is-number");
const initialize = {
    protocolVersion: "1.0", provider: { id: "typed", version: "1.0.0" }, capabilities: ["text-to-text"],
    models: [{ id: "shout", capabilities: ["text-to-text"] }],
};
interface Message { id?: number; method: string; params?: any }
function answer(message: Message): unknown {
    switch (message.method) {
        case "initialize": return initialize;
        case "configure": return { ready: true };
        case "transform": {
            const text: string = message.params.inputs[0].text;
            return { outputs: [{ kind: "text", mime: "text/plain", text: `${text.toUpperCase()} ${isNumber(text)}` }] };
        }
        default: return {};
    }
}
require("readline").createInterface({ input: process.stdin }).on("line", (line: string) => {
    if (!line.trim()) return;
    const message: Message = JSON.parse(line);
    if (message.method === "exit") process.exit(0);
    if (message.id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: answer(message) }));
});
"#;

const PYTHON: &str = r#"
import json, sys
import six
for line in sys.stdin:
    if not line.strip():
        continue
    message = json.loads(line)
    method = message["method"]
    if method == "exit":
        break
    result = {}
    if method == "initialize":
        result = {"protocolVersion": "1.0", "provider": {"id": "snake", "version": "1.0.0"}, "capabilities": ["text-to-text"],
                  "models": [{"id": "shout", "capabilities": ["text-to-text"]}]}
    elif method == "configure":
        result = {"ready": True}
    elif method == "transform":
        text = six.ensure_str(message["params"]["inputs"][0]["text"]).upper()
        result = {"outputs": [{"kind": "text", "mime": "text/plain", "text": text}]}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

/// Loads a provider twice: the second load takes no network and no build, and says nothing.
async fn loads_twice(shelf: &Shelf, url: &str, says: &str, recipe: &[&str]) {
    let first = shelf.home.run(&["run", url, "7"]).await;
    assert_eq!(first.ok(), says, "{first}");
    for stage in ["resolve ", "fetch ", "dependencies ", "build ", "validate "] {
        assert!(first.stderr.lines().any(|line| line.starts_with(stage)), "{stage}: {first}");
    }
    let lock = shelf.lock();
    for part in recipe {
        assert!(lock.contains(part), "{part} is not in {lock}");
    }
    shelf.git.reset_requests();
    let second = shelf.home.run(&["run", url, "7", "--offline"]).await;
    assert_eq!((second.ok(), second.stderr.as_str()), (says, ""), "{second}");
    assert!(shelf.git.requests().is_empty());
    let verified = shelf.home.run(&["cache", "verify", "--json"]).await.json();
    assert_eq!(verified[0]["damage"], serde_json::Value::Null, "{verified}");
    shelf.nothing_is_half_done();
}

#[tokio::test]
async fn a_provider_in_typescript_loads_by_its_url() {
    let shelf = Shelf::new();
    let package = r#"{"name": "typed", "version": "1.0.0", "main": "dist/index.js", "dependencies": {"is-number": "7.0.0"},
        "devDependencies": {"typescript": "5.9.3"}}"#;
    let config = r#"{"compilerOptions": {"target": "es2022", "module": "commonjs", "strict": true, "types": []}, "files": ["src/index.ts"]}"#;
    let files = [("package.json", package), ("tsconfig.json", config), ("src/index.ts", TYPESCRIPT)];
    shelf.git.repository("acme/typed").commit("main", &files);
    let recipe =
        ["recipe = \"node/1\"", "dependencyLock = \"package-lock.json sha256:", "typescript = \"5.9.3\"", "npm = \""];
    loads_twice(&shelf, "github:acme/typed", "7 true\n", &recipe).await;
    let log = fs::read_dir(shelf.home.path().join("logs")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(log).unwrap().contains("[build] node node_modules/typescript/lib/tsc.js --outDir dist"));
}

#[tokio::test]
async fn a_provider_in_python_loads_by_its_url() {
    let shelf = Shelf::new();
    let files = [("requirements.txt", "six==1.16.0\n"), ("provider.py", PYTHON)];
    shelf.git.repository("acme/snake").commit("main", &files);
    let recipe = ["recipe = \"python/1\"", "dependencyLock = \".prizm/requirements.lock sha256:", "pip = \""];
    loads_twice(&shelf, "github:acme/snake", "7\n", &recipe).await;
}

/// Row 55.
#[tokio::test]
async fn two_languages_must_be_told_apart_and_none_is_said() {
    let shelf = Shelf::new();
    let both = shelf.git.repository("acme/both");
    both.commit("main", &[("package.json", "{}"), ("pyproject.toml", "[project]\nname = \"x\"\n"), ("index.js", "")]);
    shelf.refuses("github:acme/both", 5, "entry-point", "is written in several languages").await;
    both.commit("main", &[("package.json", "{}"), ("pyproject.toml", "[project]\nname = \"x\"\n"), ("provider.py", &PYTHON.replace("import six", "").replace("six.ensure_str", "str")),
        ("prizm.toml", "[provider]\nid = \"snake\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\ncapabilities = [\"text-to-text\"]\n[run]\ncommand = [\"python3\", \"provider.py\"]\n")]);
    assert_eq!(shelf.home.run(&["run", "github:acme/both@refs/heads/main", "hi"]).await.ok(), "HI\n");
    let none = shelf.git.repository("acme/none");
    none.commit("main", &[("README.md", "nothing to start")]);
    let error = shelf.refuses("github:acme/none", 5, "entry-point", "has no entry point; looked for").await;
    assert!(error["hint"].as_str().unwrap().contains("[run]"), "{error}");
    for (main, says) in [("gone.js", "gone.js"), ("../../x.js", "../../x.js")] {
        let name = format!("acme/main-{}", says.len());
        shelf.git.repository(&name).commit("main", &[("package.json", &format!("{{\"main\": \"{main}\"}}"))]);
        shelf.refuses(&format!("github:{name}"), 5, "entry-point", says).await;
    }
}

/// Row 56.
#[tokio::test]
async fn a_missing_tool_is_named_with_how_to_get_it() {
    let shelf = Shelf::new();
    let path = tempfile::tempdir().unwrap();
    for (program, rename) in [("/bin/sh", "sh"), ("/bin/true", "true")] {
        std::os::unix::fs::symlink(program, path.path().join(rename)).unwrap();
    }
    for (name, files, tool, remedy) in [
        ("node", vec![("package.json", "{\"main\": \"index.js\"}"), ("index.js", "")], "needs `node`", "nodejs"),
        (
            "rust",
            vec![("Cargo.toml", "[package]\nname = \"x\"\n"), ("src/main.rs", "fn main() {}")],
            "needs `cargo`",
            "rustup.rs",
        ),
        ("python", vec![("requirements.txt", "six"), ("provider.py", "")], "needs `python3`", "python3-venv"),
    ] {
        shelf.git.repository(&format!("acme/{name}")).commit("main", &files);
        let mut command = shelf.home.prizm(&["run", &format!("github:acme/{name}"), "hi", "--json"]);
        command.env("PATH", path.path());
        let ended = Running::start(command).ended().await;
        let error = ended.error(5);
        assert!(
            error["message"].as_str().unwrap().contains(tool) && error["hint"].as_str().unwrap().contains(remedy),
            "{ended}"
        );
        assert!(!ended.stderr.contains("dependencies "), "nothing was downloaded: {ended}");
        shelf.nothing_is_half_done();
    }
    let mut command = shelf.home.prizm(&["run", "npm:echo", "hi", "--json", "--yes"]);
    command.env("PATH", path.path());
    assert!(Running::start(command).ended().await.error(5)["message"].as_str().unwrap().contains("need `npm`"));
}

/// Prebuilt executables: by path and by URL, each with its hash.
#[tokio::test]
async fn a_prebuilt_executable_must_be_what_its_manifest_promises() {
    use prizm_tests::Entry;
    use sha2::{Digest as _, Sha256};

    let shelf = Shelf::new();
    // An executable that is no script: the hostile plugin itself.
    let binary = fs::read(crate::HOSTILE).unwrap();
    let hash: String = Sha256::digest(&binary).iter().map(|byte| format!("{byte:02x}")).collect();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let base = manifest("good");
    let (base, _) = base.split_once("[run]").unwrap();
    let run = "[run]\ncommand = [\"./bin/echo\", \"good\", \"--lifetime\", \"300\"]\n";
    let commit = |name: &str, prebuilt: &str| {
        let text = format!("{base}{run}{prebuilt}");
        let entries = [("prizm.toml", Entry::file(text)), ("bin/echo", Entry::executable(binary.clone()))];
        shelf.git.repository(&format!("acme/{name}")).commit_entries("main", &entries);
    };
    let prebuilt =
        |target: &str, path: &str, hash: &str| format!("[prebuilt.{target}]\npath = \"{path}\"\nsha256 = \"{hash}\"\n");
    commit("good", &prebuilt(&target, "bin/echo", &hash));
    shelf.loads("github:acme/good").await;
    assert!(shelf.lock().contains("recipe = \"prebuilt/1\""));
    commit("wrong", &prebuilt(&target, "bin/echo", &"0".repeat(64)));
    let error = shelf.refuses("github:acme/wrong", 4, "verify", &hash).await;
    assert!(error["message"].as_str().unwrap().contains(&"0".repeat(64)), "{error}");
    commit("elsewhere", &prebuilt("riscv64gc-unknown-linux-gnu", "bin/echo", &hash));
    shelf.refuses("github:acme/elsewhere", 5, "build", &format!("is not built for `{target}`")).await;
    commit("outside", &prebuilt(&target, "../../../bin/sh", &hash));
    shelf.refuses("github:acme/outside", 5, "manifest", "which is no file of the source").await;
    // Downloaded, where the hash says what must come, and from wherever it was redirected.
    let server = NpmRegistry::start();
    server.publish_tarball("tool", "1.0.0", binary.clone());
    let url = format!("{}/tool/-/tool-1.0.0.tgz", server.url());
    let fetched = |name: &str, hash: &str| {
        let prebuilt = format!("[prebuilt.{target}]\nurl = \"{url}\"\nsha256 = \"{hash}\"\n");
        let text = format!("{base}{}{prebuilt}", run.replace("./bin/echo", "./.prizm/bin/provider"));
        shelf.git.repository(&format!("acme/{name}")).commit("main", &[("prizm.toml", &text)]);
    };
    fetched("fetched", &hash);
    shelf.loads("github:acme/fetched").await;
    // What the author signed a URL with is in their manifest, and nowhere that people or logs see it.
    let signed = url.replace("http://", "http://me:signature@") + "?token=signature";
    let text = format!(
        "{base}{}[prebuilt.{target}]\nurl = \"{signed}\"\nsha256 = \"{hash}\"\n",
        run.replace("./bin/echo", "./.prizm/bin/provider")
    );
    shelf.git.repository("acme/signed").commit("main", &[("prizm.toml", &text)]);
    let ended = shelf.say("github:acme/signed").await;
    assert!(ended.ok() == "hi\n" && !ended.stderr.contains("signature"), "{ended}");
    assert!(ended.stderr.contains(&format!("dependencies {url}")), "{ended}");
    for log in fs::read_dir(shelf.home.path().join("logs")).unwrap() {
        assert!(!fs::read_to_string(log.unwrap().path()).unwrap().contains("signature"));
    }
    fetched("swapped", &"1".repeat(64));
    shelf.refuses("github:acme/swapped", 4, "verify", &hash).await;
    server.fault("tool", Fault::Status(404));
    fetched("gone", &"2".repeat(64));
    shelf.refuses("github:acme/gone", 5, "fetch", "it answers 404").await;
    commit("silent", "");
    shelf
        .refuses("github:acme/silent", 4, "policy", "is a compiled executable, and the manifest has no hash of it")
        .await;
}
