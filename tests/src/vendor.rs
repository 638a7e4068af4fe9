//! A vendor's loopback server: a script of `tests/vendors` in a process of its own, which ends with the test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::within;

/// How long it may take over an answer to a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// One of them.
pub struct Vendor {
    /// It ends with its stdin.
    _child: Child,
    url: String,
}

impl Vendor {
    /// Starts the one of this name.
    ///
    /// # Panics
    /// Node is not there, or the server does not start.
    pub async fn start(name: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendors/main.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("node, which runs the vendor's server");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let line = within(30, "the vendor's server starts", lines.next_line()).await;
        let line = line.expect("a line").expect("the vendor's server says where it is");
        let said: Value = serde_json::from_str(&line).expect("a line of JSON");
        Self { _child: child, url: said["url"].as_str().expect("a URL").to_owned() }
    }

    /// Returns where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Says something to it by name, such as `fault`.
    ///
    /// # Panics
    /// It does not know what that is.
    pub fn say(&self, control: &str, what: &Value) {
        self.ask(&format!("POST /control/{control}"), &what.to_string());
    }

    /// Returns what it has seen: what was submitted, charged, cancelled, uploaded, and every request in order.
    ///
    /// # Panics
    /// It has ended.
    pub fn ledger(&self) -> Value {
        self.ask("GET /control/ledger", "")
    }

    /// Returns how many there are of something in the ledger, such as `submissions`.
    ///
    /// # Panics
    /// It has no list of that name.
    pub fn count(&self, what: &str) -> usize {
        self.ledger()[what].as_array().expect("a list of the ledger").len()
    }

    /// Returns how many requests there were for an operation, such as `chat`.
    ///
    /// # Panics
    /// It has ended.
    pub fn requests(&self, operation: &str) -> usize {
        let ledger = self.ledger();
        let journal = ledger["journal"].as_array().expect("the journal of the ledger");
        journal.iter().filter(|entry| entry["operation"] == operation).count()
    }

    fn ask(&self, what: &str, body: &str) -> Value {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("the vendor's server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let length = body.len();
        let request =
            format!("{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("the vendor's server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the vendor's server answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{what}: {answer}");
        serde_json::from_str(body).expect("an answer in JSON")
    }
}
