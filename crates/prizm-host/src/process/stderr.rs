//! What a plugin says to people: drained from birth to death, kept for the crash report.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use prizm_protocol::ErrorObject;
use prizm_protocol::frame::{Line, LineDecoder};
use prizm_protocol::methods::notifications::LogLevel;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::unix::pipe;

use crate::tap::Wiretap;

/// Longest line that is kept whole, in bytes.
const LINE_LIMIT: usize = 64 * 1024;
/// Lines kept for the crash report.
const TAIL_LINES: usize = 200;
/// Bytes kept for the crash report.
const TAIL_BYTES: usize = 256 * 1024;

/// Where a plugin's words go: to `tracing`, and into a bounded tail.
#[derive(Clone)]
pub(crate) struct LogSink(Arc<Inner>);

struct Inner {
    plugin: String,
    redactor: Redactor,
    tap: Option<Wiretap>,
    tail: Mutex<(VecDeque<String>, usize)>,
}

/// Hides configured secrets in everything that is logged.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Arc<Mutex<Vec<String>>>);

impl Redactor {
    /// Adds secrets. Old ones stay hidden: running jobs keep the configuration that they began with.
    /// Very short ones would hide half of every line, so they are let be.
    pub(crate) fn add(&self, secrets: impl IntoIterator<Item = String>) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.extend(secrets.into_iter().filter(|secret| secret.len() >= 4));
        list.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        list.dedup();
    }

    pub(crate) fn clean(&self, text: String) -> String {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "***") } else { text }
        })
    }

    /// Hides secrets in JSON, which can write them in many ways.
    pub(crate) fn clean_json<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let none = self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if none {
            return Cow::Borrowed(text);
        }
        let as_it_is = || Cow::Owned(self.clean(text.to_owned()));
        if !text.contains('\\') {
            return as_it_is();
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => match self.clean_value(value.clone()) {
                clean if clean == value => Cow::Borrowed(text),
                clean => Cow::Owned(clean.to_string()),
            },
            Err(_) => as_it_is(),
        }
    }

    fn clean_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text)),
            Value::Array(items) => items.into_iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, self.clean_value(value))).collect(),
            other => other,
        }
    }
}

/// The shape of a JSON line on stderr; anything else is plain text.
#[derive(Deserialize)]
struct JsonLine {
    level: LogLevel,
    msg: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    fields: Option<serde_json::Map<String, serde_json::Value>>,
}

impl LogSink {
    pub(crate) fn new(plugin: String, redactor: Redactor, tap: Option<Wiretap>) -> Self {
        Self(Arc::new(Inner { plugin, redactor, tap, tail: Mutex::default() }))
    }

    /// Takes a line of stderr.
    fn stderr(&self, line: &[u8]) {
        // Read before it is cleaned: JSON can write a secret in many ways.
        if let Ok(JsonLine { level, msg, target, fields }) = serde_json::from_slice(line) {
            let clean = |text: String| self.clean(printable(text.as_bytes()));
            let fields = fields.map(|fields| self.clean_value(Value::Object(fields)).to_string());
            let (msg, target) = (clean(msg), target.map(clean));
            self.emit(level, target.as_deref().unwrap_or("stderr"), &msg, fields.as_deref());
            self.keep(match target {
                Some(target) => format!("{} {target}: {msg}", level_name(level)),
                None => format!("{} {msg}", level_name(level)),
            });
        } else {
            let text = self.clean(printable(line));
            self.emit(LogLevel::Info, "stderr", &text, None);
            self.keep(text);
        }
    }

    /// Takes a line of stdout that is no frame; returns it and the reason as people may see them.
    pub(crate) fn noise(&self, line: &[u8], reason: &str) -> (String, String) {
        let (text, reason) = (self.shown(line), self.clean(reason.to_owned()));
        tracing::warn!(target: "stdout-noise", plugin = self.0.plugin, reason, "{text}");
        (text, reason)
    }

    /// Returns the beginning of a line as people may see it.
    pub(crate) fn shown(&self, line: &[u8]) -> String {
        self.clean(printable(&line[..line.len().min(4096)]))
    }

