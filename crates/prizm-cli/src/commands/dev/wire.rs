//! What the tap on the wire hears, kept for the screen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prizm_registry::{Frame as Heard, FrameKind, Heard as Event, Tap};
use serde_json::{Value, json};

use super::event::What;
use super::screen::Screen;

/// A frame.
pub(super) struct Frame {
    /// Of which process.
    pub(super) pid: u32,
    /// Whether the plugin sent it; else the host did.
    pub(super) received: bool,
    pub(super) kind: Kind,
    pub(super) id: Option<u64>,
    pub(super) method: Option<String>,
    /// The method of the call that it belongs to.
    pub(super) call: Option<String>,
    pub(super) body: String,
    pub(super) cut: bool,
    pub(super) size: usize,
    pub(super) elapsed: Option<Duration>,
}

/// What a frame is.
pub(super) enum Kind {
    Request,
    Notification,
    Result,
    Error { code: i64, name: Option<String>, message: String },
}

/// How long a process took to get ready.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) initialize: Option<Duration>,
    pub(super) configure: Option<Duration>,
}

/// Makes a tap that shows what it hears, and notes how long the handshake took.
pub(super) fn tap(screen: &Screen) -> (Tap, Arc<Mutex<Times>>) {
    let (screen, times) = (screen.clone(), Arc::<Mutex<Times>>::default());
    let noted = Arc::clone(&times);
    let tap = Tap::new(move |pid, heard| {
        let what = match heard {
            Event::Started { command } => What::Started { pid, command: (*command).to_owned() },
            Event::Sent(frame) => What::Frame(Frame::of(pid, false, frame)),
            Event::Received(frame) => {
                note(&noted, frame);
                What::Frame(Frame::of(pid, true, frame))
            }
            Event::Noise { line, size, reason } => {
                What::Noise { pid, line: (*line).to_owned(), size: *size, reason: (*reason).to_owned() }
            }
            Event::Stderr { line } => What::Stderr { pid, line: (*line).to_owned() },
            Event::Ended { how, failed, hint } => {
                let hint = hint.map(str::to_owned);
                What::Ended { pid, how: (*how).to_owned(), failed: *failed, hint }
            }
            _ => return,
        };
        screen.show(what);
    });
    (tap, times)
}

fn note(times: &Mutex<Times>, frame: &Heard<'_>) {
    if !matches!(frame.kind, FrameKind::Result) {
        return;
    }
    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
    match frame.method {
        Some("initialize") => times.initialize = frame.elapsed,
        Some("configure") => times.configure = frame.elapsed,
        _ => {}
    }
}

impl Frame {
    fn of(pid: u32, received: bool, frame: &Heard<'_>) -> Self {
        let kind = match &frame.kind {
            FrameKind::Request => Kind::Request,
            FrameKind::Notification => Kind::Notification,
            FrameKind::Result => Kind::Result,
            FrameKind::Error { code, kind, message } => {
                Kind::Error { code: *code, name: kind.map(str::to_owned), message: (*message).to_owned() }
            }
        };
        Self {
            pid,
            received,
            kind,
            id: frame.id,
            method: frame.method.map(str::to_owned),
            call: frame.call.map(str::to_owned),
            body: frame.body.to_owned(),
            cut: frame.cut,
            size: frame.size,
            elapsed: frame.elapsed,
        }
    }

    /// Returns it for other tools: its body as JSON, or as text where it is not whole.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({"pid": self.pid, "kind": self.kind.as_str(), "id": self.id, "method": self.method,
            "call": self.call, "bytes": self.size});
        match serde_json::from_str::<Value>(&self.body) {
            Ok(body) => document["body"] = body,
            Err(_) if self.body.is_empty() => {}
            Err(_) => document["text"] = self.body.as_str().into(),
        }
        if let Some(elapsed) = self.elapsed {
            document["ms"] = super::event::milliseconds(elapsed);
        }
        document
    }
}

impl Kind {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Notification => "notification",
            Self::Result => "result",
            Self::Error { .. } => "error",
        }
    }
}
