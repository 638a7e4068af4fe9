//! `plugins/README.md`, the guide for authors: what it quotes in four languages does one and the same, and its lines
//! can be typed. That it quotes what is there is checked by `cargo xtask tidy`.

use std::fs;
use std::path::{Path, PathBuf};

use prizm_host::{Call, Event, OutputSource, Plugin, PluginCommand};
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_protocol::{Capability, Charged, Manifest, MediaKind};
use prizm_tests::{Home, Running, program, quiet, within};
use serde_json::{Value, json};

use crate::shelf::Shelf;

/// Seconds that all lines of the guide may take.
const LONG: u64 = 300;

/// Returns a path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).canonicalize().unwrap()
}

fn settings(settings: Value) -> ConfigureParams {
    let services = json!({"backend": {"endpoints": {"http": "http://127.0.0.1:9"}}});
    serde_json::from_value(json!({"config": settings, "services": services})).unwrap()
}

fn painting(text: &str) -> Call {
    let options = json!({"width": 64, "colour": "red"}).as_object().unwrap().clone();
    Call { options, ..Call::new("painter", Capability::TEXT_TO_IMAGE).text(text) }
}

/// Checks that the provider of the guide declares, charges, refuses and paints as it says there.
async fn does_what_the_guide_says(command: PluginCommand) {
    let lab = crate::lab();
    let plugin = Plugin::new(lab.spec(command));
    let error = within(30, "no key", plugin.start()).await.unwrap_err();
    assert_eq!(json!(error.rpc().unwrap().data)["kind"], "NotConfigured", "{error:?}");
    plugin.configure(settings(json!({"apiKey": "k-1234567"}))).await.unwrap();
    let info = within(30, "start", plugin.start()).await.unwrap();
    let schema = info.config_schema.as_ref().unwrap();
    assert_eq!(schema.names().collect::<Vec<_>>(), ["apiKey", "baseUrl"]);
    assert_eq!(schema.raw()["properties"]["apiKey"]["writeOnly"], true);
    let [price] = &info.models[0].pricing[..] else { panic!("{info:?}") };
    assert_eq!((&*price.unit, price.amount.as_str(), &*price.currency), ("image", "0.04", "USD"));

    let (mut accepted, mut fractions) = (Vec::new(), Vec::new());
    let call = plugin.transform(painting("a fox"), |event| match event {
        Event::Accepted(told) => accepted.push((told.remote_id, told.charged)),
        Event::Progress(progress) => fractions.push(progress.fraction.unwrap()),
        other => panic!("{other:?}"),
    });
    let outcome = within(30, "a painting", call).await.unwrap();
    let [(remote_id, Charged::Yes)] = &accepted[..] else { panic!("{accepted:?}") };
    assert!(remote_id.starts_with("acme-") && remote_id.len() > 5, "{remote_id}");
    assert!(fractions.is_sorted() && fractions.last() == Some(&1.0), "{fractions:?}");
    assert_eq!(json!(outcome.usage), json!({"cost": "0.04", "currency": "USD"}));
    assert_eq!(outcome.meta.unwrap()["paintedAt"], "http://127.0.0.1:9");
    let [image] = &outcome.outputs[..] else { panic!("{:?}", outcome.outputs) };
    let OutputSource::File(file) = &image.source else { panic!("{image:?}") };
    let svg = fs::read_to_string(file.path()).unwrap();
    assert_eq!((image.kind, &*image.mime), (MediaKind::Image, "image/svg+xml"));
    assert!(svg.contains("width=\"64\"") && svg.contains("fill=\"red\""), "{svg}");

    for (text, kind, retryable) in [("forbidden", "ContentRejected", false), ("busy", "RateLimited", true)] {
        let error = within(30, text, plugin.transform(painting(text), quiet)).await.unwrap_err();
        let data = json!(error.rpc().unwrap().data);
        assert_eq!((&data["kind"], &data["retryable"]), (&kind.into(), &retryable.into()), "{data}");
        assert_eq!(data["retryAfterMs"], if retryable { json!(6000) } else { Value::Null }, "{data}");
    }
    plugin.configure(settings(json!({"apiKey": "revoked", "baseUrl": "http://127.0.0.1:1"}))).await.unwrap();
    let error = within(30, "a key", plugin.transform(painting("a fox"), quiet)).await.unwrap_err();
    assert_eq!(json!(error.rpc().unwrap().data)["kind"], "UpstreamError", "{error:?}");
    drop(outcome.outputs);
    lab.close(&plugin).await;
}