    /// Hides secrets in what the plugin says to its caller, who prints it.
    pub(crate) fn clean(&self, text: String) -> String {
        self.0.redactor.clean(text)
    }

    /// Hides secrets in an error of the plugin's.
    pub(crate) fn clean_error(&self, error: ErrorObject) -> ErrorObject {
        let ErrorObject { code, message, data } = error;
        ErrorObject { code, message: self.clean(message), data: data.map(|data| self.clean_value(data)) }
    }

    fn clean_value(&self, value: Value) -> Value {
        self.0.redactor.clean_value(value)
    }

    /// Takes a `$/log` notification.
    pub(crate) fn log(&self, level: LogLevel, message: &str, fields: Option<String>) {
        let message = self.0.redactor.clean(printable(message.as_bytes()));
        let fields = fields.map(|fields| self.0.redactor.clean(fields));
        self.emit(level, "log", &message, fields.as_deref());
    }

    /// Returns the last lines, oldest first.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.0.tail.lock().unwrap_or_else(PoisonError::into_inner).0.iter().cloned().collect()
    }

    fn emit(&self, level: LogLevel, source: &str, message: &str, fields: Option<&str>) {
        let plugin = &self.0.plugin;
        match level {
            LogLevel::Error => tracing::error!(target: "prizm::plugin", plugin, source, fields, "{message}"),
            LogLevel::Warn => tracing::warn!(target: "prizm::plugin", plugin, source, fields, "{message}"),
            LogLevel::Info => tracing::info!(target: "prizm::plugin", plugin, source, fields, "{message}"),
            LogLevel::Debug => tracing::debug!(target: "prizm::plugin", plugin, source, fields, "{message}"),
            LogLevel::Trace => tracing::trace!(target: "prizm::plugin", plugin, source, fields, "{message}"),
        }
    }

    fn keep(&self, line: String) {
        self.0.tap.iter().for_each(|tap| tap.stderr(&line));
        let mut tail = self.0.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, bytes) = &mut *tail;
        *bytes += line.len();
        lines.push_back(line);
        while lines.len() > TAIL_LINES || (*bytes > TAIL_BYTES && lines.len() > 1) {
            *bytes -= lines.pop_front().map_or(0, |line| line.len());
        }
    }
}

fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// Text without control characters, so that a plugin cannot steer anybody's terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Reads stderr until it closes.
pub(crate) async fn drain(mut stderr: pipe::Receiver, sink: LogSink) {
    let mut decoder = LineDecoder::new(LINE_LIMIT);
    let take = |line: Line<'_>| match line {
        Line::Whole(line) => sink.stderr(line),
        Line::Oversized { size, head, .. } => {
            let mut line = head.to_vec();
            line.extend_from_slice(format!("… ({size} bytes)").as_bytes());
            sink.stderr(&line);
        }
    };
    while crate::wire::read_into(&mut stderr, &mut decoder, take).await {}
    decoder.finish(take);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_bounded_and_clean() {
        let redactor = Redactor::default();
        redactor.add(["hunter2".to_owned(), "ab".to_owned()]);
        let sink = LogSink::new("p".into(), redactor, None);
        sink.stderr(b"\x1b[31mkey is hunter2, ab");
        assert_eq!(sink.tail(), ["\u{fffd}[31mkey is ***, ab"]);
        sink.stderr(br#"{"level":"warning","msg":"low","target":"gpu","fields":{"free":1}}"#);
        assert_eq!(sink.tail()[1], "warn gpu: low");
        sink.stderr(br#"{"level":7,"msg":"x"}"#);
        assert_eq!(sink.tail()[2], r#"{"level":7,"msg":"x"}"#);
        for _ in 0..1000 {
            sink.stderr(&[b'x'; 10_000]);
        }
        let tail = sink.tail();
        assert!(tail.len() <= TAIL_LINES && tail.iter().map(String::len).sum::<usize>() <= TAIL_BYTES);
    }
}
