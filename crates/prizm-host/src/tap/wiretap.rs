//! The tap on one process: it knows which call an answer belongs to, and hides secrets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use prizm_protocol::ErrorObject;
use prizm_protocol::frame::{Message, classify};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BODY_LIMIT, Frame, FrameKind, Heard, Tap};
use crate::process::Redactor;
use crate::report::Ended;
use crate::{Error, Stage};

/// A tap on one process. Clones share it.
#[derive(Clone)]
pub(crate) struct Wiretap(Arc<Inner>);

struct Inner {
    tap: Tap,
    pid: u32,
    redactor: Redactor,
    /// Calls of the host's that are not answered. Held while anything is said, which keeps the order.
    calls: Mutex<HashMap<u64, Asked>>,
}

struct Asked {
    method: String,
    at: Instant,
}

/// A turn to say something: nobody else has it meanwhile.
pub(crate) struct Turn<'a> {
    inner: &'a Inner,
    calls: MutexGuard<'a, HashMap<u64, Asked>>,
}

/// What notifications about a call have in common.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    id: Option<u64>,
}

impl Wiretap {
    pub(crate) fn new(tap: Tap, pid: u32, redactor: Redactor) -> Self {
        Self(Arc::new(Inner { tap, pid, redactor, calls: Mutex::default() }))
    }

    /// Waits until nobody says anything. Whoever has the turn may do what makes others speak: they wait.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn { inner: &self.0, calls: self.0.calls.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    pub(crate) fn started(&self, command: &str) {
        self.turn().say(&Heard::Started { command });
    }

    /// Tells a line of stderr, in which secrets are hidden already.
    pub(crate) fn stderr(&self, line: &str) {
        self.turn().say(&Heard::Stderr { line });
    }

    pub(crate) fn ended(&self, ended: &Ended) {
        let error = ended.to_error(Stage::Call, None);
        self.end(&error, ended.is_failure());
    }

    /// Tells of a process that is killed because nobody wants it any more.
    pub(crate) fn given_up(&self) {
        self.turn().say(&Heard::Ended { how: "the plugin was given up and killed", failed: false, hint: None });
    }

    fn end(&self, error: &Error, failed: bool) {
        let how = self.0.redactor.clean(error.to_string());
        self.turn().say(&Heard::Ended { how: &how, failed, hint: error.hint().filter(|_| failed) });
    }
}

/// Who sent a frame.
#[derive(Clone, Copy)]
enum By {
    Host,
    Plugin,
}