#[tokio::test]
async fn in_rust() {
    does_what_the_guide_says(PluginCommand::new(program("examples/acme"))).await;
}

#[tokio::test]
async fn in_python() {
    let acme = repository("protocol/guide/acme.py");
    let command = PluginCommand::new("python3").arg("-B").arg(acme);
    does_what_the_guide_says(command.set_env("PYTHONPATH", repository("protocol/python"))).await;
}

#[tokio::test]
async fn in_bash() {
    does_what_the_guide_says(PluginCommand::new(repository("protocol/guide/acme.sh"))).await;
}

#[tokio::test]
async fn in_typescript() {
    let home = Home::new();
    home.run(&["new", "typescript", "acme"]).await.ok();
    fs::copy(repository("protocol/guide/acme.ts"), home.file("acme/src/acme.ts")).unwrap();
    Running::start(home.typed("cd acme && npm ci && npm run build")).ended_within(LONG).await.ok();
    let command = PluginCommand::new("node").arg(home.file("acme/dist/src/acme.js"));
    does_what_the_guide_says(command.root(home.file("acme"))).await;
}

/// The lines of the guide that people type, in order.
fn typed() -> Vec<String> {
    let guide = fs::read_to_string(repository("plugins/README.md")).unwrap();
    let mut lines = Vec::new();
    let mut is_console = false;
    for line in guide.lines() {
        match line.strip_prefix("```") {
            Some(language) => is_console = language == "console",
            None if is_console => lines.push(line.strip_prefix("$ ").expect("a line that is typed").to_owned()),
            None => {}
        }
    }
    lines
}

#[tokio::test]
async fn its_lines_can_be_typed() {
    let shelf = Shelf::new();
    let origin = shelf.git.repository("acme/demo");
    let lines = typed();
    assert!(lines.len() > 8, "{lines:?}");
    let mut command = shelf.home.typed(&lines.join("\n"));
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_VALUE_0", "https://github.com/acme/demo");
    command.env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", origin.path().display()));
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Acme").env(format!("GIT_{who}_EMAIL"), "acme@example.com");
    }
    let ended = Running::start(command).ended_within(LONG).await;
    let said = ended.ok();
    assert!(said.contains("hello hello\n"), "from the directory: {ended}");
    assert!(said.ends_with("hello\n"), "from the tag: {ended}");
}

#[test]
fn its_table_names_what_the_sdks_have() {
    let guide = fs::read_to_string(repository("plugins/README.md")).unwrap();
    let (_, rest) = guide.split_once("## The same in each language\n").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let sources = ["crates/prizm-plugin/src", "protocol/typescript/src", "protocol/python/prizm_plugin"];
    let sources = sources.map(|directory| text_of(&repository(directory)));
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        for (cell, source) in row.split('|').skip(2).zip(&sources) {
            for code in cell.split('`').skip(1).step_by(2) {
                let call = code.split(['(', ' ']).find(|word| !matches!(*word, "async" | "fn" | "new")).unwrap();
                let name = call.trim_start_matches('@').rsplit(['.', ':']).next().unwrap();
                let is_there = source.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
                assert!(is_there, "`{name}` of {row}");
            }
        }
    }
}

/// All that the files below a directory say.
fn text_of(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &text_of(&path);
        } else {
            text += &fs::read_to_string(&path).unwrap_or_default();
        }
    }
    text
}

#[test]
fn its_manifest_is_one() {
    let manifest = Manifest::from_toml(&fs::read_to_string(repository("protocol/guide/prizm.toml")).unwrap()).unwrap();
    assert_eq!(manifest.provider.id, "acme");
    assert_eq!(manifest.services["backend"].url, "github:acme/painting-service@v1");
}
