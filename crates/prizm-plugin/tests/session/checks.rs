//! What is refused before the author's code sees it.

use prizm_plugin::{Context, Declaration, Error, Model, Provider, Request, Response};
use serde_json::{Value, json};

use crate::host::{Host, code_of, initialize, job, message_of, text_of};
use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn work_before_the_handshake_is_refused() {
    let mut host = Host::silent(Lab::new(1).0);
    for method in ["transform", "configure", "models", "estimate", "nonsense"] {
        let answer = host.call(1, method, json!({})).await;
        assert_eq!(code_of(&answer), 1001, "{method}");
        assert_eq!(message_of(&answer), format!("`{method}` came before `initialize`"));
    }
    host.assert_alive().await;
    assert_eq!(host.health().await["status"], "healthy");
}

#[tokio::test(start_paused = true)]
async fn the_handshake_needs_a_common_version_and_happens_once() {
    let mut host = Host::silent(Lab::new(1).0);
    let mut params = initialize(1 << 20);
    params["protocolVersions"] = json!(["2.0", "1.1"]);
    let answer = host.call(1, "initialize", params).await;
    assert_eq!(code_of(&answer), 1002);
    assert_eq!(answer["error"]["data"]["supported"], json!(["1.0"]));
    assert!(message_of(&answer).contains("2.0, 1.1"), "{answer}");

    let answer = host.call(2, "initialize", json!({"protocolVersions": ["1.0"]})).await;
    assert_eq!((code_of(&answer), message_of(&answer)), (-32602, "params: missing field `host`"));

    let answer = host.call(3, "initialize", initialize(1 << 20)).await;
    assert_eq!(answer["result"]["provider"]["id"], "lab");
    assert_eq!(answer["result"]["liveness"], "ping");
    assert_eq!(answer["result"]["capabilities"], json!(["text-to-text", "x-test/files", "image-to-text"]));
    assert_eq!(code_of(&host.call(4, "initialize", initialize(1 << 20)).await), -32600);
}

#[tokio::test(start_paused = true)]
async fn wrong_jobs_are_refused_by_name() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    let cases: [(&str, Value, i64, &str); 12] = [
        ("model", json!("labs"), 1006, "no model `labs`; did you mean lab, labrador?"),
        ("model", json!("zzz"), 1006, "no model `zzz`; there are 2, such as: lab, labrador"),
        ("model", json!(5), -32602, "`model`: invalid type: integer `5`, expected a string"),
        (
            "capability",
            json!("text-to-image"),
            1003,
            "the model `lab` has no capability `text-to-image`, only: text-to-text, x-test/files",
        ),
        ("inputs", json!("x"), -32602, "`inputs`: invalid type: string \"x\", expected a sequence"),
        (
            "inputs",
            json!([{"kind": "text", "mime": 1}]),
            -32602,
            "`inputs[0].mime`: invalid type: integer `1`, expected a string",
        ),
        (
            "inputs",
            json!([{"kind": "text", "mime": "text/plain"}]),
            -32602,
            "`inputs[0]`: expected exactly one of text, path and url, got 0",
        ),
        (
            "inputs",
            json!([{"kind": "text", "mime": "t", "text": "a", "url": "b"}]),
            -32602,
            "`inputs[0]`: expected exactly one of text, path and url, got 2",
        ),
        ("inputs", json!([]), 1203, "the job has no input; one is needed"),
        ("jobDir", json!("relative/dir"), -32602, "`jobDir`: expected an absolute path, got `relative/dir`"),
        ("deadlineMs", json!(-1), -32602, "`deadlineMs`: invalid value: integer `-1`, expected u64"),
        ("options", json!([]), -32602, "`options`: invalid type: sequence, expected a map"),
    ];
    for (key, value, code, message) in cases {
        let mut params = job("echo");
        params[key] = value;
        let answer = host.call(1, "transform", params).await;
        assert_eq!((code_of(&answer), message_of(&answer)), (code, message));
    }
    let answer = host.call(2, "transform", Value::Null).await;
    assert_eq!((code_of(&answer), message_of(&answer)), (-32602, "params: missing field `model`"));
    let answer = host.call(3, "transform", json!([1, 2])).await;
    assert_eq!(code_of(&answer), -32602);
    assert_eq!(seen.count(&seen.begun), 1, "only the job without an input reached the lab");
}

#[tokio::test(start_paused = true)]
async fn an_estimate_is_made_of_facts_without_media() {
    let mut host = Host::new(Lab::new(1).0).await;
    let mut params = json!({"model": "lab", "capability": "x-test/files"});
    let answer = host.call(1, "estimate", params.clone()).await;
    assert_eq!(answer["result"], json!({"timeMs": 0}), "options and inputs have defaults");
    params["options"] = json!({"steps": 3});
    params["inputs"] = json!([
        {"kind": "image", "mime": "image/png", "role": "mask"},
        {"kind": "image", "mime": "image/png", "meta": {"width": 100}},
    ]);
    assert_eq!(host.call(2, "estimate", params.clone()).await["result"], json!({"timeMs": 301}));

    let cases = [
        ("model", json!("labs"), 1006, "no model `labs`; did you mean lab, labrador?"),
        ("capability", json!("image-to-text"), 1003, "the model `lab` has no capability `image-to-text`, only: "),
        ("inputs", json!([{"kind": "image"}]), -32602, "`inputs[0]`: missing field `mime`"),
        ("options", json!({"steps": "many"}), -32602, "option `steps`: expected u64, got \"many\""),
    ];
    for (key, value, code, message) in cases {
        let mut wrong = params.clone();
        wrong[key] = value;
        let answer = host.call(3, "estimate", wrong).await;
        assert_eq!(code_of(&answer), code, "{answer}");
        assert!(message_of(&answer).starts_with(message), "{answer}");
    }
}