impl Turn<'_> {
    /// Tells of a frame that the host sends.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        match classify(bytes) {
            Ok(Message::Request { id, method, params }) => {
                self.calls.insert(id, Asked { method: method.to_string(), at: Instant::now() });
                self.request(By::Host, (id, &method, params), bytes);
            }
            Ok(Message::Notification { method, params }) => self.notification(By::Host, &method, params, bytes),
            // An answer to a request of the plugin's, which has ids of its own.
            Ok(Message::Response { id, outcome }) => self.answer(By::Host, id, None, outcome, bytes),
            Err(_) => {}
        }
    }

    /// Tells of a frame that the plugin sent.
    pub(crate) fn received(&mut self, bytes: &[u8]) {
        match classify(bytes) {
            Ok(Message::Request { id, method, params }) => self.request(By::Plugin, (id, &method, params), bytes),
            Ok(Message::Notification { method, params }) => self.notification(By::Plugin, &method, params, bytes),
            Ok(Message::Response { id, outcome }) => {
                let asked = self.calls.remove(&id);
                self.answer(By::Plugin, id, asked.as_ref(), outcome, bytes);
            }
            Err(_) => {}
        }
    }

    /// Tells of a line that is no frame, or belongs to nothing. Secrets are hidden in it already.
    pub(crate) fn noise(&self, line: &str, size: u64, reason: &str) {
        self.say(&Heard::Noise { line, size, reason });
    }

    fn request(&self, by: By, (id, method, params): (u64, &str, Option<&RawValue>), bytes: &[u8]) {
        let body = self.body(params);
        let call = matches!(by, By::Host).then_some(method);
        let frame = plain(FrameKind::Request, &body, bytes);
        self.frame(by, Frame { id: Some(id), method: Some(method), call, ..frame });
    }

    fn notification(&self, by: By, method: &str, params: Option<&RawValue>, bytes: &[u8]) {
        let about = params.and_then(|params| serde_json::from_str::<About>(params.get()).ok());
        let id = about.and_then(|about| about.id);
        let call = id.and_then(|id| self.calls.get(&id)).map(|asked| &*asked.method);
        let body = self.body(params);
        let frame = plain(FrameKind::Notification, &body, bytes);
        self.frame(by, Frame { id, method: Some(method), call, ..frame });
    }

    fn answer(&self, by: By, id: u64, asked: Option<&Asked>, outcome: Result<&RawValue, &RawValue>, bytes: &[u8]) {
        let (Ok(raw) | Err(raw)) = outcome;
        let body = self.body(Some(raw));
        let error = outcome.err().map(read_error);
        let message = error.as_ref().map(|error| self.inner.redactor.clean(error.message.clone()));
        let details = error.as_ref().map(ErrorObject::details);
        let kind = match (&error, &message) {
            (Some(error), Some(message)) => {
                let named = details.as_ref().and_then(|details| details.kind.as_deref());
                let kind = named.or_else(|| error.kind().map(prizm_protocol::ErrorKind::as_str));
                FrameKind::Error { code: error.code, kind, message }
            }
            _ => FrameKind::Result,
        };
        let method = asked.map(|asked| &*asked.method);
        let elapsed = asked.map(|asked| asked.at.elapsed());
        self.frame(by, Frame { id: Some(id), method, call: method, elapsed, ..plain(kind, &body, bytes) });
    }

    fn frame(&self, by: By, frame: Frame<'_>) {
        self.say(&match by {
            By::Host => Heard::Sent(frame),
            By::Plugin => Heard::Received(frame),
        });
    }

    fn body<'a>(&self, raw: Option<&'a RawValue>) -> Body<'a> {
        let Some(raw) = raw else { return Body { text: Cow::Borrowed(""), cut: false } };
        // First hidden and then cut, so that no half of a secret stays.
        let mut text = self.inner.redactor.clean_json(raw.get());
        let end = text.floor_char_boundary(BODY_LIMIT);
        let cut = end < text.len();
        if cut {
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
                Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
            };
        }
        Body { text, cut }
    }

    fn say(&self, heard: &Heard<'_>) {
        (self.inner.tap.0)(self.inner.pid, heard);
    }
}

fn read_error(raw: &RawValue) -> ErrorObject {
    let malformed = |reason| ErrorObject::new(0, format!("its error object is malformed: {reason}"));
    serde_json::from_str(raw.get()).unwrap_or_else(malformed)
}

/// A frame's body as it is told.
struct Body<'a> {
    text: Cow<'a, str>,
    cut: bool,
}

