//! A provider whose models depend on its settings is chosen by those that it has, not by those that it declares.

use prizm_tests::Home;
use serde_json::{Value, json};

const MANIFEST: &str = "[provider]\nid = \"follower\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                        capabilities = [\"text-to-text\"]\nmodelsFollow = [\"preset\"]\n[run]\ncommand = [\"python3\", \"provider.py\"]\n";

/// Has the model that its preset names, and says in a file when it starts.
const PROVIDER: &str = r#"
import json, sys
open("STARTS", "a").write("x")
model = "declared"
def models():
    price = {"unit": "call", "amount": "0.5" if model == "dear" else "0.001", "currency": "USD"}
    return [{"id": model, "capabilities": ["text-to-text"], "pricing": [price]}]
for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    method, params = message["method"], message.get("params")
    if method == "exit":
        break
    result = {}
    if method == "initialize":
        result = {"protocolVersion": "1.0", "provider": {"id": "follower", "version": "1.0.0"},
                  "capabilities": ["text-to-text"], "models": models()}
    elif method == "configure":
        model = params["config"].get("preset", "declared")
        result = {"ready": True}
    elif method == "models":
        result = {"models": models()}
    elif method == "transform":
        result = {"outputs": [{"kind": "text", "mime": "text/plain", "text": model + " " + params["model"]}]}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

async fn models(home: &Home) -> Vec<(Value, Value)> {
    let list = home.run(&["models", "follower", "--json"]).await.json();
    let list = list.as_array().unwrap().iter();
    list.map(|model| (model["id"].clone(), model["pricing"][0]["amount"].clone())).collect()
}

#[tokio::test]
async fn its_models_are_those_of_its_settings() {
    let home = Home::new();
    let told = home.file("starts");
    let provider = PROVIDER.replace("STARTS", told.to_str().unwrap());
    let url = home.provider("follower", &[("prizm.toml", MANIFEST), ("provider.py", &provider)]);
    let config = |preset: &str| {
        let text = format!("[policy]\nallow = [\"file:*\"]\n[providers.follower]\nsource = \"{url}\"\n{preset}\n");
        std::fs::write(home.path().join("config.toml"), text).unwrap();
    };
    let starts = || std::fs::read_to_string(&told).unwrap().len();

    config("");
    assert_eq!(models(&home).await, [(json!("declared"), json!("0.001"))]);
    config("preset = \"dear\"");
    assert_eq!(models(&home).await, [(json!("dear"), json!("0.5"))]);

    // The best is chosen by what it costs with these settings, and is called by its name with them.
    let line = ["run", "text-to-text", "hello", "--only", "follower", "--json"];
    let done = home.run(&line).await.json();
    assert_eq!((&done["model"], &done["outputs"][0]["text"]), (&json!("dear"), &json!("dear dear")));
    let refused = home.run(&["best", "text-to-text", "--only", "follower", "--max-cost", "0.1"]).await;
    assert!(refused.failed(8).contains("price.over_max_cost"), "{refused}");

    // What it had with the same settings is kept: it is known without being started.
    let before = starts();
    assert_eq!(models(&home).await, [(json!("dear"), json!("0.5"))]);
    assert_eq!(starts(), before);
    config("preset = \"cheap\"");
    assert_eq!(models(&home).await, [(json!("cheap"), json!("0.001"))]);
    assert!(starts() > before);
}

#[tokio::test]
async fn another_setting_while_it_runs_has_other_models() {
    let home = Home::new();
    let url = home.provider("follower", &[("prizm.toml", MANIFEST), ("provider.py", PROVIDER)]);
    let registry = prizm_registry::Registry::builder().home(home.path()).build().unwrap();
    let provider = registry.link_provider(&url).await.unwrap();
    let say =
        async |model: &str| provider.model(model).unwrap().transform("hi").await.unwrap().as_text().unwrap().to_owned();
    assert_eq!(say("declared").await, "declared declared");
    provider.configure(json!({"preset": "dear"}).as_object().unwrap().clone()).await.unwrap();
    provider.load().await.unwrap();
    assert_eq!(say("dear").await, "dear dear");
    provider.configure(serde_json::Map::new()).await.unwrap();
    provider.load().await.unwrap();
    assert_eq!(say("declared").await, "declared declared");
    registry.shutdown().await;
}
