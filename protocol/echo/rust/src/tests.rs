//! The provider, spoken to as Prizm does: one JSON object a line, here in memory.

use prizm_plugin::serde_json::{self, Value, json};
use prizm_plugin::serve_io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split};

use crate::provider::Plugin;

struct Host {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    id: u64,
}

impl Host {
    /// Starts the provider and shakes hands; returns what it declares, too.
    async fn start() -> (Self, Value) {
        let (ours, theirs) = duplex(64 * 1024);
        let (reader, writer) = split(theirs);
        tokio::spawn(serve_io(Plugin, reader, writer));
        let (reader, writer) = split(ours);
        let mut host = Self { lines: BufReader::new(reader).lines(), writer, id: 0 };
        let (_, answer) = host
            .call(
                "initialize",
                json!({
                    "protocolVersions": ["1.0"], "host": {"name": "test", "version": "0"},
                    "limits": {"maxFrameBytes": 8 << 20, "maxInFlight": 64}, "instanceId": "test",
                }),
            )
            .await;
        let (_, configured) = host.call("configure", json!({"config": {}, "services": {}})).await;
        assert_eq!(configured["result"], json!({"ready": true}));
        (host, answer["result"].clone())
    }

    async fn send(&mut self, frame: Value) {
        self.writer.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
    }

    /// Sends a request and returns its number.
    async fn request(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        self.send(json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})).await;
        self.id
    }

    /// Reads up to the next answer; returns what came before it, too.
    async fn answer(&mut self) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let line = self.lines.next_line().await.unwrap().expect("the provider goes on");
            if line.is_empty() {
                continue;
            }
            let frame: Value = serde_json::from_str(&line).unwrap();
            match frame.get("method") {
                Some(_) => before.push(frame),
                None => return (before, frame),
            }
        }
    }

    async fn call(&mut self, method: &str, params: Value) -> (Vec<Value>, Value) {
        self.request(method, params).await;
        self.answer().await
    }
}

fn text(text: &str, options: Value) -> Value {
    json!({"model": "echo", "capability": "text-to-text", "options": options, "jobId": "1",
        "inputs": [{"kind": "text", "mime": "text/plain", "text": text}]})
}

#[tokio::test]
async fn it_declares_what_the_manifest_promises() {
    let (_, declaration) = Host::start().await;
    let manifest = include_str!("../prizm.toml");
    let promise = |line: String| assert!(manifest.lines().any(|it| it == line), "`{line}` is not in prizm.toml");
    for key in ["id", "name", "version", "type"] {
        promise(format!("{key} = {}", declaration["provider"][key]));
    }
    promise(format!("capabilities = {}", declaration["capabilities"].to_string().replace("\",\"", "\", \"")));
}

#[tokio::test]
async fn it_says_the_text_as_often_as_it_is_told() {
    let (mut host, _) = Host::start().await;
    let (before, answer) = host.call("transform", text("hi", json!({"times": 3}))).await;
    assert_eq!(answer["result"]["outputs"][0]["text"], "hi hi hi");
    let chunks: Vec<_> = before.iter().filter_map(|frame| frame["params"]["text"].as_str()).collect();
    assert_eq!(chunks.concat(), "hi hi hi");
    assert!(before.iter().any(|frame| frame["method"] == "$/progress"), "{before:?}");
}

#[tokio::test]
async fn it_refuses_a_wrong_option_by_its_name() {
    let (mut host, _) = Host::start().await;
    for (name, value) in [("times", json!(0)), ("times", json!("two")), ("delayMs", json!(60_001)), ("tims", json!(1))]
    {
        let (_, answer) = host.call("transform", text("hi", json!({name: value}))).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(name), "{answer}");
    }
}

#[tokio::test]
async fn it_gives_an_image_back() {
    let job = std::env::temp_dir().join(format!("echo-test-{}", std::process::id()));
    std::fs::create_dir_all(job.join("in")).unwrap();
    std::fs::write(job.join("in/picture"), b"a picture").unwrap();
    let (mut host, _) = Host::start().await;
    let mut params = json!({"model": "echo", "capability": "image-to-image", "options": {}, "jobId": "1",
        "jobDir": job, "inputs": [{"kind": "image", "mime": "image/jpeg", "path": "in/picture"}]});
    let (_, answer) = host.call("transform", params.clone()).await;
    let expected = json!([{"kind": "image", "mime": "image/jpeg", "path": "out/echo.jpg"}]);
    assert_eq!(answer["result"]["outputs"], expected, "{answer}");
    assert_eq!(std::fs::read(job.join("out/echo.jpg")).unwrap(), b"a picture");
    params["inputs"] = json!([]);
    let (_, answer) = host.call("transform", params).await;
    assert_eq!(answer["error"]["data"]["kind"], "InvalidMedia", "{answer}");
    std::fs::remove_dir_all(job).unwrap();
}

#[tokio::test]
async fn it_stops_when_nobody_wants_the_answer() {
    let (mut host, _) = Host::start().await;
    let id = host.request("transform", text("hi", json!({"delayMs": 60_000}))).await;
    host.send(json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}})).await;
    let (_, answer) = host.answer().await;
    assert_eq!(answer["error"]["code"], -32800, "{answer}");
}
