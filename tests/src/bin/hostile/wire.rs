//! Lines in, frames out.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sys;
use crate::witness::Witness;

/// The largest line that is read; what is longer is thrown away up to its end.
pub const MAX_LINE: usize = 8 << 20;

/// What the provider waits for.
pub enum Event {
    /// A line came, perhaps a blank one.
    Line(Vec<u8>),
    /// A line came that was too long, and was thrown away.
    Oversized,
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
            if let Some(event) = self.buffered_line() {
                return event;
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

    fn buffered_line(&mut self) -> Option<Event> {
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
        let oversized = std::mem::take(&mut self.oversized) || line.len() > MAX_LINE + 2;
        Some(if oversized { Event::Oversized } else { Event::Line(line) })
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
pub struct Output {
    /// How frames are written.
    pub style: Style,
    /// The longest frame that the host reads.
    pub limit: usize,
    alter: Option<fn(&mut Value) -> bool>,
    witness: Witness,
    held: RefCell<Option<Vec<u8>>>,
}

impl Output {
    /// stdout, whose messages `alter` changes; it owns up to that.
    pub fn new(alter: Option<fn(&mut Value) -> bool>, witness: Witness) -> Self {
        Self { style: Style::default(), limit: MAX_LINE, alter, witness, held: RefCell::default() }
    }

    /// Writes a message as a frame. What is over the host's limit is said by name, where it is an answer.
    pub fn send(&self, message: &Value) {
        let Some(alter) = self.alter.filter(|_| self.witness.wants()) else { return self.send_as_it_is(message) };
        let mut message = message.clone();
        if alter(&mut message) {
            self.witness.own_up();
        }
        self.send_as_it_is(&message);
    }

    fn send_as_it_is(&self, message: &Value) {
        let text = message.to_string();
        if text.len() <= self.limit || message.get("error").is_some() {
            return self.frame(&text);
        }
        match message["id"].as_u64() {
            Some(id) => self.refuse(id, 1205, &format!("the answer has {} bytes, over {}", text.len(), self.limit)),
            None => eprintln!("hostile: a notification of {} bytes is left out", text.len()),
        }
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
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.extend_from_slice(bytes);
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Holds what is written back, until it is released: who misbehaves owns up before anybody sees it.
    pub fn hold(&self) {
        *self.held.borrow_mut() = Some(Vec::new());
    }

    /// Writes what was held back.
    pub fn release(&self) {
        let held = self.held.take();
        let _ = held.map(|bytes| self.raw(&bytes));
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
            1003 => ("CapabilityNotDeclared", false),
            1004 => ("NotConfigured", false),
            1005 => ("ConfigInvalid", false),
            1006 => ("ModelNotFound", false),
            1101 => ("DeadlineExceeded", true),
            1102 => ("RateLimited", true),
            1103 => ("ResourceExhausted", true),
            1201 => ("UpstreamError", true),
            1203 => ("InvalidMedia", false),
            1205 => ("FrameTooLarge", false),
            _ => return self.send(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})),
        };
        self.fail(id, code, message, json!({"kind": kind, "retryable": retryable}));
    }
}
