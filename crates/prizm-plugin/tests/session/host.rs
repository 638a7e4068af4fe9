//! The host's side of a conversation.

use std::io;
use std::time::{Duration, Instant};

use prizm_plugin::{Provider, serve_io};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than any wait of the SDK. The clock is paused, so it costs nothing.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Host {
    reader: BufReader<ReadHalf<DuplexStream>>,
    writer: Option<WriteHalf<DuplexStream>>,
    session: JoinHandle<io::Result<()>>,
    /// Frames that came before the answer that was waited for.
    pub seen: Vec<Value>,
}

impl Host {
    /// Starts a provider and says nothing.
    pub fn silent(provider: impl Provider) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let (their_reader, their_writer) = split(theirs);
        let session = tokio::spawn(serve_io(provider, their_reader, their_writer));
        let (reader, writer) = split(ours);
        Self { reader: BufReader::new(reader), writer: Some(writer), session, seen: Vec::new() }
    }

    /// Starts a provider and shakes hands.
    pub async fn new(provider: impl Provider) -> Self {
        Self::with_limit(provider, 8 * 1024 * 1024).await
    }

    pub async fn with_limit(provider: impl Provider, max_frame_bytes: usize) -> Self {
        let mut host = Self::silent(provider);
        let declaration = host.call(0, "initialize", initialize(max_frame_bytes)).await;
        assert_eq!(declaration["result"]["protocolVersion"], "1.0", "{declaration}");
        host
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        self.writer.as_mut().expect("open").write_all(bytes).await.expect("the session reads");
    }

    pub async fn request(&mut self, id: u64, method: &str, params: Value) {
        let frame = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.raw(format!("{frame}\n").as_bytes()).await;
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        let frame = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.raw(format!("{frame}\n").as_bytes()).await;
    }

    pub async fn cancel(&mut self, id: u64) {
        self.notify("$/cancelRequest", json!({"id": id})).await;
    }

    /// Asks the lab to do something.
    pub async fn transform(&mut self, id: u64, what: &str) {
        self.request(id, "transform", job(what)).await;
    }

    /// Reads the next frame; `None` at the end.
    pub async fn frame(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.reader.read_line(&mut line));
            match read.await.expect("a frame comes").expect("the channel works") {
                0 => return None,
                _ if line.trim().is_empty() => {}
                _ => return Some(serde_json::from_str(&line).expect("frames are JSON")),
            }
        }
    }

    /// Reads up to the next answer, whichever it is.
    pub async fn answer(&mut self) -> Value {
        loop {
            let frame = self.frame().await.expect("the session goes on");
            if frame.get("method").is_none() {
                return frame;
            }
            self.seen.push(frame);
        }
    }

    pub async fn call(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.request(id, method, params).await;
        let answer = self.answer().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Shows that the session lives, and that nothing else was waiting to be read.
    pub async fn assert_alive(&mut self) {
        assert_eq!(self.call(999, "ping", json!({})).await["result"], json!({}));
    }

    /// Pings, as only a provider that listens can answer, until something has happened.
    pub async fn until(&mut self, happened: impl Fn() -> bool) {
        let begun = Instant::now();
        while !happened() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never happened");
            self.assert_alive().await;
        }
    }

    pub async fn health(&mut self) -> Value {
        self.call(998, "health", json!({})).await["result"].clone()
    }

    /// Closes the provider's stdin.
    pub async fn hang_up(&mut self) {
        let mut writer = self.writer.take().expect("open");
        writer.shutdown().await.expect("the channel works");
    }

    /// Waits for the session to end; returns what it still said.
    pub async fn ended(mut self) -> (io::Result<()>, String) {
        let ended = timeout(PATIENCE, self.session).await.expect("the session ends").unwrap();
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).await.expect("the channel works");
        (ended, rest)
    }
}

pub fn initialize(max_frame_bytes: usize) -> Value {
    json!({
        "protocolVersions": ["9.0", "1.0"],
        "host": {"name": "test", "version": "0"},
        "limits": {"maxFrameBytes": max_frame_bytes, "maxInFlight": 64},
        "instanceId": "test-1",
    })
}

pub fn job(what: &str) -> Value {
    json!({
        "model": "lab",
        "capability": "text-to-text",
        "inputs": [{"kind": "text", "mime": "text/plain", "text": what}],
        "options": {},
        "jobId": "job-1",
    })
}

pub fn text_of(answer: &Value) -> &str {
    answer["result"]["outputs"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

pub fn code_of(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{answer}"))
}

pub fn message_of(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"))
}
