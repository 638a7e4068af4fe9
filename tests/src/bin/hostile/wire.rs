//! Lines in, frames out.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sys;

/// The largest line that is read; what is longer is thrown away up to its end.
const MAX_LINE: usize = 8 << 20;

/// What the provider waits for.
pub enum Event {
    /// A line came.
    Line(Vec<u8>),
    /// The time is up.
    Due,
    /// There is no more.
    End,
}

/// stdin, read only when something is wanted.
#[derive(Default)]
pub struct Input {
    buffer: Vec<u8>,
    searched: usize,
    oversized: bool,
}

impl Input {
    /// Waits for the next line, at most until `due`.
    pub fn next(&mut self, due: Option<Instant>) -> Event {
        loop {
            if let Some(line) = self.buffered_line() {
                return Event::Line(line);
            }
            let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
            if wait == Some(Duration::ZERO) || !sys::stdin_is_readable(wait) {
                return Event::Due;
            }
            let mut chunk = [0; 65536];
            match sys::read_stdin(&mut chunk) {
                Ok(0) => return Event::End,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Event::End,
            }
        }
    }

    fn buffered_line(&mut self) -> Option<Vec<u8>> {
        loop {
            let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
                if self.buffer.len() > MAX_LINE {
                    self.buffer.clear();
                    self.oversized = true;
                }
                self.searched = self.buffer.len();
                return None;
            };
            let rest = self.buffer.split_off(self.searched + end + 1);
            let line = std::mem::replace(&mut self.buffer, rest);
            self.searched = 0;
            if !std::mem::take(&mut self.oversized) && !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }
}

/// How frames are written.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Style {
    /// As the protocol says: a line feed before and after.
    #[default]
    Good,
    /// With a line feed after each only.
    Glued,
    /// With CRLF before and after.
    CrLf,
    /// In UTF-16, little endian.
    Utf16,
    /// Not at all: the descriptor has been closed, and its number may be another file's.
    Closed,
}

/// stdout.
#[derive(Default)]
pub struct Output {
    /// How frames are written.
    pub style: Style,
}

impl Output {
    /// Writes a message as a frame.
    pub fn send(&self, message: &Value) {
        self.frame(&message.to_string());
    }

    /// Writes a text as a frame.
    pub fn frame(&self, text: &str) {
        let _ = match self.style {
            Style::Good => self.raw(format!("\n{text}\n").as_bytes()),
            Style::Glued => self.raw(format!("{text}\n").as_bytes()),
            Style::CrLf => self.raw(format!("\r\n{text}\r\n").as_bytes()),
            Style::Utf16 => {
                let units: Vec<u8> = format!("\n{text}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
                self.raw(&units)
            }
            Style::Closed => Ok(()),
        };
    }

    /// Writes bytes as they are. An error means that the host is gone, which the end of stdin tells as
    /// well: only what would write for ever must look at it.
    pub fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Answers a request.
    pub fn answer(&self, id: u64, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    /// Answers a request with an error that has details.
    pub fn fail(&self, id: u64, code: i64, message: &str, data: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message, "data": data}}));
    }

    /// Answers a request with an error, and the details that its code has where it has a name.
    pub fn refuse(&self, id: u64, code: i64, message: &str) {
        let (kind, retryable) = match code {
            1001 => ("NotInitialized", false),
            1002 => ("UnsupportedProtocolVersion", false),
            1003 => ("CapabilityNotDeclared", false),
            1004 => ("NotConfigured", false),
            1006 => ("ModelNotFound", false),
            1102 => ("RateLimited", true),
            _ => return self.send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})),
        };
        self.fail(id, code, message, json!({"kind": kind, "retryable": retryable}));
    }
}
