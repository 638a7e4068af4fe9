//! A provider's process, from the outside.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Plugin {
    child: Child,
    pub stdin: Option<ChildStdin>,
    /// Inodes of the channel's two pipes.
    pub channel: [u64; 2],
    lines: Receiver<String>,
    stderr: Option<thread::JoinHandle<String>>,
}

/// Prepares this executable to be a provider.
#[expect(clippy::disallowed_methods, reason = "the one place where these tests start processes")]
pub fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.env(super::ROLE, role).env("PRIZM_PLUGIN", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Plugin {
    pub fn spawn(role: &str) -> Self {
        Self::start(&mut command(role))
    }

    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the provider starts");
        let (sender, lines) = mpsc::channel();
        let channel = [inode(child.stdin.as_ref()), inode(child.stdout.as_ref())];
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read_lines(stdout, &sender));
        }
        let stderr = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                stderr.read_to_end(&mut text).expect("stderr can be read");
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Self { stdin: child.stdin.take(), child, channel, lines, stderr }
    }

    pub fn send(&mut self, frame: &Value) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{frame}").expect("the provider reads");
    }

    pub fn request(&mut self, id: u64, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    /// Reads the next line that is not blank; `None` at the end.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no line came"),
        }
    }

    /// Reads up to the next answer. Anything that is no frame fails the test.
    pub fn answer(&mut self) -> Value {
        loop {
            let line = self.line().expect("the provider lives");
            let frame: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("noise: {line}"));
            if frame.get("method").is_none() {
                return frame;
            }
        }
    }

    pub fn call(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.request(id, method, params);
        let answer = self.answer();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    pub fn initialize(&mut self) -> Value {
        self.call(0, "initialize", initialize())
    }

    /// Waits for the process to end by itself.
    pub fn wait(mut self) -> (ExitStatus, String, Duration) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("the provider did not end");
            }
            thread::park_timeout(Duration::from_millis(2));
        };
        let took = begun.elapsed();
        let stderr = self.stderr.take().map(|thread| thread.join().expect("stderr is read"));
        (status, stderr.unwrap_or_default(), took)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn inode(end: Option<&impl AsFd>) -> u64 {
    end.map_or(0, |end| rustix::fs::fstat(end).expect("an open descriptor").st_ino)
}

fn read_lines(stdout: impl Read, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("stdout is UTF-8");
        if !line.is_empty() && lines.send(line).is_err() {
            return;
        }
    }
}

pub fn initialize() -> Value {
    json!({
        "protocolVersions": ["1.0"],
        "host": {"name": "test", "version": "0"},
        "limits": {"maxFrameBytes": 8 << 20, "maxInFlight": 64},
        "instanceId": "test-1",
    })
}

pub fn job(model: &str, text: &str) -> Value {
    json!({
        "model": model,
        "capability": "text-to-text",
        "inputs": [{"kind": "text", "mime": "text/plain", "text": text}],
        "options": {},
        "jobId": "job-1",
    })
}

/// The whole of a conversation, to be read from a file.
pub fn script() -> String {
    let frames = [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize()}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
    ];
    frames.iter().map(|frame| format!("{frame}\n")).collect()
}

pub fn read(mut file: File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).expect("UTF-8");
    text
}
