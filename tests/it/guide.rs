//! `plugins/README.md`, the guide for authors: what it quotes in four languages does one and the same, and its lines
//! can be typed. That it quotes what is there is checked by `cargo xtask tidy`.

use std::path::{Path, PathBuf};

use prizm_host::{Call, Event, OutputSource, Plugin, PluginCommand};
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_protocol::{Capability, Charged, MediaKind};
use prizm_tests::{Home, Running, program, quiet, within};
use serde_json::{Value, json};

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
    let svg = std::fs::read_to_string(file.path()).unwrap();
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
    std::fs::copy(repository("protocol/guide/acme.ts"), home.file("acme/src/provider.ts")).unwrap();
    Running::start(home.typed("cd acme && npm ci && npm run build")).ended_within(300).await.ok();
    let command = PluginCommand::new("node").arg(home.file("acme/dist/provider.js"));
    does_what_the_guide_says(command.root(home.file("acme"))).await;
}