fn plain<'a>(kind: FrameKind<'a>, body: &'a Body<'_>, bytes: &[u8]) -> Frame<'a> {
    let size = bytes.trim_ascii().len();
    Frame { kind, id: None, method: None, call: None, body: &body.text, cut: body.cut, size, elapsed: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tap that writes down what it hears, and the secrets that it must not hear.
    fn listen() -> (Wiretap, Redactor, Arc<Mutex<Vec<String>>>) {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let (keep, redactor) = (Arc::clone(&heard), Redactor::default());
        let tap = Tap::new(move |pid, heard| keep.lock().unwrap().push(format!("{pid} {}", short(heard))));
        (Wiretap::new(tap, 7, redactor.clone()), redactor, heard)
    }

    fn short(heard: &Heard<'_>) -> String {
        match heard {
            Heard::Sent(frame) => format!("> {}", short_frame(frame)),
            Heard::Received(frame) => format!("< {}", short_frame(frame)),
            other => format!("{other:?}"),
        }
    }

    fn short_frame(frame: &Frame<'_>) -> String {
        let kind = match &frame.kind {
            FrameKind::Error { code, kind, message } => format!("{code} {kind:?} {message}"),
            kind => format!("{kind:?}"),
        };
        let Frame { id, method, call, body, cut, .. } = frame;
        let (method, call) = (method.unwrap_or("-"), call.unwrap_or("-"));
        let timed = if frame.elapsed.is_some() { " timed" } else { "" };
        let body = if *cut { format!("{} bytes, cut", body.len()) } else { (*body).to_owned() };
        format!("{kind} {} {method} of {call} {body}{timed}", id.map(|id| id.to_string()).unwrap_or_default())
    }

    #[test]
    fn frames_know_their_call() {
        let (wiretap, _, heard) = listen();
        let mut turn = wiretap.turn();
        turn.sent(br#"{"jsonrpc":"2.0","id":3,"method":"transform","params":{"model":"echo"}}"#);
        turn.received(br#"{"jsonrpc":"2.0","method":"$/progress","params":{"id":3,"seq":1}}"#);
        turn.received(br#"{"jsonrpc":"2.0","id":3,"method":"host/x"}"#);
        turn.sent(br#"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no"}}"#);
        turn.received(
            br#"{"jsonrpc":"2.0","id":3,"error":{"code":1203,"message":"bad","data":{"kind":"InvalidMedia"}}}"#,
        );
        turn.received(br#"{"jsonrpc":"2.0","id":3,"result":{}}"#);
        let expected = [
            r#"7 > Request 3 transform of transform {"model":"echo"}"#,
            r#"7 < Notification 3 $/progress of transform {"id":3,"seq":1}"#,
            "7 < Request 3 host/x of - ",
            r#"7 > -32601 None no 3 - of - {"code":-32601,"message":"no"}"#,
            r#"7 < 1203 Some("InvalidMedia") bad 3 transform of transform {"code":1203,"message":"bad","data":{"kind":"InvalidMedia"}} timed"#,
            "7 < Result 3 - of - {}",
        ];
        assert_eq!(*heard.lock().unwrap(), expected);
    }

    #[test]
    fn without_one_there_is_nothing_but_a_null() {
        assert_eq!(size_of::<Option<Wiretap>>(), size_of::<usize>());
    }

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        let (wiretap, redactor, heard) = listen();
        redactor.add(["hunter2".to_owned(), "pass\"word".to_owned()]);
        let mut turn = wiretap.turn();
        for body in [
            r#"{"apiKey":"hunter2"}"#,
            r#"{"apiKey":"pass\"word"}"#,
            r#"{"apiKey":"\u0068unter2","at":["hunt\u0065r2"]}"#,
        ] {
            turn.sent(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"configure","params":{body}}}"#).as_bytes());
            turn.received(
                format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":1,"message":"no","data":{body}}}}}"#).as_bytes(),
            );
        }
        let heard = heard.lock().unwrap().join("\n");
        assert_eq!(heard.matches(r#"{"apiKey":"***""#).count(), 6, "{heard}");
        assert!(!heard.contains("unter2") && !heard.contains("word\""), "{heard}");
    }

    #[test]
    fn a_long_body_is_cut_between_characters_and_never_within_a_secret() {
        let (wiretap, redactor, heard) = listen();
        let frame = |text: String| format!(r#"{{"jsonrpc":"2.0","method":"$/chunk","params":["{text}"]}}"#);
        wiretap.turn().received(frame("é".repeat(BODY_LIMIT)).as_bytes());
        redactor.add(["hunter2".to_owned()]);
        let text = "x".repeat(BODY_LIMIT - 5) + "hunter2" + &"x".repeat(100);
        wiretap.turn().received(frame(text).as_bytes());
        let bytes = |count: usize| format!("7 < Notification  $/chunk of - {count} bytes, cut");
        assert_eq!(*heard.lock().unwrap(), [bytes(BODY_LIMIT), bytes(BODY_LIMIT)]);
    }
}