struct Plain;

impl Provider for Plain {
    fn declare(&self) -> Declaration {
        Declaration::new("plain", "1.0.0").model(Model::new("lab", ["text-to-text"]))
    }

    async fn transform(&self, request: Request, _: &Context) -> Result<Response, Error> {
        Ok(request.input()?.clone().into())
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_knows_what_a_job_costs_unless_the_author_does() {
    let mut host = Host::new(Plain).await;
    let answer = host.call(1, "estimate", json!({"model": "lab", "capability": "text-to-text"})).await;
    assert_eq!((code_of(&answer), message_of(&answer)), (-32601, "no method `estimate`"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_option_is_named_with_what_was_expected() {
    let mut host = Host::new(Lab::new(1).0).await;
    let with = |steps: Value| {
        let mut params = job("option");
        params["options"]["steps"] = steps;
        params
    };
    let answer = host.call(1, "transform", with(json!("many"))).await;
    assert_eq!(code_of(&answer), -32602);
    assert_eq!(message_of(&answer), "option `steps`: expected u8, got \"many\"");
    assert_eq!(answer["error"]["data"], json!({"option": "steps", "expected": "u8", "got": "\"many\""}));
    assert_eq!(code_of(&host.call(2, "transform", with(json!(300))).await), -32602);
    assert_eq!(text_of(&host.call(3, "transform", with(json!(null))).await), "7");
    assert_eq!(text_of(&host.call(4, "transform", with(json!(9))).await), "9");
}

#[tokio::test(start_paused = true)]
async fn unknown_methods_are_refused_and_unknown_notifications_ignored() {
    let mut host = Host::new(Lab::new(1).0).await;
    for method in ["nonsense", "host/secret", "", "$/cancelRequest"] {
        assert_eq!(code_of(&host.call(1, method, json!({})).await), -32601, "{method}");
    }
    host.notify("$/future", json!({"x": [1]})).await;
    host.notify("transform", job("x")).await;
    host.assert_alive().await;
    assert_eq!(host.health().await.get("lastError"), None);
}

#[tokio::test(start_paused = true)]
async fn garbage_is_ignored_and_never_answered() {
    let mut host = Host::new(Lab::new(1).0).await;
    let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{}", "[".repeat(10_000));
    let lines: [&[u8]; 11] = [
        b"",
        b"hello",
        b"{",
        b"\xff\xfe\x00",
        b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        b"{\"id\":1,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        b"{\"jsonrpc\":\"2.0\"}",
        deep.as_bytes(),
    ];
    for line in lines {
        host.raw(line).await;
        host.raw(b"\r\n").await;
    }
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_request_with_the_id_of_a_running_one_is_not_answered() {
    let mut host = Host::new(Lab::new(2).0).await;
    host.transform(1, "sleep 100").await;
    host.transform(1, "at once").await;
    assert_eq!(text_of(&host.answer().await), "sleep 100");
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn configuration_is_needed_where_the_author_says_so() {
    let (mut lab, _) = Lab::new(1);
    lab.needs_configuration = true;
    let mut host = Host::new(lab).await;
    assert_eq!(code_of(&host.call(1, "transform", job("x")).await), 1004);
    assert_eq!(host.health().await["status"], "degraded");

    let answer = host.call(2, "configure", json!({"config": {"apiKey": "sk-secret"}})).await;
    assert_eq!(code_of(&answer), 1005);
    assert_eq!(message_of(&answer), "setting `apiKey`: expected u32");
    assert!(!answer.to_string().contains("sk-secret"));
    let answer = host.call(3, "configure", json!({})).await;
    assert_eq!(message_of(&answer), "configuration: missing field `apiKey`");
    assert_eq!(code_of(&host.call(4, "transform", job("x")).await), 1004);

    host.seen.clear();
    let answer = host.call(5, "configure", json!({"config": {"apiKey": 1}})).await;
    assert_eq!(answer["result"], json!({"ready": true}));
    let stages: Vec<Value> = host.seen.iter().map(|frame| frame["params"].clone()).collect();
    assert_eq!(stages, [json!({"stage": "loading", "fraction": 0.5}), json!({"stage": "warming"})]);
    assert_eq!(text_of(&host.call(6, "transform", job("x")).await), "x");
}

#[tokio::test(start_paused = true)]
async fn models_that_were_found_replace_the_declared_ones() {
    let mut host = Host::new(Lab::new(1).0).await;
    let answer = host.call(1, "models", json!({})).await;
    assert_eq!(answer["result"]["models"][0]["id"], "lab-2");
    let mut params = job("x");
    params["model"] = json!("lab-2");
    assert_eq!(text_of(&host.call(2, "transform", params).await), "x");
    assert_eq!(code_of(&host.call(3, "transform", job("x")).await), 1006);
}
